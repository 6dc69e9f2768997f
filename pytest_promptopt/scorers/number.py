"""The reply's number is the expected one."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ScorerError
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
from pytest_promptopt.scorers.numerals import number_in, whole_number

if TYPE_CHECKING:
    from pytest_promptopt.records import Case, Completion, Score


def number(*, tolerance: float = 0.0, relative: float = 0.0) -> Scorer:
    """Make a scorer that compares the number in a reply with the expected one.

    The number after the last answer mark counts ("answer:", "####"), else the last of
    the reply. Thousands separators, currency signs and units are read over, and a
    percent sign too: "50 %" is 50, not 0.5. Number words are not read.

    Args:
        tolerance: Largest difference that is still right, inclusive, at least 0.
        relative: The same as a share of the expected number; the larger of both holds.

    Raises:
        ScorerError: A tolerance is negative or no finite number.
    """
    for name, share in (("tolerance", tolerance), ("relative", relative)):
        if isinstance(share, bool) or not (math.isfinite(share) and share >= 0):
            raise ScorerError(
                f"number: {name} is {shown(share)}, not a number from 0 up",
                f"write number({name}=0.01), or leave it out",
            )

    def score(case: Case, completion: Completion) -> Score:
        expected = _expected_number(case)
        # Through repr, so that a tolerance of 0.1 is a tenth and not a double near it.
        allowed = max(
            Fraction(repr(float(tolerance))),
            Fraction(repr(float(relative))) * abs(expected),
        )
        return graded(
            case, completion, lambda text: compare_number(expected, text, allowed)
        )

    return score


def compare_number(expected: Fraction, text: str, allowed: Fraction) -> Score:
    """Compare the number that a reply gives with the expected one.

    Args:
        expected: The right number.
        text: The reply.
        allowed: Largest difference that is still right.
    """
    found = number_in(text)
    wanted = _written(expected)
    if found is None:
        return unparsed(f"expected {wanted}, got no number: {shown(text)}")
    if isinstance(found, str):
        return unparsed(
            f"expected {wanted}, got {shown(found)}, which is no one number"
        )
    if abs(found - expected) <= allowed:
        return RIGHT
    if allowed:
        return wrong(
            f"expected {wanted} within {_written(allowed)}, got {_written(found)}"
        )
    return wrong(f"expected {wanted}, got {_written(found)}")


def _expected_number(case: Case) -> Fraction:
    expected = expected_of(case, "number")
    value = None
    if isinstance(expected, str):
        value = whole_number(expected)
    elif isinstance(expected, int) and not isinstance(expected, bool):
        value = Fraction(expected)
    elif isinstance(expected, float) and math.isfinite(expected):
        value = Fraction(repr(expected))
    if value is None:
        raise case_fault(
            case,
            "number",
            f"cannot read the expected {shown(expected)} as one number",
            "write a number, or use scorer='exact' for other answers",
        )
    return value


def _written(value: Fraction) -> str:
    if value.denominator == 1 and abs(value) < 10**16:
        return str(value.numerator)
    return f"{float(value):.10g}"
