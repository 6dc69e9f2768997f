"""What git is asked: the work tree, the base commit, files at a commit, a diff.

Git only reads here. Nothing of another commit is executed or written to disk, and no
call of git reaches for the network.

Names resolve lazily: what reads prompts of a commit imports all of ``prompts``, which
a run without prompt tests must not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_promptopt.git.base import BaseCommit, base_commit
    from pytest_promptopt.git.commit_files import CommitFiles
    from pytest_promptopt.git.ini import ini_at
    from pytest_promptopt.git.removed import AbsentTest, absent_tests
    from pytest_promptopt.git.trees import check_applies, is_tracked, work_tree

# No module has the name of what is in it: importing one would hide the name.
_HOMES = {
    "BaseCommit": "base",
    "CommitFiles": "commit_files",
    "AbsentTest": "removed",
    "base_commit": "base",
    "check_applies": "trees",
    "is_tracked": "trees",
    "ini_at": "ini",
    "absent_tests": "removed",
    "work_tree": "trees",
}

__all__ = [
    "AbsentTest",
    "BaseCommit",
    "CommitFiles",
    "absent_tests",
    "base_commit",
    "check_applies",
    "ini_at",
    "is_tracked",
    "work_tree",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
