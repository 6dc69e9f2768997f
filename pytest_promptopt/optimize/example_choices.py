"""Which cases stand in an examples region: drawn anew, or a choice changed a little."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.optimize.evidence import expected_text

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping

    from pytest_promptopt.records import Case

Operator = Literal["bootstrap", "swap", "add", "drop", "reorder"]
Preference = Literal["wrong", "right", "any"]

_CHANGES: tuple[Operator, ...] = ("swap", "add", "drop", "bootstrap", "swap", "reorder")
_PREFERENCES: tuple[Preference, ...] = ("wrong", "right", "any")
_TRIES = 4
"""Draws of one operator before another one has its turn."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Cases for one region.

    Attributes:
        operator: What made the choice.
        ids: Ids of the cases, in order; none empties the region.
    """

    operator: Operator
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What there is to choose from.

    Attributes:
        cases: The train cases that can be examples.
        scores: Case id to the score of the best candidate; ``None`` where it has none.
        most: How many examples a region may have, at least 1.
    """

    cases: tuple[Case, ...]
    scores: Mapping[str, float | None]
    most: int


def choices(
    stock: Stock,
    held: tuple[str, ...] | None,
    draws: random.Random,
    *,
    count: int,
    fits: Callable[[tuple[str, ...]], bool],
) -> tuple[Choice, ...]:
    """Return different choices to try.

    What is there is changed a little, and now and then drawn anew. A new draw is
    balanced over the expected answers; it takes rather those cases that the best
    candidate gets wrong, then rather those it gets right, then any.

    Args:
        stock: What there is to choose from.
        held: What stands in the region, in order; ``None`` if that is no choice of
            cases, so that it can only be replaced as a whole.
        draws: Random numbers.
        count: How many choices at most.
        fits: Whether a choice may be tried: it is new, and not too long.

    Returns:
        At most ``count`` choices, fewer if no more are found.
    """
    found: dict[tuple[str, ...], Choice] = {}
    for operator, size, preference in islice(_plan(stock, held), 2 * count):
        if len(found) == count:
            break
        for _ in range(_TRIES):
            if operator == "bootstrap":
                ids = _bootstrap(stock, draws, size, preference)
            else:
                ids = _changed(stock, held or (), draws, operator)
            if ids != held and ids not in found and fits(ids):
                found[ids] = Choice(operator, ids)
                break
    return tuple(found.values())


def _plan(
    stock: Stock, held: tuple[str, ...] | None
) -> Iterator[tuple[Operator, int, Preference]]:
    """Yield operators in turn, each with a size and a preference for a new draw."""
    most = min(stock.most, len(stock.cases))
    sizes = cycle(dict.fromkeys((most, max(1, most // 2), most, max(1, most - 1))))
    operators = cycle(_CHANGES if held else ("bootstrap",))
    return zip(operators, sizes, cycle(_PREFERENCES))


def _bootstrap(
    stock: Stock, draws: random.Random, size: int, preference: Preference
) -> tuple[str, ...]:
    """Draw cases anew, as many of each expected answer as possible."""
    groups: dict[str | None, list[str]] = {}
    for case in draws.sample(stock.cases, len(stock.cases)):
        groups.setdefault(expected_text(case), []).append(case.id)
    queues = []
    for ids in groups.values():  # in the order of the shuffled cases
        if preference != "any":
            is_right = {case_id: stock.scores.get(case_id) == 1.0 for case_id in ids}
            ids.sort(key=lambda case_id: is_right[case_id] != (preference == "right"))
        queues.append(ids)
    taken: list[str] = []
    while len(taken) < size and any(queues):
        for ids in queues:
            if ids and len(taken) < size:
                taken.append(ids.pop(0))
    draws.shuffle(taken)
    return tuple(taken)


def _changed(
    stock: Stock, held: tuple[str, ...], draws: random.Random, operator: Operator
) -> tuple[str, ...]:
    """Change a choice a little; as it is where the operator has nothing to do."""
    others = [case.id for case in stock.cases if case.id not in held]
    ids = list(held)
    if operator == "drop" and ids:
        ids.pop(draws.randrange(len(ids)))
    elif operator == "add" and others and len(ids) < stock.most:
        ids.insert(draws.randrange(len(ids) + 1), draws.choice(others))
    elif operator == "swap" and ids and others:
        ids[draws.randrange(len(ids))] = draws.choice(others)
    elif operator == "reorder":
        draws.shuffle(ids)
    return tuple(ids)
