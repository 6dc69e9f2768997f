"""The files that git tracks in a folder, or would track."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_promptopt.git.asking import ask_git

if TYPE_CHECKING:
    from pathlib import Path


def listed_files(folder: Path) -> tuple[str, ...]:
    """List the files in a folder that git does not ignore, untracked ones too.

    Returns:
        Paths relative to the folder, with ``/``, each once; a submodule by its folder.
        Some may be deleted. None where there is no git, or it lists nothing.
    """
    command = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    try:
        listed = ask_git(folder, *command)
    except OSError:
        return ()
    if not listed.done:
        return ()
    names = (os.fsdecode(name) for name in listed.output.split(b"\0") if name)
    return tuple(dict.fromkeys(names))
