"""Where prompt files are read from: the disk, or something that stands for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})


class Files(Protocol):
    """A tree of files, by their paths on this machine."""

    def exists(self, path: Path) -> bool:
        """Tell whether there is a file or folder."""
        ...

    def is_file(self, path: Path) -> bool:
        """Tell whether there is a file, links followed."""
        ...

    def resolve(self, path: Path) -> Path:
        """Return the absolute path, links followed."""
        ...

    def read_bytes(self, path: Path) -> bytes:
        """Return a file's bytes.

        Raises:
            OSError: There is none, or it cannot be read.
        """
        ...

    def names(self, root: Path) -> Iterator[str]:
        """Yield the files below a folder as paths relative to it, with ``/``."""
        ...


@dataclass(frozen=True, slots=True)
class Disk:
    """The files of this machine as they are now."""

    def exists(self, path: Path) -> bool:
        """Tell whether there is a file or folder."""
        try:
            return path.exists()
        except OSError:  # e.g. the name is too long for the file system
            return False

    def is_file(self, path: Path) -> bool:
        """Tell whether there is a file, links followed."""
        return self.exists(path) and path.is_file()

    def resolve(self, path: Path) -> Path:
        """Return the absolute path, links followed."""
        return path.resolve()

    def read_bytes(self, path: Path) -> bytes:
        """Return a file's bytes.

        Raises:
            OSError: There is none, or it cannot be read.
        """
        return path.read_bytes()

    def names(self, root: Path) -> Iterator[str]:
        """Yield the files below a folder, hidden and installed ones left out."""
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(
                name for name in folders if name[0] != "." and name not in _SKIPPED
            )
            for name in sorted(files):
                yield (Path(folder) / name).relative_to(root).as_posix()


DISK = Disk()
