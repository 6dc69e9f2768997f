"""How figures are put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import chance, count, p_value, percent, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.gate.comparison import Comparison

UPDATE = "--promptopt-update-baseline"
RECORD = f"a new baseline with {UPDATE}"

__all__ = [
    "RECORD",
    "UPDATE",
    "against",
    "chance",
    "count",
    "lost_cases",
    "named",
    "p_value",
    "percent",
    "points",
    "reference",
    "test",
]


def reference(given: str, date: str) -> str:
    """Return what was compared with; the baseline, unless something else is given."""
    return given or f"the baseline of {date}"


def against(share: float, given: str) -> str:
    """Return the accuracy that another one is held against, and whose it is."""
    shown = percent(share)
    return f"{shown} at {given}" if given else f"the baseline's {shown}"


def test(p: float, limit: float) -> str:
    """Return a p-value and its limit: ``"p = 0.031, limit 0.025"``."""
    return f"{p_value(p)}, limit {chance(limit)}"


def named(noun: str, names: Sequence[str], most: int = 3) -> str:
    """Return a noun with the names it stands for, the first few of them."""
    shown = ", ".join(map(repr, names[:most]))
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{noun}{'' if len(names) == 1 else 's'} {shown}{rest}"


def lost_cases(compared: Comparison) -> str:
    """Return how many cases of the baseline cannot be compared, and why."""
    lost = {case.id for case in compared.lost}
    kinds = [
        (len(lost.intersection(compared.removed)), "removed"),
        (len(lost.intersection(compared.changed)), "changed"),
        (len(lost.intersection(compared.missing)), "without a reply"),
    ]
    kinds.append((len(lost) - sum(number for number, _ in kinds), "without a score"))
    shown = ", ".join(f"{number} {kind}" for number, kind in kinds if number)
    return f"{count(len(lost), 'case')} of the baseline cannot be compared ({shown})"
