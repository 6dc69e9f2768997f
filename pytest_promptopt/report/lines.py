"""Lines of terminal text, and the small forms that several reports share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.wording import count, money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import CaseChange, Remark, TestResult, Verdict

SHOWN = 5
"""Cases or tags that a list names; the rest are counted."""

UNCOUNTED = (
    "an application that is run for a prompt test makes its own calls: they are not "
    "counted, not cached and have no budget"
)
"""What is said once where there were such runs."""

_COLOURS = {"pass": "green", "fail": "red", "error": "red", "inconclusive": "yellow"}

_DOUBTED = frozenset({"accepted", "drift", "removed", "report only"})
"""Causes of a pass that somebody should look at."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of terminal text.

    Attributes:
        text: The text, without line end.
        marks: Colours and styles in pytest's words: ``"red"``, ``"bold"``.
    """

    text: str
    marks: tuple[str, ...] = ()


def is_doubted(verdict: Verdict) -> bool:
    """Return whether a verdict is a pass only because somebody said so."""
    return verdict.outcome == "pass" and verdict.cause in _DOUBTED


def colour(verdict: Verdict) -> str:
    """Return the colour of a verdict's line, in pytest's words."""
    return "yellow" if is_doubted(verdict) else _COLOURS[verdict.outcome]


def indented(texts: Iterable[str]) -> list[str]:
    """Return lines of text two columns to the right."""
    return [f"  {text}" for text in texts]


def runs(number: int) -> str:
    """Count bodies that sent nothing themselves: ``"120 runs of the application"``."""
    return f"{count(number, 'run')} of the application"


def cost(dollars: float | None) -> str:
    """Write what calls cost: ``"$0.0132"``, or that it is not known."""
    return "cost unknown" if dollars is None else money(dollars)


def listed(ids: Sequence[str]) -> str:
    """Count cases and name the first: ``"7 cases: a, b, c, d, e and 2 more"``."""
    shown = ", ".join(ids[:SHOWN])
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return f"{count(len(ids), 'case')}: {shown}{more}"


def remark_lines(remarks: Iterable[Remark]) -> list[str]:
    """Return one line for each remark, whatever its text holds."""
    return [" ".join(f"{entry.kind}: {entry.text}".split()) for entry in remarks]


def label_line(result: TestResult) -> list[str]:
    """Return the line on how labels did, whatever they hold; none without labels."""
    told = " ".join(result.labels.split())
    return [f"labels: {told}"] if told else []


def judge_lines(result: TestResult) -> list[str]:
    """Return the lines on the judge, whatever they hold; none without one."""
    return [" ".join(line.split()) for line in result.judge]


def in_order(entries: Sequence[CaseChange]) -> list[CaseChange]:
    """Return changes as they are shown: ``must_pass`` cases before others."""
    return sorted(entries, key=lambda entry: not entry.must_pass)
