"""The two questions put to git: where its work tree starts, whether a diff applies."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pytest_promptopt.errors import PatchError


def work_tree(folder: Path) -> Path | None:
    """Return the top of the git work tree that a folder is in, if it is in one."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--show-toplevel"],  # noqa: S607 - the user's git
            cwd=folder,
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return Path(os.fsdecode(found.stdout).strip())


def check_applies(diff: Path, top: Path) -> None:
    """Have git itself confirm that a diff applies, where there is a git.

    Raises:
        PatchError: It does not.
    """
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "apply", "--check", "--whitespace=nowarn", str(diff)],  # noqa: S607
            cwd=top,
            capture_output=True,
            check=False,
        )
    except OSError:
        return
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise PatchError(
            f"git apply --check refuses the diff: {said}",
            "report this with the prompt file",
        )
