"""What reflect asks for in a step: whose passage, with which failures in sight."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.evidence import HERE, expected_text, shown_score
from pytest_promptopt.optimize.parsing import Unparsable, read_reply
from pytest_promptopt.optimize.strategies.children import Wanted
from pytest_promptopt.optimize.strategies.pareto import front

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pytest_promptopt.optimize.strategies.reflect_options import ReflectOptions
    from pytest_promptopt.optimize.strategies.trying import Tried
    from pytest_promptopt.optimize.strategy import Evaluated, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Case

META_PROMPT = "reflect.j2"
EXPLANATION = "explanation"
_UNEXPLAINED = "unparsable: no explanation"
_NO_REASON = "it is not what is expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A rewrite that is asked for.

    Attributes:
        parent: Whose passage it is.
        wanted: The request.
        order: The train cases in the order in which the child is tried on them.
    """

    parent: Evaluated
    wanted: Wanted
    order: tuple[Case, ...]


class Reflection:
    """Chooses parents and cases, and remembers what was turned away.

    Args:
        task: The search.
        options: The numbers of it.
    """

    def __init__(self, task: Task, options: ReflectOptions) -> None:
        self._task = task
        self._options = options
        self._rejected: dict[str, deque[tuple[str, float]]] = {
            region.address: deque(maxlen=options.remembered) for region in task.regions
        }
        self._epochs = Epochs(task, options.minibatch)

    def edits(self, pool: Sequence[Evaluated], step: int) -> list[Edit]:
        """Return the rewrites to ask for; none if no parent has a failure.

        Args:
            pool: What is scored on all train cases, best first; not empty.
            step: The step, from 0.
        """
        weights = front(pool, self._task.cases) or {0: 1}
        if self._options.parents == "best":
            weights = {0: 1}
        edits = []
        for number in range(self._count()):
            draws = self._task.draws("parent", step, number)
            (index,) = draws.choices(list(weights), list(weights.values()))
            turn = step * self._count() + number
            region = self._task.regions[turn % len(self._task.regions)]
            edit = self._edit(pool[index], region, step, number)
            if edit is not None:
                edits.append(edit)
        return edits

    def order(self, step: int) -> tuple[Case, ...]:
        """Return the train cases in the order in which children are tried on them.

        It is drawn without a look at the scores: cases picked because the parent fails
        there are easier for anybody the next time, if the model's replies vary.
        """
        draws = self._task.draws("minibatch", step)
        return tuple(draws.sample(self._task.cases, len(self._task.cases)))

    def remember(self, outcomes: Sequence[Tried]) -> None:
        """Keep what was scored and turned away, to be shown."""
        for outcome in outcomes:
            address = outcome.child.origin.region
            if outcome.accepted or outcome.entry is None or not address:
                continue
            text = outcome.entry.candidate.texts[address].strip()
            self._rejected[address].append((text, outcome.mean))

    def _count(self) -> int:
        return min(
            self._options.per_step, self._task.proposals or self._options.per_step
        )

    def _edit(
        self, parent: Evaluated, region: Region, step: int, number: int
    ) -> Edit | None:
        failing = _failing(parent, self._task.cases)
        if not failing:
            return None
        if self._options.shown == "minibatch":
            shown, order = self._epochs.next(failing)
        else:
            draws = self._task.draws("shown", step, number)
            drawn = draws.sample(failing, min(self._options.minibatch, len(failing)))
            ids = {case.id for case in drawn}
            shown = tuple(case for case in self._task.cases if case.id in ids)
            order = self.order(step)
        return Edit(
            parent=parent,
            order=order,
            wanted=Wanted(
                region=region,
                base=parent.candidate,
                operator="reflect",
                meta_prompt=META_PROMPT,
                values=self._values(parent, region, shown),
                parents=(parent.candidate.key,),
                fault=_unexplained if self._options.explanation else None,
            ),
        )

    def _values(
        self, parent: Evaluated, region: Region, shown: Sequence[Case]
    ) -> dict[str, Any]:
        current = parent.candidate.texts[region.address].strip()
        return {
            "current": current,
            "score": shown_score(parent.mean),
            "rejected": [
                {"text": text, "score": shown_score(mean)}
                for text, mean in self._rejected[region.address]
                if text != current
            ],
            "examples": examples(self._task, parent, region, shown),
            "here": "" if region.kind == "whole" else HERE,
            "explanation": EXPLANATION,
        }


def examples(
    task: Task, entry: Evaluated, region: Region, shown: Sequence[Case]
) -> list[dict[str, Any]]:
    """Return some cases with what a candidate made of them, for a meta-prompt."""
    return [
        {
            "input": task.exemplar(case, region.address),
            "expected": expected_text(case),
            "got": entry.outputs.get(case.id, ""),
            "why": _why(entry, case),
        }
        for case in shown
    ]


def _why(entry: Evaluated, case: Case) -> str:
    """Return why a reply is not wholly right; empty if it is, or was not scored."""
    score = entry.scores.get(case.id)
    if score is None or score >= 1.0:
        return ""
    return entry.reasons.get(case.id, "") or _NO_REASON


def _failing(entry: Evaluated, cases: Sequence[Case]) -> list[Case]:
    scores = {case.id: entry.scores.get(case.id) for case in cases}
    return [
        case for case in cases if (score := scores[case.id]) is not None and score < 1.0
    ]


def _unexplained(reply: str, text: str) -> str | None:
    del text
    explained = not isinstance(read_reply(reply, EXPLANATION), Unparsable)
    return None if explained else _UNEXPLAINED


class Epochs:
    """Minibatches that go through all train cases before one comes again.

    Args:
        task: The search.
        size: Cases of a minibatch, at least 1.
    """

    def __init__(self, task: Task, size: int) -> None:
        self._task = task
        self._size = min(size, len(task.cases))
        self._left: list[Case] = []
        self._epoch = 0

    def next(
        self, failing: Sequence[Case]
    ) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
        """Return the next minibatch with a failure, and all cases with it in front.

        Args:
            failing: Cases that the parent fails, at least one.
        """
        wrong = {case.id for case in failing}
        while True:
            batch = self._draw()
            if any(case.id in wrong for case in batch):
                break
        ids = {case.id for case in batch}
        rest = tuple(case for case in self._task.cases if case.id not in ids)
        return batch, (*batch, *rest)

    def _draw(self) -> tuple[Case, ...]:
        if len(self._left) < self._size:
            draws = self._task.draws("epoch", self._epoch)
            again = draws.sample(self._task.cases, len(self._task.cases))
            known = {case.id for case in self._left}
            # What is left of the last epoch is filled up, without a case twice.
            self._left += [case for case in again if case.id not in known]
            self._epoch += 1
        batch, self._left = self._left[: self._size], self._left[self._size :]
        return tuple(batch)
