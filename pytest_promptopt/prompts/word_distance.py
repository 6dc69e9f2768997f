"""How many words two texts differ by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def word_distance(old: str, new: str) -> int:
    """Count the words to insert, delete or replace to make one text of the other.

    Words are what blank space stands between, so that only the layout may change for
    nothing. ``rapidfuzz`` counts if it is installed; the number is the same.

    Source:
        V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions
        and reversals", 1966; on words.
    """
    before, after = _without_common_ends(old.split(), new.split())
    if not (before and after):
        return len(before) + len(after)
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError:
        return _counted(before, after)
    # Numbers for words, since the library compares the hashes of other things.
    numbers: dict[str, int] = {}
    first, second = (
        [numbers.setdefault(word, len(numbers)) for word in words]
        for words in (before, after)
    )
    return Levenshtein.distance(first, second)


def _without_common_ends(
    old: Sequence[str], new: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Take off what both begin and end with: most rewrites share a good deal."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]


def _counted(old: Sequence[str], new: Sequence[str]) -> int:
    """Count by dynamic programming; only one row of the table is kept."""
    row = list(range(len(new) + 1))
    for at, word in enumerate(old, start=1):
        diagonal, row[0] = row[0], at
        for to, other in enumerate(new, start=1):
            diagonal, row[to] = (
                row[to],
                min(row[to] + 1, row[to - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]
