"""The files beside the test module that the scores of a prompt test depend on."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.items import places
from pytest_promptopt.scorers import files_of, leaves
from pytest_promptopt.scorers.own_asking import asks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_promptopt.items.marker import PromptMark


def watched_files(
    item: pytest.Function,
    mark: PromptMark,
    tried: tuple[Path, ...],
    code: Sequence[Path],
) -> list[Path]:
    """Return the files beside the test module that the scores depend on.

    Args:
        item: The marked item.
        mark: Its marker.
        tried: Folders that relative paths are tried in, in order.
        code: Files of the project that its Jinja environment is made in.

    Raises:
        PromptOptError: A watched file is not there.
    """
    names = (*mark.watch, *files_of(mark.scorer))
    files = [places.locate(name, tried) for name in names]
    files += [path for path in code if _is_the_projects(path, item)]
    for scorer in leaves(mark.scorer):
        if not (callable(scorer) or asks(scorer)):
            continue
        try:
            source = inspect.getsourcefile(inspect.unwrap(scorer))
        except TypeError:  # a callable object, or one written in C
            source = inspect.getsourcefile(type(scorer))
        if source is not None and _is_the_projects(Path(source), item):
            files.append(Path(source))
    return files


def _is_the_projects(source: Path, item: pytest.Function) -> bool:
    # An installed package lies elsewhere on another machine, whose verdict must not
    # depend on that.
    return (
        source.is_relative_to(item.config.rootpath)
        and "site-packages" not in source.parts
        and source != item.path
    )


def digest_of_file(path: Path) -> str:
    """Return the digest of a text file on the disk, whatever its line ends."""
    return digest_of_source(path.read_bytes())


def digest_of_source(content: bytes) -> str:
    """Return the digest of a text file, whatever its line ends."""
    # A checkout may turn line ends; that changes no test.
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
