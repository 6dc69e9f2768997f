"""The reply is the expected answer, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.scorers.grading import (
    RIGHT,
    Scorer,
    expected_text,
    graded,
    shown,
    wrong,
)

if TYPE_CHECKING:
    from pytest_promptopt.records import Case, Completion, Score


def exact(*, strip: bool = True, ignore_case: bool = False) -> Scorer:
    """Make a scorer that asks for the expected text, character by character.

    Letter case counts by default, because the code behind a prompt usually compares
    with ``==``; outer white space does not, because models end with a newline at will.

    Args:
        strip: Whether outer white space is dropped on both sides.
        ignore_case: Whether letter case is ignored.
    """

    def score(case: Case, completion: Completion) -> Score:
        expected = expected_text(case, "exact")
        return graded(
            case,
            completion,
            lambda text: compare_exact(
                expected, text, strip=strip, ignore_case=ignore_case
            ),
        )

    return score


def compare_exact(expected: str, text: str, *, strip: bool, ignore_case: bool) -> Score:
    """Compare two texts as a whole."""
    wanted, got = (expected.strip(), text.strip()) if strip else (expected, text)
    if wanted == got:
        return RIGHT
    if wanted.casefold() != got.casefold():
        return wrong(f"expected {shown(wanted)}, got {shown(got)}")
    if ignore_case:
        return RIGHT
    return wrong(f"expected {shown(wanted)}, got {shown(got)} (other letter case)")
