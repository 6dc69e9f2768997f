"""Trying children against their parents: on the same cases, in the same move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.ledger import weighted_mean
from pytest_promptopt.optimize.strategies.paired_gate import rises, shares, verdict
from pytest_promptopt.optimize.strategy import Evaluate, Evaluated
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_promptopt.optimize.strategies.children import Child
    from pytest_promptopt.optimize.strategy import Rejected
    from pytest_promptopt.records import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A child that is to be held against its parent.

    Attributes:
        parent: The parent, scored on all train cases.
        child: The child.
        order: All train cases, those that it is tried on first before the others.
    """

    parent: Evaluated
    child: Child
    order: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of it.

    Attributes:
        child: The child.
        entry: The child as it was last scored; ``None`` if a guard turned it away.
        accepted: Whether it gets in.
        mean: What it is worth on all train cases, as far as the difference from its
            parent tells, in [0, 1].
    """

    child: Child
    entry: Evaluated | None = None
    accepted: bool = False
    mean: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What accepts a child.

    Attributes:
        first: Train cases of the first look, at least 1.
        level: Level of the paired test; ``None``: the sum on the first look decides.
    """

    first: int
    level: float | None


def tried(
    tries: Sequence[Try], gate: Gate
) -> Generator[Evaluate, Any, tuple[Tried, ...]]:
    """Try children; those with one order of the cases together.

    Args:
        tries: The children; nothing is asked for none.
        gate: What accepts them.

    Returns:
        What came of each, in the same order.
    """
    outcomes: dict[int, Tried] = {}
    together: dict[tuple[str, ...], list[int]] = {}
    for index, entry in enumerate(tries):
        key = tuple(case.id for case in entry.order)
        together.setdefault(key, []).append(index)
    for group in together.values():
        found = yield from _looked_at([tries[index] for index in group], gate)
        outcomes.update(zip(group, found, strict=True))
    return tuple(outcomes[index] for index in range(len(tries)))


def _looked_at(
    tries: Sequence[Try], gate: Gate
) -> Generator[Evaluate, Any, list[Tried]]:
    """Look at children that share an order of the cases, again and again."""
    order = tries[0].order
    done = [Tried(child=entry.child) for entry in tries]
    left = list(range(len(tries)))
    looks = shares(len(order), gate.first)
    for look, end in enumerate(looks if gate.level is not None else looks[:1]):
        if not left:
            break
        cases = order[:end]
        scored = yield from _scored([tries[index] for index in left], cases)
        still = []
        for index, (parent, child) in zip(left, scored, strict=True):
            if parent is None or child is None:
                done[index] = Tried(child=tries[index].child)
                continue
            is_last = gate.level is None or end == len(order)
            if gate.level is None:
                accepted = rises(parent.scores, child.scores, cases)
            else:
                says = verdict(
                    parent.scores,
                    child.scores,
                    cases,
                    level=gate.level,
                    look=look,
                    is_last=is_last,
                )
                accepted = says == "accepted"
                if says == "open":
                    still.append(index)
            done[index] = Tried(
                child=tries[index].child,
                entry=child,
                accepted=accepted,
                mean=_estimate(tries[index].parent, parent, child, cases),
            )
        left = still
    return done


def _scored(
    tries: Sequence[Try], cases: Sequence[Case]
) -> Generator[Evaluate, Any, list[tuple[Evaluated | None, Evaluated | None]]]:
    """Have parents and children scored in one move; ``None`` for who was rejected."""
    parents = {entry.parent.candidate.key: entry.parent for entry in tries}
    places = {key: place for place, key in enumerate(parents)}
    answers: tuple[Evaluated | Rejected, ...] = yield Evaluate(
        candidates=(
            *(parent.candidate for parent in parents.values()),
            *(entry.child.candidate for entry in tries),
        ),
        cases=tuple(cases),
        origins=(
            *(Origin(operator="kept", parents=(key,)) for key in parents),
            *(entry.child.origin for entry in tries),
        ),
    )
    kept = [entry if isinstance(entry, Evaluated) else None for entry in answers]
    return [
        (kept[places[entry.parent.candidate.key]], kept[len(parents) + at])
        for at, entry in enumerate(tries)
    ]


def _estimate(
    whole: Evaluated, parent: Evaluated, child: Evaluated, cases: Sequence[Case]
) -> float:
    both = [
        case
        for case in cases
        if parent.scores.get(case.id) is not None
        and child.scores.get(case.id) is not None
    ]
    was, now = weighted_mean(parent.scores, both), weighted_mean(child.scores, both)
    if was is None or now is None:
        return whole.mean
    return min(1.0, max(0.0, whole.mean + now - was))
