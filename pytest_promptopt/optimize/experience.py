"""What a strategy noted in earlier searches, as the last journal has it.

A journal replaces the one before it, so that each one carries over what was known when
its search began. A search that is run again must take the same path, since its replies
come from the cache: it gets what it had the first time, and not what it noted itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_promptopt.cases import Split
    from pytest_promptopt.optimize.plan import SearchPlan

MOST = 500
"""Notes that are carried over, the latest ones."""


def experience(
    journal: str, plan: SearchPlan, split: Split, strategy: str
) -> tuple[Mapping[str, Any], ...]:
    """Return what a strategy noted in earlier searches of a prompt.

    Args:
        journal: The text of the last search's journal; a line that cannot be read, such
            as one that was not written to its end, is left out.
        plan: The search that is to begin.
        split: Its train and hold-out cases.
        strategy: Name of its strategy.

    Returns:
        The data of its notes, oldest first, at most :data:`MOST`; none of another
        strategy, and none of a search on other cases or another split, whose train
        scores say something about what is hold-out now.
    """
    lines = list(_lines(journal))
    began = next((line for line in lines if line.get("what") == "plan"), None)
    if began is None or began.get("strategy") != strategy:
        return ()
    if began.get("split") != split.digest:
        return ()
    before = [
        note
        for line in lines
        if line.get("what") == "experience" and isinstance(line.get("noted"), list)
        for note in line["noted"]
    ]
    own = [line.get("data") for line in lines if line.get("what") == "noted"]
    start = plan.prompt.incumbent.key
    again = (began.get("seed"), began.get("start")) == (plan.seed, start)
    found = before if again else [*before, *own]
    return tuple(note for note in found if isinstance(note, dict) and note)[-MOST:]


def _lines(journal: str) -> Iterator[Mapping[str, Any]]:
    for text in journal.split("\n"):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            yield line
