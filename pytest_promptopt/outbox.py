"""What a run has written, and what it has to say about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Writes the files of a run, and remembers which.

    Attributes:
        folder: Where pytest was started.
        written: The files, in the order they were written.
        problems: What could not be written, and what else fails the run.
        remarks: What was left out on purpose, or is left to do.
    """

    folder: Path
    written: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def write(self, path: Path, content: bytes | Iterable[bytes]) -> bool:
        """Write a file and return whether it is there; why not is a problem.

        Args:
            path: The file; one of that name is replaced.
            content: All of it, or one piece after the other.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Whole or not at all: a reader never sees half a record.
            partial = path.with_name(f".{path.name}.partial")
            try:
                with partial.open("wb") as file:
                    pieces = [content] if isinstance(content, bytes) else content
                    file.writelines(pieces)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
        except OSError as error:
            self.problems.append(f"{path} was not written: {error.strerror}")
            return False
        self.written.append(path)
        return True

    def take_back(self, path: Path) -> None:
        """Remove a file that turned out to be unusable."""
        path.unlink(missing_ok=True)
        if path in self.written:
            self.written.remove(path)

    def shown(self, path: Path) -> str:
        """Return a path as it is typed where pytest was started."""
        try:
            return path.relative_to(self.folder).as_posix()
        except ValueError:
            return str(path)
