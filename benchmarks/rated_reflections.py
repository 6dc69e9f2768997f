"""What ratings teach a retrospective model: lessons of failures it has not seen.

Retroformer searches on the train cases of a landscape, with one of three memories:

* **rated**: its own;
* **shuffled**: the same lessons, each with the rating of another one;
* **plain**: none, so that every reflection is asked for afresh.

Then it looks back on failures of the start among the hold-out cases, which it has never
seen: so many reflections on each as in the search, of which the memory names the most
promising one, unrated. What counts is the true gain of that lesson on the *other*
hold-out cases that fail, as the landscape's truth has it, in points of their failures.
The start is the same in all arms, and so is the number of requests.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from scripted_optimizer import optimizer_reply
from scripted_task import TaskModel
from search_cells import (
    INFORMATIVE,
    PROPOSALS,
    UNINFORMATIVE,
    at_once,
    budget,
    landscape,
)
from search_runs import MANY_STEPS, Driver, loaded

from pytest_promptopt import stats
from pytest_promptopt.optimize import Evaluated, Measure, SearchPlan
from pytest_promptopt.optimize.drafts import TAG
from pytest_promptopt.optimize.parsing import Unparsable, read_completion
from pytest_promptopt.optimize.strategies.lessons import Memory
from pytest_promptopt.optimize.strategies.retroformer import Retroformer
from pytest_promptopt.optimize.strategies.retrospection import question, taught
from pytest_promptopt.records import Message, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from landscapes import Landscape

    from pytest_promptopt.optimize import Task
    from pytest_promptopt.optimize.strategies.lessons import Lesson
    from pytest_promptopt.records import Case

ARMS = ("rated", "shuffled", "plain")
KINDS = tuple(kind for kind in (*INFORMATIVE, *UNINFORMATIVE) if kind != "divided")
"""Landscapes of one region."""

LEVEL = 0.05
FRESH = 12
"""Failures that are looked back on once the search is over."""

ROW = "  {:<11}{:>7} {:>9} {:>8}{:>8} {:>8} {:>8}{:>8}"
HEADINGS = ("landscape", "rated", "shuffled", "better", "p", "plain", "better", "p")


class Shuffled(Memory):
    """A memory whose lessons have each other's ratings.

    Args:
        seed: Of the shuffling.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def rated(self, address: str) -> tuple[Lesson, ...]:
        """Return the lessons, their ratings drawn from the same ones."""
        lessons = super().rated(address)
        ratings = [lesson.rating for lesson in lessons]
        Random(f"shuffled/{self._seed}/{len(ratings)}").shuffle(ratings)
        return tuple(
            replace(lesson, rating=rating)
            for lesson, rating in zip(lessons, ratings, strict=True)
        )


class Plain(Memory):
    """A memory that keeps nothing."""

    def rated(self, address: str) -> tuple[Lesson, ...]:
        """Return no lesson."""
        del address
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One search and what its memory is worth afterwards.

    Attributes:
        landscape: Its kind.
        seed: Of the landscape, of the search and of all noise.
        memory: One of :data:`ARMS`.
    """

    landscape: str
    seed: int
    memory: str


def taught_gain(arm: Arm) -> float:
    """Run one arm.

    Returns:
        The mean true gain of the lessons of fresh failures on the other ones, as a
        share in [-1, 1]; 0 for a failure that brought no lesson.
    """
    made = {"rated": Memory, "shuffled": lambda: Shuffled(arm.seed), "plain": Plain}
    memory: Memory = made[arm.memory]()
    strategy = Retroformer(memory=lambda: memory)
    world = landscape(arm.landscape, arm.seed)
    with tempfile.TemporaryDirectory(prefix="promptopt-lessons-") as folder:
        plan = SearchPlan(
            prompt=loaded(world.files, Path(folder)),
            cases=world.cases,
            seed=arm.seed,
            steps=MANY_STEPS,
            budget=budget(PROPOSALS),
        )
        model = TaskModel(world, arm.seed)
        Driver(model, optimizer_reply).drive(plan, strategy)
        held = tuple(case for case in world.cases if case.split == "holdout")
        task = plan.task(held, None)
        return _on_fresh(world, task, _tried(task, model), memory, strategy)


def _tried(task: Task, model: TaskModel) -> Evaluated:
    """Have the start answer the cases that no search has seen."""
    (trials,) = model.measure(
        Measure(candidates=(task.incumbent,), cases=task.cases, indices=range(1))
    )
    values = {name: one.score.value or 0.0 for name, (one,) in trials.items()}
    return Evaluated(
        candidate=task.incumbent,
        mean=statistics.fmean(values.values()),
        scores=values,
        reasons={name: one.score.reason for name, (one,) in trials.items()},
        outputs={name: one.output for name, (one,) in trials.items()},
    )


def _on_fresh(
    world: Landscape,
    task: Task,
    start: Evaluated,
    memory: Memory,
    strategy: Retroformer,
) -> float:
    failed = [case for case in task.cases if start.scores[case.id] == 0.0]
    drawn = task.draws("fresh").sample(failed, min(FRESH, len(failed)))
    numbers = {case.id: number for number, case in enumerate(world.cases)}
    before = world.chances(start.candidate)
    gains = []
    for case in drawn:
        lesson = _lesson(task, start, case, memory, strategy)
        child = taught(task, start, task.regions[0], lesson).candidate
        after = world.chances(child) if lesson else before
        others = [numbers[other.id] for other in failed if other is not case]
        gains.append(math.fsum(after[i] - before[i] for i in others) / len(others))
    return statistics.fmean(gains)


def _lesson(
    task: Task, start: Evaluated, case: Case, memory: Memory, strategy: Retroformer
) -> str:
    """Return the lesson of a failure that the memory finds the most promising."""
    (region,), options = task.regions, strategy.options
    content = question(
        task,
        start,
        region,
        case,
        shown=memory.demonstrations(region.address, options.demonstrations),
        longest=options.longest,
    )
    asked = (Message(role="user", content=content),)
    replies = [
        optimizer_reply(Request(messages=asked, seed=-1 - number))
        for number in range(options.samples)
    ]
    read = [read_completion(reply, TAG) for reply in replies]
    texts = [text for text in read if not isinstance(text, Unparsable)]
    promises = memory.promises(region.address, texts)
    order = sorted(range(len(texts)), key=lambda index: (-promises[index], index))
    return texts[order[0]] if order else ""


def lines(seeds: int, processes: int, kinds: Sequence[str] = KINDS) -> Iterator[str]:
    """Run all arms, and write a line about each landscape.

    Gains are in points; ``better`` is by how many the rated arm is above the other one.

    Args:
        seeds: Searches of each arm.
        processes: In how many processes.
        kinds: The landscapes; all have one region.
    """
    yield ROW.format(*HEADINGS).rstrip()
    shown: dict[bool, list[bool]] = {True: [], False: []}
    for kind in kinds:
        arms = [
            Arm(landscape=kind, seed=seed, memory=memory)
            for memory in ARMS
            for seed in range(seeds)
        ]
        found = at_once(taught_gain, arms, processes)
        rated, *others = (found[at : at + seeds] for at in range(0, len(arms), seeds))
        cells = [f"{100 * statistics.fmean(rated):.1f}"]
        ps = []
        for other in others:
            gains = [own - its for own, its in zip(rated, other, strict=True)]
            ps.append(stats.sign_flip_p(gains, side="gain"))
            cells += [f"{100 * statistics.fmean(other):.1f}"]
            cells += [f"{100 * statistics.fmean(gains):+.1f}", f"{ps[-1]:.4f}"]
        shown[kind in INFORMATIVE].append(max(ps) < LEVEL)
        yield ROW.format(kind, *cells).rstrip()
    for informative, beaten in shown.items():
        where = "informative" if informative else "uninformative"
        if beaten:
            yield (
                f"  better than both with p < {LEVEL} on {where}: "
                f"{sum(beaten)} of {len(beaten)}"
            )
