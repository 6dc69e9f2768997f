"""Files in memory, and what tests of the places of prompts do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_promptopt.errors import SourceError
from pytest_promptopt.patch import apply_edits
from pytest_promptopt.prompts import Source
from pytest_promptopt.prompts.reading import read_sources
from pytest_promptopt.prompts.source import Change

TOP = Path("/project")


class Memory:
    """A tree of files that is never on a disk."""

    def __init__(self, files: Mapping[str, bytes | str]) -> None:
        self._files = {
            TOP / name: data if isinstance(data, bytes) else data.encode()
            for name, data in files.items()
        }

    def exists(self, path: Path) -> bool:
        return path in self._files

    def is_file(self, path: Path) -> bool:
        return path in self._files

    def resolve(self, path: Path) -> Path:
        return path

    def read_bytes(self, path: Path) -> bytes:
        return self._files[path]

    def names(self, root: Path) -> Iterator[str]:
        for path in self._files:
            yield path.relative_to(root).as_posix()


def read_all(
    key: str,
    files: Mapping[str, bytes | str],
    *,
    role: Any = "",
    supply: Callable[[str], Any] | None = None,
) -> tuple[Source, ...]:
    return read_sources(role, key, [TOP], Memory(files), supply)


def read_one(key: str, data: bytes | str) -> Source:
    """Read the one source at a place of the only file there is."""
    (source,) = read_all(key, {file_in(key): data})
    return source


def file_in(key: str) -> str:
    file, _, _ = key.partition(":")
    return file if "." in file and not file.startswith("app.") else "app/prompts.py"


def rewritten(key: str, data: bytes | str, text: str) -> bytes:
    """Return the file with another text at a place."""
    source = read_one(key, data)
    assert source.place is not None
    edits = source.place.edits([Change(start=0, end=len(source.text), text=text)])
    return apply_edits(data if isinstance(data, bytes) else data.encode(), edits)


def fault(key: str, files: Mapping[str, bytes | str], **others: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read_all(key, files, **others)
    return str(caught.value).replace(f"{TOP}/", "")
