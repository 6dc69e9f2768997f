"""A second work tree for a while: the user's own stays as it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.publishing.program import Git


@contextlib.contextmanager
def second_tree(git: Git, commit: str) -> Iterator[Git]:
    """Check a commit out into a temporary folder, and remove it on every way out.

    Args:
        git: Git in the user's work tree.
        commit: Full id of the commit; no branch has it checked out.

    Yields:
        Git at the top of the second work tree.

    Raises:
        PublishError: It cannot be checked out.
    """
    folder = Path(tempfile.mkdtemp(prefix="promptopt-")).resolve()
    tree = folder / "tree"
    try:
        git.do(
            "worktree",
            "add",
            "--quiet",
            "--detach",
            str(tree),
            commit,
            hint="see the reason: the commit cannot be checked out into another folder",
        )
        yield replace(git, folder=tree)
    finally:
        removed = git.ask("worktree", "remove", "--force", "--force", str(tree))
        shutil.rmtree(folder, ignore_errors=True)
        if not removed.done:  # git would list it until its next clean-up
            git.ask("worktree", "prune")


def lend_cache(from_root: Path, to_root: Path) -> None:
    """Let a second work tree use the replies that the first has paid for.

    Args:
        from_root: Pytest's root folder in the user's work tree.
        to_root: The same in the second.
    """
    lent = to_root / ".promptopt"
    if os.path.lexists(lent):  # committed: then it is not believed
        return
    # Without the right to make links, as on Windows, replies are paid for again.
    with contextlib.suppress(OSError):
        lent.symlink_to(from_root / ".promptopt", target_is_directory=True)
