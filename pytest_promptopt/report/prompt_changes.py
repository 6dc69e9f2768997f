"""The lines of a prompt that an edit changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import count, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import SourceChange

SHOWN = 3
"""Sources whose change is told; the rest are counted."""

WIDTH = 72
"""A longer line of a prompt is cut, so that the change is in what is left."""

_BEFORE = 24


def prompt_changes(changed: Sequence[SourceChange]) -> list[str]:
    """Return one line for each source that an edit changed: what went, what came."""
    lines = [f"prompt changed: {_told(entry)}" for entry in changed[:SHOWN]]
    if len(changed) > SHOWN:
        lines.append(
            f"prompt changed: and {count(len(changed) - SHOWN, 'source')} more"
        )
    return lines


def _told(entry: SourceChange) -> str:
    place = f"{entry.label}:{entry.line}" if entry.line else entry.label
    start = _start(entry.removed, entry.added)
    parts = [
        f"{sign} {_from(text, start)}"
        for sign, text in (("-", entry.removed), ("+", entry.added))
        if text
    ]
    return f"{place}: {' / '.join(parts)}" if parts else place


def _start(one: str, other: str) -> int:
    """Return where two lines are worth reading from: a little before they differ."""
    longest = max(len(one), len(other))
    pairs = enumerate(zip(one, other, strict=False))
    differ = next((at for at, (x, y) in pairs if x != y), min(len(one), len(other)))
    if longest <= WIDTH or differ <= _BEFORE:
        return 0
    return max(0, min(differ - _BEFORE, longest - WIDTH))


def _from(text: str, start: int) -> str:
    return shortened(f"...{text[start:]}" if start else text, WIDTH)
