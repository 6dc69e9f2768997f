"""Where a proposal comes from, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Ancestor

LINES = 5
"""A longer line of forebears is shortened in the middle."""


def lineage_items(line: Sequence[Ancestor]) -> list[str]:
    """Return a line of forebears, oldest first, at most :data:`LINES` of them.

    Args:
        line: From the start to what was found.
    """
    told = [_told(entry) for entry in line]
    if len(told) <= LINES:
        return told
    first, last = LINES // 2, LINES - LINES // 2 - 1
    left = count(len(told) - first - last, "version")
    return [*told[:first], f"{left} between", *told[-last:]]


def _told(entry: Ancestor) -> str:
    made = entry.operator or "made by the strategy"
    mean = "" if entry.mean is None else f": {percent(entry.mean)} on train"
    others = len(entry.parents) - 1
    of = f" of {len(entry.parents)} versions" if others > 0 else ""
    if entry.operator == "start":
        return f"start{mean}"
    when = f"step {entry.step}" if entry.step else "before the steps"
    return f"{when}, {made}{of}{mean}"
