"""Why a search ended, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from pytest_promptopt.records import SearchResult


def stop_reason(search: SearchResult) -> str:
    """Say why a search ended: a clause without a capital and a full stop."""
    taken = max(0, len(search.steps) - 1)
    perfect = "a candidate" if taken else "the prompt as it is"
    told = {
        "perfect": f"{perfect} got every train case right",
        "steps": f"all {taken} steps were taken" if taken > 1 else "the step was taken",
        "budget": "what it may spend was not enough for another step",
        "stalled": f"nothing new was found any more, after {count(taken, 'step')}",
        "gate rejected": "what was found did not hold where nobody had tuned on it",
        "no headroom": "there is less to gain than could be confirmed",
        "refused": "it was refused",
        "error": "something failed",
    }
    reason = told.get(search.stopped, search.stopped)
    if search.stopped != "gate rejected" or search.ended in ("", search.stopped):
        return reason
    return f"{told.get(search.ended, search.ended)}; {reason}"
