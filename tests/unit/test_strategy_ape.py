"""APE against the fact sheet (reference/other_optimizers.md, 1), point by point."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from search_script import cases, drive, level, luck, plan, says, steady, text_of
from strategy_script import content, drafts, play, task

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.offline.evidence import read_evidence
from pytest_promptopt.optimize import search, strategy_named
from pytest_promptopt.optimize.strategies.ape import Ape, ApeOptions
from pytest_promptopt.optimize.strategies.halving import cost, most_candidates, rounds
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    from pathlib import Path

    from strategy_script import Played

    from pytest_promptopt.records import Candidate, Case, Request

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
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(Ape(), task(tmp_path_factory.mktemp("ape"), count=40))


def examples(request: Request) -> list[str]:
    return EXAMPLE.findall(content(request))


def test_the_start_is_scored_then_all_is_asked_for_at_once(played: Played) -> None:
    assert played.kinds[:4] == ["Evaluate", "NextStep", "Complete", "Evaluate"]
    assert [origin.operator for origin in played.evaluated[0].origins] == ["start"]
    assert len(played.asked) == 1


def test_five_queries_of_five_cases_are_sent_ten_times_each(played: Played) -> None:
    (contents,) = played.contents

    assert len(contents) == 50
    assert sorted(contents.count(text) for text in set(contents)) == [10] * 5
    for request in played.asked[0].requests:
        assert len(examples(request)) == 5
        assert len(set(examples(request))) == 5
    assert [request.seed for request in played.asked[0].requests] == list(range(50))


def test_forward_and_infill_take_turns(played: Played) -> None:
    (contents,) = played.contents

    infill = ["<BLANK>" in text for text in contents[:5]]
    assert infill == [False, True, False, True, False]
    assert "What was" not in contents[1]
    assert "Fill in the blank" in contents[1]
    operators = [origin.operator for origin in played.evaluated[1].origins[:5]]
    assert operators == ["forward", "infill", "forward", "infill", "forward"]


def test_the_two_forms_show_the_same_kind_of_evidence(played: Played) -> None:
    forward, infill = played.asked[0].requests[:2]

    for example in examples(forward):
        assert re.fullmatch(
            r"input: ticket: Ticket \d+ about parcel \d+\nexpected: billing", example
        )
    for example in examples(infill):
        assert re.fullmatch(
            r"input:\n  <BLANK>\n?  Ticket \d+ about parcel \d+\nexpected: billing",
            example,
        )
    for request in (forward, infill):
        assert "Sort the ticket" not in content(request)
        assert content(request).endswith("between <new_text> and </new_text>.")


def test_a_model_reads_what_it_is_asked_for_from_the_message_alone(
    played: Played,
) -> None:
    read = [read_evidence(content(one)) for one in played.asked[0].requests[:2]]

    told = [(one.verb, len(one.examples), one.word_limit) for one in read if one]
    assert told == [("write", 5, 400), ("fill", 5, 400)]


def test_only_the_paper_s_settings_are_sent(tmp_path: Path) -> None:
    given = task(tmp_path)

    ours = play(Ape(), given).asked[0].requests[0]
    paper = play(strategy_named("ape-paper"), given).asked[0].requests[0]

    assert ours.settings == {"temperature": 0.9}
    assert paper.settings == {"temperature": 0.9, "top_p": 0.9}


def test_the_paper_asks_forward_only(tmp_path: Path) -> None:
    played = play(strategy_named("ape-paper"), task(tmp_path))

    assert len(played.contents[0]) == 50
    assert not any("<BLANK>" in text for text in played.contents[0])
    assert not any(move.race for move in played.evaluated)


def test_all_survivors_are_scored_on_the_same_slices_that_only_grow(
    played: Played,
) -> None:
    start, *halving = played.evaluated

    assert len(start.cases) == 40
    assert [len(move.candidates) for move in halving] == [50, 25, 13, 7, 4]
    assert [len(move.cases) for move in halving] == [5, 10, 15, 20, 40]
    for one, other in pairwise(halving):
        assert {case.id for case in one.cases} < {case.id for case in other.cases}
        assert set(map(text_of, other.candidates)) < set(map(text_of, one.candidates))
    assert [move.race for move in halving] == [False, False, False, False, True]


def test_the_better_half_goes_on_and_ties_are_shorter_then_older(
    played: Played,
) -> None:
    best = [text_of(candidate).strip() for candidate in played.evaluated[-1].candidates]

    # Levels repeat with every seventh draft: 6, 13, ... share the best one.
    assert best == [f"Draft {seed}, level 26." for seed in (6, 13, 20, 27)]


def test_few_texts_are_scored_on_all_cases_at_once(tmp_path: Path) -> None:
    played = play(Ape(ApeOptions(queries=1, per_query=4)), task(tmp_path, count=40))

    assert [len(move.cases) for move in played.evaluated] == [40, 40]


def test_nothing_is_resampled_unless_it_is_asked_for(played: Played) -> None:
    assert played.kinds.count("NextStep") == 1


def test_only_the_best_fifth_is_resampled_five_times_each(tmp_path: Path) -> None:
    given = task(tmp_path, count=40)

    played = play(Ape(ApeOptions(resample=1, per_query=4)), given)

    shown = [re.search(r"text:\n  (.*)", text) for text in played.contents[1]]
    texts = [found[1] for found in shown if found]
    first = [text_of(candidate).strip() for candidate in played.evaluated[1].candidates]
    top = sorted(first, key=lambda text: -int(text[-3:-1]))[:4]
    assert len(texts) == 20
    assert sorted(set(texts)) == sorted(top)
    assert {texts.count(text) for text in top} == {5}
    entering = played.evaluated[6]
    assert {origin.operator for origin in entering.origins} == {"paraphrase"}
    parents = {key for origin in entering.origins for key in origin.parents}
    assert len(parents) == 4


def test_resampling_ends_with_the_steps(tmp_path: Path) -> None:
    played = play(Ape(ApeOptions(resample=9)), task(tmp_path, steps=2))

    assert played.kinds.count("NextStep") == 2


def test_cases_without_an_answer_show_why_the_start_failed(tmp_path: Path) -> None:
    given = task(tmp_path, case={"expected": None, "has_expected": False})

    played = play(Ape(), given)

    shown = examples(played.asked[0].requests[0])
    assert all(re.search(r"\nwhy: reason of case\d+$", text) for text in shown)
    assert "why says how an answer failed" in played.contents[0][0]


def test_cases_with_an_answer_are_shown_rather_than_those_without(
    tmp_path: Path,
) -> None:
    mixed = (*cases(12)[:6], *cases(12, expected=None, has_expected=False)[6:])
    planned = plan(tmp_path, cases=mixed)

    played = play(Ape(), planned.task(mixed, None))

    for request in played.asked[0].requests[:5]:
        assert all("expected: billing" in text for text in examples(request))


def test_several_regions_take_turns_and_the_others_stay(tmp_path: Path) -> None:
    given = task(tmp_path, template=TWO_REGIONS)

    played = play(Ape(), given)

    regions = [origin.region for origin in played.evaluated[1].origins]
    assert regions[:4] == ["triage.j2#task", "triage.j2#format"] * 2
    for candidate, region in zip(played.evaluated[1].candidates, regions, strict=True):
        (other,) = set(candidate.texts) - {region}
        assert candidate.texts[other] == given.incumbent.texts[other]


def test_a_region_that_is_the_whole_prompt_has_no_blank(tmp_path: Path) -> None:
    played = play(Ape(), task(tmp_path, template="Sort it.\n{{ ticket }}\n"))

    assert not any("<BLANK>" in text for text in played.contents[0])
    assert "it contains {{ ticket }}, exactly as written" in played.contents[0][0]


def test_a_small_budget_buys_fewer_texts_but_every_halving_ends(
    tmp_path: Path,
) -> None:
    whole = task(tmp_path, count=40)
    for proposals in (3, 10, 17):
        given = replace(whole, proposals=proposals)
        played = play(Ape(ApeOptions(resample=1)), given)
        asked = sum(map(len, played.contents))
        seen: dict[str, int] = {}
        for move in played.evaluated[1:]:
            for candidate in move.candidates:
                seen[candidate.key] = len(move.cases)
        assert asked + sum(seen.values()) <= proposals * 41
        assert 40 in seen.values()


def test_rejected_texts_and_lost_replies_leave_the_halving(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion | None:
        return drafts(request) if (request.seed or 0) % 3 else None

    played = play(
        Ape(),
        task(tmp_path, count=40),
        reply,
        refused=lambda candidate: "level 26" in text_of(candidate),
    )

    assert played.tallied == {"unparsable: no reply": 17}
    assert len(played.evaluated[1].candidates) == 33
    later = [text_of(c) for move in played.evaluated[2:] for c in move.candidates]
    assert later
    assert not any("level 26" in text for text in later)


@pytest.mark.parametrize("text", ["Sort the ticket, level 40.", "", "<BLANK> it."])
def test_an_optimizer_without_a_new_text_ends_the_search(
    tmp_path: Path, text: str
) -> None:
    played = play(Ape(ApeOptions(resample=3)), task(tmp_path), lambda _: says(text))

    assert len(played.evaluated) == 1
    assert sum(played.tallied.values()) == 50


def test_one_case_is_enough(tmp_path: Path) -> None:
    played = play(Ape(), task(tmp_path, count=1))

    assert [len(move.cases) for move in played.evaluated] == [1, 1]


def test_halving_finds_the_best_of_fifty_at_two_fifths_of_the_cost(
    tmp_path: Path,
) -> None:
    given = task(tmp_path, count=40)
    for seed in range(4):

        def judge(candidate: Candidate, case: Case, seed: int = seed) -> float:
            is_best = text_of(candidate).startswith("Draft 31,")
            chance = 0.9 if is_best else 0.5 * luck(candidate.key, seed)
            return float(luck(seed, candidate.key, case.id) < chance)

        played = play(Ape(), given, judge=judge)

        final = played.evaluated[-1]
        means = {
            text_of(c): sum(judge(c, case) for case in final.cases)
            for c in final.candidates
        }
        seen = {c.key: len(m.cases) for m in played.evaluated for c in m.candidates}
        assert max(means, key=means.__getitem__).startswith("Draft 31,")
        assert sum(seen.values()) - 40 == cost(50, 40) <= 0.4 * 50 * 40


def test_the_cost_of_a_halving_is_what_its_rounds_take() -> None:
    assert [(r.candidates, r.cases) for r in rounds(50, 40)] == [
        (50, 5),
        (25, 10),
        (13, 15),
        (7, 20),
        (4, 40),
    ]
    assert cost(50, 40) == 50 * 5 + 25 * 5 + 13 * 5 + 7 * 5 + 4 * 20
    assert rounds(0, 40) == ()
    assert [r.cases for r in rounds(3, 40)] == [40]
    assert [r.cases for r in rounds(50, 4)] == [4]


@pytest.mark.parametrize("cases_", [1, 7, 40, 333])
def test_as_many_texts_are_bought_as_the_budget_has_room_for(cases_: int) -> None:
    for trials in (0, 1, 50, 900, 9000):
        count = most_candidates(trials, cases_, at_most=50)
        assert count == 0 or count + cost(count, cases_) <= trials
        if count < 50:
            assert count + 1 + cost(count + 1, cases_) > trials


def test_the_search_confirms_what_it_finds(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion:
        return says(f"Draft {request.seed}, level {40 + 4 * (request.seed or 0)}.")

    few = Ape(ApeOptions(queries=2, per_query=5))

    driven = drive(search(plan(tmp_path, cases=cases(80)), few), reply, steady)

    assert driven.result.outcome == "proposed"
    assert driven.result.proposal is not None
    assert level(text_of(driven.result.proposal.candidate)) >= 0.6
    assert [step.asked for step in driven.result.steps] == [0, 10]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queries": 0}, "queries is 0"),
        ({"per_query": 1.5}, "per_query is 1.5"),
        ({"demonstrations": "5"}, "demonstrations is '5'"),
        ({"forms": "backward"}, "forms is 'backward'"),
        ({"top": 2}, "top is 2"),
        ({"top_p": -1}, "top_p is -1"),
        ({"resample": -1}, "resample is -1"),
        ({"temperature": "hot"}, "temperature is 'hot'"),
        ({"race": "yes"}, "race is 'yes'"),
        ({"query": 3}, "has no option 'query'"),
    ],
)
def test_an_option_out_of_range_is_refused(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        strategy_named("ape", options)

    assert caught.value.problem.endswith(message)
