"""Why a verdict is what it is, and what deals with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.commands import commands, settling
from pytest_promptopt.report.failure import failure
from pytest_promptopt.report.grounds import (
    case_lists,
    certainty,
    counts,
    flaky_line,
    patterns,
)
from pytest_promptopt.report.html.markup import EMPTY, items, joined, tag
from pytest_promptopt.report.lines import (
    judge_lines,
    label_line,
    listed,
    remark_lines,
)
from pytest_promptopt.report.needed import needed_lines

if TYPE_CHECKING:
    from pytest_promptopt.records import TestResult
    from pytest_promptopt.report.html.visible import Html


def grounds(result: TestResult) -> Html:
    """Write the decision in a sentence, its grounds, and what a reviewer must see."""
    verdict = result.verdict
    if verdict.outcome == "error":
        told = failure(result).split("\n")[1:]
        return tag("div", "\n".join(told), class_="message")
    message = tag("p", _sentence(verdict.message), class_="message")
    remarks = items(remark_lines(result.remarks), class_="warn")
    return joined(
        [message if verdict.message else EMPTY, remarks, items(_told(result))]
    )


def _sentence(text: str) -> str:
    """Return a message as it stands by itself: with a capital."""
    return text[:1].upper() + text[1:]


def _told(result: TestResult) -> list[str]:
    verdict = result.verdict
    broken = [f"must_pass broken: {listed(verdict.broken)}"] if verdict.broken else []
    return [
        *certainty(verdict, result.model),
        *counts(verdict),
        *broken,
        *case_lists(verdict),
        *flaky_line(verdict),
        *label_line(result),
        *judge_lines(result),
        *patterns(verdict),
        *needed_lines(result),
    ]


def next_steps(result: TestResult) -> Html:
    """Write the commands that deal with a verdict; nothing for one that needs none."""
    verdict = result.verdict
    lines = []
    if verdict.outcome == "fail" or verdict.cause == "report only":
        lines = commands(result)
    elif verdict.outcome == "inconclusive":
        lines = settling(result)
    told = []
    for line in lines:
        purpose, colon, command = line.partition(":")
        shown = tag("code", command.strip()) if colon else EMPTY
        told.append(joined([f"{purpose}{colon} ", shown]))
    return joined([tag("h3", "What to do"), items(told)]) if told else EMPTY
