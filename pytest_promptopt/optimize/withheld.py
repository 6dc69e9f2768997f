"""The cases that a candidate is not scored on, because they stand in its prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.cases import hanging_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import Candidate, Case

NONE: frozenset[str] = frozenset()


class Withheld:
    """Knows which train cases would give a candidate their own answer.

    An example gives away the answer of its own case, and of every case that hangs
    together with it: one of the same group, or with the same input.

    Args:
        cases: The train cases; none if no candidate holds any.
    """

    def __init__(self, cases: Iterable[Case] = ()) -> None:
        self._together = hanging_together(cases)

    def ids(self, candidate: Candidate) -> frozenset[str]:
        """Return the ids of the train cases that a candidate is not scored on."""
        if not candidate.examples:
            return NONE
        return frozenset().union(
            *(
                self._together.get(case_id, (case_id,))
                for held in candidate.examples.values()
                for case_id in held
            )
        )

    def others(self, candidate: Candidate, cases: Sequence[Case]) -> tuple[Case, ...]:
        """Return the cases that a candidate is scored on, in their order."""
        own = self.ids(candidate)
        return tuple(case for case in cases if case.id not in own)
