"""The state of one search: what it may spend, what it has, where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ModelError
from pytest_promptopt.optimize.journal import Journal
from pytest_promptopt.optimize.ledger import Ledger, lost_share, most_lost
from pytest_promptopt.optimize.lineage import Lineage
from pytest_promptopt.optimize.objective import tokens_in
from pytest_promptopt.optimize.ranking import Ranked, best_first
from pytest_promptopt.optimize.same_behaviour import LOOKS, keeps
from pytest_promptopt.optimize.scores import Scores
from pytest_promptopt.optimize.withheld import Withheld
from pytest_promptopt.prompts import CaseText
from pytest_promptopt.records import Step
from pytest_promptopt.wording import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_promptopt.optimize.effects import Complete, Effect, Measure
    from pytest_promptopt.optimize.plan import SearchPlan
    from pytest_promptopt.optimize.strategy import Task
    from pytest_promptopt.records import Ancestor, Candidate, Case, Completion

MAX_LOST = 0.05
"""Share of an evaluation's trials that may get no reply."""

Effects = Generator["Effect", Any, None]


@dataclass(slots=True, kw_only=True)
class OpenStep:
    """The step that is under way.

    Attributes:
        number: From 1; 0 is the scoring of the seeds.
        asked: Replies asked for.
        scored: Candidates that were scored for the first time.
        rejected: Reason to number of replies or candidates turned away.
    """

    number: int = 0
    asked: int = 0
    scored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def untouched(self) -> bool:
        """Whether nothing has happened in it yet."""
        return not (self.asked or self.scored or self.rejected)


class Run:
    """One search under way: the ledger, the money, the log.

    Calls are counted as if none was answered from the cache, so that a run that is
    repeated takes the same path.

    Args:
        plan: What is searched.
        task: What the strategy gets to know of it.
        reserve: Calls set aside for the confirmation.

    Attributes:
        asked: Who was asked last, for messages; empty as long as nobody was.
    """

    def __init__(self, plan: SearchPlan, task: Task, reserve: int) -> None:
        self.plan = plan
        self.task = task
        self.case_text = CaseText(task.cases)
        self.ledger = Ledger(Withheld(task.cases))
        self.lineage = Lineage(task.incumbent)
        self.scores = Scores(self.ledger, self.lineage, task.cases)
        self.journal = Journal(plan.tell)
        self.calls = 0
        self.optimizer_calls = 0
        self.asked = ""
        self.log: list[Step] = []
        self.notes: list[str] = []
        self.step = OpenStep()
        self._reserve = reserve
        self._barren = 0

    def note(self, sentence: str) -> None:
        """Have something told beside the result, unless it is empty."""
        if sentence:
            self.notes.append(sentence)

    @property
    def start(self) -> float | None:
        """Train score of the incumbent, in [0, 1]; ``None`` before it is scored."""
        if self.task.incumbent not in self.ledger:
            return None
        entry = self.ledger.evaluated(self.task.incumbent, self.task.cases, 1)
        return entry.mean if entry else None

    @property
    def train_calls(self) -> int:
        """Calls that scoring one candidate on the train cases takes at most."""
        return len(self.task.cases) * self.plan.trial_calls()

    def affords(self, calls: int) -> bool:
        """Tell whether the search may make so many more calls.

        What is set aside for the confirmation is not the search's to spend.
        """
        budget = self.plan.budget
        if budget is not None and self.calls + calls > budget - self._reserve:
            return False
        return self.plan.pays(calls + self._reserve)

    def ranking(self) -> tuple[Ranked, ...]:
        """Return what is scored on all train cases, best first."""
        return best_first(self.ledger.ranked(self.task.cases, 1))

    def better(self) -> tuple[Candidate, ...]:
        """Return the candidates with a better train score than the start's, in order.

        The order is that of what the user wants, see :class:`Objective`.
        """
        if self.plan.objective.shrinks:
            return self.shorter(LOOKS)
        start = self.start or 0.0
        return tuple(
            entry.candidate
            for entry in self.by_objective(self.ranking(), 1)
            if entry.mean > start + 1e-9
        )

    def shorter(
        self, trials: int, among: Sequence[Candidate] | None = None
    ) -> tuple[Candidate, ...]:
        """Return the shorter candidates that behave as the start, shortest first.

        Args:
            trials: How many trials of each train case are looked at, at most.
            among: Who is considered; all, if left out.
        """
        start, cases = self.task.incumbent, self.task.cases
        if start not in self.ledger:
            return ()
        old = self.ledger.means(start, cases, trials)
        keys = None if among is None else {entry.key for entry in among}
        found = [
            entry
            for entry in self.ranking()
            if (keys is None or entry.candidate.key in keys)
            and tokens_in(entry.candidate) < tokens_in(start)
            and keeps(
                old,
                self.ledger.means(entry.candidate, cases, trials),
                cases,
                self.plan.objective.margin,
            )
        ]
        # Of equal length the better one: the sort keeps the order of the ranking.
        found.sort(key=lambda entry: tokens_in(entry.candidate))
        return tuple(entry.candidate for entry in found)

    def by_objective(self, ranked: Iterable[Ranked], trials: int) -> tuple[Ranked, ...]:
        """Return candidates in the order of accuracy less what else they lose."""
        entries = tuple(ranked)
        worth = {
            entry.candidate.key: entry.mean - self.loss(entry.candidate, trials)
            for entry in entries
        }
        order = best_first(
            replace(entry, mean=worth[entry.candidate.key]) for entry in entries
        )
        own = {entry.candidate.key: entry for entry in entries}
        return tuple(own[entry.candidate.key] for entry in order)

    def loss(self, candidate: Candidate, trials: int) -> float:
        """Return what a candidate loses beside its accuracy on train, as a share."""
        if self.plan.objective.is_accuracy:
            return 0.0
        cases = self.task.cases
        return self.plan.objective.lost(
            self.ledger.trials(self.task.incumbent, cases, trials),
            self.ledger.trials(candidate, cases, trials),
        )

    def line_to(self, candidate: Candidate | None) -> tuple[Ancestor, ...]:
        """Return the line from the start to a candidate, oldest first."""
        if candidate is None:
            return ()
        means = {entry.candidate.key: entry.mean for entry in self.ranking()}
        return self.lineage.of(candidate, means)

    def complete(
        self, effect: Complete
    ) -> Generator[Effect, Any, tuple[Completion | None, ...]]:
        """Ask the optimizer model."""
        self.calls += effect.calls
        self.optimizer_calls += effect.calls
        self.step.asked += effect.calls
        self.asked = "the optimizer model"
        replies: tuple[Completion | None, ...] = yield effect
        self.journal.asked(self.step.number, effect, replies)
        return replies

    @cached_property
    def race_order(self) -> Mapping[str, int]:
        """Case id to its place in the one order in which races see the train cases."""
        ids = [case.id for case in self.task.cases]
        self.task.draws("race").shuffle(ids)
        return {case_id: place for place, case_id in enumerate(ids)}

    def measure(
        self,
        candidates: Sequence[Candidate],
        cases: Sequence[Case],
        trials: int,
        *,
        among: Sequence[Case] = (),
    ) -> Effects:
        """Bring the ledger to k trials of each candidate and case.

        Args:
            candidates: The candidates.
            cases: The cases.
            trials: How many of each case, k.
            among: All cases of the evaluation that this is a part of.

        Raises:
            ModelError: As :meth:`carry_out`.
        """
        for effect in self.ledger.lacking(candidates, cases, trials):
            yield from self.carry_out(effect, among=among)

    def carry_out(self, effect: Measure, *, among: Sequence[Case] = ()) -> Effects:
        """Measure, and enter what came of it.

        Args:
            effect: What to measure.
            among: As for :meth:`measure`; what was lost of it before counts, too.

        Raises:
            ModelError: More than 5 % of a candidate's trials got no reply: what is
                left says too little about it.
        """
        self.calls += self.plan.calls(effect)
        self.asked = "the task model"
        if self.plan.judge is not None:
            self.asked += " or its judge"
        answers = yield effect
        self.ledger.enter(effect, answers)
        self.journal.scored(self.step.number, effect, answers)
        parts = answers
        if among:
            last = effect.indices.stop
            parts = [self.ledger.trials(c, among, last) for c in effect.candidates]
        planned = len(among) * effect.indices.stop
        worst = max((lost_share(part, planned) for part in parts), default=0.0)
        if worst > MAX_LOST:
            raise ModelError(
                f"{self.plan.prompt.label}: {percent(worst)} of the trials of an "
                f"evaluation got no score, more than {percent(MAX_LOST)}; most often "
                f"{most_lost(answers)}",
                "mend that and run the same command again: replies that came are not "
                "paid for twice",
                retryable=True,
            )

    def close_step(self) -> None:
        """Write the step to the log and open the next one."""
        done, ranking = self.step, self.ranking()
        self.log.append(
            Step(
                number=done.number,
                asked=done.asked,
                scored=done.scored,
                rejected=dict(sorted(done.rejected.items())),
                best=ranking[0].mean if ranking else 0.0,
                calls=self.calls,
                cost=self.plan.spent(),
            )
        )
        self.journal.closed(self.log[-1])
        if done.number:
            self._barren = 0 if done.scored else self._barren + 1
        self.step = OpenStep(number=done.number + 1)

    def reason_to_stop(self) -> str | None:
        """Say why no further step should begin; ``None`` if one should."""
        if self.log[-1].best >= 1.0 and not self.plan.objective.shrinks:
            return "perfect"
        if self.step.number > self.plan.steps:
            return "steps"
        if self._barren >= self.plan.patience:
            return "stalled"
        if not self.affords(1 + self.train_calls):
            return "budget"
        return None
