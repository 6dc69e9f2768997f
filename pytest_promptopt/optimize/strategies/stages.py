"""The stages that a reply shows, held against each other and against the parents.

A model that is asked to work in stages may skip them and still write a text: what it
shows is then decoration. Each check is a plain comparison of words and leaves much
room; it finds stages that have nothing to do with one another. A stage that a reply
does not show cannot be checked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.parsing import Unparsable, read_reply, same_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CROSSING = ("crossed",)
"""Stages of a crossover with a mutation."""

DIFFERING = ("differ", "changed", "merged")
"""Stages of a mutation of the parts in which two texts differ."""

MADE_OF = 0.5
"""Least share of a text's words that have to come from what it is made of."""

KEPT = 0.2
"""Least share of a text's words that have to survive when it is altered."""

NOT_SHOWN = "stages: not shown"

_WORD = re.compile(r"\w+")


def shown_stages(reply: str, tags: Sequence[str]) -> dict[str, str]:
    """Return the stages that a reply shows, by their tags; unreadable ones are not."""
    read = {tag: read_reply(reply, tag) for tag in tags}
    return {tag: text for tag, text in read.items() if not isinstance(text, Unparsable)}


def crossing_fault(
    stages: Mapping[str, str], parents: Sequence[str], text: str
) -> str | None:
    """Say how a crossover with a mutation contradicts itself; ``None`` if it does not.

    Args:
        stages: What the reply shows, see :data:`CROSSING`.
        parents: The two texts that were to be crossed.
        text: The new text.
    """
    first, second = map(_words, parents)
    crossed = _words(stages.get("crossed", ""))
    if not crossed:
        return None
    if _share(crossed, first | second) < MADE_OF:
        return "stages contradict: crossed from other words"
    if any(own and not crossed & own for own in (first - second, second - first)):
        return "stages contradict: crossed from one text only"
    if _share(crossed, _words(text)) < KEPT:
        return "stages contradict: not made of the crossed text"
    return None


def differing_fault(
    stages: Mapping[str, str], parents: Sequence[str], text: str
) -> str | None:
    """Say how a differential mutation contradicts itself; ``None`` if it does not.

    Args:
        stages: What the reply shows, see :data:`DIFFERING`.
        parents: The four texts: the two that are compared, the one that the altered
            parts go into, and the one that the outcome is crossed with.
        text: The new text.
    """
    first, second, third, fourth = map(_words, parents)
    differ, changed, merged = (_words(stages.get(tag, "")) for tag in DIFFERING)
    if differ and first != second and not differ & (first ^ second):
        return "stages contradict: no difference named"
    if differ and same_text(stages["differ"]) == same_text(stages.get("changed", "")):
        return "stages contradict: no part altered"
    if merged:
        if _share(merged, changed | first | second | third) < MADE_OF:
            return "stages contradict: merged from other words"
        if changed - third and not merged & (changed - third):
            return "stages contradict: altered parts left out"
        if _share(_words(text), merged | fourth) < MADE_OF:
            return "stages contradict: not made of the merged text"
    return None


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _share(words: frozenset[str], pool: frozenset[str]) -> float:
    """Return the share of some words that a pool has, in [0, 1]; 1 of none."""
    return len(words & pool) / len(words) if words else 1.0
