"""One call of git: an argument list, a quiet environment, an answer."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A git hook that runs pytest sets these for its own folder; git finds them again.
OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE")
_QUIET = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_LITERAL_PATHSPECS": "1",
    # A clone without all objects would fetch them; the second is for git before 2.45.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call of git gave.

    Attributes:
        done: Whether its exit code was 0.
        output: Its standard output.
        said: The first line of its standard error, for messages.
    """

    done: bool
    output: bytes
    said: str

    @property
    def line(self) -> str:
        """The output as text, without the line end that git adds."""
        return os.fsdecode(self.output).removesuffix("\n")


def ask_git(folder: Path, *arguments: str) -> Answer:
    """Run git in a folder.

    Args:
        folder: Where; an existing folder.
        arguments: What follows ``git``. What a user wrote stands behind
            ``--end-of-options`` or ``--``.

    Raises:
        OSError: There is no git program, or no such folder.
    """
    kept = {name: value for name, value in os.environ.items() if name not in OF_A_HOOK}
    done = subprocess.run(  # noqa: S603 - an argument list, no shell
        ["git", *arguments],  # noqa: S607 - the user's git
        cwd=folder,
        env={**kept, **_QUIET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    said = lines[0] if lines else ""
    return Answer(done=done.returncode == 0, output=done.stdout, said=said)
