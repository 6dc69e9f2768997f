"""GPO against the fact sheet (reference/gpo.md), point by point."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import (
    ADDRESS,
    ONE_REGION,
    cases,
    drive,
    level,
    plan,
    rising,
    says,
    steady,
    text_of,
)

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize import (
    Complete,
    Embed,
    Evaluate,
    Evaluated,
    NextStep,
    Tally,
    search,
    strategy_named,
)
from pytest_promptopt.optimize.strategies.gpo import Gpo
from pytest_promptopt.optimize.strategies.gpo_options import PAPER, GpoOptions
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_promptopt.optimize import Task
    from pytest_promptopt.optimize.strategy import Move
    from pytest_promptopt.records import Candidate, Case, Request

ATTEMPT = re.compile(r"<attempt>\nscore: (\d+)\ntext:\n  (.*?)\n</attempt>", re.DOTALL)
CURRENT = re.compile(r"<current>\ntext:\n  (.*?)\n</current>", re.DOTALL)
EXAMPLE = re.compile(r"<example>\n(.*?)\n</example>", re.DOTALL)
WORDS = re.compile(r"(\d+) changed words")

START = "Sort the ticket, level 40."
TWO_REGIONS = """\
{# promptopt: begin task -#}
Sort the ticket, level 20.
{# promptopt: end -#}
{{ ticket }}
{# promptopt: begin format -#}
Be brief.
{# promptopt: end -#}
"""


@dataclass
class Played:
    """What a strategy did in a world without noise, limits and a hold-out."""

    task: Task
    moves: list[Move] = field(default_factory=list)

    @property
    def asked(self) -> list[Complete]:
        return [move for move in self.moves if isinstance(move, Complete)]

    @property
    def scored(self) -> list[Evaluate]:
        return [move for move in self.moves if isinstance(move, Evaluate)]

    @property
    def steps(self) -> int:
        return sum(isinstance(move, NextStep) for move in self.moves)

    @property
    def texts(self) -> list[list[str]]:
        """The texts that were scored, evaluation by evaluation."""
        return [
            [text_of(candidate).strip() for candidate in move.candidates]
            for move in self.scored
        ]

    @property
    def counted(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for move in self.moves:
            if isinstance(move, Tally):
                total[move.reason] += move.count
        return dict(total)


def play(
    folder: Path,
    reply: Callable[[Request], Completion | None] = rising,
    options: dict[str, Any] | None = None,
    *,
    preset: str = "gpo",
    steps: int = 3,
    train: int = 20,
    template: str = ONE_REGION,
    vectors: Callable[[Embed], Any] = lambda _: None,
) -> Played:
    """Let a strategy search, without reflection; the level of a text is its score."""
    planned = plan(folder, template=template, cases=cases(2 * train), steps=steps)
    played = Played(planned.task(planned.cases[:train], None))
    chosen = {"reflection": False, **(options or {})}
    moves = strategy_named(preset, chosen).search(played.task)
    answer: Any = None
    while True:
        try:
            move = moves.send(answer)
        except StopIteration:
            return played
        played.moves.append(move)
        if isinstance(move, Complete):
            answer = tuple(map(reply, move.requests))
        elif isinstance(move, Evaluate):
            answer = tuple(evaluated(entry, move.cases) for entry in move.candidates)
        else:
            answer = vectors(move) if isinstance(move, Embed) else None


def evaluated(candidate: Candidate, found: Sequence[Case]) -> Evaluated:
    mean = level(text_of(candidate))
    right = {case.id: index < mean * len(found) for index, case in enumerate(found)}
    return Evaluated(
        candidate=candidate,
        mean=mean,
        scores={key: float(value) for key, value in right.items()},
        reasons={key: "" if value else "not billing" for key, value in right.items()},
        outputs={key: "billing" if value else "?" for key, value in right.items()},
    )


@pytest.fixture(scope="module")
def faithful(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A whole run of the paper's: 48 train cases, 3 epochs of 6 steps."""
    folder = tmp_path_factory.mktemp("gpo")
    return play(folder, preset="gpo-paper", train=48, steps=40)


def content(move: Complete) -> str:
    (message,) = move.requests[0].messages
    return message.content


def attempts(move: Complete) -> list[tuple[int, str]]:
    return [(int(score), text) for score, text in ATTEMPT.findall(content(move))]


def current(move: Complete) -> str:
    (text,) = CURRENT.findall(content(move))
    return str(text)


def scripted(*steps: list[str]) -> Callable[[Request], Completion]:
    """Give the texts of each step in turn, the first one for what is left of a step."""

    def reply(request: Request) -> Completion:
        step, draw = divmod(request.seed or 0, 8)
        texts = steps[min(step, len(steps) - 1)]
        return says(texts[draw] if draw < len(texts) else texts[0])

    return reply


def test_a_step_is_eight_requests_of_one_meta_prompt_at_temperature_one(
    faithful: Played,
) -> None:
    for move in faithful.asked:
        assert len(move.requests) == 8
        assert len({request.messages for request in move.requests}) == 1
        for request in move.requests:
            assert [message.role for message in request.messages] == ["user"]
            assert request.settings == {"temperature": 1.0}
    seeds = [request.seed for move in faithful.asked for request in move.requests]
    assert seeds == list(range(8 * 18))


def test_the_new_texts_of_a_step_are_scored_on_all_train_cases(
    faithful: Played,
) -> None:
    assert len(faithful.scored) == 1 + 18
    for move in faithful.scored:
        assert move.cases == faithful.task.cases
        assert (move.trials, move.race) == (1, False)
        assert len(move.origins) in (0, len(move.candidates))


def test_there_are_three_epochs_and_the_edit_budget_falls_by_the_cosine(
    faithful: Played,
) -> None:
    budgets = [int(WORDS.findall(content(move))[0]) for move in faithful.asked]

    expected = "49 48 47 45 42 40 36 33 30 26 23 20 17 14 12 11 10 10"
    assert budgets == [int(number) for number in expected.split()]


@pytest.mark.parametrize(
    ("train", "steps"),
    [(48, 18), (35, 12), (33, 12), (27, 9), (20, 9), (50, 18), (100, 39), (3, 1)],
)
def test_an_epoch_has_a_step_for_each_eight_cases(
    faithful: Played, train: int, steps: int
) -> None:
    task = replace(faithful.task, cases=cases(train), steps=100)

    assert GpoOptions(**PAPER).steps(task) == steps
    assert GpoOptions().steps(task) == 100


def test_the_parts_of_the_meta_prompt_are_in_the_order_of_the_paper(
    faithful: Played,
) -> None:
    shown = content(faithful.asked[3])
    parts = [
        "one passage of that prompt is yours",
        "<attempt>",
        "<current>",
        "in the place of <HERE>",
        "<example>",
        "Write a new version",
        "changed words are the limit",
        "between <new_text> and </new_text>.",
    ]

    places = [shown.index(part) for part in parts]
    assert places == sorted(places)
    assert shown.endswith(parts[-1])


def test_the_first_step_shows_the_start_alone(faithful: Played) -> None:
    (attempt,) = attempts(faithful.asked[0])

    assert attempt == (40, START)
    assert current(faithful.asked[0]) == START


def test_three_texts_are_shown_and_the_one_in_use_is_one_of_them(
    faithful: Played,
) -> None:
    numbers = [len(attempts(move)) for move in faithful.asked]

    assert numbers == [1, 2, *[3] * 16]
    for move in faithful.asked:
        assert attempts(move)[-1][1] == current(move)


WINNERS = [
    ["Route the parcel mail, level 41."],
    ["Read invoices slowly, level 42."],
    ["Route parcel mail by town, level 43."],
    ["Read the invoices very slowly, level 44."],
]


def shown_at_the_end(folder: Path, momentum: str) -> list[int]:
    """Return the levels that the fifth step shows, of 40 to 44."""
    options = {"momentum": momentum, "plateau": 0}
    played = play(folder, scripted(*WINNERS), options, steps=5)
    return [score for score, _ in attempts(played.asked[4])]


def test_momentum_by_relevance_shows_the_most_alike_last(tmp_path: Path) -> None:
    levels = shown_at_the_end(tmp_path, "relevance")

    assert levels[1:] == [42, 44]  # the other one on invoices, and the one in use
    assert len(levels) == 3


def test_momentum_by_recency_shows_the_latest(tmp_path: Path) -> None:
    assert shown_at_the_end(tmp_path, "recency") == [42, 43, 44]


def test_momentum_by_importance_shows_the_best_last(tmp_path: Path) -> None:
    falling = [
        ["A draft, level 30."],
        ["Another draft, level 35."],
        ["One more draft, level 33."],
        ["Yet another draft, level 20."],
    ]
    options = {"momentum": "importance", "plateau": 0}

    played = play(tmp_path, scripted(*falling), options, steps=5)

    assert [score for score, _ in attempts(played.asked[4])] == [33, 35, 40]


def test_without_momentum_the_one_in_use_is_shown_with_its_score(
    tmp_path: Path,
) -> None:
    assert shown_at_the_end(tmp_path, "none") == [44]


def test_vectors_decide_what_is_alike_where_a_model_gives_some(tmp_path: Path) -> None:
    def vectors(move: Embed) -> tuple[tuple[float, ...], ...]:
        return tuple((level(text) - 0.4, 0.01) for text in move.texts)

    played = play(
        tmp_path, scripted(*WINNERS), {"plateau": 0}, steps=5, vectors=vectors
    )

    texts = [move.texts for move in played.moves if isinstance(move, Embed)]
    assert [len(entry) for entry in texts] == [2, 1, 1, 1]  # each once, from step 2
    assert [score for score, _ in attempts(played.asked[4])] == [42, 43, 44]


WORSE = scripted(["Worse, level 30.", "Bad, level 10."], ["Poor, level 20."])


def test_the_paper_moves_on_even_where_every_new_text_is_worse(tmp_path: Path) -> None:
    played = play(tmp_path, WORSE, preset="gpo-paper")

    in_use = [current(move) for move in played.asked]
    assert in_use == [START, "Worse, level 30.", "Poor, level 20."]


def test_ours_goes_on_from_the_best_and_remembers_the_winner(tmp_path: Path) -> None:
    played = play(tmp_path, WORSE)

    assert [current(move) for move in played.asked] == [START] * 3
    assert attempts(played.asked[1]) == [(30, "Worse, level 30."), (40, START)]
    shown = {text for _, text in attempts(played.asked[2])}
    assert shown == {"Worse, level 30.", "Poor, level 20.", START}


def test_of_equal_texts_the_shorter_one_wins(tmp_path: Path) -> None:
    equal = scripted(["A longer one, level 60.", "Short, level 60."])

    assert current(play(tmp_path, equal).asked[1]) == "Short, level 60."


def test_a_text_of_an_earlier_step_can_win_later_in_the_paper(tmp_path: Path) -> None:
    replies = scripted(
        ["First, level 60.", "Second, level 55."],
        ["second,  LEVEL 55."],
        ["Third, level 10.", "Second, level 55."],
        ["First, level 60."],
    )

    played = play(tmp_path, replies, preset="gpo-paper", steps=5, train=40)

    assert [current(move) for move in played.asked] == [
        START,
        "First, level 60.",
        "Second, level 55.",  # scored in step 1, and not again
        "Third, level 10.",  # a winner does not win twice
        "First, level 60.",  # unless there is nothing else
    ]
    assert played.texts[1:] == [
        ["First, level 60.", "Second, level 55."],
        ["Third, level 10."],
    ]
    assert played.counted == {"repeat": 6 + 8 + 7 + 8 + 8}


def test_the_edit_budget_is_a_wish_in_the_paper_and_a_law_here(tmp_path: Path) -> None:
    # Nine words more than "Sort the ticket," and "50." for "40." are ten changes.
    longer = [f"{'word ' * number}level 50." for number in (8, 9, 10, 11)]
    options = {"words": 10, "schedule": "fixed"}

    ours = play(tmp_path, scripted(longer), options, steps=1)
    paper = play(tmp_path, scripted(longer), options, preset="gpo-paper", steps=1)

    assert ours.texts[1] == longer[:2]
    assert ours.counted == {"beyond the edit budget": 2, "repeat": 4}
    assert paper.texts[1] == longer


def test_a_long_text_may_change_wholly_at_first_and_by_a_fifth_at_last(
    tmp_path: Path,
) -> None:
    template = ONE_REGION.replace("Sort the", f"{'Please do ' * 98}sort the")
    options = {"schedule": "fixed"}

    ours = play(tmp_path, rising, options, template=template, steps=1)
    paper = play(
        tmp_path, rising, options, preset="gpo-paper", template=template, steps=1
    )

    assert WORDS.findall(content(ours.asked[0])) == ["201"]
    assert WORDS.findall(content(paper.asked[0])) == ["50"]
    budget = GpoOptions().budget_of("word " * 201)
    assert [budget.words(step, 4) for step in (1, 4)] == [177, 40]


def test_the_budget_falls_within_the_steps_that_are_paid_for(
    faithful: Played,
) -> None:
    def steps(proposals: int | None) -> int:
        task = replace(faithful.task, steps=100, proposals=proposals)
        return GpoOptions().planned_steps(task)

    assert [steps(number) for number in (None, 64, 60, 3)] == [100, 8, 8, 1]


def test_no_budget_is_told_where_there_is_none(tmp_path: Path) -> None:
    played = play(tmp_path, options={"schedule": "none"}, steps=1)

    assert not WORDS.findall(content(played.asked[0]))
    assert len(played.texts[1]) == 8


def test_exemplars_are_three_of_the_run_in_the_paper_and_of_the_step_here(
    faithful: Played, tmp_path: Path
) -> None:
    def shown(played: Played) -> set[tuple[str, ...]]:
        return {tuple(EXAMPLE.findall(content(move))) for move in played.asked}

    (examples,) = shown(faithful)
    assert len(examples) == 3
    assert len(shown(play(tmp_path))) == 3


def test_an_exemplar_shows_the_place_of_the_text_and_the_right_answer(
    faithful: Played,
) -> None:
    for example in EXAMPLE.findall(content(faithful.asked[0])):
        assert re.fullmatch(
            r"input:\n  <HERE>\n?  Ticket \d+ about parcel \d+\nexpected: billing",
            example,
        )


def test_editing_asks_for_a_revision(tmp_path: Path) -> None:
    played = play(tmp_path, options={"refinement": "editing"}, steps=1)

    shown = content(played.asked[0])
    assert "Revise the passage in use" in shown
    assert "Write a new version" not in shown
    assert {origin.operator for origin in played.scored[1].origins} == {"edit"}


def reflecting(request: Request) -> Completion:
    if "<problems>" in request.messages[0].content:
        return Completion(text="<problems>It says\n<current> too little.</problems>")
    return rising(request)


def test_reflection_asks_first_what_is_wrong_with_the_one_in_use(
    tmp_path: Path,
) -> None:
    played = play(tmp_path, reflecting, {"reflection": True}, steps=1)

    first, second = played.asked
    assert [request.settings for request in first.requests] == [{"temperature": 0.0}]
    assert current(first) == START
    examples = EXAMPLE.findall(content(first))
    numbers = [int(number) for number in re.findall(r"Ticket (\d+)", str(examples))]
    assert len(numbers) == 8
    assert numbers == sorted(numbers)
    assert numbers[0] >= 8  # of 20 cases the first 8 are right
    assert examples[0].endswith("expected: billing\ngot: ?\nwhy: not billing")
    shown = content(second)
    told = "\n\n  It says\n  <current> too little.\n\n"
    assert shown.index("</current>") < shown.index(told) < shown.index("<example>")


@pytest.mark.parametrize(
    ("reflection", "counted"),
    [
        (None, "no reply"),
        (Completion(text="It is bad."), "no tag"),
        (Completion(text=f"<problems>{'bad ' * 401}</problems>"), "too long"),
    ],
)
def test_a_reflection_of_no_use_is_counted_and_done_without(
    tmp_path: Path, reflection: Completion | None, counted: str
) -> None:
    def reply(request: Request) -> Completion | None:
        asks = "<problems>" in request.messages[0].content
        return reflection if asks else rising(request)

    played = play(tmp_path, reply, {"reflection": True}, steps=1)

    assert played.counted == {f"reflection: {counted}": 1}
    assert "noticed this" not in content(played.asked[1])
    assert len(played.texts[1]) == 8


def test_nobody_reflects_on_a_text_without_a_wrong_answer(tmp_path: Path) -> None:
    template = ONE_REGION.replace("level 40", "level 100")

    played = play(tmp_path, rising, {"reflection": True}, template=template, steps=1)

    assert [len(move.requests) for move in played.asked] == [8]


def merging(text: str) -> Callable[[Request], Completion]:
    def reply(request: Request) -> Completion:
        merges = "Merge them" in request.messages[0].content
        return says(text) if merges else rising(request)

    return reply


def test_a_summary_is_merged_from_the_trajectory_scored_and_shown_first(
    tmp_path: Path,
) -> None:
    reply = merging("All in one, level 46.")

    played = play(tmp_path, reply, {"momentum": "summary"}, steps=2)

    _, merge, second = played.asked
    assert [request.settings for request in merge.requests] == [{"temperature": 0.0}]
    best = "Sort it, variant 7, level 52."
    assert attempts(merge) == [(40, START), (52, best)]
    assert attempts(second) == [(46, "All in one, level 46."), (52, best)]
    assert played.texts[2] == ["All in one, level 46."]
    (origin,) = played.scored[2].origins
    assert origin.operator == "merge"
    assert len(origin.parents) == 2


def test_a_summary_that_says_nothing_new_is_done_without(tmp_path: Path) -> None:
    played = play(tmp_path, merging(START), {"momentum": "summary"})

    assert played.counted == {"repeat": 2}
    assert len(attempts(played.asked[2])) == 1


def test_six_steps_without_a_better_score_end_the_search(tmp_path: Path) -> None:
    def never_better(request: Request) -> Completion:
        return says(f"Variant {request.seed}, level 20.")

    assert play(tmp_path, never_better, steps=9).steps == 6
    assert play(tmp_path, never_better, {"plateau": 0}, steps=9).steps == 9
    two = play(tmp_path, never_better, steps=20, template=TWO_REGIONS)
    assert two.steps == 12  # each region has its six


def test_an_optimizer_that_repeats_itself_changes_nothing(tmp_path: Path) -> None:
    played = play(tmp_path, lambda _: says(START), preset="gpo-paper", train=40)

    assert [current(move) for move in played.asked] == [START] * 3
    assert played.texts == [[START]]
    assert played.counted == {"repeat": 24}


def test_regions_take_turns_on_the_best_prompt(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion:
        return rising(request) if (request.seed or 0) < 8 else says(f"V{request.seed}.")

    played = play(tmp_path, reply, template=TWO_REGIONS, steps=2)

    second = played.asked[1]
    assert attempts(second) == [(52, "Be brief.")]
    assert current(second) == "Be brief."
    for candidate in played.scored[2].candidates:
        task = candidate.texts["triage.j2#task"].strip()
        assert task == "Sort it, variant 7, level 52."


def test_a_template_without_marks_is_rewritten_as_a_whole(tmp_path: Path) -> None:
    template = "Sort the ticket, level 40.\n{{ ticket }}\n"

    played = play(
        tmp_path, reflecting, {"reflection": True}, template=template, steps=1
    )

    assert "{{ ticket }} must stand in it letter by letter" in content(played.asked[1])
    assert not any("<HERE>" in content(move) for move in played.asked)


def test_a_region_that_is_still_empty_gets_its_first_text(tmp_path: Path) -> None:
    template = ONE_REGION.replace("Sort the ticket, level 40.\n", "")

    played = play(tmp_path, template=template, steps=2)

    assert attempts(played.asked[0]) == [(0, "")]
    texts = [move.texts for move in played.moves if isinstance(move, Embed)]
    assert texts == [("Sort it, variant 7, level 52.",)]
    assert current(played.asked[1]) == "Sort it, variant 7, level 52."


def test_a_proposal_is_found_through_the_whole_loop(tmp_path: Path) -> None:
    strategy = strategy_named("gpo")

    driven = drive(search(plan(tmp_path, steps=2), strategy), rising, steady)

    assert driven.result.outcome == "proposed"
    assert driven.result.strategy == "gpo"
    old = driven.measured[0].candidates[0].texts[ADDRESS]
    new = driven.measured[1].candidates[0].texts[ADDRESS]
    # The first draw was the reflection's.
    assert new == old.replace(START, "Sort it, variant 1, level 46.")


@settings(max_examples=6)
@given(
    replies=st.lists(st.text() | st.none(), min_size=9, max_size=9),
    wrapped=st.booleans(),
    preset=st.sampled_from(["gpo", "gpo-paper"]),
    momentum=st.sampled_from(["relevance", "summary"]),
)
def test_no_reply_breaks_the_search(
    tmp_path_factory: pytest.TempPathFactory,
    replies: list[str | None],
    wrapped: bool,  # noqa: FBT001
    preset: str,
    momentum: str,
) -> None:
    def reply(request: Request) -> Completion | None:
        text = replies[(request.seed or 0) % 9]
        if text is None:
            return None
        return says(text) if wrapped else Completion(text=text)

    folder = tmp_path_factory.getbasetemp()
    strategy = strategy_named(preset, {"reflection": True, "momentum": momentum})
    planned = plan(folder, cases=cases(60), steps=2)

    driven = drive(search(planned, strategy), reply, steady)

    for step in driven.result.steps[1:]:
        assert step.scored + sum(step.rejected.values()) in (step.asked, step.asked - 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"momentum": "relevence"},
            "strategy gpo: momentum is 'relevence'\n  hint: did you mean 'relevance'?",
        ),
        (
            {"words": 0},
            "strategy gpo: words is 0\n  hint: set it to a whole number, 1 or more",
        ),
        (
            {"words": 5},
            "strategy gpo: last_words is 10\n"
            "  hint: set it to a whole number from 1 to 5",
        ),
        (
            {"enforce": "yes"},
            "strategy gpo: enforce is 'yes'\n  hint: set it to true or false",
        ),
        (
            {"temperature": float("nan")},
            "strategy gpo: temperature is nan\n  hint: set it to a number, 0 or more",
        ),
    ],
)
def test_options_out_of_range_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        GpoOptions(**options)

    assert str(caught.value) == message


def test_the_presets_differ_in_what_the_table_says() -> None:
    ours, paper = strategy_named("gpo"), strategy_named("gpo-paper")

    assert isinstance(ours, Gpo)
    assert isinstance(paper, Gpo)
    assert (ours.name, paper.name) == ("gpo", "gpo-paper")
    assert ours.options == GpoOptions()
    assert ours.options.reflection
    assert paper.options == GpoOptions(
        reflection=False,
        enforce=False,
        scaled=False,
        elitist=False,
        race=False,
        plateau=0,
        epochs=3,
        select="constant",
    )
