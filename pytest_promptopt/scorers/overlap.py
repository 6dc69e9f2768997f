"""How much of a list the reply gives, and how much else."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Score
from pytest_promptopt.scorers.grading import (
    Scorer,
    case_fault,
    expected_of,
    graded,
    shown,
    text_of,
)
from pytest_promptopt.scorers.item_lists import items_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_promptopt.records import Case, Completion

TOLD = 3
"""Items that a reason lists."""


def set_f1(*, separator: str | None = None, ignore_case: bool = True) -> Scorer:
    """Make a scorer for replies that are a list whose order and repeats do not count.

    The score is F1, the harmonic mean of the parts ``"precision"`` (share of the
    reply's items that are right) and ``"recall"`` (share of the right items that the
    reply has). ``expected`` is a list, or a text that is separated like a reply.

    Args:
        separator: What separates the items. By default a reply is a JSON list, or has
            one item a line, or commas or semicolons between the items.
        ignore_case: Whether letter case is ignored.

    Raises:
        ScorerError: ``separator`` is empty or no text.
    """
    return _f1("set_f1", _shared_set, separator, ignore_case=ignore_case)


def list_f1(
    *, ordered: bool = True, separator: str | None = None, ignore_case: bool = True
) -> Scorer:
    """Make a scorer for replies that are a list in which repeats count.

    As :func:`set_f1`, but each item counts as often as it is there, and only items in
    the expected order count together: the longest common subsequence.

    Args:
        ordered: Whether order counts.
        separator: What separates the items, as in :func:`set_f1`.
        ignore_case: Whether letter case is ignored.

    Raises:
        ScorerError: ``separator`` is empty or no text.
    """
    shared = _shared_in_order if ordered else _shared_in_any_order
    return _f1("list_f1", shared, separator, ignore_case=ignore_case)


def _f1(
    name: str,
    shared: _Shared,
    separator: Any,
    *,
    ignore_case: bool,
) -> Scorer:
    if separator is not None and (not isinstance(separator, str) or not separator):
        raise ScorerError(
            f"{name}: separator is {shown(separator)}, not a text",
            f"write {name}(separator='|'), or leave it out",
        )

    def folded(items: Sequence[str]) -> tuple[str, ...]:
        return tuple(item.casefold() if ignore_case else item for item in items)

    def score(case: Case, completion: Completion) -> Score:
        expected = folded(_expected_items(case, name, separator))
        return graded(
            case,
            completion,
            lambda text: compare_items(
                expected, folded(items_in(text, separator)), shared
            ),
        )

    return score


def compare_items(
    expected: Sequence[str], got: Sequence[str], shared: _Shared
) -> Score:
    """Compare two lists by what they share.

    Args:
        expected: The right items.
        got: The items of the reply.
        shared: From both to how many of each count, and how many they share.

    Returns:
        F1 with the parts ``"precision"`` and ``"recall"``: all 1 if both lists are
        empty, all 0 if one is or nothing is shared.
    """
    common, wanted, given = shared(expected, got)
    if not wanted and not given:
        return Score(value=1.0, parts={"precision": 1.0, "recall": 1.0})
    value = 2 * common / (wanted + given)
    return Score(
        value=value,
        reason=_reason(expected, got) if value < 1.0 else "",
        parts={
            "precision": common / given if given else 0.0,
            "recall": common / wanted if wanted else 0.0,
        },
    )


def _shared_set(expected: Sequence[str], got: Sequence[str]) -> tuple[int, int, int]:
    one, other = set(expected), set(got)
    return len(one & other), len(one), len(other)


def _shared_in_any_order(
    expected: Sequence[str], got: Sequence[str]
) -> tuple[int, int, int]:
    common = Counter(expected) & Counter(got)
    return sum(common.values()), len(expected), len(got)


def _shared_in_order(
    expected: Sequence[str], got: Sequence[str]
) -> tuple[int, int, int]:
    # Length of the longest common subsequence, row by row.
    row = [0] * (len(expected) + 1)
    for item in got:
        before = 0
        for n, wanted in enumerate(expected, 1):
            above = row[n]
            row[n] = before + 1 if item == wanted else max(above, row[n - 1])
            before = above
    return row[-1], len(expected), len(got)


def _reason(expected: Sequence[str], got: Sequence[str]) -> str:
    lacking = list((Counter(expected) - Counter(got)).elements())
    beyond = list((Counter(got) - Counter(expected)).elements())
    # As a set, a repeated item is neither missing nor too many.
    missing = [item for item in lacking if item not in got] or lacking
    extra = [item for item in beyond if item not in expected] or beyond
    reasons = []
    if missing:
        reasons.append(f"missing {_some(missing)}")
    if extra:
        reasons.append(f"not asked for: {_some(extra)}")
    return "; ".join(reasons) or f"the order differs: got {_some(got)}"


def _some(items: Sequence[str]) -> str:
    told = ", ".join(shown(item) for item in items[:TOLD])
    return f"{told} and {len(items) - TOLD} more" if len(items) > TOLD else told


def _expected_items(case: Case, name: str, separator: str | None) -> tuple[str, ...]:
    expected = expected_of(case, name)
    if isinstance(expected, list):
        # Like an item of a reply: without outer quotes, and empty ones left out.
        texts = [text_of(entry, case, name) for entry in expected]
        return tuple(item for text in texts for item in items_in(text, "\n")[:1])
    if isinstance(expected, str) and items_in(expected, separator):
        return items_in(expected, separator)
    raise case_fault(
        case,
        name,
        f"needs a list of items, got {shown(expected)}",
        'write the expected answer as a list, ["tea", "cup"], or as "tea, cup"',
    )


if TYPE_CHECKING:
    _Shared = Callable[[Sequence[str], Sequence[str]], tuple[int, int, int]]
