"""OPRO against the fact sheet (reference/opro.md), point by point."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import (
    ADDRESS,
    ONE_REGION,
    cases,
    drive,
    plan,
    rising,
    says,
    steady,
    text_of,
)

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize import (
    Complete,
    Evaluate,
    Evaluated,
    NextStep,
    Tally,
    search,
    strategy_named,
)
from pytest_promptopt.optimize.strategies.opro import Opro, OproOptions
from pytest_promptopt.records import Candidate, Completion

if TYPE_CHECKING:
    from collections.abc import Callable

    from search_script import Driven

    from pytest_promptopt.optimize import Task
    from pytest_promptopt.records import Request

PAPER = strategy_named("opro-paper")
ATTEMPT = re.compile(r"<attempt>\nscore: (\d+)\ntext:\n(.*?)\n</attempt>", re.DOTALL)
EXAMPLE = re.compile(r"<example>\n(.*?)\n</example>", re.DOTALL)

TWO_REGIONS = """\
{# promptopt: begin task -#}
Sort the ticket, level 20.
{# promptopt: end -#}
{{ ticket }}
{# promptopt: begin format -#}
Be brief.
{# promptopt: end -#}
"""


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    """A run of three steps with the paper's numbers."""
    folder = tmp_path_factory.mktemp("opro")
    return drive(search(plan(folder), PAPER), rising, steady)


def content(request: Request) -> str:
    (message,) = request.messages
    return message.content


def attempts(request: Request) -> list[tuple[int, str]]:
    return [
        (int(score), text.strip()) for score, text in ATTEMPT.findall(content(request))
    ]


def test_a_step_is_eight_requests_of_one_meta_prompt_that_differ_in_the_draw(
    driven: Driven,
) -> None:
    assert [len(effect.requests) for effect in driven.asked] == [8, 8, 8]
    for effect in driven.asked:
        assert len({content(request) for request in effect.requests}) == 1
    seeds = [request.seed for effect in driven.asked for request in effect.requests]
    assert seeds == list(range(24))


def test_requests_are_one_user_message_at_temperature_one(driven: Driven) -> None:
    for effect in driven.asked:
        for request in effect.requests:
            assert [message.role for message in request.messages] == ["user"]
            assert request.settings == {"temperature": 1.0}


def test_the_optimizer_settings_of_the_user_win(tmp_path: Path) -> None:
    settings = {"temperature": 0.5, "max_tokens": 512}
    searched = search(plan(tmp_path, optimizer_settings=settings), PAPER)

    driven = drive(searched, rising, steady)

    assert driven.asked[0].requests[0].settings == settings


def test_the_meta_prompt_has_history_then_exemplars_then_the_ask(
    driven: Driven,
) -> None:
    shown = content(driven.asked[1].requests[0])
    assert shown.rindex("</attempt>") < shown.index("<example>")
    assert shown.rindex("</example>") < shown.index("differs from all versions")
    assert shown.endswith("between <new_text> and </new_text>.")


def test_the_first_history_is_the_incumbent_alone(driven: Driven) -> None:
    assert attempts(driven.asked[0].requests[0]) == [(40, "Sort the ticket, level 40.")]


def test_history_rises_and_the_best_is_last(driven: Driven) -> None:
    scores = [score for score, _ in attempts(driven.asked[2].requests[0])]
    assert scores == sorted(scores)
    assert len(scores) == 17
    assert scores[-1] == round(100 * driven.result.steps[2].best)


def test_only_the_twenty_best_are_shown_and_nothing_is_forgotten(
    tmp_path: Path,
) -> None:
    def falling(request: Request) -> Completion:
        assert request.seed is not None
        return says(f"Variant {request.seed}, level {39 - request.seed}.")

    driven = drive(search(plan(tmp_path, steps=4, patience=9), PAPER), falling, steady)

    shown = [text for _, text in attempts(driven.asked[3].requests[0])]
    assert len(shown) == 20
    assert shown[-1] == "Sort the ticket, level 40."
    assert shown[0] == "Variant 18, level 21."
    assert driven.result.outcome == "nothing better"


def test_equal_scores_stay_in_the_order_of_evaluation(tmp_path: Path) -> None:
    def equal(request: Request) -> Completion:
        return says(f"Variant {9 - (request.seed or 0)}, level 40.")

    driven = drive(search(plan(tmp_path, steps=2), PAPER), equal, steady)

    shown = [text for _, text in attempts(driven.asked[1].requests[0])]
    assert shown[:3] == [
        "Sort the ticket, level 40.",
        "Variant 9, level 40.",
        "Variant 8, level 40.",
    ]


def test_three_exemplars_are_drawn_anew_each_step_in_case_order(driven: Driven) -> None:
    drawn = []
    for effect in driven.asked:
        examples = EXAMPLE.findall(content(effect.requests[0]))
        numbers = [int(found) for found in re.findall(r"Ticket (\d+)", str(examples))]
        assert len(examples) == 3
        assert numbers == sorted(set(numbers))
        drawn.append(tuple(numbers))
    assert len(set(drawn)) == 3


def test_an_exemplar_shows_the_place_of_the_text_and_the_right_answer(
    driven: Driven,
) -> None:
    for example in EXAMPLE.findall(content(driven.asked[0].requests[0])):
        assert re.fullmatch(
            r"input:\n  <HERE>\n?  Ticket \d+ about parcel \d+\nexpected: billing",
            example,
        )


def test_another_seed_draws_other_exemplars(tmp_path: Path) -> None:
    first = drive(search(plan(tmp_path, seed=0), PAPER), rising, steady)
    second = drive(search(plan(tmp_path, seed=1), PAPER), rising, steady)

    assert first.asked[0].requests[0] != second.asked[0].requests[0]
    assert second.asked[0].requests[0].seed == 1_000_000


def test_each_step_scores_its_survivors_on_all_train_cases(driven: Driven) -> None:
    train = {case.id for case in cases(200)[:100]}
    for effect in driven.measured[1:4]:
        assert {case.id for case in effect.cases} == train
        assert effect.indices == range(1)
        assert len(effect.candidates) == 8


def test_what_cannot_be_scored_is_counted_by_reason(tmp_path: Path) -> None:
    replies = {
        0: None,
        1: Completion(text="no tags at all"),
        2: says("  Sort THE ticket, level 40. "),  # the seed is in the repeat set
        3: says("A new one, level 50."),
        4: says("a  new one,\nlevel 50."),
        5: says("An <attempt> in it, level 60."),
        6: says("So concise, clear and useful for every problem of this kind."),
        7: Completion(text="<new_text>x</new_text>", refusal="I cannot help."),
    }
    searched = search(plan(tmp_path, steps=1), PAPER)

    driven = drive(searched, lambda request: replies[request.seed or 0], steady)

    step = driven.result.steps[1]
    assert (step.asked, step.scored) == (8, 1)
    assert step.rejected == {
        "echo of the meta-prompt": 1,
        "own tag": 1,
        "repeat": 2,
        "unparsable: no reply": 1,
        "unparsable: no tag": 1,
        "unparsable: refusal": 1,
    }


@pytest.mark.parametrize(
    "text",
    [
        "word " * 10_000,
        "Sort by {{ secrets }}.",
        "Sort. Ticket 1 about parcel 7, ticket 2 about parcel 14.",
        "Sort\u200b it.",
        "{% if x %}Sort.",
        "{# promptopt: end -#}",
    ],
)
def test_a_text_the_guards_refuse_costs_its_request_and_no_trial(
    tmp_path: Path, text: str
) -> None:
    driven = drive(search(plan(tmp_path, steps=1), PAPER), lambda _: says(text), steady)

    assert sorted(driven.rejected.values()) == [1, 7]
    assert driven.rejected["repeat"] == 7
    assert driven.result.calls == 100 + 8
    assert driven.result.outcome == "nothing better"


@settings(max_examples=20, deadline=None)
@given(replies=st.lists(st.text(), min_size=8, max_size=8), wrapped=st.booleans())
def test_no_reply_breaks_the_search(
    tmp_path_factory: pytest.TempPathFactory,
    replies: list[str],
    wrapped: bool,  # noqa: FBT001
) -> None:
    def reply(request: Request) -> Completion:
        text = replies[request.seed or 0]
        return says(text) if wrapped else Completion(text=text)

    folder = tmp_path_factory.getbasetemp()
    searched = search(plan(folder, cases=cases(60), steps=1), PAPER)

    driven = drive(searched, reply, steady)

    (_, step) = driven.result.steps
    assert step.scored + sum(step.rejected.values()) == 8


def test_a_filtered_text_is_never_considered_again(tmp_path: Path) -> None:
    searched = search(plan(tmp_path, steps=1), PAPER)

    driven = drive(searched, lambda _: says("Use <HERE>."), steady)

    assert driven.rejected == {"own tag": 1, "repeat": 7}


def test_a_tag_that_the_incumbent_uses_may_stay(tmp_path: Path) -> None:
    template = ONE_REGION.replace("Sort the", "<example>a</example> Sort the")
    searched = search(plan(tmp_path, template=template, steps=1), PAPER)

    driven = drive(
        searched, lambda _: says("Sort. <example>a</example> level 50."), steady
    )

    assert driven.rejected == {"repeat": 7}


def test_digits_are_forbidden_only_where_asked_for(tmp_path: Path) -> None:
    searched = search(
        plan(tmp_path, steps=1), Opro(OproOptions(digits=False, race=False))
    )

    driven = drive(searched, lambda _: says("Answer 42."), steady)

    assert driven.rejected == {"digit": 1, "repeat": 7}


def test_blank_space_around_the_region_stays_as_it_was(tmp_path: Path) -> None:
    driven = drive(search(plan(tmp_path, steps=1), PAPER), rising, steady)

    old = driven.measured[0].candidates[0].texts[ADDRESS]
    new = driven.measured[1].candidates[0].texts[ADDRESS]
    assert new == old.replace(
        "Sort the ticket, level 40.", "Sort it, variant 0, level 45."
    )


def test_regions_take_turns_on_the_best_candidate(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion:
        return rising(request) if (request.seed or 0) < 8 else says(f"V{request.seed}.")

    searched = search(plan(tmp_path, template=TWO_REGIONS, steps=2), PAPER)

    driven = drive(searched, reply, steady)

    first, second = driven.measured[1], driven.measured[2]
    assert {text.texts["triage.j2#format"] for text in first.candidates} == {
        driven.measured[0].candidates[0].texts["triage.j2#format"]
    }
    assert {text.texts["triage.j2#task"].strip() for text in second.candidates} == {
        "Sort it, variant 7, level 52."
    }
    assert attempts(driven.asked[1].requests[0]) == [(52, "Be brief.")]
    shown = content(driven.asked[1].requests[0])
    assert "  Sort the ticket, level 20." in shown  # the other region as it stands


def test_a_template_without_marks_is_rewritten_as_a_whole(tmp_path: Path) -> None:
    template = "Sort the ticket, level 40.\n{{ ticket }}\n"

    def reply(request: Request) -> Completion:
        return says(f"Sort, level {50 + (request.seed or 0)}.\n{{{{ ticket }}}}")

    driven = drive(
        search(plan(tmp_path, template=template, steps=1), PAPER), reply, steady
    )

    shown = content(driven.asked[0].requests[0])
    assert "keep {{ ticket }} exactly as written" in shown
    assert "<HERE>" not in shown
    assert EXAMPLE.findall(shown)[0].startswith("input: ticket: Ticket ")
    assert driven.result.steps[1].scored == 8


def test_a_region_that_is_still_empty_gets_its_first_text(tmp_path: Path) -> None:
    template = ONE_REGION.replace("Sort the ticket, level 40.\n", "")

    driven = drive(
        search(plan(tmp_path, template=template, steps=1), PAPER), rising, steady
    )

    assert attempts(driven.asked[0].requests[0]) == [(0, "")]
    assert driven.result.outcome == "proposed"


def test_proposals_the_budget_cannot_score_are_not_asked_for(tmp_path: Path) -> None:
    searched = search(plan(tmp_path, budget=2700 + 100 + 4 * 101), PAPER)

    driven = drive(searched, rising, steady)

    assert [len(effect.requests) for effect in driven.asked] == [4]
    assert driven.result.stopped == "budget"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"shown": 0},
            "strategy opro: shown is 0\n  hint: set it to a whole number, 1 or more",
        ),
        (
            {"per_step": 2.5},
            "strategy opro: per_step is 2.5\n"
            "  hint: set it to a whole number, 1 or more",
        ),
        (
            {"exemplars": -1},
            "strategy opro: exemplars is -1\n"
            "  hint: set it to a whole number, 0 or more",
        ),
        (
            {"temperature": float("nan")},
            "strategy opro: temperature is nan\n  hint: set it to a number, 0 or more",
        ),
        (
            {"temperature": "hot"},
            "strategy opro: temperature is 'hot'\n"
            "  hint: set it to a number, 0 or more",
        ),
        (
            {"threshold": 30},
            "strategy opro: threshold is 30\n  hint: set it to a number from 0 to 1",
        ),
        (
            {"order": "ascending"},
            "strategy opro: order is 'ascending'\n"
            "  hint: use one of: falling, random, rising",
        ),
        (
            {"select": "most-mised"},
            "strategy opro: select is 'most-mised'\n"
            "  hint: did you mean 'most-missed'?",
        ),
        (
            {"race": "yes"},
            "strategy opro: race is 'yes'\n  hint: set it to true or false",
        ),
    ],
)
def test_options_out_of_range_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        OproOptions(**options)

    assert str(caught.value) == message


def test_without_exemplars_the_meta_prompt_has_none(tmp_path: Path) -> None:
    searched = search(plan(tmp_path, steps=1), Opro(OproOptions(exemplars=0)))

    driven = drive(searched, rising, steady)

    assert "problems." not in content(driven.asked[0].requests[0])


def test_the_papers_preset_has_the_papers_numbers_and_ours_adds_the_race() -> None:
    paper, ours = strategy_named("opro-paper"), strategy_named("opro")

    assert isinstance(paper, Opro)
    assert isinstance(ours, Opro)
    assert (paper.name, ours.name) == ("opro-paper", "opro")
    assert paper.options == OproOptions(
        shown=20,
        order="rising",
        buckets=100,
        threshold=0.0,
        per_step=8,
        exemplars=3,
        select="random",
        layout="attempts-first",
        temperature=1.0,
        end_temperature=None,
        digits=True,
        race=False,
    )
    assert ours.options == replace(paper.options, race=True)


def variants(*levels: int) -> Callable[[Request], Completion]:
    """Answer draw n with a text of the n-th level, and nothing new behind the last."""

    def reply(request: Request) -> Completion:
        draw = request.seed or 0
        return says(f"Variant {draw}, level {levels[min(draw, len(levels) - 1)]}.")

    return reply


def in_step_two(folder: Path, reply: Any, **options: Any) -> list[tuple[int, str]]:
    strategy = Opro(OproOptions(race=False, per_step=3, **options))
    driven = drive(search(plan(folder, steps=2), strategy), reply, steady)
    return attempts(driven.asked[1].requests[0])


def test_a_falling_order_lists_the_best_first(tmp_path: Path) -> None:
    shown = in_step_two(tmp_path, variants(50, 70, 60), order="falling")

    assert [score for score, _ in shown] == [70, 60, 50, 40]


def test_a_random_order_is_drawn_for_each_step(tmp_path: Path) -> None:
    options = OproOptions(race=False, order="random")
    driven = drive(search(plan(tmp_path, steps=3), Opro(options)), rising, steady)

    orders = [
        [score for score, _ in attempts(effect.requests[0])] for effect in driven.asked
    ]
    assert sorted(orders[1]) == sorted([40, *range(45, 53)])
    assert orders[1] != sorted(orders[1])
    assert [score for score in orders[2] if score < 53] != orders[1]


def test_texts_below_the_threshold_are_not_listed(tmp_path: Path) -> None:
    shown = in_step_two(tmp_path, variants(50, 70, 60), threshold=0.6)

    assert [score for score, _ in shown] == [60, 70]


def test_a_threshold_that_nothing_reaches_leaves_the_best_text(tmp_path: Path) -> None:
    shown = in_step_two(tmp_path, variants(50, 70, 60), threshold=0.9)

    assert shown == [(70, "Variant 1, level 70.")]


@pytest.mark.parametrize(
    ("buckets", "scores"), [(100, [40, 47, 70]), (20, [40, 45, 70]), (4, [50, 50, 75])]
)
def test_scores_are_shown_in_buckets_on_the_scale_of_a_hundred(
    tmp_path: Path, buckets: int, scores: list[int]
) -> None:
    shown = in_step_two(tmp_path, variants(47, 70, 70), buckets=buckets)

    assert sorted({score for score, _ in shown}) == sorted(set(scores))


def test_without_buckets_only_the_order_is_shown(tmp_path: Path) -> None:
    strategy = Opro(OproOptions(buckets=0))
    driven = drive(search(plan(tmp_path, steps=2), strategy), rising, steady)

    shown = content(driven.asked[1].requests[0])
    assert "score:" not in shown
    assert "rising order, the best one last" in shown


def test_examples_can_come_before_the_attempts(tmp_path: Path) -> None:
    strategy = Opro(OproOptions(layout="examples-first"))
    driven = drive(search(plan(tmp_path, steps=1), strategy), rising, steady)

    shown = content(driven.asked[0].requests[0])
    assert shown.rindex("</example>") < shown.index("<attempt>")
    assert shown.rindex("</attempt>") < shown.index("differs from all versions")


def test_the_temperature_moves_evenly_towards_its_end(tmp_path: Path) -> None:
    strategy = Opro(OproOptions(temperature=1.0, end_temperature=0.2))
    driven = drive(search(plan(tmp_path, steps=4), strategy), rising, steady)

    sent = [effect.requests[0].settings["temperature"] for effect in driven.asked]
    assert sent == pytest.approx([1.0, 0.8, 0.6, 0.4])


def examples_of(folder: Path, **options: Any) -> list[list[int]]:
    """Return the numbers of the train cases that each of three steps shows."""
    strategy = Opro(OproOptions(race=False, **options))
    driven = drive(search(plan(folder, steps=3), strategy), rising, steady)
    return [
        [int(n) for n in re.findall(r"Ticket (\d+)", content(effect.requests[0]))]
        for effect in driven.asked
    ]


def test_constant_exemplars_are_drawn_once(tmp_path: Path) -> None:
    first, second, third = examples_of(tmp_path, select="constant")

    assert first == second == third
    assert len(first) == 3


def test_the_most_missed_cases_are_those_that_most_listed_texts_got_wrong(
    tmp_path: Path,
) -> None:
    _, second, third = examples_of(tmp_path, select="most-missed", exemplars=40)

    # steady(): of the listed texts, levels 40 to 52, all got these cases wrong.
    assert all(number * 37 % 100 >= 52 for number in second)
    assert len(second) == len(third) == 40
    assert second == sorted(second)


def test_ever_missed_cases_are_drawn_among_those_that_any_text_got_wrong(
    tmp_path: Path,
) -> None:
    for drawn in examples_of(tmp_path, select="ever-missed", exemplars=20):
        assert all(number * 37 % 100 >= 40 for number in drawn)
        assert len(drawn) == 20


def test_where_too_few_cases_were_missed_any_case_is_drawn(tmp_path: Path) -> None:
    (drawn, *_) = examples_of(tmp_path, select="ever-missed", exemplars=70)

    assert len(drawn) == 70


@pytest.mark.parametrize(
    "template",
    [
        "MARK\nQ: {{ ticket }}\nA:",
        "Q: MARK\n{{ ticket }}\nA:",
        "Q: {{ ticket }}\nMARK\nA:",
        "Q: {{ ticket }}\nA: MARK\n",
    ],
    ids=["before the question", "its beginning", "its end", "before the answer"],
)
def test_exemplars_show_any_of_the_papers_positions(
    tmp_path: Path, template: str
) -> None:
    region = "{# promptopt: begin instructions #}Sort, level 40.{# promptopt: end #}"
    searched = plan(tmp_path, template=template.replace("MARK", region), steps=1)
    driven = drive(search(searched, PAPER), rising, steady)

    (example, *_) = EXAMPLE.findall(content(driven.asked[0].requests[0]))
    shown, _, _ = example.removeprefix("input:").partition("expected:")
    number = re.search(r"Ticket \d+ about parcel \d+", example)
    assert number is not None
    wanted = template.replace("MARK", "<HERE>").replace("{{ ticket }}", number[0])
    assert shown.split() == wanted.split()


def test_the_protocol_is_evaluate_then_step_by_step(tmp_path: Path) -> None:
    searched = plan(tmp_path)
    task: Task = searched.task(searched.cases[:100], None)
    moves = PAPER.search(task)

    first = next(moves)
    incumbent = Evaluated(
        candidate=task.incumbent, mean=0.4, scores={}, reasons={}, outputs={}
    )

    assert first == Evaluate(candidates=(task.incumbent,), cases=task.cases)
    assert moves.send((incumbent,)) == NextStep()
    ask = moves.send(None)
    assert isinstance(ask, Complete)
    assert moves.send((None,) * len(ask.requests)) == Tally("unparsable: no reply")


def test_the_same_run_takes_the_same_path_under_any_hash_seed() -> None:
    script = """
import pathlib, sys, tempfile
from search_script import drive, noisy, plan, rising
from pytest_promptopt.optimize import search, strategy_named
with tempfile.TemporaryDirectory() as folder:
    searched = search(plan(pathlib.Path(folder)), strategy_named("opro"))
    driven = drive(searched, rising, noisy)
    print(repr(driven.asked), repr(driven.measured), driven.result.steps)
    print(driven.result.message)
"""

    def run(hash_seed: str) -> str:
        paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        return subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    first, second = run("1"), run("2")

    assert first == second
    assert "Hold-out:" in first


def test_candidates_keep_all_regions(tmp_path: Path) -> None:
    driven = drive(search(plan(tmp_path, template=TWO_REGIONS), PAPER), rising, steady)

    for effect in driven.measured:
        for candidate in effect.candidates:
            assert isinstance(candidate, Candidate)
            assert len(candidate.texts) == 2
            assert text_of(candidate)
