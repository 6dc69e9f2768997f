"""A copy of a project in a temporary folder, some of whose files are edited."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError, SourceError
from pytest_promptopt.items.delivery.project_files import project_files
from pytest_promptopt.patch import apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import Edit

MOST_BYTES = 50 * 1024 * 1024
"""Largest file that is copied, in bytes; the copy has links to larger ones."""


@dataclass(slots=True, kw_only=True)
class ProjectCopy:
    """A project's own files once more.

    Attributes:
        root: The project's folder, absolute, links followed.
        path: The copy.
        folder: What is removed at the end.
        env: The environment of a process that runs on it.
    """

    root: Path
    path: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    _originals: dict[Path, bytes] = field(default_factory=dict)

    @classmethod
    def make(
        cls, root: Path, *, pythonpath: Sequence[Path], needed: Iterable[Path]
    ) -> ProjectCopy:
        """Copy a project.

        Args:
            root: Its folder.
            pythonpath: Folders that its Python modules are in.
            needed: Files that the copy has even if git ignores them; absolute.

        Raises:
            SettingError: There is no room for it, or a file cannot be read.
        """
        top = root.resolve()
        folder = Path(tempfile.mkdtemp(prefix="promptopt-")).resolve()
        copy = cls(root=top, path=folder / (top.name or "tree"), folder=folder)
        try:
            copy._fill(needed)
        except OSError as error:
            copy.remove()
            raise SettingError(
                f'deliver="file": {str(top)!r} cannot be copied: '
                f"{error.filename or folder}: {error.strerror}",
                "make it readable, or have git ignore it; TMPDIR names the folder "
                "that copies are made in",
            ) from None
        except BaseException:
            copy.remove()
            raise
        copy.env = copy._environment(pythonpath)
        return copy

    def hold(self, edits: Iterable[Edit]) -> None:
        """Have the copy hold a project's files with edits made, and no others.

        Args:
            edits: Edits of the project's files, by their paths there.

        Raises:
            PatchError: A file has changed since its edits were made.
            SourceError: A file is not in the project.
        """
        by_file: dict[Path, list[Edit]] = {}
        for edit in edits:
            by_file.setdefault(self._inside(Path(edit.path)), []).append(edit)
        for inside in by_file:
            if inside not in self._originals:
                self._originals[inside] = (self.path / inside).read_bytes()
        for inside, original in self._originals.items():
            self._write(inside, apply_edits(original, by_file.get(inside, ())))

    def remove(self) -> None:
        """Remove the copy, whatever a process has made of it."""
        for folder, _, _ in os.walk(self.folder):
            with suppress(OSError):
                Path(folder).chmod(stat.S_IRWXU)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fill(self, needed: Iterable[Path]) -> None:
        self.path.mkdir()
        links = []
        files = project_files(self.root)
        for name in dict.fromkeys((*files, *map(self._name, needed))):
            source, target = self.root / name, self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            state = source.lstat()
            if stat.S_ISLNK(state.st_mode):
                links.append((source, target))
            elif stat.S_ISREG(state.st_mode) and state.st_size <= MOST_BYTES:
                shutil.copy2(source, target)
            elif stat.S_ISREG(state.st_mode):
                target.symlink_to(source)
        for source, target in links:
            self._link(source, target)

    def _link(self, source: Path, target: Path) -> None:
        """Make a link again: within the copy, else to what it leads to now."""
        goal = Path(os.path.realpath(source))
        if goal.is_relative_to(self.root):
            own = self.path / goal.relative_to(self.root)
            if own.exists():
                goal = Path(os.path.relpath(own, target.parent))
        target.symlink_to(goal, target_is_directory=source.is_dir())

    def _name(self, path: Path) -> str:
        return self._inside(path).as_posix()

    def _inside(self, path: Path) -> Path:
        if not path.is_relative_to(self.root):
            raise SourceError.at(
                path,
                None,
                f"is not below pytest's root folder {str(self.root)!r}, which is what "
                'deliver="file" copies',
                "start pytest with --rootdir=FOLDER, a folder that has both",
            )
        return path.relative_to(self.root)

    def _write(self, inside: Path, data: bytes) -> None:
        path = self.path / inside
        if path.read_bytes() == data:
            return
        path.write_bytes(data)
        # Byte code is known by its file's size and second, which may be the same.
        for old in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            old.unlink(missing_ok=True)

    def _environment(self, pythonpath: Sequence[Path]) -> dict[str, str]:
        folders = [self.path, *filter(None, map(self._folder, pythonpath))]
        # An editable installation, and a source folder that pytest was told of.
        folders += filter(None, map(self._folder, map(Path, ("src", *sys.path))))
        inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        entries = [*map(str, folders), *filter(None, inherited)]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(entries)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _folder(self, folder: Path) -> Path | None:
        """Return a folder's counterpart, if the copy has one."""
        whole = Path(os.path.realpath(self.root / folder))
        if not whole.is_relative_to(self.root):
            return None
        own = self.path / whole.relative_to(self.root)
        return own if own.is_dir() else None
