"""Files as they would be with an edit applied; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_promptopt.prompts.files import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedFiles:
    """A tree of files of which some have other bytes.

    Attributes:
        files: The tree as it is.
        edited: The new bytes of files that it has, by their resolved paths.
    """

    files: Files
    edited: Mapping[Path, bytes]

    def exists(self, path: Path) -> bool:
        """Tell whether there is a file or folder."""
        return self.files.exists(path)

    def is_file(self, path: Path) -> bool:
        """Tell whether there is a file, links followed."""
        return self.files.is_file(path)

    def resolve(self, path: Path) -> Path:
        """Return the absolute path, links followed."""
        return self.files.resolve(path)

    def read_bytes(self, path: Path) -> bytes:
        """Return a file's bytes, the new ones if it is edited.

        Raises:
            OSError: There is none, or it cannot be read.
        """
        edited = self.edited.get(self.files.resolve(path))
        return self.files.read_bytes(path) if edited is None else edited

    def names(self, root: Path) -> Iterator[str]:
        """Yield the files below a folder as paths relative to it, with ``/``."""
        return self.files.names(root)
