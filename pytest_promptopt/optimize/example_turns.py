"""The steps of a search that try other examples with the best candidate so far."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.example_choices import Choice, Stock, choices
from pytest_promptopt.optimize.ledger import weighted_mean
from pytest_promptopt.optimize.strategy import Evaluate, Evaluated, NextStep, Tally
from pytest_promptopt.optimize.withheld import Withheld
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_promptopt.optimize.few_shot import FewShotOptions
    from pytest_promptopt.optimize.strategy import Moves, Rejected, Task
    from pytest_promptopt.prompts import ExampleRegion
    from pytest_promptopt.records import Candidate, Case

SCORED_SHARE = 0.5
"""Share of the train cases that must be left to score a candidate on."""

_SPARED = 4
"""One train case in so many may stand in a region."""


class Turns:
    """The steps that try other examples, and the best candidate so far.

    Args:
        task: The search.
        options: The numbers of it.
    """

    def __init__(self, task: Task, options: FewShotOptions) -> None:
        self._task = task
        self._options = options
        self._cases = {case.id: case for case in task.cases}
        self._withheld = Withheld(task.cases)
        self._stocks = {
            region.address: tuple(case for case in task.cases if _usable(region, case))
            for region in task.example_regions
        }
        self._best: Evaluated | None = None
        self._tried: set[str] = set()
        self._turn = 0

    def overlaid(self, candidate: Candidate) -> Candidate:
        """Return a candidate with the examples of the best one."""
        best = self._best.candidate if self._best else self._task.incumbent
        addresses = [region.address for region in self._task.example_regions]
        return replace(
            candidate,
            texts={
                **candidate.texts,
                **{address: best.texts[address] for address in addresses},
            },
            examples={
                **candidate.examples,
                **{address: best.examples.get(address, ()) for address in addresses},
            },
        )

    def scored(
        self, move: Evaluate
    ) -> Generator[Evaluate, Any, tuple[Evaluated | Rejected, ...]]:
        """Have candidates scored, and remember the best one."""
        answers: tuple[Evaluated | Rejected, ...] = yield move
        for entry in answers:
            if not isinstance(entry, Evaluated):
                continue
            self._tried.add(entry.candidate.key)
            if entry.is_whole and entry.scores.keys() == self._cases.keys():
                self._best = _better(self._best, entry, self._task.cases)
        return answers

    def take(self) -> Moves:
        """Take a step: try other examples in one region of the best candidate.

        The regions take turns. Where nothing new can be tried, there is no step.
        """
        if self._best is None:
            yield from self.scored(
                Evaluate(candidates=(self._task.incumbent,), cases=self._task.cases)
            )
        regions = self._task.example_regions
        region = regions[self._turn % len(regions)]
        self._turn += 1
        best = self._best
        if best is None:  # nothing of the incumbent could be scored
            return
        chosen = self._choices(best, region)
        if not chosen:
            if self._turn <= len(regions):  # at first, so that nobody wonders
                yield Tally("no example that fits")
            return
        yield NextStep()
        yield from self.scored(
            Evaluate(
                candidates=tuple(
                    self._with(best.candidate, region, choice.ids) for choice in chosen
                ),
                cases=self._task.cases,
                origins=tuple(
                    Origin(
                        operator=choice.operator,
                        parents=(best.candidate.key,),
                        region=region.address,
                        detail={"examples": list(choice.ids)},
                    )
                    for choice in chosen
                ),
                race=self._options.race,
            )
        )

    def _choices(self, best: Evaluated, region: ExampleRegion) -> tuple[Choice, ...]:
        stock = Stock(
            cases=self._stocks[region.address],
            scores=best.scores,
            most=min(self._options.most, max(1, len(self._cases) // _SPARED)),
        )

        def fits(ids: tuple[str, ...]) -> bool:
            candidate = self._with(best.candidate, region, ids)
            words = len(candidate.texts[region.address].split())
            held = self._withheld.ids(candidate)
            return (
                candidate.key not in self._tried
                and words <= self._task.word_limit[region.address]
                and len(held) <= (1 - SCORED_SHARE) * len(self._cases)
            )

        return choices(
            stock,
            self._held(best.candidate, region),
            self._task.draws("examples", self._turn),
            count=min(
                self._options.per_step, self._task.proposals or self._options.per_step
            ),
            fits=fits,
        )

    def _held(
        self, candidate: Candidate, region: ExampleRegion
    ) -> tuple[str, ...] | None:
        """Return the cases that a region's text is made of, if it is made of cases."""
        ids = candidate.examples.get(region.address, ())
        if any(region.written(self._cases[case_id]) is None for case_id in ids):
            return None
        text = region.write([self._cases[case_id] for case_id in ids])
        return ids if candidate.texts[region.address].strip() == text else None

    def _with(
        self, base: Candidate, region: ExampleRegion, ids: Sequence[str]
    ) -> Candidate:
        """Return a candidate with these cases in one region."""
        text = region.write([self._cases[case_id] for case_id in ids])
        return self._task.fit(
            replace(
                base,
                texts={**base.texts, region.address: text},
                examples={**base.examples, region.address: tuple(ids)},
            )
        )


def _usable(region: ExampleRegion, case: Case) -> bool:
    """Tell whether a case can be an example.

    One that has to pass is none: whoever shows its answer disarms it.
    """
    return not case.must_pass and region.written(case) is not None


def _better(
    best: Evaluated | None, entry: Evaluated, cases: Sequence[Case]
) -> Evaluated:
    """Return the better of two on the cases both are scored on, the shorter of equals.

    Two equals of one length: the first one.
    """
    if best is None:
        return entry
    both = [
        case
        for case in cases
        if best.scores[case.id] is not None and entry.scores[case.id] is not None
    ]
    was, now = weighted_mean(best.scores, both), weighted_mean(entry.scores, both)
    if was is None or now is None:
        return best
    if abs(now - was) <= 1e-9:
        return entry if _length(entry.candidate) < _length(best.candidate) else best
    return entry if now > was else best


def _length(candidate: Candidate) -> int:
    return sum(map(len, candidate.texts.values()))
