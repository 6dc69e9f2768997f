"""The way a search has come, and which of its texts a meta-prompt shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.strategies.relevance import Relevance

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_promptopt.optimize.effects import Embed
    from pytest_promptopt.optimize.strategy import Evaluated

MOMENTA = ("none", "recency", "relevance", "importance", "summary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A text of one region that a search has passed.

    Attributes:
        text: The text, without outer blank space.
        mean: The best train score that it was part of, in [0, 1].
    """

    text: str
    mean: float


class Trajectory:
    """The prompts that won a step, the start first.

    Args:
        start: The incumbent.
        embeds: Whether vectors may be asked for.
    """

    def __init__(self, start: Evaluated, *, embeds: bool = True) -> None:
        self.winners = [start]
        self._relevance = Relevance(embeds=embeds)

    def passed(self, address: str) -> list[Passed]:
        """Return the texts of one region, each once, in the order of their last win."""
        found: dict[str, float] = {}
        for winner in self.winners:
            text = winner.candidate.texts[address].strip()
            mean = max(found.pop(text, 0.0), winner.mean)
            found[text] = mean
        return [Passed(text=text, mean=mean) for text, mean in found.items()]

    def shown(
        self, current: Evaluated, address: str, momentum: str, count: int
    ) -> Generator[Embed, tuple[tuple[float, ...], ...] | None, list[Passed]]:
        """Return the texts of one region that a meta-prompt shows.

        Args:
            current: The prompt that is about to be changed; its text is shown always.
            address: The region.
            momentum: ``"recency"``: the latest ones; ``"relevance"``: those most like
                the current one; ``"importance"``: those with the best scores;
                ``"none"`` and ``"summary"``: the current one alone.
            count: How many texts, the current one included, at least 1.

        Returns:
            What counts most stands last; with ``"importance"`` that is the best one,
            else the current one.
        """
        here = current.candidate.texts[address].strip()
        passed = self.passed(address)
        own = [entry for entry in passed if entry.text == here]
        now = Passed(text=here, mean=max([current.mean, *(e.mean for e in own)]))
        others = [entry for entry in passed if entry.text != here]
        if momentum == "relevance":
            texts = [entry.text for entry in others]
            likeness = yield from self._relevance.to(here, texts)
            others = _rising(others, likeness)
        elif momentum == "importance":
            others = _rising(others, [entry.mean for entry in others])
        elif momentum != "recency":
            others = []
        shown = [*others[max(0, len(others) - count + 1) :], now]
        if momentum == "importance":
            shown.sort(key=lambda entry: entry.mean)
        return shown


def _rising(entries: Sequence[Passed], worth: Sequence[float]) -> list[Passed]:
    """Return texts by their worth, the least first; of two alike the older one."""
    order = sorted(range(len(entries)), key=lambda index: worth[index])
    return [entries[index] for index in order]
