"""Which words of two replies differ, marked in both."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_promptopt.report.html.markup import joined, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.report.html.effort import Effort
    from pytest_promptopt.report.html.visible import Html

# A gap belongs to the word behind it: alone it would be equal to every other gap.
_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")

MOST_TOKENS = 1_500
"""Words and signs of a text up to which they are compared in their order."""


def marked(before: str, after: str, effort: Effort) -> tuple[Html, Html]:
    """Return both texts, words that are gone and words that are new marked.

    Args:
        before: The one reply, already cut to what is shown.
        after: The other one.
        effort: What may be spent on it.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    spans = _spans(_words(old), _words(new), effort)
    if before != after and all(same for *_, same in spans):
        spans = _spans(old, new, effort)  # nothing but gaps differs
    left = [_span(old[a:b], "" if same else "del") for a, b, _, _, same in spans]
    right = [_span(new[c:d], "" if same else "ins") for _, _, c, d, same in spans]
    return joined(left), joined(right)


def _words(tokens: list[str]) -> list[str]:
    """Return tokens without the gaps before them, which may differ."""
    return [token.lstrip() or token for token in tokens]


Span = tuple[int, int, int, int, bool]


def _spans(old: list[str], new: list[str], effort: Effort) -> list[Span]:
    """Return from where to where both differ or agree: all of both, in order."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = _middle(old[head : len(old) - tail], new[head : len(new) - tail], effort)
    shifted = ((a + head, b + head, c + head, d + head, x) for a, b, c, d, x in middle)
    return [
        (0, head, 0, head, True),
        *shifted,
        (len(old) - tail, len(old), len(new) - tail, len(new), True),
    ]


def _middle(old: list[str], new: list[str], effort: Effort) -> list[Span]:
    """Return from where to where both differ or agree."""
    if not (old or new):
        return []
    if not (old and new) or not _affordable(old, new, effort):
        return [(0, len(old), 0, len(new), False)]
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    spans = [
        (a, b, c, d, kind == "equal") for kind, a, b, c, d in matcher.get_opcodes()
    ]
    return _without_islands(spans, old)


def _without_islands(spans: list[Span], old: list[str]) -> list[Span]:
    """Take a sign that stayed between changed words as changed, too."""
    kept: list[Span] = []
    for at, (a, b, c, d, same) in enumerate(spans):
        inside = 0 < at < len(spans) - 1
        island = same and inside and not re.search(r"\w", "".join(old[a:b]))
        changed = not same or island
        if kept and changed and not kept[-1][4]:
            first = kept.pop()
            kept.append((first[0], b, first[2], d, False))
        else:
            kept.append((a, b, c, d, not changed))
    return kept


def _affordable(old: list[str], new: list[str], effort: Effort) -> bool:
    if max(len(old), len(new)) > MOST_TOKENS:
        return False
    counted = Counter(new)
    found = [counted[token] for token in old if token in counted]
    # Each run of kept words makes the matcher look through what is left once more.
    return effort.compare(sum(found) + len(old) * len(found) // 8)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    for at, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return at
    return min(len(old), len(new))


def _span(tokens: list[str], mark: str) -> str:
    text = "".join(tokens)
    word = text.lstrip() or text
    if not (mark and word):
        return text
    return joined([text[: len(text) - len(word)], tag(mark, word)])
