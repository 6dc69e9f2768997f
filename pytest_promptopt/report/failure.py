"""The text of a failing prompt test: what happened, on which figures, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.commands import commands
from pytest_promptopt.report.grounds import (
    case_lists,
    certainty,
    changes,
    counts,
    flaky_line,
    limit_lines,
    patterns,
    tag_lines,
    terms,
)
from pytest_promptopt.report.lines import (
    indented,
    judge_lines,
    label_line,
    listed,
    remark_lines,
)
from pytest_promptopt.report.needed import needed_lines
from pytest_promptopt.report.prompt_changes import prompt_changes

if TYPE_CHECKING:
    from pytest_promptopt.records import TestResult

_NOT_THE_PROMPT = "This says nothing about the prompt: no reply was scored as wrong."
_AGAIN = "Running it again may help."


def failure(result: TestResult, *, already: str | None = None) -> str:
    """Say why a prompt test failed and what deals with it.

    Args:
        result: Its verdict is ``"fail"`` or ``"error"``, or would have been.
        already: Node id of a test that failed with the same error before, which is
            then not told again.
    """
    verdict = result.verdict
    head = f"{result.prompt}: {verdict.outcome} ({verdict.cause})"
    if verdict.outcome == "error" and already is not None:
        return f"{head}: for the same reason as {already}"
    told = _error(result) if verdict.outcome == "error" else indented(body(result))
    return "\n".join([head, *told])


def _error(result: TestResult) -> list[str]:
    verdict = result.verdict
    tail = []
    if verdict.cause in ("provider", "budget", "judge"):
        tail += _kept(result)
    if verdict.cause in ("provider", "budget"):
        tail.append(_NOT_THE_PROMPT)
    if verdict.retryable:
        tail.append(_AGAIN)
    told = [
        *verdict.message.splitlines(),
        *judge_lines(result),
        *remark_lines(result.remarks),
    ]
    return [*indented(told), *tail]


def _kept(result: TestResult) -> list[str]:
    """Say what becomes of the replies that came, unless the message has said it."""
    replies = result.calls + result.cached
    if not replies or "kept" in result.verdict.message:
        return []
    came = (
        "1 reply that came is" if replies == 1 else f"{replies:,} replies that came are"
    )
    return [f"The {came} kept in the cache, unless it is off: no call for them again."]


def body(result: TestResult, *, below_line: bool = False) -> list[str]:
    """Return all that is to be said below the head of a failure, not indented.

    Args:
        result: Its verdict is ``"fail"``, or would have been.
        below_line: Whether the one line stands above, with the figures, and the
            remarks are shown in their own colour.
    """
    verdict, texts = result.verdict, result.shows == "full"
    broken = [f"must_pass broken: {listed(verdict.broken)}"] if verdict.broken else []
    return [
        *verdict.message.splitlines(),
        *(terms if below_line else certainty)(verdict, result.model),
        *limit_lines(verdict.limits),
        *counts(verdict),
        *broken,
        *case_lists(verdict),
        *flaky_line(verdict),
        *tag_lines(verdict.tags),
        *label_line(result),
        *judge_lines(result),
        *patterns(verdict),
        *changes("worse", verdict.worse, texts=texts, earlier=verdict.look > 0),
        *prompt_changes(result.source_changes),
        *needed_lines(result),
        *([] if below_line else remark_lines(result.remarks)),
        *commands(result),
    ]
