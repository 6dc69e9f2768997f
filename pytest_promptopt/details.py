"""The cases of a run's reports, on their way from who judges to who writes reports.

Each process that judges writes them to files of its own below ``.promptopt/details``,
one for each prompt test and a line for each case, so that no process holds all of them
at once. They are gone when the run is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.records import CaseDetail, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_promptopt.records import TestResult

FOLDER = Path(".promptopt") / "details"
"""Where they are, from pytest's root folder; below it one folder for each run."""

STALE_S = 24 * 3600.0
"""Age from which the folder of a run that nobody can ask after is left behind."""


def read_details(result: TestResult) -> Iterator[CaseDetail]:
    """Yield the cases of a prompt test, in their order, one by one.

    Args:
        result: Its result.

    Yields:
        Nothing if the cases were not written, or on another computer.
    """
    if not result.details:
        return
    try:
        file = Path(result.details).open(encoding="ascii")  # noqa: SIM115 - just below
    except OSError:
        return
    with file:
        for line in file:
            yield CaseDetail.from_json(json.loads(line))


def remove_details(root: Path, results: Iterable[TestResult] = ()) -> None:
    """Remove what the run has written, and what runs that were killed left behind.

    Args:
        root: Pytest's root folder.
        results: The run's results; only what they name is theirs.
    """
    folder = root / FOLDER
    own = {Path(result.details).parent for result in results if result.details}
    for each in own:
        if each.parent == folder:
            shutil.rmtree(each, ignore_errors=True)
    remove_stale(root)
    with contextlib.suppress(OSError):  # not there, or another run uses it
        folder.rmdir()


def run_name(process: int, run: str) -> str:
    """Return the name of a run's folder.

    Args:
        process: Number of the process that removes it in the end.
        run: What tells the run from others of that process.
    """
    return f"{_computer()}-{process}-{run}"


def remove_stale(root: Path) -> None:
    """Remove the folders of runs that have ended without doing so themselves."""
    with contextlib.suppress(OSError):
        for folder in list((root / FOLDER).iterdir()):
            if _is_stale(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _computer() -> str:
    return digest(platform.node())[:8]


def _is_stale(folder: Path) -> bool:
    computer, _, rest = folder.name.partition("-")
    process = rest.partition("-")[0]
    # On Windows, asking after a process would end it.
    if computer == _computer() and process.isdecimal() and os.name != "nt":
        try:
            os.kill(int(process), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except OSError:  # it runs, and is somebody else's
            return False
        return False
    with contextlib.suppress(OSError):
        return time.time() - folder.stat().st_mtime > STALE_S
    return False
