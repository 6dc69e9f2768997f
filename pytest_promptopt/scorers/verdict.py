"""The reply is a verdict, and the one that a person gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.scorers.grading import (
    RIGHT,
    Scorer,
    case_fault,
    expected_of,
    graded,
    shown,
    unparsed,
    wrong,
)
from pytest_promptopt.scorers.verdicts import Scale, Verdicts

if TYPE_CHECKING:
    from pytest_promptopt.records import Case, Completion, Score


def verdict(verdicts: Scale = ("fail", "pass")) -> Scorer:
    """Make a scorer for replies of a judge, over cases that people have judged.

    With it the rubric of a judge is a prompt test of its own. A reply is read as a
    judge's is; one that cannot be read is wrong here: that is the rubric's doing.

    Args:
        verdicts: What the judge can say, as in :func:`judge`.

    Raises:
        ScorerError: They are no verdicts.
    """
    known = Verdicts.of(verdicts, scorer="verdict")

    def score(case: Case, completion: Completion) -> Score:
        expected = known.same_as(expected_of(case, "verdict"))
        if expected is None:
            raise case_fault(
                case,
                "verdict",
                f"finds the expected {shown(case.expected)} not among {known.listed}",
                "correct the expected verdict, or name the verdicts: "
                'scorer=verdict(("bad", "good"))',
            )
        return graded(
            case, completion, lambda text: compare_verdict(expected, text, known)
        )

    return score


def compare_verdict(expected: str, text: str, verdicts: Verdicts) -> Score:
    """Compare the verdict that a text gives with the expected one.

    Args:
        expected: One of the verdicts, as it is written there.
        text: The reply.
        verdicts: What it can say.
    """
    reading = verdicts.read(text)
    if reading.verdict == expected:
        return RIGHT
    if reading.verdict is None:
        return unparsed(
            f"expected {expected!r}, but it cannot be read: {reading.fault}"
        )
    return wrong(f"expected {expected!r}, got {reading.verdict!r}")
