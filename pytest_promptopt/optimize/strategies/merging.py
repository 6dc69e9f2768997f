"""Merging two candidates of the front: by regions, or by the optimizer model."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.evidence import HERE, shown_score
from pytest_promptopt.optimize.strategies.children import Child, Wanted
from pytest_promptopt.optimize.strategies.pareto import front
from pytest_promptopt.optimize.strategies.reflection import examples
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.strategy import Evaluated, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Candidate

META_PROMPT = "reflect_merge.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """A merge to try.

    Attributes:
        parent: The better of the two.
        child: The merged candidate, where no model has to be asked.
        wanted: The request for it otherwise.
    """

    parent: Evaluated
    child: Child | None = None
    wanted: Wanted | None = None


@dataclass(slots=True, kw_only=True)
class Merging:
    """Finds two candidates to merge, a limited number of times.

    Attributes:
        task: The search.
        left: How many merges may still be tried.
        shown: Cases that a request shows at most.
        parents: Key to the key of the candidate it was made from.
        candidates: Key to candidate.
        due: Whether something was accepted since the last one.
    """

    task: Task
    left: int
    shown: int
    parents: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, Candidate] = field(default_factory=dict)
    due: bool = False
    _tried: set[frozenset[str]] = field(default_factory=set)

    def accepted(self, candidate: Candidate, parent: str) -> None:
        """Take note of an accepted child and of the key of its parent."""
        self.candidates.setdefault(candidate.key, candidate)
        if candidate.key != parent:
            self.parents.setdefault(candidate.key, parent)
        self.due = True

    def next(self, pool: Sequence[Evaluated], step: int) -> Merger | None:
        """Return the merge of this step, if there is one.

        Args:
            pool: What is scored on all train cases, best first; not empty.
            step: The step, from 0.
        """
        if not (self.left and self.due):
            return None
        self.due = False
        leading = list(front(pool, self.task.cases))
        pairs = [
            (pool[one], pool[other])
            for one, other in combinations(leading, 2)
            if self._is_new(pool[one].candidate, pool[other].candidate)
        ]
        if not pairs:
            return None
        better, other = self.task.draws("merge", step).choice(pairs)
        self._tried.add(frozenset({better.candidate.key, other.candidate.key}))
        self.left -= 1
        return self._mixed(better, other) or self._asked(better, other)

    def _is_new(self, one: Candidate, other: Candidate) -> bool:
        """Tell whether two were not merged yet, and neither was made of the other."""
        if frozenset({one.key, other.key}) in self._tried:
            return False
        return one.key not in self._line(other) and other.key not in self._line(one)

    def _line(self, candidate: Candidate) -> list[str]:
        """Return the keys of a candidate and its forebears, the nearest first."""
        line = [candidate.key]
        while (key := self.parents.get(line[-1])) is not None and key not in line:
            line.append(key)
        return line

    def _mixed(self, better: Evaluated, other: Evaluated) -> Merger | None:
        """Take from each of two what it has changed, region by region."""
        shared = self._line(other.candidate)
        common = next(
            (key for key in self._line(better.candidate) if key in shared), None
        )
        base = self.candidates.get(common or "", self.task.incumbent)
        mixed = better.candidate
        for region in self.task.regions:
            address = region.address
            if better.candidate.texts[address] == base.texts[address]:
                text = other.candidate.texts[address]
                mixed = self.task.fit(mixed.replacing(address, text))
        if mixed.key in (better.candidate.key, other.candidate.key):
            return None
        keys = (better.candidate.key, other.candidate.key)
        return Merger(
            parent=better,
            child=Child(candidate=mixed, origin=Origin(operator="merge", parents=keys)),
        )

    def _asked(self, better: Evaluated, other: Evaluated) -> Merger | None:
        region = next(
            (
                region
                for region in self.task.regions
                if better.candidate.texts[region.address]
                != other.candidate.texts[region.address]
            ),
            None,
        )
        if region is None:
            return None
        return Merger(parent=better, wanted=self._wanted(better, other, region))

    def _wanted(self, better: Evaluated, other: Evaluated, region: Region) -> Wanted:
        cases = [
            case
            for case in self.task.cases
            if (was := better.scores.get(case.id)) is not None
            and (now := other.scores.get(case.id)) is not None
            and now > was
        ]
        return Wanted(
            region=region,
            base=better.candidate,
            operator="merge",
            meta_prompt=META_PROMPT,
            values={
                "attempts": [
                    {
                        "score": shown_score(entry.mean),
                        "text": entry.candidate.texts[region.address].strip(),
                    }
                    for entry in (better, other)
                ],
                "examples": examples(self.task, better, region, cases[: self.shown]),
                "here": "" if region.kind == "whole" else HERE,
            },
            parents=(better.candidate.key, other.candidate.key),
        )
