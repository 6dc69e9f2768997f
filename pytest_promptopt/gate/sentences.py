"""How figures are put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.gate.comparison import Comparison

UPDATE = "--promptopt-update-baseline"
RECORD = f"a new baseline with {UPDATE}"


def percent(share: float) -> str:
    """Return a share as a percentage with one decimal."""
    return f"{100 * share:.1f}%"


def points(share: float) -> str:
    """Return a difference of shares in percentage points, without its sign."""
    shown = f"{100 * abs(share):.1f}"
    return f"{shown} point{'' if shown == '1.0' else 's'}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def named(noun: str, names: Sequence[str], most: int = 3) -> str:
    """Return a noun with the names it stands for, the first few of them."""
    shown = ", ".join(map(repr, names[:most]))
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{noun}{'' if len(names) == 1 else 's'} {shown}{rest}"


def chance(p: float) -> str:
    """Return a probability with two significant digits."""
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"


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
