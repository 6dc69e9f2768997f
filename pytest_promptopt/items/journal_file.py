"""The file that the journal of a search is written to, line by line as it happens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.cache_file import create_ignored_folder
from pytest_promptopt.run_folder import run_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.settings import Settings


FILE = "journal.jsonl"


@dataclass(slots=True, kw_only=True)
class JournalFile:
    """Writes one journal; a search goes on without it where it cannot be written.

    Each line is on disk before the search goes on, and no file stays open, so that
    nothing is lost by Ctrl-C or a crash.

    Attributes:
        path: The file; that of an earlier search of the same test is replaced;
            ``None``: no journal is kept.
        ignored: A folder around it that git is to ignore.
        problem: Why nothing more is written; empty as long as it is.
        begun: Whether the first line is written.
    """

    path: Path | None
    ignored: Path | None = None
    problem: str = ""
    begun: bool = False

    def tell(self, line: Mapping[str, Any]) -> None:
        """Write one line."""
        if self.path is None or self.problem:
            return
        # What a strategy of the user's own adds to an origin may be anything.
        text = json.dumps(line, default=repr) + "\n"
        try:
            if self.ignored is not None and not self.begun:
                create_ignored_folder(self.ignored)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            mode = "a" if self.begun else "w"
            with self.path.open(mode, encoding="ascii", newline="\n") as file:
                file.write(text)
        except OSError as error:
            self.problem = (
                f"the search's journal {self.path} ends here or is missing: "
                f"{error.strerror}; nothing else depends on it"
            )
        self.begun = True


def journal_of(root: Path, nodeid: str, settings: Settings) -> JournalFile:
    """Return where the journal of a prompt test's search is written to.

    Args:
        root: Pytest's root folder.
        nodeid: Node id of the prompt test.
        settings: Say whether there is one.
    """
    if settings.journal == "off":
        return JournalFile(path=None)
    path = run_folder(root, nodeid) / FILE
    return JournalFile(path=path, ignored=path.parents[2])
