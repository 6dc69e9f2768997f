"""How much a search can try at most, known before it begins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a strategy is given to work with, as far as its size depends on it.

    Attributes:
        steps: How many steps the search may take, at least 1.
        proposals: How many candidates the budget buys; ``None``: no limit.
        regions: How many regions may be rewritten.
        examples: How many regions hold train cases.
        cases: How many train cases there are, at least 1.
        earlier: How many earlier versions of the prompt there are at most.
    """

    steps: int
    proposals: int | None = None
    regions: int = 1
    examples: int = 0
    cases: int = 1
    earlier: int = 0

    def affordable(self, count: int) -> int:
        """Return so many candidates, or as many as the budget buys if that is less."""
        return min(count, self.proposals or count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The most that a search can try; it may well be less.

    Attributes:
        proposals: Candidates that are scored, without the start.
        requests: Requests to the optimizer model.
        embeddings: Requests to the embeddings model, if one is set.
        repeats: Trials of train cases beyond the first of each candidate and case.
    """

    proposals: int
    requests: int
    embeddings: int = 0
    repeats: int = 0
