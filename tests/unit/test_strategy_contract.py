"""The contract suite for strategies: ours keep to it; a breach of it is found."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.errors import StrategyError
from pytest_promptopt.optimize import Complete, Embed, Evaluate, NextStep, Tally
from pytest_promptopt.optimize.registry import BUILT_IN, strategy_named
from pytest_promptopt.records import Candidate, Case, Message, Origin, Request, digest
from pytest_promptopt.testing import check_strategy
from pytest_promptopt.testing.playing import Play
from pytest_promptopt.testing.worlds import WORLDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_promptopt.optimize import Moves, Task


@dataclass
class Scripted:
    """A strategy made of a function."""

    moves: Callable[[Task], Moves]
    name: str = "scripted"

    def search(self, task: Task) -> Moves:
        return self.moves(task)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_strategy_of_ours_keeps_to_the_contract(name: str) -> None:
    check_strategy(strategy_named(name))


def digests() -> str:
    """Return a digest of what each strategy of ours asks for in one world."""
    world = replace(WORLDS[1], steps=1)
    plan = world.plan()
    asked = []
    for name in sorted(BUILT_IN):
        task = plan.task(plan.cases, world.proposals)
        play = Play(strategy=strategy_named(name), world=world, task=task)
        asked.append(play.run())
    return digest(asked)


def test_what_our_strategies_do_does_not_depend_on_the_hash_seed() -> None:
    code = "import test_strategy_contract as it; print(it.digests())"
    place = str(Path(__file__).parent)

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=place,
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": place},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == digests()


def a_text(task: Task, text: str = "Sort it.") -> Candidate:
    """Return the start with one more sentence."""
    address = task.regions[0].address
    old = task.incumbent.texts[address]
    return task.rewritten(task.incumbent, address, f"{old.strip()} {text}")


def evaluated(task: Task, *candidates: Candidate, **changes: Any) -> Evaluate:
    given = {
        "candidates": candidates,
        "cases": task.cases,
        "origins": tuple(Origin(operator="added") for _ in candidates),
        **changes,
    }
    return Evaluate(**given)


def asked(task: Task, **settings: Any) -> Complete:
    messages = (Message(role="user", content="Write <new_text>one</new_text>."),)
    request = Request(messages=messages, settings={**settings, **task.settings})
    return Complete(requests=(request,))


def well_behaved(task: Task) -> Moves:
    yield evaluated(task, task.incumbent)
    for step in range(task.steps):
        yield NextStep()
        yield Tally("nothing")
        yield asked(task)
        draws = task.draws("word", step)
        yield evaluated(task, a_text(task, f"Mind {draws.random():.3f}."))


def test_a_strategy_that_keeps_to_it_passes_and_gives_the_same_digest_again() -> None:
    once, again = (check_strategy(Scripted(well_behaved)) for _ in range(2))

    assert once == again
    assert len(once) == 64


def raises(task: Task) -> Moves:
    yield NextStep()
    raise ZeroDivisionError("no scores")


def nonsense(task: Task) -> Moves:
    yield 3  # type: ignore[misc]


def endless(task: Task) -> Moves:
    replies = (None,)
    while not any(replies):
        replies = yield asked(task)
        replies = (None,)


def draws_at_random(task: Task) -> Moves:
    text = f"Mind {random.random()}."
    yield evaluated(task, a_text(task, text))


def strange_case(task: Task) -> Moves:
    yield evaluated(task, task.incumbent, cases=(Case(id="x", inputs={}),))


def no_case(task: Task) -> Moves:
    yield evaluated(task, task.incumbent, cases=())


def no_trial(task: Task) -> Moves:
    yield evaluated(task, task.incumbent, trials=0)


def other_region(task: Task) -> Moves:
    yield evaluated(task, Candidate(texts={"x#y": "z"}))


def no_origins(task: Task) -> Moves:
    yield evaluated(task, a_text(task), origins=())


def no_operator(task: Task) -> Moves:
    yield evaluated(task, a_text(task), origins=(Origin(operator=""),))


def strange_parent(task: Task) -> Moves:
    origin = Origin(operator="added", parents=("0" * 12,))
    yield evaluated(task, a_text(task), origins=(origin,))


def asks_nothing(task: Task) -> Moves:
    yield Complete(requests=())


def embeds_nothing(task: Task) -> Moves:
    yield Embed(texts=("a", " "))


def own_settings(task: Task) -> Moves:
    messages = (Message(role="user", content="x"),)
    yield Complete(requests=(Request(messages=messages, settings={"top_p": 1}),))


def no_reply_breaks_it(task: Task) -> Moves:
    (reply,) = yield asked(task)
    reply.text.strip()


def refuses_to_end(task: Task) -> Moves:
    try:
        yield NextStep()
        yield NextStep()
    finally:
        yield evaluated(task, a_text(task))


FAULTS: list[tuple[Callable[[Task], Moves], str]] = [
    (
        raises,
        "the optimizer model improves: it raised ZeroDivisionError: no scores\n"
        "  hint: see the traceback above",
    ),
    (
        nonsense,
        "the optimizer model improves: it yielded 3\n"
        "  hint: yield Complete, Embed, Evaluate, NextStep or Tally",
    ),
    (
        endless,
        "the optimizer model improves: it makes more than 500 moves without a "
        "NextStep\n"
        "  hint: yield NextStep at the start of each step, whatever the last one "
        "brought, so that the search can be ended",
    ),
    (
        strange_case,
        "the optimizer model improves: it evaluates with 1 trials on 1 cases, of "
        "which ['x'] are not train cases\n"
        "  hint: evaluate on cases of task.cases, with 1 trial or more",
    ),
    (
        no_case,
        "the optimizer model improves: it evaluates with 1 trials on 0 cases, of "
        "which [] are not train cases\n"
        "  hint: evaluate on cases of task.cases, with 1 trial or more",
    ),
    (
        no_trial,
        "the optimizer model improves: it evaluates with 0 trials on 6 cases, of "
        "which [] are not train cases\n"
        "  hint: evaluate on cases of task.cases, with 1 trial or more",
    ),
    (
        other_region,
        "the optimizer model improves: a candidate has texts for ['x#y'], the prompt "
        "has ['prompts/sort.j2#task']\n"
        "  hint: make candidates with task.rewritten(base, address, text)",
    ),
    (
        no_origins,
        "the optimizer model improves: 1 candidates have 0 origins\n"
        "  hint: yield Evaluate with origins=, one for each candidate in their order",
    ),
    (
        no_operator,
        "the optimizer model improves: a candidate's origin has no operator\n"
        "  hint: say in a word what made it",
    ),
    (
        strange_parent,
        "the optimizer model improves: '000000000000' is named as a parent, and was "
        "never evaluated\n"
        "  hint: name keys of candidates that were evaluated, or nobody",
    ),
    (
        asks_nothing,
        "the optimizer model improves: it asks for no reply\n"
        "  hint: yield Complete with a request",
    ),
    (
        embeds_nothing,
        "the optimizer model improves: it asks for vectors of ['a', ' ']\n"
        "  hint: yield Embed with one text or more, and words in each of them",
    ),
    (
        own_settings,
        "the optimizer model improves: a request has top_p=1, the user has set 0.9\n"
        "  hint: let task.settings win over the settings of your own",
    ),
    (
        no_reply_breaks_it,
        "every reply is lost: it raised AttributeError: 'NoneType' object has no "
        "attribute 'text'\n"
        "  hint: see the traceback above",
    ),
    (
        refuses_to_end,
        "the optimizer model improves: ended after move 1 it raised RuntimeError: "
        "generator ignored GeneratorExit\n"
        "  hint: let GeneratorExit pass, and yield nothing after it",
    ),
]


@pytest.mark.parametrize(
    ("moves", "message"), FAULTS, ids=lambda it: getattr(it, "__name__", "")
)
def test_each_breach_is_named_with_its_world_and_what_to_do(
    moves: Callable[[Task], Moves], message: str
) -> None:
    with pytest.raises(StrategyError) as caught:
        check_strategy(Scripted(moves))

    assert str(caught.value) == f"strategy 'scripted', where {message}"


def test_what_is_drawn_at_random_is_found_out() -> None:
    with pytest.raises(StrategyError, match="given the same answers, move 1 was"):
        check_strategy(Scripted(draws_at_random))


def test_what_a_search_leaves_in_its_strategy_is_found_out() -> None:
    searches: list[int] = []

    def counts(task: Task) -> Moves:
        searches.append(1)
        for _ in searches:
            yield Tally("search")

    with pytest.raises(StrategyError, match=r"it made 1 moves and then 2\d"):
        check_strategy(Scripted(counts))
