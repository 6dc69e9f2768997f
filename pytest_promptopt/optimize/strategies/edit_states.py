"""What ICPI knows of a prompt, in one line, and what an edit makes of it.

The lines have a closed vocabulary: nothing of a prompt, a case or a reply gets into
them, so that a line of an earlier run's journal, or one that a model has written, is
either one of ours or none at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.strategies.edit_actions import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTCHES = 10
"""Steps of the score scale in a state."""

LENGTHS = ("short", "medium", "long")
LARGEST = 2
"""Rewards are whole numbers from minus this to this."""

_STATE = re.compile(
    r"score (\d+) of 10; (short|medium|long); holds (nothing|[a-z-]+(?:, [a-z-]+)*)"
)
_OUTCOME = re.compile(r"reward ([+-]?[0-9]); (kept|dropped); (score .*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a prompt stands.

    Attributes:
        score: Train score in tenths, rounded down: from 0 to 10.
        length: One of :data:`LENGTHS`: thirds of what it may have at most.
        holds: Names of the edits that it has come through since the start, sorted.
    """

    score: int
    length: str = "short"
    holds: tuple[str, ...] = ()

    @classmethod
    def of(cls, mean: float, fill: float, holds: tuple[str, ...] = ()) -> State:
        """Return the state of a prompt.

        Args:
            mean: Train score in [0, 1].
            fill: Its words as a share of the most that it may have, 0 or more.
            holds: Names of edits, in any order.
        """
        third = min(len(LENGTHS) - 1, max(0, int(fill * len(LENGTHS))))
        return cls(
            score=min(NOTCHES, int(mean * NOTCHES + 1e-9)),
            length=LENGTHS[third],
            holds=tuple(sorted(set(holds))),
        )

    def __str__(self) -> str:
        holds = ", ".join(self.holds) or "nothing"
        return f"score {self.score} of {NOTCHES}; {self.length}; holds {holds}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an edit brought, or is thought to bring.

    Attributes:
        reward: The change of the score in steps, from -2 to 2.
        kept: Whether the search goes on from there.
        after: The state it leads to.
    """

    reward: int
    kept: bool
    after: State

    def __str__(self) -> str:
        kept = "kept" if self.kept else "dropped"
        return f"reward {self.reward:+d}; {kept}; {self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One edit that was really made and scored.

    Attributes:
        before: The state it was made in.
        action: Its name, see :data:`~.edit_actions.ACTIONS`.
        outcome: What came of it.
        episode: Number of the line of edits it belongs to; those of earlier runs have
            numbers below 0.
    """

    before: State
    action: str
    outcome: Outcome
    episode: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return what a journal keeps of it."""
        return {
            "before": str(self.before),
            "action": self.action,
            "outcome": str(self.outcome),
            "episode": self.episode,
        }


def read_state(text: str) -> State | None:
    """Return the state that a line tells of; ``None`` if it is not such a line."""
    found = _STATE.fullmatch(" ".join(text.split()))
    if found is None or int(found[1]) > NOTCHES:
        return None
    names = () if found[3] == "nothing" else tuple(found[3].split(", "))
    if not set(names) <= ACTIONS.keys():
        return None
    holds = tuple(sorted(set(names)))
    return State(score=int(found[1]), length=found[2], holds=holds)


def read_outcome(text: str) -> Outcome | None:
    """Return the outcome that a line tells of; ``None`` if it is not such a line."""
    found = _OUTCOME.fullmatch(" ".join(text.split()))
    after = read_state(found[3]) if found else None
    if found is None or after is None or abs(int(found[1])) > LARGEST:
        return None
    return Outcome(reward=int(found[1]), kept=found[2] == "kept", after=after)


def read_transition(line: Mapping[str, Any]) -> Transition | None:
    """Return a transition as a journal keeps it; ``None`` if it is none of ours."""
    values = [line.get(name) for name in ("before", "action", "outcome", "episode")]
    match values:
        case [str() as before, str() as action, str() as outcome, int() as episode]:
            state, came = read_state(before), read_outcome(outcome)
        case _:
            return None
    if state is None or came is None or action not in ACTIONS:
        return None
    return Transition(before=state, action=action, outcome=came, episode=episode)
