"""The transitions that ICPI has, and which of them a prediction is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.strategies.edit_actions import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from pytest_promptopt.optimize.strategies.edit_states import State, Transition


class EditLog:
    """What came of edits: in earlier runs, and in this one.

    Args:
        earlier: Transitions of earlier runs, oldest first.
    """

    def __init__(self, earlier: Sequence[Transition] = ()) -> None:
        self.entries = list(earlier)

    def add(self, entry: Transition) -> None:
        """Enter what came of one more edit."""
        self.entries.append(entry)

    def of(self, action: str) -> list[Transition]:
        """Return the transitions of one action, oldest first."""
        return [entry for entry in self.entries if entry.action == action]

    def shown(
        self,
        action: str,
        *,
        most: int,
        balanced: bool,
        constrained: bool,
        draws: Random,
        without: Transition | None = None,
    ) -> list[Transition]:
        """Return what the prediction of an outcome is shown, in random order.

        Args:
            action: Whose outcome is to be predicted.
            most: How many transitions there is room for.
            balanced: Whether those of a reward that is rarer come several times, so
                that a model which takes what it sees most often for likely is not led
                to the commonest reward.
            constrained: Whether only those of the same action are taken.
            draws: Random numbers.
            without: One that is not shown, since it is the answer.
        """
        known = self.of(action) if constrained else list(self.entries)
        groups: dict[tuple[int, bool], list[Transition]] = {}
        for entry in known:
            if entry is without:
                continue
            key = (entry.outcome.reward, entry.outcome.kept) if balanced else (0, True)
            groups.setdefault(key, []).append(entry)
        largest = max(map(len, groups.values()), default=0)
        # The latest come first: they were made on texts like the one of now.
        chosen = [
            group[-1 - turn % len(group)]
            for turn in range(largest)
            for group in groups.values()
        ][:most]
        draws.shuffle(chosen)
        return chosen

    def recent(self, episodes: int, draws: Random) -> list[list[Transition]]:
        """Return pieces of the latest episodes, drawn at random, in random order."""
        lines: dict[int, list[Transition]] = {}
        for entry in self.entries:
            lines.setdefault(entry.episode, []).append(entry)
        pieces = []
        for line in list(lines.values())[-episodes:]:
            first = draws.randrange(len(line))
            pieces.append(line[first : draws.randint(first, len(line) - 1) + 1])
        draws.shuffle(pieces)
        return pieces

    def checkable(self, most: int) -> list[Transition]:
        """Return the latest transitions of kinds that were made twice or more."""
        often = {name for name in ACTIONS if len(self.of(name)) > 1}
        return [entry for entry in self.entries if entry.action in often][-most:]

    def value(self, state: State, action: str) -> float:
        """Return the mean reward of an action: in this state, as far as it is known.

        What was seen in the same state counts beside what the action brought anywhere,
        which counts as one observation more; without any it is 0.
        """
        everywhere = [entry.outcome.reward for entry in self.of(action)]
        if not everywhere:
            return 0.0
        here = [
            entry.outcome.reward for entry in self.of(action) if entry.before == state
        ]
        overall = sum(everywhere) / len(everywhere)
        return (sum(here) + overall) / (len(here) + 1)

    def made(self, state: State, action: str) -> int:
        """Return how often an action was made in a state."""
        return sum(entry.before == state for entry in self.of(action))

    def unknown(self, least: int, failed: Mapping[str, int]) -> list[str]:
        """Return the actions that too little is known of, those of which least is.

        Args:
            least: Transitions that each action is to have.
            failed: Action to how often it led to no text to score in this run. One that
                did so twice is left alone: maybe nobody can make such an edit here.
        """
        counts = {name: len(self.of(name)) for name in ACTIONS}
        left = [
            name
            for name, count in counts.items()
            if count < least and failed.get(name, 0) < PATIENCE
        ]
        fewest = min((counts[name] + failed.get(name, 0) for name in left), default=0)
        return [name for name in left if counts[name] + failed.get(name, 0) == fewest]

    def available(self) -> list[str]:
        """Return the actions of which something is known, in a fixed order."""
        known = {entry.action for entry in self.entries}
        return [name for name in ACTIONS if name in known]


PATIENCE = 2
"""Attempts at an edit without a text to score, after which it is left alone."""
