"""The journal of a search: what happened, one JSON object for each line, as it happens.

Every line has ``"what"``, and those of a step its number. There is no time in it and
nothing that depends on how fast replies come, so that a search which is repeated
writes the same lines. Of hold-out cases it has the ids and the scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_promptopt.cases import Split
    from pytest_promptopt.optimize.comparison import Comparison
    from pytest_promptopt.optimize.effects import Complete, Measure
    from pytest_promptopt.optimize.plan import SearchPlan
    from pytest_promptopt.records import (
        Candidate,
        Completion,
        Origin,
        SearchResult,
        Step,
        Trials,
    )


class Journal:
    """Tells what happens in a search.

    Args:
        tell: Takes each line: built-in types only, as JSON has them.
    """

    def __init__(self, tell: Callable[[Mapping[str, Any]], object]) -> None:
        self._tell = tell
        self._is_open = False

    def began(self, plan: SearchPlan, split: Split, strategy: str) -> None:
        """Tell what is searched."""
        self._is_open = True
        start = plan.prompt.incumbent
        self._tell(
            {
                "what": "plan",
                "prompt": plan.prompt.label,
                "strategy": strategy,
                "seed": plan.seed,
                "steps": plan.steps,
                "budget": plan.budget,
                "start": start.key,
                "candidate": start.to_json(),
                "train": [case.id for case in split.train],
                "holdout": [case.id for case in split.holdout],
                "split": split.digest,
            }
        )
        if plan.experience:
            # A journal replaces the one before it: what is known is carried over.
            self._tell({"what": "experience", "noted": list(plan.experience)})

    def asked(
        self, step: int, effect: Complete, replies: Iterable[Completion | None]
    ) -> None:
        """Tell what the optimizer model was asked and answered, by digests."""
        self._tell(
            {
                "what": "asked",
                "step": step,
                "requests": [
                    digest(request.to_json())[:12] for request in effect.requests
                ],
                "replies": [
                    None if reply is None else digest(reply.text)[:12]
                    for reply in replies
                ],
            }
        )

    def counted(self, step: int, reason: str, number: int) -> None:
        """Tell what the strategy itself turned away."""
        self._tell({"what": "counted", "step": step, "reason": reason, "count": number})

    def noted(self, step: int, sentence: str, data: Mapping[str, Any]) -> None:
        """Tell what the strategy itself wants told, or kept for later runs."""
        self._tell(
            {"what": "noted", "step": step, "sentence": sentence, "data": dict(data)}
        )

    def candidate(self, step: int, candidate: Candidate, origin: Origin) -> None:
        """Tell of a new candidate, before it is scored."""
        self._tell(
            {
                "what": "candidate",
                "step": step,
                "key": candidate.key,
                "candidate": candidate.to_json(),
                "origin": origin.to_json(),
            }
        )

    def rejected(
        self, step: int, candidate: Candidate, origin: Origin | None, reason: str
    ) -> None:
        """Tell of a candidate that the guards turned away."""
        self._tell(
            {
                "what": "rejected",
                "step": step,
                "key": candidate.key,
                "reason": reason,
                "candidate": candidate.to_json(),
                "origin": None if origin is None else origin.to_json(),
            }
        )

    def scored(self, step: int, effect: Measure, answers: Sequence[Trials]) -> None:
        """Tell the scores of some trials, by case; ``None`` for one without a score."""
        for candidate, trials in zip(effect.candidates, answers, strict=True):
            self._tell(
                {
                    "what": "scored",
                    "step": step,
                    "purpose": effect.purpose,
                    "key": candidate.key,
                    "trials": list(effect.indices),
                    "scores": {
                        case.id: [trial.score.value for trial in trials[case.id]]
                        for case in effect.cases
                    },
                }
            )

    def closed(self, step: Step) -> None:
        """Tell what a step came to; not its cost, since replays cost nothing."""
        line = {"what": "step", **step.to_json()}
        line.pop("cost", None)
        self._tell(line)

    def searched(self, stopped: str) -> None:
        """Tell why the strategy's part ended, before anything is confirmed."""
        self._tell({"what": "searched", "stopped": stopped})

    def finalists(self, candidates: Iterable[Candidate]) -> None:
        """Tell who gets more train trials, best first."""
        self._tell({"what": "finalists", "keys": [entry.key for entry in candidates]})

    def compared(self, entries: Iterable[Comparison], alpha: float) -> None:
        """Tell what the hold-out says."""
        for entry in entries:
            self._tell(
                {
                    "what": "compared",
                    "key": entry.candidate.key,
                    "before": entry.before,
                    "after": entry.after,
                    "interval": list(entry.interval),
                    "p_value": entry.p_value,
                    "alpha": alpha,
                    "cases": entry.cases,
                    "broken": list(entry.broken),
                }
            )

    def ended(self, result: SearchResult) -> None:
        """Tell what the search came to, if it was begun."""
        if not self._is_open:
            return  # the journal of an earlier search is worth more
        best, proposal = result.best_candidate, result.proposal
        self._tell(
            {
                "what": "end",
                "outcome": result.outcome,
                "stopped": result.stopped,
                "message": result.message,
                "calls": result.calls,
                "best": None if best is None else best.key,
                "proposed": None if proposal is None else proposal.candidate.key,
            }
        )
