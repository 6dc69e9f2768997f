"""How figures are put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import beside, count, limit, p_value, percent, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.gate.comparison import Comparison

UPDATE = "--promptopt-update-baseline"
RECORD = f"a new baseline with {UPDATE}"

__all__ = [
    "RECORD",
    "UPDATE",
    "against",
    "count",
    "limit",
    "lost_cases",
    "named",
    "once_in",
    "p_value",
    "percent",
    "points",
    "reference",
    "test",
    "unscored_replies",
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
    return ", limit ".join(beside(p, limit))


def once_in(chance: float, limit: float) -> tuple[str, str]:
    """Return two small chances in words, so that the larger one looks larger."""
    for digits in range(2, 10):
        runs, least = (float(f"{1 / x:.{digits}g}") for x in (chance, limit))
        if (runs < least) == (chance > limit):
            break
    shown = [f"once in {count(round(number), 'run')}" for number in (runs, least)]
    return shown[0], shown[1]


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


def unscored_replies(compared: Comparison) -> str:
    """Return how many replies to compared cases have no score, and to how many."""
    replies = sum(pair.unscored for pair in compared.pairs)
    cases = sum(pair.unscored > 0 for pair in compared.pairs)
    noun = "reply" if replies == 1 else "replies"
    has = "has" if replies == 1 else "have"
    return (
        f"{replies:,} {noun} to {count(cases, 'case')} {has} no score where the"
        " baseline's prompt gets one"
    )
