"""``promptopt outputs``: what a run came to, as the outputs of a workflow's step."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

VERDICTS = ("pass", "fail", "inconclusive", "error")
NONE = "none"
"""The verdict of a run without prompt tests."""

NO_TESTS = "no prompt tests"

NO_TESTS_COLLECTED = 5
"""Exit code of pytest."""

_CAUSE = re.compile(r"[a-z][a-z_]*( [a-z_]+){0,3}")
_LONGEST_CAUSE = 40
_LARGEST = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a whole run came to.

    Attributes:
        verdict: One of :data:`VERDICTS`, or ``"none"``: no prompt test was judged.
        cause: A few lower-case words.
        retryable: Whether the same run may come to something else later.
    """

    verdict: str
    cause: str
    retryable: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.description = (
        "Prints verdict, cause and retryable of a run as lines for $GITHUB_OUTPUT."
    )
    parser.add_argument(
        "report", metavar="REPORT.json", help="what --promptopt-report=json:PATH wrote"
    )
    parser.add_argument(
        "--exit-code",
        type=int,
        metavar="N",
        help="exit code of pytest, which tells why there is no report",
    )


def run(asked: argparse.Namespace, say: Callable[[Iterable[str]], None]) -> int:
    """Print the outputs.

    Raises:
        SettingError: The file is there, and is no report of this package.
    """
    path = Path(asked.report)
    if path.exists():
        found = outcome_of(read_report(path))
    else:
        found = without_report(asked.exit_code)
    say(
        [
            f"verdict={found.verdict}",
            f"cause={found.cause}",
            f"retryable={str(found.retryable).lower()}",
        ]
    )
    return 0


def without_report(exit_code: int | None) -> Outcome:
    """Return what a run came to that has written no report."""
    if exit_code == NO_TESTS_COLLECTED:
        return Outcome(verdict=NONE, cause=NO_TESTS, retryable=False)
    return Outcome(verdict="error", cause="setup", retryable=False)


def read_report(path: Path) -> dict[str, Any]:
    """Read a report that another job has written, as data.

    Raises:
        SettingError: It cannot be read, or is no report.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST >> 20} MiB")  # noqa: TRY301
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _no_report(path, str(error)) from None
    if not isinstance(document, dict) or document.get("version") != 1:
        raise _no_report(path, "it is no object with version 1")
    return document


def outcome_of(document: dict[str, Any]) -> Outcome:
    """Return what a report says of the whole run, each word of it checked.

    Raises:
        SettingError: It says something else than a report does.
    """
    verdict = document.get("verdict")
    found = verdict if isinstance(verdict, dict) else {}
    outcome, retryable = found.get("outcome"), found.get("retryable")
    cause = found.get("cause")
    if outcome == NONE and cause == "":
        cause = NO_TESTS
    known = outcome in (*VERDICTS, NONE) and isinstance(retryable, bool)
    if not known or not isinstance(cause, str) or not _is_cause(cause):
        raise SettingError(
            "the report does not say outcome, cause and retryable of the whole run",
            "write it with --promptopt-report=json:PATH of this version",
        )
    return Outcome(verdict=str(outcome), cause=cause, retryable=bool(retryable))


def is_untouched(document: dict[str, Any]) -> bool:
    """Tell whether a report says that all is well and no prompt or case differs."""
    if outcome_of(document).verdict != "pass":
        return False
    tests = document.get("tests")
    return isinstance(tests, list) and all(map(_test_is_untouched, tests))


def _test_is_untouched(test: Any) -> bool:
    try:
        lost = test["verdict"]["lost"]
        touched = test["source_changes"] or test["verdict"]["added"]
        return not (touched or lost["removed"] or lost["changed"])
    except (KeyError, TypeError):
        return False


def _is_cause(cause: str) -> bool:
    return len(cause) <= _LONGEST_CAUSE and bool(_CAUSE.fullmatch(cause))


def _no_report(path: Path, why: str) -> SettingError:
    return SettingError(
        f"{str(path)!r} is no report of a run: {why}",
        "write it with --promptopt-report=json:PATH",
    )
