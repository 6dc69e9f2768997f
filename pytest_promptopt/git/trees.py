"""Where a git work tree starts, what it tracks, whether a diff applies to it."""

from __future__ import annotations

from pathlib import Path

from pytest_promptopt.errors import PatchError
from pytest_promptopt.git.asking import ask_git


def work_tree(folder: Path) -> Path | None:
    """Return the top of the git work tree that a folder is in, if it is in one."""
    try:
        found = ask_git(folder, "rev-parse", "--show-toplevel")
    except OSError:
        return None
    return Path(found.line) if found.done else None


def commit_of(folder: Path) -> str | None:
    """Return the full id of the commit that is checked out, if there is one."""
    try:
        found = ask_git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except OSError:
        return None
    return found.line if found.done else None


def check_applies(diff: Path, top: Path) -> None:
    """Have git itself confirm that a diff applies, where there is a git.

    Raises:
        PatchError: It does not.
    """
    try:
        tried = ask_git(top, "apply", "--check", "--whitespace=nowarn", "--", str(diff))
    except OSError:
        return
    if not tried.done:
        raise PatchError(
            f"git apply --check refuses the diff: {tried.said}",
            "report this with the prompt file",
        )


def is_tracked(path: Path) -> bool:
    """Return whether git tracks a file; ``False`` where there is no git."""
    try:
        listed = ask_git(path.parent, "ls-files", "--error-unmatch", "--", path.name)
    except OSError:
        return False
    return listed.done
