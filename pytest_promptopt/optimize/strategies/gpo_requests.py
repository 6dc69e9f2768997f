"""What GPO asks the optimizer model, in its three meta-prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.drafts import TAG
from pytest_promptopt.optimize.evidence import (
    HERE,
    expected_text,
    meta_prompt,
    shown_score,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.strategies.gpo_options import GpoOptions
    from pytest_promptopt.optimize.strategies.trajectory import Passed
    from pytest_promptopt.optimize.strategy import Evaluated, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Case

PROPOSAL, REFLECTION, SUMMARY = "gpo.j2", "gpo_reflection.j2", "gpo_summary.j2"
PROBLEMS_TAG = "problems"

_ORDERS = {
    "recency": "They are in the order of time, the one in use at the moment last.",
    "relevance": "The further down, the more a passage is like the one in use.",
    "importance": "The further down, the higher the score.",
    "summary": "The first one sums up what was in use earlier.",
}


class GpoRequests:
    """Fills the meta-prompts of one search.

    Args:
        task: The search.
        options: What is set about the strategy.
    """

    def __init__(self, task: Task, options: GpoOptions) -> None:
        self._task = task
        self._options = options

    def proposal(
        self,
        region: Region,
        current: str,
        step: int,
        *,
        shown: Sequence[Passed],
        problems: str,
        words: int | None,
    ) -> str:
        """Ask for a new text.

        Args:
            region: What it is for.
            current: The text in use.
            step: From 0.
            shown: Texts with their scores, what counts most last; not empty.
            problems: What is wrong with the text in use; may be empty.
            words: How many words may change; ``None``: any number.
        """
        address = region.address
        return meta_prompt(
            PROPOSAL,
            attempts=[_attempt(entry) for entry in shown],
            order=_ORDERS.get(self._options.momentum, ""),
            current=current,
            problems=problems,
            examples=[
                {
                    "input": self._task.exemplar(case, address),
                    "expected": expected_text(case),
                }
                for case in self._exemplars(step)
            ],
            editing=self._options.refinement == "editing",
            words=words,
            **self._place(region),
        )

    def _exemplars(self, step: int) -> list[Case]:
        """Return the cases that a step shows, in case order."""
        cases, options = self._task.cases, self._options
        draws = self._task.draws(
            "exemplars", 0 if options.select == "constant" else step
        )
        count = min(options.exemplars, len(cases))
        return [
            cases[index] for index in sorted(draws.sample(range(len(cases)), count))
        ]

    def summary(self, region: Region, passed: Sequence[Passed]) -> str:
        """Ask for one text that sums up those that were in use, the oldest first."""
        attempts = [_attempt(entry) for entry in passed]
        return meta_prompt(SUMMARY, attempts=attempts, **self._place(region))

    def reflection(self, region: Region, current: Evaluated, step: int) -> str | None:
        """Ask what is wrong with the text in use.

        Args:
            region: Where it is.
            current: The prompt in use, as it was scored.
            step: From 0; other wrong answers are drawn in each.

        Returns:
            ``None`` if it got everything right.
        """
        missed = [
            case
            for case in self._task.cases
            if (score := current.scores.get(case.id)) is not None and score < 1.0
        ]
        if not missed:
            return None
        count = min(self._options.batch, len(missed))
        draws = self._task.draws("reflection", step)
        drawn = sorted(draws.sample(range(len(missed)), count))
        examples = [
            {
                "input": self._task.exemplar(case, region.address),
                "expected": expected_text(case),
                "got": current.outputs.get(case.id, ""),
                "why": current.reasons.get(case.id, ""),
            }
            for case in (missed[index] for index in drawn)
        ]
        return meta_prompt(
            REFLECTION,
            current=current.candidate.texts[region.address].strip(),
            examples=examples,
            **{**self._place(region), "tag": PROBLEMS_TAG},
        )

    def _place(self, region: Region) -> dict[str, Any]:
        """Return what is said of the place of a text and of its form."""
        return {
            "keep": ", ".join(region.fixed),
            "here": "" if region.kind == "whole" else HERE,
            "steps": ", ".join(self._task.names.get(region.address, ())),
            "word_limit": self._task.word_limit[region.address],
            "tag": TAG,
        }


def _attempt(entry: Passed) -> dict[str, Any]:
    return {"text": entry.text, "score": shown_score(entry.mean)}
