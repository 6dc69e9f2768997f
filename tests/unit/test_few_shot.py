"""Examples regions in a search: which cases stand there, and what that may not do."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import drive, plan, right, rising, says, text_of

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize import Complete, Measure, search, strategy_named
from pytest_promptopt.optimize.example_choices import Stock, choices
from pytest_promptopt.optimize.few_shot import FewShotOptions
from pytest_promptopt.optimize.strategies.examples import Examples
from pytest_promptopt.optimize.withheld import Withheld
from pytest_promptopt.records import Candidate, Case

if TYPE_CHECKING:
    from pathlib import Path

    from search_script import Driven

    from pytest_promptopt.records import Request, Trial

LABELS = ("billing", "shipping", "account", "other")
OPRO = strategy_named("opro", {"per_step": 2})
TEXT, SHOTS = "triage.j2#instructions", "triage.j2#shots"
REGION = "{# promptopt: begin examples shots -#}\n{# promptopt: end -#}\n{{ ticket }}\n"
BOTH = (
    "{# promptopt: begin instructions -#}\nSort the ticket, level 0.\n"
    "{# promptopt: end -#}\n" + REGION
)
ALONE = "Sort the ticket.\n" + REGION


def tickets(count: int = 72, **changes: Any) -> tuple[Case, ...]:
    return tuple(
        Case(
            id=f"case{number}",
            inputs={"ticket": f"Ticket {number} about parcel {number * 7}"},
            split="train" if number < count / 2 else "holdout",
            **{"expected": LABELS[number % len(LABELS)], **changes},
        )
        for number in range(count)
    )


def told(candidate: Candidate, case: Case, *_: object) -> Trial:
    """Be right where an example shows the label, or the instructions are good."""
    text = text_of(candidate)
    return right(f"expected: {case.expected}" in text or "level 99" in text)


def never(request: Request) -> None:
    raise AssertionError("the optimizer model must not be asked")


def run(folder: Path, template: str = ALONE, **changes: Any) -> Driven:
    strategy = changes.pop("strategy", Examples(FewShotOptions(per_step=4)))
    reply = changes.pop("reply", never)
    judge = changes.pop("judge", told)
    given = {"template": template, "cases": tickets(), "steps": 2, **changes}
    return drive(search(plan(folder, **given), strategy), reply, judge)


def chosen(driven: Driven) -> list[tuple[str, ...]]:
    """Return the examples of all candidates in the order they were scored."""
    seen = {
        candidate.key: candidate.examples.get(SHOTS, ())
        for effect in driven.measured
        for candidate in effect.candidates
    }
    return list(seen.values())


# The choice


def stock(most: int = 4, **scores: float) -> Stock:
    return Stock(cases=tickets(24)[:12], scores=scores, most=most)


def drawn(
    given: Stock, held: tuple[str, ...] | None = (), count: int = 6, seed: int = 0
) -> list[tuple[str, tuple[str, ...]]]:
    found = choices(
        given, held, random.Random(seed), count=count, fits=lambda ids: True
    )
    return [(choice.operator, choice.ids) for choice in found]


def test_an_empty_region_is_filled_with_balanced_draws() -> None:
    found = drawn(stock())

    assert {operator for operator, _ in found} == {"bootstrap"}
    assert [len(ids) for _, ids in found] == [4, 2, 3, 4, 2, 3]
    for _, ids in found:
        labels = Counter(int(case_id[4:]) % 4 for case_id in ids)
        assert set(labels.values()) == {1}


def test_a_draw_takes_what_is_wrong_first_and_then_what_is_right() -> None:
    scores = {f"case{number}": float(number >= 4) for number in range(12)}

    (_, wrong), (_, correct), *_ = drawn(stock(4, **scores))

    assert sorted(wrong) == ["case0", "case1", "case2", "case3"]
    assert all(scores[case_id] == 1.0 for case_id in correct)


def test_a_choice_is_changed_a_little_and_now_and_then_drawn_anew() -> None:
    held = ("case0", "case1", "case2")
    found = drawn(stock(), held)

    assert [operator for operator, _ in found] == [
        "swap", "add", "drop", "bootstrap", "swap", "reorder",
    ]  # fmt: skip
    by_operator = dict(found)
    assert len(set(by_operator["swap"]) - set(held)) == 1
    assert len(by_operator["add"]) == 4
    assert len(by_operator["drop"]) == 2
    assert sorted(by_operator["reorder"]) == sorted(held)


def test_what_is_no_choice_of_cases_can_only_be_replaced() -> None:
    assert {operator for operator, _ in drawn(stock(), None)} == {"bootstrap"}


@given(
    held=st.lists(st.integers(0, 11), unique=True, max_size=4),
    most=st.integers(1, 5),
    count=st.integers(1, 8),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_choices_are_new_different_and_within_their_limits(
    held: list[int], most: int, count: int, seed: int
) -> None:
    ids = tuple(f"case{number}" for number in held)

    found = [choice for _, choice in drawn(stock(most), ids, count, seed)]

    assert len(found) <= count
    assert len(set(found)) == len(found)
    assert ids not in found
    assert all(len(set(choice)) == len(choice) for choice in found)
    assert all(len(choice) <= max(most, len(ids)) for choice in found)


# In a search


def test_a_model_that_needs_examples_gets_a_confirmed_prompt_with_examples(
    tmp_path: Path,
) -> None:
    driven = run(tmp_path)

    result = driven.result
    assert (result.outcome, result.start, result.best) == ("proposed", 0.0, 1.0)
    assert result.strategy == "examples"
    assert result.optimizer_calls == 0
    assert result.proposal is not None
    ids = result.proposal.candidate.examples[SHOTS]
    assert sorted(int(case_id[4:]) % 4 for case_id in ids)[:4] == [0, 1, 2, 3] or (
        len(ids) > 4
    )
    (edit,) = result.proposal.edits
    assert edit.replacement == result.proposal.candidate.texts[SHOTS]
    assert [entry.operator for entry in result.lineage] == ["start", "bootstrap"]


def test_no_case_is_scored_with_its_own_answer_in_the_prompt(tmp_path: Path) -> None:
    driven = run(tmp_path)

    for effect in driven.measured:
        for candidate in effect.candidates:
            held = set(candidate.examples.get(SHOTS, ()))
            assert not held & {case.id for case in effect.cases}


def test_hold_out_cases_are_never_examples(tmp_path: Path) -> None:
    train = {case.id for case in tickets()[:36]}

    ids = {case_id for entry in chosen(run(tmp_path)) for case_id in entry}

    assert ids
    assert ids <= train


def test_cases_that_hang_together_with_an_example_are_not_scored_either() -> None:
    same: dict[str, Any] = {"inputs": {"ticket": "Same"}, "expected": "billing"}
    withheld = Withheld(
        [
            Case(id="a", **same),
            Case(id="b", **same, weight=2),
            Case(id="c", inputs={"ticket": "Other"}, group="g"),
            Case(id="d", inputs={"ticket": "Another"}, group="g"),
            Case(id="e", inputs={"ticket": "Alone"}),
        ]
    )

    ids = withheld.ids(Candidate(texts={}, examples={SHOTS: ("a", "c")}))

    assert ids == {"a", "b", "c", "d"}
    assert withheld.ids(Candidate(texts={})) == set()


def test_to_show_the_hard_cases_is_not_to_be_better(tmp_path: Path) -> None:
    """A candidate that is as good as the start must not win by what it leaves out."""

    def judge(candidate: Candidate, case: Case, *_: object) -> Trial:
        return right(int(case.id.removeprefix("case")) % 3 > 0)

    driven = run(tmp_path, judge=judge)

    assert driven.result.outcome == "nothing better"
    assert driven.result.best == driven.result.start


def test_texts_and_examples_take_turns_and_the_best_examples_are_kept(
    tmp_path: Path,
) -> None:
    def reply(request: Request) -> Any:
        return says(f"Sort, draft {request.seed}.")

    def judge(candidate: Candidate, case: Case, *_: object) -> Trial:
        return right("expected: billing" in text_of(candidate) and case.id[-1] != "1")

    driven = run(
        tmp_path,
        BOTH,
        strategy=OPRO,
        reply=reply,
        judge=judge,
        steps=3,
    )

    assert [step.asked for step in driven.result.steps] == [0, 0, 2, 0]
    asked = next(
        at for at, effect in enumerate(driven.effects) if isinstance(effect, Complete)
    )
    scored = driven.effects[asked + 1]
    assert isinstance(scored, Measure)
    for candidate in scored.candidates:
        assert "draft" in candidate.texts[TEXT]
        assert "expected: billing" in candidate.texts[SHOTS]
        assert candidate.examples[SHOTS]


def test_every_strategy_has_its_examples_chosen(tmp_path: Path) -> None:
    driven = run(tmp_path, BOTH, strategy=OPRO, reply=rising)

    assert driven.result.strategy == "opro"
    assert driven.result.outcome == "proposed"
    assert driven.result.proposal is not None
    assert driven.result.proposal.candidate.examples[SHOTS]


def test_a_search_is_the_same_the_second_time(tmp_path: Path) -> None:
    first, second = (run(tmp_path, BOTH, strategy=OPRO, reply=rising) for _ in range(2))

    assert first.effects == second.effects
    assert chosen(first) == chosen(second)


def test_a_search_ends_when_all_choices_are_tried(tmp_path: Path) -> None:
    few = tuple(case for case in tickets() if case.split == "holdout")
    few += tuple(case for case in tickets()[:2])

    driven = run(tmp_path, cases=few, judge=lambda *_: right(False), steps=50)

    assert sorted(set(chosen(driven))) == [(), ("case0",), ("case1",)]
    assert driven.result.stopped == "stalled"


def test_with_one_train_case_there_is_nothing_to_choose(tmp_path: Path) -> None:
    one = tuple(case for case in tickets() if case.split == "holdout") + tickets()[:1]

    driven = run(tmp_path, cases=one)

    assert chosen(driven) == [()]
    assert driven.result.outcome == "nothing better"


# What stands there already


OWN = BOTH.replace(
    "shots -#}\n",
    "shots -#}\nQ: Ticket 0 about parcel 0\nA: billing\n\n"
    "Q: something nobody asked\nA: none\n\n",
)


def test_cases_in_examples_of_the_users_own_layout_leave_the_score_too(
    tmp_path: Path,
) -> None:
    driven = run(tmp_path, OWN, strategy=OPRO, reply=rising)

    start = driven.measured[0]
    assert start.candidates[0].examples == {SHOTS: ("case0",)}
    assert "case0" not in {case.id for case in start.cases}
    assert len(start.cases) == 35


def test_hold_out_cases_that_stand_in_the_prompt_itself_are_told(
    tmp_path: Path,
) -> None:
    shown = OWN.replace("Ticket 0 about parcel 0", "ticket 40 about parcel 280!")

    driven = run(tmp_path, shown, strategy=OPRO, reply=rising)

    assert driven.result.notes == (
        "triage.j2: 1 hold-out case stands in the prompt itself (case40): the "
        "optimizer model reads it there, and the start knows what is expected; give "
        'it the field split = "train", or take it out of the prompt',
    )


def test_the_examples_of_an_earlier_search_are_changed_case_by_case(
    tmp_path: Path,
) -> None:
    shown = "ticket: Ticket 4 about parcel 28\nexpected: billing\n\n"
    driven = run(tmp_path, ALONE.replace("shots -#}\n", f"shots -#}}\n{shown}"))

    first, *others = chosen(driven)
    assert first == ("case4",)
    assert any("case4" in entry and len(entry) == 2 for entry in others)


# What is refused


def test_a_pattern_that_names_what_no_case_has_is_refused(tmp_path: Path) -> None:
    template = ALONE.replace(
        "shots -#}\n",
        "shots -#}\n{# promptopt: example {{ tiket }}: {{ expected }} -#}\n",
    )

    assert run(tmp_path, template).result.message == (
        "triage.j2: the pattern of triage.j2#shots names 'tiket', which no train case "
        "has; name the inputs of the cases in it, and expected"
    )


def test_examples_alone_need_cases_that_say_what_is_expected(tmp_path: Path) -> None:
    cases = tickets(has_expected=False)

    assert run(tmp_path, cases=cases).result.message == (
        "triage.j2: nothing but examples may be changed, and no train case can be "
        "one; give cases without must_pass an expected and what the pattern names"
    )


def test_the_strategy_of_examples_needs_a_region_of_examples(tmp_path: Path) -> None:
    template = BOTH.removesuffix(REGION) + "{{ ticket }}\n"

    driven = run(tmp_path, template)

    result = driven.result
    assert driven.effects == []
    assert (result.outcome, result.stopped) == ("refused", "refused")
    assert result.message == (
        "triage.j2: strategy examples fills examples regions, and the template has "
        "none that can be filled; mark one with {# promptopt: begin examples NAME -#} "
        "and {# promptopt: end -#}"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"most": 0},
            "strategy examples: most is 0\n  hint: set it to a whole number, 1 or more",
        ),
        (
            {"race": "yes"},
            "strategy examples: race is 'yes'\n  hint: set it to true or false",
        ),
        (
            {"many": 3},
            "strategy examples has no option 'many'\n"
            "  hint: use one of: most, per_step, race",
        ),
    ],
)
def test_options_out_of_range_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        strategy_named("examples", options)

    assert str(caught.value) == message


def test_the_options_of_the_strategy_count(tmp_path: Path) -> None:
    small = Examples(FewShotOptions(most=1, per_step=2))

    driven = run(tmp_path, strategy=small, steps=1)

    assert [len(entry) for entry in chosen(driven)[:3]] == [0, 1, 1]
