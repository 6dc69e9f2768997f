"""How far a judge can be trusted: asked after the replies of a prompt test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt import gate
from pytest_promptopt.items import grading
from pytest_promptopt.items.pending import Draw, Pending
from pytest_promptopt.records import Remark
from pytest_promptopt.report.bare_error import bare_problem
from pytest_promptopt.scorers.asking import Asked
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_promptopt.items.grading import Inquiry
    from pytest_promptopt.items.judge import Judge
    from pytest_promptopt.items.pending import Batch, Tally
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.records import Verdict

MAX_DIGITS = 4
"""Decimals of a dollar; judging a prompt test often costs less than a cent."""


@dataclass(slots=True, kw_only=True)
class Audit:
    """What is asked about the judge of one prompt test, and what came of it.

    Attributes:
        judge: The judge.
        engine: Answers requests.
        tally: Counts the replies.
        budget: What the calls are taken from; ``None``: no limit.
        shows: ``"full"``, or ``"ids"``: what an endpoint said is withheld.
        figures: What was found out, one line each.
        doubts: What of it a reviewer must not miss.
        asked: What stands for the trials whose replies it waits for.
    """

    judge: Judge
    engine: Engine
    tally: Tally
    budget: Budget | None = None
    shows: str = "full"
    figures: tuple[str, ...] = ()
    doubts: tuple[Remark, ...] = ()
    asked: Batch = field(default_factory=list)

    @property
    def lines(self) -> tuple[str, ...]:
        """What the report says about the judge: whom it asks, how much, how well."""
        tally = self.tally
        if not (tally.judge_calls or tally.judge_cached):
            return ()
        names = dict.fromkeys(model.name for model in self.judge.models)
        told = [f"judge model {', '.join(names)}: {count(tally.judge_calls, 'call')}"]
        if tally.judge_cached:
            told.append(f"{tally.judge_cached:,} from the cache")
        if tally.judge_cost:
            told.append(f"${tally.judge_cost:.{MAX_DIGITS}f}")
        return (", ".join(told), *self.figures)

    def run(self, verdict: Verdict, own: Batch) -> Generator[Batch, None, Verdict]:
        """Ask some questions again, and those about labelled replies.

        They are no draws of this run: with an equal rubric and model, the cache has the
        replies of an earlier one.

        Args:
            verdict: What the trials came to; after an error nothing more is asked.
            own: The trials of the arm under test, judged.

        Returns:
            The verdict, an error if the judge cannot be used.
        """
        if verdict.outcome == "error" or not own:
            return verdict
        asking = self.judge.asking
        graded = [
            Asked(
                case=entry.case,
                completion=entry.inquiry.completion,
                replies=entry.inquiry.answers,
            )
            for entry in own
            if entry.inquiry is not None and entry.inquiry.completion is not None
        ]
        draw = Draw(
            purpose="judge",
            run="",
            indices=range(0),
            tally=self.tally,
            budget=self.budget,
        )
        inquiry = grading.ask(self.judge, asking.checks(graded), draw, self.engine)
        first = own[0]
        entry = Pending(
            arm=first.arm, case=first.case, index=0, draw=draw, inquiry=inquiry
        )
        self.asked = [entry]
        yield self.asked
        found = asking.honesty(graded, inquiry.answers)
        self.figures = tuple(line for each in found for line in each.lines)
        self.doubts = tuple(
            Remark(kind="judge", text=each.doubt) for each in found if each.doubt
        )
        fault = next((each.fault for each in found if each.fault), "")
        if inquiry.lost is not None:
            self.doubts += (_unanswered(inquiry, self.shows),)
        return gate.error("judge", fault, bare=fault) if fault else verdict


def _unanswered(inquiry: Inquiry, shows: str) -> Remark:
    """Say that less is known about the judge than was asked; no reply, no fault."""
    silent = sum(answer is None for answer in inquiry.answers)
    asked = count(len(inquiry.answers), "question")
    why = ""
    if inquiry.lost is not None:
        bare = shows == "ids"
        why = f": {bare_problem(inquiry.lost) if bare else inquiry.lost.problem}"
    return Remark(
        kind="judge", text=f"{silent:,} of {asked} about the judge got no reply{why}"
    )
