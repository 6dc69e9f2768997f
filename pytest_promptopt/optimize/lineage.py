"""Where the candidates of a search come from: who was made from whom, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.records import Ancestor, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.records import Candidate

START = Origin(operator="start")
"""How the incumbent came to be, as far as a search knows."""


class Lineage:
    """The origins of all candidates that were scored; of each the first one counts.

    Args:
        start: The incumbent.
    """

    def __init__(self, start: Candidate) -> None:
        self._start = start.key
        self._known: dict[str, tuple[Origin, int]] = {start.key: (START, 0)}
        self._fitted: dict[str, str] = {}

    def enter(
        self, yielded: Candidate, fitted: Candidate, origin: Origin | None, step: int
    ) -> Origin | None:
        """Remember how a candidate came to be.

        Args:
            yielded: The candidate as the strategy has it.
            fitted: The same, as it is scored.
            origin: What the strategy says of it.
            step: The step that is open.

        Returns:
            Its origin with the parents as they were scored, if it is new.
        """
        self._fitted[yielded.key] = fitted.key
        if fitted.key in self._known:
            return None
        told = self.fitting(origin or Origin(operator=""))
        self._known[fitted.key] = (told, step)
        return told

    def origin_of(self, candidate: Candidate) -> tuple[Origin, int]:
        """Return how a candidate that is scored came to be, and in which step."""
        return self._known.get(candidate.key, (Origin(operator=""), 0))

    def fitting(self, origin: Origin) -> Origin:
        """Return an origin with the parents' keys as they were scored."""
        return Origin(
            operator=origin.operator,
            parents=tuple(self._fitted.get(key, key) for key in origin.parents),
            region=origin.region,
            reply=origin.reply,
            detail=origin.detail,
        )

    def of(
        self, candidate: Candidate, means: Mapping[str, float]
    ) -> tuple[Ancestor, ...]:
        """Return the line from the start to a candidate, oldest first.

        It follows first parents; what was made from nothing follows on the start,
        whose other regions it has.

        Args:
            candidate: A candidate that was scored.
            means: Key to train score, of those that were scored on all train cases.
        """
        line: dict[str, Ancestor] = {}
        key = candidate.key
        while key in self._known and key not in line:
            origin, step = self._known[key]
            line[key] = Ancestor(
                key=key,
                operator=origin.operator,
                parents=origin.parents,
                region=origin.region,
                mean=means.get(key),
                step=step,
            )
            key = origin.parents[0] if origin.parents else self._start
        if self._start not in line:  # parents that nobody knows, or in a circle
            mean = means.get(self._start)
            line[self._start] = Ancestor(
                key=self._start, operator=START.operator, mean=mean
            )
        return tuple(reversed(line.values()))
