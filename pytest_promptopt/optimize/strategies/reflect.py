"""Reflect: show what went wrong and why, ask for the cause and then for a new text.

Each step draws parents from the per-case front: candidates that no other one beats on
some train case. For each of them the optimizer model sees its passage and replies that
were wrong, with the reasons; it says what they have in common and rewrites the passage.
An edit gets in if it is better than its parent on the same cases with the same trials.

Source:
    Agrawal et al., "GEPA: Reflective Prompt Evolution Can Outperform Reinforcement
    Learning", arXiv:2507.19457, ICLR 2026: Algorithms 1 (the loop, minibatch of 3, a
    child is kept if its sum rises) and 2 (parents from the Pareto front), section 3.3
    (merge), Table 3 (sampling from the front 61.3, the best candidate 54.9, a beam
    54.0). Shuffled epochs, no reflection on a minibatch without a failure, at most 5
    merges after an edit was accepted: the authors' released code.

What is changed on purpose, and why:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
a child whose sum on three      a sign-flip test of the differences on a growing
cases rises is accepted, which  share of the train cases, see
an edit without effect passes   ``paired_gate.py``; the
in 20-35 % of the time          sum in ``reflect-paper``
the cases that are shown are    the cases shown are failures of the parent; it is
those that the child is tried   tried on others, drawn without a look at the scores:
on                              who is picked for failing does better the next time
the parent is run on the        it is not asked again: its trials of these cases are
minibatch                       there
a validation set of its own     the train cases: the hold-out is for the confirmation
decides what is on the front
one edit after the other        four at a time, of four parents; one in
                                ``reflect-paper``
a minibatch without a failure   the next one is drawn at once; if no train case is
ends the iteration              wrong, nothing is asked
what was turned away is         the last three edits that were turned away are shown;
forgotten                       none in ``reflect-paper``
merge takes whole modules       so it does with several regions; one region is merged
                                by the model
a merged child is as good as    it passes the same gate as an edit, against the
its better parent on five       better parent
cases
one module at a time            one region at a time, in turn
==============================  =====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.drafts import Drafts
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.strategies.children import born
from pytest_promptopt.optimize.strategies.merging import Merging
from pytest_promptopt.optimize.strategies.reflect_options import ReflectOptions
from pytest_promptopt.optimize.strategies.reflection import Edit, Reflection
from pytest_promptopt.optimize.strategies.trying import Gate, Tried, Try, tried
from pytest_promptopt.optimize.strategy import NextStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategies.merging import Merger
    from pytest_promptopt.optimize.strategy import Moves, Task
    from pytest_promptopt.records import Case


class Reflect:
    """Reflection on failures, on the regions of a prompt.

    Args:
        options: Its numbers; our defaults if left out.
        name: What it is called.
    """

    def __init__(
        self, options: ReflectOptions | None = None, *, name: str = "reflect"
    ) -> None:
        self.options = options or ReflectOptions()
        self.name = name

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        merges = min(self.options.merges, scope.steps)
        asked = scope.steps * scope.affordable(self.options.per_step) + merges
        # With other examples in it, a parent is another candidate, and scored anew.
        parents = asked if scope.examples else 0
        return Bound(proposals=asked + parents, requests=asked)

    def search(self, task: Task) -> Moves:
        """Search step by step until the loop ends it."""
        options = self.options
        history, drafts = History(task, race=options.race), Drafts(task)
        asker = Asker(task, temperature=options.temperature)
        reflection = Reflection(task, options)
        merging = Merging(task=task, left=options.merges, shown=options.minibatch)
        yield from history.score([task.incumbent])
        for step in range(task.steps):
            pool = history.ranked()
            if not pool:  # nothing of the start could be scored
                return
            yield NextStep()
            edits = reflection.edits(pool, step)
            merger = merging.next(pool, step)
            if merger is not None:
                edits += _merges(merger, reflection.order(step))
            children = yield from born(
                task, asker, drafts, [edit.wanted for edit in edits]
            )
            tries = [
                Try(parent=edit.parent, child=child, order=edit.order)
                for edit, child in zip(edits, children, strict=True)
                if child is not None
            ]
            if merger is not None and merger.child is not None:
                order = reflection.order(step)
                tries.append(Try(parent=merger.parent, child=merger.child, order=order))
            outcomes = yield from tried(tries, self._gate)
            reflection.remember(outcomes)
            yield from _score(history, merging, outcomes)

    @property
    def _gate(self) -> Gate:
        level = self.options.level if self.options.gate == "paired" else None
        return Gate(first=self.options.minibatch, level=level)


def _merges(merger: Merger, order: tuple[Case, ...]) -> list[Edit]:
    if merger.wanted is None:
        return []
    return [Edit(parent=merger.parent, wanted=merger.wanted, order=order)]


def _score(history: History, merging: Merging, outcomes: Sequence[Tried]) -> Moves:
    """Have what was accepted scored on all train cases, where it is not yet."""
    accepted = [
        (outcome.entry.candidate, outcome.child.origin)
        for outcome in outcomes
        if outcome.accepted and outcome.entry is not None
    ]
    yield from history.score(
        [candidate for candidate, _ in accepted], [origin for _, origin in accepted]
    )
    for candidate, origin in accepted:
        merging.accepted(candidate, origin.parents[0])
