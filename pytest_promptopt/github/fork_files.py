"""Which files of a fork are data: texts and cases, nothing that runs or steers a run.

A maintainer lets a fork's prompts and cases be judged with the project's key. What is
taken over for that may be read by the gate and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_promptopt.baseline import FOLDER
from pytest_promptopt.prompts.files import DISK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_promptopt.git.changes import FileChange
    from pytest_promptopt.items.named_files import NamedFile

MOST_BYTES = 5 * 2**20
"""Of one file; a case file of a hundred thousand short cases is larger."""

MOST_BYTES_IN_ALL = 50 * 2**20

TEXTS = frozenset(
    (
        *(".handlebars", ".hbs", ".htm", ".html", ".j2", ".jinja", ".jinja2", ".json"),
        *(".markdown", ".md", ".mustache", ".prompt", ".template", ".tmpl", ".toml"),
        *(".tpl", ".txt", ".xml", ".yaml", ".yml"),
    )
)
"""Suffixes of files that a prompt may stand in."""

CASES = frozenset((".csv", ".json", ".jsonl", ".ndjson", ".toml", ".tsv"))
"""Suffixes of case files. A case file in YAML may name files of the machine as its
tests, and parquet is read by a library that is not made for hostile files."""

STEERING = frozenset(
    (
        *("cmakelists.txt", "constraints.txt", "package.json", "package-lock.json"),
        *("pixi.toml", "poetry.toml", "pyproject.toml", "pytest.toml"),
        *("requirements.txt", "uv.toml"),
    )
)
"""Names of files with such suffixes that say how a project is built and run."""

_STRUCTURED = frozenset((".json", ".toml", ".xml", ".yaml", ".yml"))
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"


def refusal(change: FileChange) -> str:
    """Say why a changed file is not data that may be taken; empty if it may be."""
    path = PurePosixPath(change.path)
    if change.kind == "deleted":
        return "deleted in the fork; the file of the base stays"
    if change.kind != "file":
        return f"a {'symbolic link' if change.kind == 'link' else 'submodule'}"
    if not _is_plain(change.path):
        return "its name has characters that a file here should not have"
    if any(part.startswith(".") for part in path.parts):
        return "a hidden file, or in a hidden folder"
    if FOLDER in path.as_posix().lower().split("/"):  # file systems differ
        return "a baseline record; that of the base holds"
    if path.name.lower() in STEERING or path.suffix.lower() not in TEXTS | CASES:
        return "code or configuration"
    if change.size > MOST_BYTES:
        return f"larger than {MOST_BYTES >> 20} MiB"
    return ""


def may_hold_settings(path: str) -> bool:
    """Tell whether a file with a prompt in it may have more that something reads."""
    name = PurePosixPath(path.lower())
    return name.suffix in _STRUCTURED and not name.stem.endswith(".prompt")


def strange_includes(
    named: Mapping[str, Sequence[NamedFile]], known: Collection[str]
) -> dict[str, str]:
    """Say which files must not be taken because the fork's templates name them.

    An include would make data of any file: of what the application is set up with, or
    of its own templates, which no sandbox renders. So it may bring new texts alone,
    beside the prompts that the base names.

    Args:
        named: Path to what names the file.
        known: The files of the base.

    Returns:
        Path to why the file is not taken.
    """
    ours = (path for path, each in named.items() if not all(one.new for one in each))
    folders = {PurePosixPath(path).parent for path in ours}
    reasons = {}
    for path, each in named.items():
        place = PurePosixPath(path)
        if not all(one.new for one in each):
            continue
        if path in known:
            reasons[path] = "no prompt test of the base names it, a template now does"
        elif place.suffix.lower() in _STRUCTURED or not folders & {*place.parents}:
            reasons[path] = "a new file that is no text beside the prompts of the base"
    return reasons


def _is_plain(path: str) -> bool:
    parts = path.split("/")
    return (
        path.isprintable()
        and not any(0xD800 <= ord(character) < 0xE000 for character in path)
        and not set(path) & set('\\:*?"<>|')
        and ".." not in parts
        and "" not in parts
        and len(path.encode("utf-8")) <= 400
    )


def is_pointer(content: bytes) -> bool:
    """Tell whether a file is kept elsewhere and this is only where."""
    return content.startswith(_LARGE_FILE)


def leads_out(top: Path, path: str) -> bool:
    """Tell whether a file of the work tree would be written through a link."""
    target = top / path
    return target.is_symlink() or target.parent.resolve() != target.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class WithData:
    """The work tree as it would be with a fork's data in it.

    A :class:`~pytest_promptopt.prompts.files.Files`.

    Attributes:
        contents: Absolute path, without links, to what the fork has there.
    """

    contents: Mapping[Path, bytes]

    def exists(self, path: Path) -> bool:
        """Tell whether there is a file or folder."""
        return self.is_file(path) or DISK.exists(path)

    def is_file(self, path: Path) -> bool:
        """Tell whether there is a file, links followed."""
        return self.resolve(path) in self.contents or DISK.is_file(path)

    def resolve(self, path: Path) -> Path:
        """Return the absolute path, links followed."""
        return DISK.resolve(path)

    def read_bytes(self, path: Path) -> bytes:
        """Return the fork's bytes where it has changed the file, else the disk's.

        Raises:
            OSError: There is none, or it cannot be read.
        """
        found = self.contents.get(self.resolve(path))
        return DISK.read_bytes(path) if found is None else found

    def names(self, root: Path) -> Iterator[str]:
        """Yield the files below a folder, those of the disk only: for messages."""
        return DISK.names(root)
