"""EvoPrompt against the fact sheet (other_optimizers.md, 2), point by point."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from search_script import cases, drive, level, plan, says, steady, text_of
from strategy_script import drafts, play, task

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.offline.evidence import read_evidence
from pytest_promptopt.optimize import (
    Complete,
    Evaluate,
    NextStep,
    search,
    strategy_named,
)
from pytest_promptopt.optimize.registry import BUILT_IN
from pytest_promptopt.records import Candidate, Completion

if TYPE_CHECKING:
    from pathlib import Path

    from strategy_script import Played

    from pytest_promptopt.optimize import Task
    from pytest_promptopt.records import Origin, Request

ADDRESS = "triage.j2#instructions"
TEXT = re.compile(r"<current>\ntext:\n  (.*)\n</current>")
BOTH = ["evoprompt-ga", "evoprompt-de"]
ALL = [*BOTH, "evoprompt-ga-paper", "evoprompt-de-paper"]

TWO_REGIONS = """\
{# promptopt: begin task -#}
Sort the ticket, level 20.
{# promptopt: end -#}
{{ ticket }}
{# promptopt: begin format -#}
Be brief.
{# promptopt: end -#}
"""


def earlier(*levels: int) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(texts={ADDRESS: f"Earlier, level {level_}.\n"}) for level_ in levels
    )


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return task(tmp_path_factory.mktemp("evo"))


@pytest.fixture(scope="module")
def evolved(given: Task) -> dict[str, Played]:
    """Each preset on a task with two earlier versions."""
    known = replace(given, earlier=earlier(30, 10))
    return {name: play(strategy_named(name), known) for name in ALL}


def texts_of(played: Played, at: int) -> list[list[str]]:
    """Return the texts that the requests of one move show."""
    return [TEXT.findall(content) for content in played.contents[at]]


def generations(played: Played) -> list[list[Complete | Evaluate]]:
    """Return the moves of each generation, the founding first."""
    found: list[list[Complete | Evaluate]] = [[]]
    for move in played.moves:
        if isinstance(move, NextStep):
            found.append([])
        elif isinstance(move, Complete | Evaluate):
            found[-1].append(move)
    return found


def origins_of(moves: list[Complete | Evaluate]) -> list[Origin]:
    return [
        origin
        for move in moves
        if isinstance(move, Evaluate)
        for origin in move.origins
    ]


# What both have in common.


@pytest.mark.parametrize("name", ALL)
def test_the_start_and_the_earlier_versions_are_scored_first(
    evolved: dict[str, Played], name: str
) -> None:
    first = evolved[name].evaluated[0]

    assert [text_of(candidate).strip() for candidate in first.candidates] == [
        "Sort the ticket, level 40.",
        "Earlier, level 30.",
        "Earlier, level 10.",
    ]
    assert [origin.operator for origin in first.origins] == [
        "start",
        "earlier version",
        "earlier version",
    ]


def test_only_who_wants_earlier_versions_has_git_asked_for_them() -> None:
    asking = [
        name
        for name in BUILT_IN
        if getattr(strategy_named(name), "wants_earlier", False)
    ]

    assert set(asking) == set(ALL)


@pytest.mark.parametrize(("name", "count"), [("", 4), ("-paper", 20)])
def test_further_seeds_are_written_from_worked_cases(
    evolved: dict[str, Played], name: str, count: int
) -> None:
    played = evolved[f"evoprompt-ga{name}"]

    assert len(played.contents[0]) == count
    assert all(text.count("<example>") == 5 for text in played.contents[0])
    written = played.evaluated[1].origins
    assert [origin.operator for origin in written] == ["forward"] * count


@pytest.mark.parametrize("name", ALL)
def test_the_best_half_is_paraphrased_until_there_are_ten(
    evolved: dict[str, Played], name: str
) -> None:
    played = evolved[name]
    seeds = [c for move in played.evaluated[:2] for c in move.candidates]
    best = sorted(seeds, key=lambda c: (-level(text_of(c)), len(text_of(c))))[:5]

    shown = [texts[0] for texts in texts_of(played, 1)]

    assert len(shown) == 5
    assert sorted(shown) == sorted(text_of(c).strip() for c in best)
    assert {o.operator for o in played.evaluated[2].origins} == {"paraphrase"}
    assert len(origins_of(generations(played)[0])) == len(seeds) + 5


@pytest.mark.parametrize("name", ALL)
def test_a_generation_asks_for_ten_children_and_scores_each_on_all_cases(
    evolved: dict[str, Played], name: str, given: Task
) -> None:
    found = generations(evolved[name])[1:]

    assert len(found) == 3
    for moves in found:
        asked = [
            one for move in moves if isinstance(move, Complete) for one in move.requests
        ]
        assert len(asked) == 10
        assert len(origins_of(moves)) == 10
    assert all(move.cases == given.cases for move in evolved[name].evaluated)


@pytest.mark.parametrize("name", ALL)
def test_requests_have_the_paper_s_sampling(
    evolved: dict[str, Played], name: str
) -> None:
    paper = {"top_p": 0.95} if name.endswith("paper") else {}
    for move in evolved[name].asked:
        for request in move.requests:
            assert request.settings == {"temperature": 0.5, **paper}
            assert [message.role for message in request.messages] == ["user"]
    seeds = [one.seed for move in evolved[name].asked for one in move.requests]
    assert seeds == list(range(len(seeds)))


@pytest.mark.parametrize("name", ALL)
def test_only_ours_race(evolved: dict[str, Played], name: str) -> None:
    races = {move.race for move in evolved[name].evaluated}

    assert races == {not name.endswith("paper")}


@pytest.mark.parametrize("name", BOTH)
def test_operators_see_no_score_and_no_case(
    evolved: dict[str, Played], name: str
) -> None:
    for contents in evolved[name].contents[1:]:
        for content in contents:
            assert "score" not in content
            assert "<example>" not in content
            assert "parcel" not in content


@pytest.mark.parametrize(("name", "texts"), [("evoprompt-ga", 2), ("evoprompt-de", 4)])
def test_a_model_reads_what_it_is_asked_for_from_the_message_alone(
    evolved: dict[str, Played], name: str, texts: int
) -> None:
    read = [read_evidence(contents[0]) for contents in evolved[name].contents]

    told = [(one.verb, len(one.currents), one.reply_tag) for one in read if one]
    assert told == [
        ("write", 0, "new_text"),
        ("rewrite", 1, "new_text"),
        *[("merge", texts, "new_text")] * 3,
    ]


@pytest.mark.parametrize(
    ("start", "shown"),
    [("Sort the ticket, level 40.", "headline"), ("Shorten the headline.", "verses")],
)
@pytest.mark.parametrize("name", BOTH)
def test_the_worked_example_is_of_another_job(
    tmp_path: Path, name: str, start: str, shown: str
) -> None:
    template = "{# promptopt: begin x -#}\n" + start + "\n{# promptopt: end -#}\n"
    given = task(tmp_path, template=template + "{{ ticket }}\n", steps=1)

    played = play(strategy_named(name, {"written": 0}), given)

    (worked,) = {content.split("passages:")[0] for content in played.contents[1]}
    assert shown in worked
    assert ("headline" in worked) != ("verses" in worked)


@pytest.mark.parametrize(
    ("name", "copied"),
    [
        ("evoprompt-ga", "Cut the headline down to six words, and leave all names in."),
        ("evoprompt-de", "Make a title of six words that a child understands now."),
    ],
)
def test_a_reply_that_copies_the_worked_example_is_turned_away(
    given: Task, name: str, copied: str
) -> None:
    def copies(request: Request) -> Completion:
        return drafts(request) if (request.seed or 0) < 9 else says(copied)

    played = play(strategy_named(name), given, copies)

    assert played.tallied == {"echo of the meta-prompt": 1, "repeat": 29}


@pytest.mark.parametrize("name", ["evoprompt-ga", "evoprompt-ga-paper"])
def test_scores_of_zero_are_no_division_by_zero(given: Task, name: str) -> None:
    played = play(strategy_named(name), given, judge=lambda *_: 0.0)

    assert played.kinds.count("NextStep") == 3
    assert all(origins_of(moves) for moves in generations(played))


@pytest.mark.parametrize("name", BOTH)
def test_an_optimizer_that_repeats_itself_leaves_one_prompt_to_mutate(
    given: Task, name: str
) -> None:
    played = play(strategy_named(name), given, lambda _: says("Sort it, level 50."))

    assert set(played.tallied) == {"repeat"}
    assert len(origins_of(generations(played)[0])) == 2
    assert played.kinds.count("NextStep") == 3


@pytest.mark.parametrize("name", BOTH)
def test_without_a_reply_there_is_an_end(given: Task, name: str) -> None:
    played = play(strategy_named(name), given, lambda _: None)

    assert set(played.tallied) == {"unparsable: no reply"}
    assert len(played.evaluated) == 1


@pytest.mark.parametrize("name", BOTH)
def test_a_start_that_cannot_be_scored_ends_it(given: Task, name: str) -> None:
    played = play(strategy_named(name), given, refused=lambda _: True)

    assert "NextStep" not in played.kinds


@pytest.mark.parametrize("name", BOTH)
def test_a_small_budget_makes_the_population_smaller(given: Task, name: str) -> None:
    found = {}
    for proposals in (3, 20, 32, 400):
        played = play(strategy_named(name), replace(given, proposals=proposals))
        found[proposals] = len(generations(played)[1][0].requests)  # type: ignore[union-attr]

    assert found == {3: 4, 20: 5, 32: 8, 400: 10}
    paper = play(strategy_named(f"{name}-paper"), replace(given, proposals=3))
    assert len(paper.contents[0]) == 20


@pytest.mark.parametrize("name", BOTH)
def test_several_regions_take_turns_and_the_others_come_from_the_first_parent(
    tmp_path: Path, name: str
) -> None:
    given = task(tmp_path, template=TWO_REGIONS, steps=4)

    played = play(strategy_named(name), given)

    known = {
        candidate.key: candidate
        for move in played.evaluated
        for candidate in move.candidates
    }
    for number, moves in enumerate(generations(played)[1:]):
        expected = ("triage.j2#task", "triage.j2#format")[number % 2]
        assert {origin.region for origin in origins_of(moves)} == {expected}
        for move in moves:
            if isinstance(move, Evaluate):
                for child, origin in zip(move.candidates, move.origins, strict=True):
                    (other,) = set(child.texts) - {expected}
                    parent = known[origin.parents[0]]
                    assert child.texts[other] == parent.texts[other]
    seeds = {origin.region for origin in origins_of(generations(played)[0])}
    assert seeds == {"", "triage.j2#task", "triage.j2#format"}


@pytest.mark.parametrize("name", BOTH)
def test_the_same_seed_makes_the_same_moves_and_another_one_does_not(
    given: Task, name: str
) -> None:
    def told(seed: int) -> list[list[str]]:
        def reply(request: Request) -> Completion:
            return says(f"Draft {(request.seed or 0) % 1000}, level 20.")

        return play(strategy_named(name), replace(given, seed=seed), reply).contents

    assert told(0) == told(0)
    assert told(0) != told(1)


@pytest.mark.parametrize("name", BOTH)
def test_the_search_confirms_what_it_finds(tmp_path: Path, name: str) -> None:
    def reply(request: Request) -> Completion:
        return says(f"Draft {request.seed}, level {40 + 3 * (request.seed or 0)}.")

    small = strategy_named(name, {"population": 4, "written": 1})

    driven = drive(
        search(plan(tmp_path, cases=cases(60), steps=3), small), reply, steady
    )

    assert driven.result.outcome == "proposed"
    assert [step.asked for step in driven.result.steps] == [3, 4, 4, 4]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("evoprompt-ga", {"population": 1}, "population is 1"),
        ("evoprompt-ga", {"select": "best"}, "select is 'best'"),
        ("evoprompt-ga", {"survive": "all"}, "survive is 'all'"),
        ("evoprompt-ga", {"shifted": 1}, "shifted is 1"),
        ("evoprompt-ga", {"donor": "best"}, "has no option 'donor'"),
        ("evoprompt-de", {"donor": "worst"}, "donor is 'worst'"),
        ("evoprompt-de", {"together": "no"}, "together is 'no'"),
        ("evoprompt-de", {"written": -1}, "written is -1"),
        ("evoprompt-de", {"stages": "some"}, "stages is 'some'"),
        ("evoprompt-de", {"temperature": -1}, "temperature is -1"),
        ("evoprompt-de", {"top_p": 1.5}, "top_p is 1.5"),
    ],
)
def test_an_option_out_of_range_is_refused(
    name: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        strategy_named(name, options)

    assert caught.value.problem.endswith(message)


# The genetic algorithm.


def crossings(played: Played) -> list[tuple[str, str]]:
    shown = [
        TEXT.findall(content)
        for contents in played.contents
        for content in contents
        if "Combine what they say" in content
    ]
    return [(first, second) for first, second in shown]


def test_parents_of_ours_differ_and_those_of_the_paper_need_not(
    evolved: dict[str, Played],
) -> None:
    assert all(one != other for one, other in crossings(evolved["evoprompt-ga"]))
    assert any(one == other for one, other in crossings(evolved["evoprompt-ga-paper"]))


def test_a_child_names_its_parents_and_its_operator(
    evolved: dict[str, Played],
) -> None:
    played = evolved["evoprompt-ga"]
    keys = {c.key for move in played.evaluated for c in move.candidates}

    for moves in generations(played)[1:]:
        for origin in origins_of(moves):
            assert origin.operator == "crossover"
            assert len(origin.parents) == 2
            assert set(origin.parents) <= keys
            assert "<new_text>" in origin.reply


def test_the_best_of_old_and_new_survive(given: Task) -> None:
    """The first generation brings nothing good, so that parents stay what they were."""
    levels = {number: 50 + number for number in range(9)}

    def reply(request: Request) -> Completion:
        seed = request.seed or 0
        return says(f"Draft {seed}, level {levels.get(seed, 5)}.")

    played = play(strategy_named("evoprompt-ga", {"select": "random"}), given, reply)

    for one, other in crossings(played):
        assert {level(one), level(other)} <= {0.4, *(n / 100 for n in range(50, 59))}


def test_children_can_take_the_place_of_the_old(given: Task) -> None:
    options = {"select": "random", "survive": "children"}

    played = play(strategy_named("evoprompt-ga", options), given)

    second = [text for content in played.contents[3] for text in TEXT.findall(content)]
    born = {text_of(c).strip() for c in played.evaluated[3].candidates}
    assert set(second) <= born


@pytest.mark.parametrize("select", ["roulette", "tournament", "random"])
def test_better_prompts_become_parents_more_often(given: Task, select: str) -> None:
    """Behind the founding nothing new comes, so that the population stays."""

    def reply(request: Request) -> Completion:
        seed = min(request.seed or 0, 8)
        return says(f"Draft {seed}, level {90 if seed == 5 else 20}.")

    options = {"select": select}
    played = play(
        strategy_named("evoprompt-ga", options), replace(given, steps=6), reply
    )

    drawn = Counter(text for pair in crossings(played) for text in pair)
    share = drawn["Draft 5, level 90."] / sum(drawn.values())
    lowest, highest = {"roulette": (0.3, 0.5), "tournament": (0.14, 0.3)}.get(
        select, (0.05, 0.14)
    )
    assert sum(drawn.values()) == 120
    assert lowest <= share <= highest


# Differential evolution.


def differentials(played: Played, at: int) -> list[list[str]]:
    return [texts for texts in texts_of(played, at) if len(texts) == 4]


def test_a_child_of_each_member_is_made_of_two_others_and_the_best(
    evolved: dict[str, Played],
) -> None:
    for name in ("evoprompt-de", "evoprompt-de-paper"):
        played = evolved[name]
        first = [
            texts
            for number in range(2, len(played.contents))
            for texts in differentials(played, number)
        ][:10]
        members = [fourth for _, _, _, fourth in first]
        assert len(set(members)) == 10
        assert members[0] == "Sort the ticket, level 40."
        for one, other, best, member in first:
            assert one != other
            assert member not in (one, other)
            assert best == "Sort the ticket, level 40."


def test_neither_of_the_two_compared_is_the_best_one_in_ours(
    evolved: dict[str, Played],
) -> None:
    best = "Sort the ticket, level 40."
    ours, paper = (
        [
            pair
            for number in range(2, len(played.contents))
            for *pair, _, _ in differentials(played, number)
        ]
        for played in (evolved["evoprompt-de"], evolved["evoprompt-de-paper"])
    )

    assert not any(best in pair for pair in ours)
    assert 3 <= sum(best in pair for pair in paper) <= 12  # of 30, 18 % are expected


def test_the_donor_may_be_random(given: Task) -> None:
    played = play(strategy_named("evoprompt-de", {"donor": "random"}), given)

    donors = {third for _, _, third, _ in differentials(played, 2)}
    assert len(donors) > 3


def test_a_child_takes_the_place_of_its_parent_only_if_it_is_strictly_better(
    given: Task,
) -> None:
    """Children are as good as the best: they replace all but the best ones."""

    def reply(request: Request) -> Completion:
        seed = request.seed or 0
        return says(f"Draft {seed}, level {40 if seed >= 9 else 30}.")

    played = play(strategy_named("evoprompt-de"), given, reply)

    second = {fourth for *_, fourth in differentials(played, 3)}
    assert "Sort the ticket, level 40." in second
    assert len(second) == 10
    assert all(level(text) == 0.4 for text in second)
    # Now every child ties with its parent, so that the population stays.
    assert {fourth for *_, fourth in differentials(played, 4)} == second


def better_and_better(request: Request) -> Completion:
    return says(f"Draft {request.seed}, level {41 + (request.seed or 0)}.")


def test_the_paper_s_best_is_brought_up_to_date_within_a_generation(
    given: Task,
) -> None:
    ours, paper = (
        play(strategy_named(name, {"written": 0}), replace(given, steps=1), reply)
        for name, reply in (
            ("evoprompt-de", better_and_better),
            ("evoprompt-de-paper", better_and_better),
        )
    )

    together = [third for _, _, third, _ in differentials(ours, 1)]
    assert len(set(together)) == 1
    single = [differentials(paper, at)[0][2] for at in range(1, 11)]
    assert len(set(single)) == 10
    assert single[1] == "Draft 9, level 50."


def test_the_population_is_changed_behind_the_generation(given: Task) -> None:
    played = play(
        strategy_named("evoprompt-de-paper", {"written": 0}),
        replace(given, steps=1),
        better_and_better,
    )

    founders = {
        text_of(candidate).strip()
        for move in played.evaluated[:2]
        for candidate in move.candidates
    }
    for at in range(1, 11):
        one, other, _, member = differentials(played, at)[0]
        assert {one, other, member} <= founders


def test_places_left_empty_are_filled_with_paraphrases(given: Task) -> None:
    def reply(request: Request) -> Completion | None:
        return drafts(request) if (request.seed or 0) > 8 else None

    options = {"written": 0}
    played = play(strategy_named("evoprompt-de", options), given, reply)

    start, *grown = (origins_of(moves) for moves in generations(played))
    assert len(start) == 1
    filled = [origin.operator for origin in grown[0]]
    assert filled == ["paraphrase"] * 9 + ["differential"] * 10
    assert [origin.operator for origin in grown[1]] == ["differential"] * 10


# Stages.


def in_stages(**stages: str) -> Completion:
    text = stages.pop("text")
    blocks = [f"<{tag}>\n{body}\n</{tag}>" for tag, body in stages.items()]
    return Completion(text="\n".join([*blocks, f"<new_text>{text}</new_text>"]))


def test_stages_that_contradict_are_counted_and_not_scored(given: Task) -> None:
    def reply(request: Request) -> Completion:
        seed = request.seed or 0
        if seed < 9:
            return drafts(request)
        return in_stages(crossed="Wholly unrelated wording.", text=f"Draft {seed}.")

    checked = play(strategy_named("evoprompt-ga"), given, reply)
    unchecked = play(
        strategy_named("evoprompt-ga", {"stages": "unchecked"}), given, reply
    )

    assert checked.tallied == {"stages contradict: crossed from other words": 30}
    assert len(origins_of(generations(checked)[1])) == 0
    assert unchecked.tallied == {}


def test_stages_can_be_required(given: Task) -> None:
    played = play(strategy_named("evoprompt-de", {"stages": "required"}), given)

    assert played.tallied == {"stages: not shown": 30}


def test_a_reply_whose_stages_fit_is_scored_with_its_reply_as_origin(
    given: Task,
) -> None:
    def reply(request: Request) -> Completion:
        (message,) = request.messages
        texts = TEXT.findall(message.content)
        if len(texts) != 4:
            return drafts(request)
        one, other, best, member = texts
        return in_stages(
            differ=f"{one}\n{other}",
            changed=f"quite {request.seed}",
            merged=f"{best} quite {request.seed}",
            text=f"{best} quite {request.seed} {member}",
        )

    played = play(strategy_named("evoprompt-de", {"stages": "required"}), given, reply)

    assert played.tallied == {}
    origins = origins_of(generations(played)[1])
    assert len(origins) == 10
    assert all("<merged>" in origin.reply for origin in origins)


def test_a_stage_s_tag_in_a_new_text_is_turned_away(given: Task) -> None:
    played = play(
        strategy_named("evoprompt-ga"),
        given,
        lambda request: says(f"Draft {request.seed} <crossed>."),
    )

    assert set(played.tallied) == {"own tag"}
