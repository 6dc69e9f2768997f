"""The reply is close to the expected text, in words or in characters."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Score
from pytest_promptopt.scorers.extras import missing_library
from pytest_promptopt.scorers.grading import (
    Scorer,
    case_fault,
    expected_of,
    graded,
    shown,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Completion

Unit = Literal["words", "characters"]

# Scripts that put no blank between words: each character counts as one.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def similarity(
    threshold: float | None = None,
    *,
    unit: Unit = "words",
    ignore_case: bool = True,
) -> Scorer:
    """Make a scorer that counts the edits between a reply and the expected text.

    The similarity is 1 minus the Levenshtein distance (insertions, deletions and
    replacements) over the length of the longer text. Of a list of expected texts, the
    closest counts. Needs ``pip install 'pytest-promptopt[rapidfuzz]'``.

    Args:
        threshold: Similarity in (0, 1] from which on the reply is right; below, it is
            wrong. By default the similarity is the score.
        unit: ``"words"``, read without punctuation, or ``"characters"``.
        ignore_case: Whether letter case is ignored.

    Raises:
        ScorerError: An argument cannot be used, or ``rapidfuzz`` is not installed.
    """
    _check(threshold, unit)
    try:
        import rapidfuzz  # noqa: F401
    except ImportError:
        raise missing_library("similarity", "rapidfuzz") from None
    least = None if threshold is None else Fraction(repr(float(threshold)))

    def score(case: Case, completion: Completion) -> Score:
        expected = _expected_texts(case, unit)
        return graded(
            case,
            completion,
            lambda text: compare_similarity(
                expected, text, threshold=least, unit=unit, ignore_case=ignore_case
            ),
        )

    return score


def compare_similarity(
    expected: Sequence[str],
    text: str,
    *,
    threshold: Fraction | None = None,
    unit: Unit = "words",
    ignore_case: bool = True,
) -> Score:
    """Compare a reply with the closest of the expected texts.

    Args:
        expected: At least one text, with at least one word if ``unit`` is "words".
        text: The reply.
        threshold: Similarity from which on it is right; ``None`` grades.
        unit: What is inserted, deleted or replaced.
        ignore_case: Whether letter case is ignored.
    """
    got = units_of(text, unit, ignore_case=ignore_case)
    near = [
        similarity_of(units_of(one, unit, ignore_case=ignore_case), got)
        for one in expected
    ]
    share = max(near)
    closest = expected[near.index(share)]
    reason = f"similarity {_written(share)} in {unit}"
    value = float(share)
    if threshold is not None:
        value = float(share >= threshold)
        reason += f", needs {_written(threshold)}"
    reason += f": expected {shown(closest)}, got {shown(text)}"
    return Score(
        value=value,
        reason=reason if value < 1.0 else "",
        parts={"similarity": float(share)},
    )


def similarity_of(one: Sequence[str], other: Sequence[str]) -> Fraction:
    """Return the similarity of two sequences, in [0, 1]; 1 if both are empty.

    Source:
        V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions
        and reversals", 1966; divided by the longer length.
    """
    from rapidfuzz.distance import Levenshtein

    # Numbers for words, since the library compares the hashes of other things.
    numbers: dict[str, int] = {}
    first, second = (
        [numbers.setdefault(entry, len(numbers)) for entry in entries]
        for entries in (one, other)
    )
    longest = max(len(first), len(second))
    if not longest:
        return Fraction(1)
    return Fraction(longest - Levenshtein.distance(first, second), longest)


def units_of(text: str, unit: Unit, *, ignore_case: bool) -> tuple[str, ...]:
    """Return what edits are counted in: words, or characters without outer blanks."""
    text = unicodedata.normalize("NFC", text.casefold() if ignore_case else text)
    return tuple(_WORD.findall(text) if unit == "words" else text.strip())


def _check(threshold: Any, unit: Any) -> None:
    if unit not in get_args(Unit):
        raise ScorerError(
            f"similarity: unit is {shown(unit)}, which cannot be counted",
            "write unit='words' or unit='characters'",
        )
    number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool)
    if threshold is not None and not (number and 0 < threshold <= 1):
        raise ScorerError(
            f"similarity: threshold is {shown(threshold)}, not a number above 0 and "
            "up to 1",
            "write similarity(0.8), or leave it out for a graded score",
        )


def _expected_texts(case: Case, unit: Unit) -> tuple[str, ...]:
    expected = expected_of(case, "similarity")
    entries = expected if isinstance(expected, list) else [expected]
    texts = tuple(text_of(entry, case, "similarity") for entry in entries)
    if not texts:
        raise case_fault(
            case,
            "similarity",
            "needs a text to compare with, got an empty list",
            "name at least one text",
        )
    for text in texts:
        if unit == "words" and not _WORD.search(text):
            raise case_fault(
                case,
                "similarity",
                f"finds no word in the expected {shown(text)}",
                "use similarity(unit='characters')",
            )
    return texts


def _written(share: Fraction) -> str:
    # Rounded down, so that 0.7999 is not said to miss 0.8 as "0.8".
    return f"{int(share * 1000) / 1000:g}"
