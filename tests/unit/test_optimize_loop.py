from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_script import (
    ADDRESS,
    ONE_REGION,
    Driven,
    cases,
    drive,
    noisy,
    plan,
    right,
    rising,
    says,
    steady,
    text_of,
)

from pytest_promptopt.errors import BudgetExhausted, ModelError
from pytest_promptopt.optimize import (
    Complete,
    Embed,
    Evaluate,
    Evaluated,
    Measure,
    NextStep,
    Rejected,
    Tally,
    search,
)
from pytest_promptopt.optimize.strategies.opro import Opro
from pytest_promptopt.records import Candidate, Case, Completion, Origin, Score, Trial
from pytest_promptopt.report.stops import stop_reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_promptopt.optimize import Moves, Task
    from pytest_promptopt.records import Request


@dataclass
class Scripted:
    """A strategy made of a function."""

    moves: Callable[[Task], Moves]
    name: str = "scripted"

    def search(self, task: Task) -> Moves:
        return self.moves(task)


def never(request: Request) -> Completion:
    raise AssertionError("the optimizer model must not be asked")


def run(folder: Path, moves: Callable[[Task], Moves], **changes: Any) -> Driven:
    return drive(search(plan(folder, **changes), Scripted(moves)), rising, steady)


def variant(task: Task, text: str) -> Candidate:
    return task.rewritten(task.incumbent, ADDRESS, text)


# What ends a search


def test_a_search_that_finds_a_better_prompt_proposes_it(tmp_path: Path) -> None:
    driven = drive(search(plan(tmp_path), Opro()), rising, steady)

    result = driven.result
    assert (result.outcome, result.stopped) == ("proposed", "steps")
    assert (result.start, result.best) == (0.4, 0.68)
    assert (result.train_cases, result.holdout_cases) == (100, 100)
    assert [step.number for step in result.steps] == [0, 1, 2, 3]
    assert [step.best for step in result.steps] == [0.4, 0.52, 0.6, 0.68]
    assert [step.asked for step in result.steps] == [0, 8, 8, 8]
    assert [step.scored for step in result.steps] == [1, 8, 8, 8]
    assert result.calls == driven.calls
    assert result.optimizer_calls == 24


def test_a_perfect_train_score_ends_the_search(tmp_path: Path) -> None:
    driven = drive(
        search(plan(tmp_path), Opro()), lambda _: says("Sort, level 100."), steady
    )

    assert driven.result.stopped == "perfect"
    assert len(driven.asked) == 1


def test_an_optimizer_that_repeats_itself_stalls(tmp_path: Path) -> None:
    driven = drive(
        search(plan(tmp_path, steps=50, patience=3), Opro()),
        lambda _: says("Sort the ticket, level 40."),
        steady,
    )

    assert (driven.result.outcome, driven.result.stopped) == (
        "nothing better",
        "stalled",
    )
    assert len(driven.asked) == 3
    assert driven.rejected == {"repeat": 24}
    assert driven.holdout == []
    assert driven.result.look is None


def test_all_zero_scores_end_without_a_proposal(tmp_path: Path) -> None:
    driven = drive(search(plan(tmp_path), Opro()), rising, lambda *_: right(False))

    assert driven.result.outcome == "nothing better"
    assert driven.result.message == (
        "No candidate of 24 beat the start on the train cases; "
        "the hold-out was not used."
    )
    assert driven.result.best_candidate is None


def test_a_strategy_that_has_nothing_left_to_try_ends_the_search(
    tmp_path: Path,
) -> None:
    def moves(task: Task) -> Moves:
        yield NextStep()
        yield Evaluate(candidates=(variant(task, "level 80."),), cases=task.cases)

    driven = run(tmp_path, moves)

    assert (driven.result.outcome, driven.result.stopped) == ("proposed", "stalled")


def test_an_exhausted_budget_ends_the_search_and_keeps_what_it_has(
    tmp_path: Path,
) -> None:
    searched = search(plan(tmp_path, racing=False), Opro())
    answered = 0

    def answer(effect: Complete | Embed | Measure) -> Any:
        nonlocal answered
        assert not isinstance(effect, Embed)
        answered += 1
        if answered > 3:
            raise BudgetExhausted("20 calls are spent", "allow more")
        if isinstance(effect, Complete):
            return tuple(map(rising, effect.requests))
        return tuple(
            {case.id: (steady(entry, case, 0, effect),) for case in effect.cases}
            for entry in effect.candidates
        )

    result = None
    effect = next(searched)
    while result is None:
        try:
            effect = searched.send(answer(effect))
        except BudgetExhausted as error:
            try:
                effect = searched.throw(error)
            except StopIteration as stop:
                result = stop.value
        except StopIteration as stop:
            result = stop.value

    assert (result.outcome, result.stopped) == ("unconfirmed", "budget")
    assert result.best == 0.52
    assert result.best_candidate is not None
    assert "level 52" in text_of(result.best_candidate)
    assert result.message == (
        "Better on train, not confirmed on hold-out: 20 calls are spent; allow more"
    )
    assert result.steps[-1].asked == 8


def test_a_budget_that_is_spent_before_the_start_is_scored_finds_nothing(
    tmp_path: Path,
) -> None:
    searched = search(plan(tmp_path), Opro())
    next(searched)

    with pytest.raises(StopIteration) as stop:
        searched.throw(BudgetExhausted("0 calls are left", "allow more"))

    result = stop.value.value
    assert (result.outcome, result.stopped) == ("nothing better", "budget")
    assert result.start is None


@pytest.mark.parametrize(("enough", "replies"), [(2, 0), (3, 8)])
def test_a_budget_that_ends_before_a_text_is_scored_is_not_put_on_the_replies(
    tmp_path: Path, enough: int, replies: int
) -> None:
    paid = iter([True] * enough + [False] * 99)  # a minute's budget, for instance
    asked = replace(plan(tmp_path), pays=lambda _: next(paid))

    driven = drive(search(asked, Opro()), rising, steady)

    assert (driven.result.outcome, driven.result.stopped) == (
        "nothing better",
        "budget",
    )
    assert driven.result.message == (
        "What the search may spend was used up before a new text was scored; "
        "the hold-out was not used."
    )
    assert driven.result.optimizer_calls == replies


def test_a_start_that_is_wholly_right_on_few_cases_needs_no_step(
    tmp_path: Path,
) -> None:
    one = [
        replace(case, split="train" if not at else "holdout")
        for at, case in enumerate(cases(60))
    ]
    template = ONE_REGION.replace("level 40", "level 100")
    asked = plan(tmp_path, cases=one, template=template)

    result = drive(search(asked, Opro()), never, steady).result

    assert (result.outcome, result.stopped) == ("nothing better", "perfect")
    assert result.message == (
        "The start got every train case right; the hold-out was not used."
    )
    assert stop_reason(result) == "the prompt as it is got every train case right"


def test_a_failing_provider_ends_the_search_with_an_error(tmp_path: Path) -> None:
    searched = search(plan(tmp_path), Opro())
    next(searched)

    with pytest.raises(StopIteration) as stop:
        searched.throw(ModelError("endpoint http://x is down", "start it"))

    result = stop.value.value
    assert (result.outcome, result.stopped) == ("error", "error")
    assert result.message == (
        "the task model failed: endpoint http://x is down; start it"
    )


# Missing trials


def losing(share: int) -> Callable[..., Trial]:
    """Lose the first trials of the candidates, so many in a hundred."""

    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        number = int(case.id.removeprefix("case"))
        if number < share and "variant 3" in text_of(candidate):
            return Trial.lost("provider: gone")
        return steady(candidate, case, index, effect)

    return judge


def test_a_few_missing_trials_leave_the_mean_of_the_others(tmp_path: Path) -> None:
    driven = drive(
        search(plan(tmp_path, steps=1, racing=False), Opro()), rising, losing(5)
    )

    assert driven.result.outcome == "proposed"


def test_more_than_five_percent_missing_proposes_nothing(tmp_path: Path) -> None:
    driven = drive(
        search(plan(tmp_path, steps=1, racing=False), Opro()), rising, losing(6)
    )

    result = driven.result
    assert (result.outcome, result.stopped) == ("error", "error")
    assert result.proposal is None
    assert result.message == (
        "the task model failed: triage.j2: 6.0% of the trials of an evaluation got no "
        "score, more than 5.0%; most often provider: gone; mend that and run the same "
        "command again: replies that came are not paid for twice"
    )


def test_an_error_says_that_it_was_the_optimizer_model_which_failed(
    tmp_path: Path,
) -> None:
    searched = search(plan(tmp_path), Opro())
    effect = next(searched)
    while isinstance(effect, Measure):
        effect = searched.send(
            tuple(
                {
                    case.id: (steady(candidate, case, 0, effect),)
                    for case in effect.cases
                }
                for candidate in effect.candidates
            )
        )

    with pytest.raises(StopIteration) as ended:
        searched.throw(ModelError("model 'openai:gpt': status 401", "check the key"))

    result = ended.value.value
    assert (result.outcome, result.stopped) == ("error", "error")
    assert result.message == (
        "the optimizer model failed: model 'openai:gpt': status 401; check the key"
    )


# Refusals


def test_too_few_cases_are_refused_before_a_call(tmp_path: Path) -> None:
    driven = drive(search(plan(tmp_path, cases=cases(58)), Opro()), never, steady)

    assert driven.effects == []
    assert (driven.result.outcome, driven.result.stopped) == ("refused", "refused")
    assert driven.result.lineage == ()
    assert driven.result.message == (
        "triage.j2: a gain is confirmed on at least 30 hold-out cases, and 58 cases "
        "leave 29 for it and 29 to train on; change their split fields: 30 or more "
        "'holdout', and some 'train'"
    )


def test_too_few_hold_out_cases_of_many_are_told_by_what_keeps_them_few(
    tmp_path: Path,
) -> None:
    alike = [replace(case, split=None, group="one") for case in cases(58)]
    few = [replace(case, split=None) for case in cases(20)]

    together = drive(search(plan(tmp_path, cases=alike), Opro()), never, steady)
    small = drive(search(plan(tmp_path, cases=few), Opro()), never, steady)

    assert together.result.message.endswith(
        "; let fewer cases share a group or the same inputs: they stay together"
    )
    assert small.result.message.endswith("; have 50 cases or more")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_case_is_a_refusal_too(tmp_path: Path, count: int) -> None:
    driven = drive(search(plan(tmp_path, cases=cases(count)), Opro()), never, steady)

    assert driven.effects == []
    assert driven.result.outcome == "refused"


def test_a_budget_for_fewer_than_three_proposals_is_refused_with_the_figures(
    tmp_path: Path,
) -> None:
    driven = drive(search(plan(tmp_path, budget=3102), Opro()), never, steady)

    assert driven.effects == []
    assert driven.result.message == (
        "triage.j2: 3102 calls buy 2 proposals, fewer than 3: the start takes 100 "
        "calls, each proposal 101 and the confirmation up to 2700; "
        "allow at least 3103 calls for each selected prompt test with "
        "--promptopt-budget, which they share"
    )
    enough = drive(search(plan(tmp_path, budget=3103), Opro()), rising, steady)
    assert enough.result.outcome != "refused"


@pytest.mark.parametrize(("score", "refused"), [(94, False), (99, True), (100, True)])
def test_a_start_without_headroom_is_refused_after_it_is_scored(
    tmp_path: Path, score: int, *, refused: bool
) -> None:
    """One of 100 more may be wrong than were, or five: the sample does not tell."""
    template = ONE_REGION.replace("level 40", f"level {score}")
    searched = search(plan(tmp_path, template=template), Opro())

    driven = drive(searched, rising, steady)

    assert (driven.result.outcome == "refused") is refused
    if refused:
        assert driven.result.stopped == "no headroom"
        assert len(driven.effects) == 1
        left = {99: "1.0 point to gain (5.4", 100: "0.0 points to gain (3.7"}[score]
        assert driven.result.message == (
            f"triage.j2: {score}.0% right on 100 train cases leave {left} points at "
            "most), and 100 hold-out cases can confirm gains of 7.0 points or more; "
            "add cases that the prompt gets wrong"
        )


def test_little_headroom_is_a_warning(tmp_path: Path) -> None:
    template = ONE_REGION.replace("level 40", "level 94")

    driven = drive(search(plan(tmp_path, template=template), Opro()), rising, steady)

    assert driven.result.notes == (
        "triage.j2: 94.0% right on 100 train cases leave 6.0 points to gain (12.5 "
        "points at most), and 100 hold-out cases can confirm gains of 7.0 points or "
        "more: the search may well find nothing to propose; add cases that the prompt "
        "gets wrong",
    )
    roomy = drive(search(plan(tmp_path), Opro()), rising, steady)
    assert roomy.result.notes == ()


def test_later_looks_need_more_headroom(tmp_path: Path) -> None:
    template = ONE_REGION.replace("level 40", "level 96")
    first = search(plan(tmp_path, template=template), Opro())
    fourth = search(plan(tmp_path, template=template, looks=4), Opro())

    assert drive(first, rising, steady).result.outcome != "refused"
    assert drive(fourth, rising, steady).result.outcome == "refused"


def test_a_run_that_is_repeated_is_not_refused_for_its_own_look(
    tmp_path: Path,
) -> None:
    template = ONE_REGION.replace("level 40", "level 93")

    def perfect(_: Request) -> Completion:
        return says("Sort, level 100.")

    first = drive(search(plan(tmp_path, template=template), Opro()), perfect, steady)
    look = first.result.look
    assert look is not None

    again = plan(tmp_path, template=template, looks=lambda run: int(run != look["run"]))

    assert drive(search(again, Opro()), perfect, steady).result == first.result


def test_a_prompt_whose_only_region_has_examples_of_its_own_making_is_refused(
    tmp_path: Path,
) -> None:
    template = (
        "Sort.\n{# promptopt: begin examples shots -#}\nLike {{ ticket }}.\n"
        "{# promptopt: end -#}\n"
    )

    driven = drive(search(plan(tmp_path, template=template), Opro()), never, steady)

    assert driven.result.message == (
        "triage.j2: no region of the template may be rewritten; "
        "mark one with {# promptopt: begin NAME -#} and {# promptopt: end -#}"
    )


def test_a_start_that_cannot_be_scored_is_refused(tmp_path: Path) -> None:
    def skipped(*_: object) -> Trial:
        return Trial(score=Score.unscored("skipped"))

    driven = drive(search(plan(tmp_path), Opro()), never, skipped)

    assert driven.result.message == (
        "triage.j2: none of the 100 train cases could be scored; "
        "see why with --promptopt-case=ID"
    )


# The budget


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(budget=st.integers(0, 3500), seed=st.integers(0, 9))
def test_the_budget_is_never_exceeded(tmp_path: Path, budget: int, seed: int) -> None:
    searched = plan(tmp_path, cases=cases(60), budget=budget, seed=seed, steps=20)

    driven = drive(search(searched, Opro()), rising, noisy)

    assert driven.calls <= budget
    assert driven.result.calls == driven.calls


def test_the_share_of_the_confirmation_is_set_aside_first(tmp_path: Path) -> None:
    told: list[Any] = []
    planned = plan(tmp_path, budget=3103, steps=50, tell=told.append)

    driven = drive(search(planned, Opro()), rising, noisy)

    assert {"what": "searched", "stopped": "budget"} in told
    assert driven.holdout != []


def test_drafts_the_budget_cannot_score_are_left_out(tmp_path: Path) -> None:
    def moves(task: Task) -> Moves:
        yield NextStep()
        yield Evaluate(
            candidates=tuple(variant(task, f"level {50 + i}.") for i in range(9)),
            cases=task.cases,
        )
        raise AssertionError("the search has ended")

    driven = run(tmp_path, moves, budget=2700 + 100 + 450)

    assert driven.result.stopped == "budget"
    assert driven.result.steps[1].scored == 4


# What a strategy is told, and what it must not do


def test_a_draft_is_checked_before_a_call_is_spent_on_it(tmp_path: Path) -> None:
    told: list[Any] = []

    def moves(task: Task) -> Moves:
        drafts = ("Use {{ secrets }}.", "Ticket 1 about parcel 7 is billing.", "Ok.")
        told.extend(
            (
                yield Evaluate(
                    candidates=tuple(variant(task, text) for text in drafts),
                    cases=task.cases,
                )
            )
        )

    driven = run(tmp_path, moves)

    assert [type(entry) for entry in told] == [Rejected, Rejected, Evaluated]
    assert driven.rejected == {told[0].reason: 1, told[1].reason: 1}
    assert told[1].reason == "quotes a case"
    assert [len(effect.candidates) for effect in driven.measured] == [1, 1]


def test_a_draft_is_fitted_to_the_blank_space_of_its_place(tmp_path: Path) -> None:
    told: list[Any] = []

    def moves(task: Task) -> Moves:
        text = task.incumbent.texts[ADDRESS] + " Please."
        draft = task.incumbent.replacing(ADDRESS, text)
        told.extend((yield Evaluate(candidates=(draft,), cases=task.cases)))

    run(tmp_path, moves)

    (entry,) = told
    assert entry.candidate.texts[ADDRESS] == "Sort the ticket, level 40.\n Please.\n"


def test_a_duplicate_is_answered_from_the_ledger(tmp_path: Path) -> None:
    told: list[Any] = []

    def moves(task: Task) -> Moves:
        twice = (variant(task, "Ok."), variant(task, "Ok."))
        told.append((yield Evaluate(candidates=twice, cases=task.cases)))
        told.append((yield Evaluate(candidates=twice[:1], cases=task.cases)))
        told.append((yield Evaluate(candidates=(task.incumbent,), cases=task.cases)))

    driven = run(tmp_path, moves)

    assert told[0] == (*told[1], *told[1])
    assert told[2][0].mean == 0.4
    assert [effect.calls for effect in driven.measured] == [100, 100]


def test_per_case_scores_and_reasons_are_told(tmp_path: Path) -> None:
    told: list[Any] = []

    def moves(task: Task) -> Moves:
        told.extend((yield Evaluate(candidates=(task.incumbent,), cases=task.cases)))

    run(tmp_path, moves)

    (entry,) = told
    assert entry.scores["case0"] == 1.0
    assert (entry.scores["case2"], entry.reasons["case2"], entry.outputs["case2"]) == (
        0.0,
        "expected 'billing'",
        "?",
    )


def test_more_trials_of_a_part_of_the_cases_can_be_asked_for(tmp_path: Path) -> None:
    def moves(task: Task) -> Moves:
        some = task.cases[:10]
        yield Evaluate(candidates=(task.incumbent,), cases=some, trials=3)

    driven = run(tmp_path, moves)

    assert [(len(e.cases), e.indices) for e in driven.measured] == [
        (100, range(1)),
        (10, range(1, 3)),
    ]


def raising(task: Task) -> Moves:
    yield NextStep()
    raise KeyError("oops")


def nonsense(task: Task) -> Moves:
    yield "hello"  # type: ignore[misc]


def strange_case(task: Task) -> Moves:
    other = Case(id="other", inputs={})
    yield Evaluate(candidates=(task.incumbent,), cases=(other,))


def too_few_origins(task: Task) -> Moves:
    twice = (variant(task, "a"), variant(task, "b"))
    yield Evaluate(candidates=twice, cases=task.cases, origins=(Origin(operator="x"),))


def no_candidate(task: Task) -> Moves:
    yield Evaluate(candidates=("Sort it.",), cases=task.cases)  # type: ignore[arg-type]


def no_text(task: Task) -> Moves:
    candidate = Candidate(texts={ADDRESS: None})  # type: ignore[dict-item]
    yield Evaluate(candidates=(candidate,), cases=task.cases)


def no_request(task: Task) -> Moves:
    yield Complete(requests=("Improve it.",))  # type: ignore[arg-type]


def for_ever(task: Task) -> Moves:
    while True:
        yield Tally("nothing new")


def clings(task: Task) -> Moves:
    try:
        yield from (NextStep() for _ in range(99))
    finally:
        yield NextStep()


def strange_region(task: Task) -> Moves:
    yield Evaluate(candidates=(Candidate(texts={"x#y": "z"}),), cases=task.cases)


@pytest.mark.parametrize(
    ("moves", "message"),
    [
        (
            raising,
            "strategy 'scripted' raised KeyError: 'oops'; "
            "report it to the strategy's author",
        ),
        (
            nonsense,
            "a strategy yielded 'hello'; yield Complete, Embed, Evaluate, NextStep or "
            "Tally",
        ),
        (
            strange_case,
            "a strategy evaluates with 1 trials on 1 cases, of which ['other'] are not "
            "train cases; evaluate on cases of task.cases, with 1 trial or more",
        ),
        (
            no_candidate,
            "a strategy evaluates with 'Sort it.', which is no Candidate; yield "
            "Evaluate with Candidate, Case and Origin records",
        ),
        (
            no_text,
            "a candidate's text for 'triage.j2#instructions' is None; make candidates "
            "with task.rewritten(base, address, text)",
        ),
        (
            no_request,
            "a strategy asks for 'Improve it.', which is no Request; make requests "
            "with Asker(task).ask(text)",
        ),
        (
            for_ever,
            "strategy 'scripted' made more than 10,000 moves in one step; yield "
            "NextStep at the start of each step, whatever the last one brought",
        ),
        (
            clings,
            "strategy 'scripted' raised RuntimeError when the search ended: generator "
            "ignored GeneratorExit; report it to the strategy's author",
        ),
        (
            lambda _: None,
            "strategy 'scripted' raised TypeError: 'NoneType' object is not iterable; "
            "report it to the strategy's author",
        ),
        (
            too_few_origins,
            "a strategy yields 2 candidates with 1 origins; give one origin for each "
            "candidate, in the same order, or none at all",
        ),
        (
            strange_region,
            "a candidate has texts for ['x#y'], the prompt has "
            "['triage.j2#instructions']; "
            "make candidates with task.rewritten(base, address, text)",
        ),
    ],
)
def test_a_broken_strategy_ends_the_search_with_an_error(
    tmp_path: Path, moves: Callable[[Task], Moves], message: str
) -> None:
    driven = run(tmp_path, moves)

    assert driven.result.outcome == "error"
    assert driven.result.message == message


def test_nothing_of_the_hold_out_reaches_the_optimizer_model(tmp_path: Path) -> None:
    given = tuple(
        Case(
            id=f"case{number}",
            inputs={"ticket": f"ticket-{number}-in"},
            expected=f"label-{number}-out",
        )
        for number in range(120)
    )

    driven = drive(search(plan(tmp_path, cases=given, steps=5), Opro()), rising, noisy)

    held = {case.id for effect in driven.holdout for case in effect.cases}
    sent = repr(driven.asked)
    assert len(held) == driven.result.holdout_cases
    assert sent.count("<example>") == 5 * 8 * 3
    for case in given:
        leaked = case.inputs["ticket"] in sent or case.expected in sent
        assert not (leaked and case.id in held)
    assert not held & {
        case.id
        for effect in driven.measured
        if effect.purpose == "search"
        for case in effect.cases
    }


def test_a_task_cannot_be_asked_for_the_look_of_a_hold_out_case(
    tmp_path: Path,
) -> None:
    searched = plan(tmp_path)
    task = searched.task(searched.cases[:100], None)

    with pytest.raises(Exception, match="case 'case100' is not a train case"):
        task.exemplar(searched.cases[100], ADDRESS)


def test_no_hold_out_case_can_be_reached_from_a_task(tmp_path: Path) -> None:
    searched = plan(tmp_path)
    task = searched.task(searched.cases[:100], None)

    seen: dict[int, Any] = {}
    new = [getattr(task, name) for name in task.__slots__]
    while new:
        here = new.pop()
        if id(here) in seen or isinstance(here, (type, ModuleType, str, int)):
            continue
        seen[id(here)] = here
        if isinstance(here, FunctionType):  # not the globals of its module
            new += [cell.cell_contents for cell in here.__closure__ or ()]
        else:
            new += gc.get_referents(here)

    found = {entry.id for entry in seen.values() if isinstance(entry, Case)}
    assert found == {case.id for case in searched.cases[:100]}


def test_a_region_the_rest_needs_is_shown_without_its_place(tmp_path: Path) -> None:
    template = (
        "{# promptopt: begin task -#}\n{% set shop = 'X' %}Sort, level 40.\n"
        "{# promptopt: end -#}\n{{ shop }}: {{ ticket }}\n"
    )
    searched = plan(tmp_path, template=template)
    task = searched.task(searched.cases[:100], None)

    shown = task.exemplar(searched.cases[1], "triage.j2#task")

    assert shown == "ticket: Ticket 1 about parcel 7"


def test_random_draws_depend_on_seed_label_and_purpose_only(tmp_path: Path) -> None:
    searched = plan(tmp_path)
    task = searched.task(searched.cases[:100], None)

    assert task.draws("exemplars", 1).random() == task.draws("exemplars", 1).random()
    assert task.draws("exemplars", 1).random() != task.draws("exemplars", 2).random()
    other = plan(tmp_path, seed=1).task(searched.cases[:100], None)
    assert task.draws("exemplars").random() != other.draws("exemplars").random()
