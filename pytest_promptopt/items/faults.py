"""What a prompt test's own body did to keep the prompt from being judged."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_promptopt
from pytest_promptopt import gate
from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.wording import first_line

if TYPE_CHECKING:
    from types import TracebackType

    from pytest_promptopt.items.pending import Batch, Pending
    from pytest_promptopt.records import Verdict

PACKAGE = Path(pytest_promptopt.__file__).parent


def left_out(batch: Batch) -> BaseException | None:
    """Return the skip or xfail that the body raised on every single reply.

    Such a test has nothing to say, as any other test that skips itself.
    """
    raised = [entry.judged.raised if entry.judged else None for entry in batch]
    leaving = (pytest.skip.Exception, pytest.xfail.Exception)
    if raised and all(isinstance(error, leaving) for error in raised):
        return raised[0]
    return None


def fault_of(batch: Batch, *, calls_itself: bool, file: str) -> Verdict | None:
    """Return the error verdict if the test itself is broken.

    Args:
        batch: Trials that have been judged.
        calls_itself: Whether the body calls the application, whose faults are no
            wrong answers.
        file: The test file as node ids name it.
    """
    judged = [entry for entry in batch if entry.judged is not None]
    broken = [entry for entry in judged if entry.judged and entry.judged.broken]
    if nothing := _nothing_returned(judged):
        return gate.error("test", nothing, bare=nothing)
    if not broken or not (calls_itself or len(broken) == len(judged)):
        return None
    told, bare = _told(broken[0], len(broken), len(judged), file)
    return gate.error("test", told, bare=bare)


def _nothing_returned(judged: Batch) -> str:
    """Say that no run returned what the scorer grades; empty if one did.

    One that did not may be an application that found nothing.
    """
    ended = [each for each in judged if each.judged and each.judged.raised is None]
    if not ended or not all(each.judged and each.judged.empty for each in ended):
        return ""
    others = " and raised in the others" if len(ended) < len(judged) else ""
    return (
        f"the body returned nothing in {len(ended)} of {len(judged)} runs{others}, so "
        "that the scorer had no reply to grade\n"
        "  hint: return what the application answers, or drop scorer= and assert"
    )


def _told(first: Pending, broken: int, runs: int, file: str) -> tuple[str, str]:
    """Return what the body did, and the same without what it said."""
    from pytest_promptopt.report.bare_error import WITHHELD, bare_error

    raised = first.judged.raised if first.judged is not None else None
    often = f"in {broken} of {runs} runs, first for case {first.case.id}"
    if raised is None:
        told = f"the body failed {often}"
        return told, told
    where = place(raised, file)
    if isinstance(raised, PromptOptError):
        what = "the body gave no score" if where is None else "the body failed"
        told = f"{what} {often}{where or ''}: "
        return (
            f"{told}{raised.problem}\n  hint: {raised.hint}",
            f"{told}{bare_error(raised)}",
        )
    told = f"the body raised {type(raised).__name__} {often}{where or ''}: "
    return f"{told}{first_line(raised)}", f"{told}{WITHHELD}"


def place(error: BaseException, file: str = "") -> str | None:
    """Return where in the user's code an exception came from: ``" at test_a.py:7"``.

    Args:
        error: The exception, with its traceback.
        file: The test file as node ids name it; other files go by their name.
    """
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if PACKAGE not in path.parents:
            shown = file if file and path.as_posix().endswith(f"/{file}") else path.name
            return f" at {shown}:{frame.lineno}"
    return None


def users_part(trace: TracebackType | None, root: Path) -> TracebackType | None:
    """Return a traceback from the first line of the user's project on.

    Args:
        trace: The whole traceback.
        root: The project's folder.
    """
    part = trace
    while part is not None:
        path = Path(part.tb_frame.f_code.co_filename)
        installed = PACKAGE in path.parents or "site-packages" in path.parts
        if root in path.parents and not installed:
            return part
        part = part.tb_next
    return trace
