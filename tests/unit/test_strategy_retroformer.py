"""retroformer against the fact sheet (other_optimizers.md 6.5), by point."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_script import cases, plan

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.offline.evidence import read_evidence
from pytest_promptopt.optimize import (
    Complete,
    Evaluate,
    Evaluated,
    Tally,
    strategy_named,
)
from pytest_promptopt.optimize.strategies.lessons import Memory
from pytest_promptopt.optimize.strategies.retrospection import with_lesson
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_promptopt.records import Candidate, Case, Origin, Request

ADDRESS = "triage.j2#instructions"
WHY = re.compile(r"why: the digit (\d) is")
ATTEMPT = re.compile(r"<attempt>\nscore: (\d+)\ntext:\n  (.*?)\n</attempt>", re.DOTALL)
KNOWN = re.compile(r"Mind the digit (\d)")
TRAIN = 40


@dataclass
class Played:
    """What a search asked for and was told."""

    requests: list[list[Request]] = field(default_factory=list)
    evaluated: list[tuple[Evaluate, tuple[Evaluated, ...]]] = field(
        default_factory=list
    )
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def ratings(self) -> list[tuple[Evaluate, tuple[Evaluated, ...]]]:
        """Return the measurements that lessons were rated by."""
        return [
            (move, told)
            for move, told in self.evaluated
            if len(move.cases) == 8 and len(move.candidates) > 2
        ]

    def origins(self) -> dict[str, tuple[Candidate, Origin]]:
        """Return every candidate with how it first came to be."""
        first: dict[str, tuple[Candidate, Origin]] = {}
        for move, _ in self.evaluated:
            for candidate, origin in zip(move.candidates, move.origins, strict=False):
                first.setdefault(candidate.key, (candidate, origin))
        return first


def text_of(candidate: Candidate) -> str:
    return candidate.texts[ADDRESS]


def digits(text: str) -> set[str]:
    return set(KNOWN.findall(text))


def scored(candidate: Candidate, case: Case) -> float:
    """Be right on the cases whose last digit is easy or minded."""
    digit = case.id[-1]
    return float(digit not in "137" or digit in digits(text_of(candidate)))


def content(request: Request) -> str:
    (message,) = request.messages
    return message.content


def minding(request: Request) -> Completion:
    """Draw the right lesson from the failure, in words of its own."""
    (digit,) = WHY.findall(content(request))
    return in_tag(f"Mind the digit {digit} as {request.seed} says.")


def in_tag(text: str) -> Completion:
    return Completion(
        text=f"<explanation>A digit.</explanation>\n<new_text>{text}</new_text>"
    )


def play(
    folder: Path,
    options: Mapping[str, Any] | None = None,
    *,
    reply: Callable[[Request], Completion] = minding,
    steps: int = 3,
    score: Callable[[Candidate, Case], float] = scored,
) -> Played:
    made = plan(folder, cases=cases(2 * TRAIN), steps=steps)
    task = made.task(made.cases[:TRAIN], None)
    strategy, played = strategy_named("retroformer", options), Played()
    moves = strategy.search(task)
    answer: Any = None
    while True:
        try:
            move = moves.send(answer)
        except StopIteration:
            return played
        answer = None
        if isinstance(move, Complete):
            played.requests.append(list(move.requests))
            answer = tuple(map(reply, move.requests))
        elif isinstance(move, Evaluate):
            told = tuple(evaluated(each, move, score) for each in move.candidates)
            played.evaluated.append((move, told))
            answer = told
        elif isinstance(move, Tally):
            count = played.counted.get(move.reason, 0) + move.count
            played.counted[move.reason] = count


def evaluated(
    candidate: Candidate, move: Evaluate, score: Callable[[Candidate, Case], float]
) -> Evaluated:
    scores = {case.id: score(candidate, case) for case in move.cases}
    return Evaluated(
        candidate=candidate,
        mean=sum(scores.values()) / len(scores),
        scores=scores,
        reasons={
            name: f"the digit {name[-1]} is not minded"
            for name, value in scores.items()
            if value < 1
        },
        outputs=dict.fromkeys(scores, "?"),
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("retroformer"))


# The request


def test_a_step_reflects_on_two_failures_four_times_each(played: Played) -> None:
    first = [content(request) for request in played.requests[0]]

    assert len(first) == 8
    assert len(set(first)) == 2
    assert [request.seed for request in played.requests[0]] == list(range(8))
    for text in set(first):
        assert text.count("<example>") == 1
        assert "Sort the ticket, level 40.\n  <BLANK>" in text


def test_a_reflection_is_a_blank_to_be_filled_in_one_pair_of_tags(
    played: Played,
) -> None:
    evidence = read_evidence(content(played.requests[0][0]))

    assert evidence is not None
    assert (evidence.verb, evidence.reply_tag) == ("fill", "new_text")
    assert evidence.word_limit == 30


def test_nothing_is_shown_of_ratings_before_there_are_any(played: Played) -> None:
    assert all("<attempt>" not in content(each) for each in played.requests[0])


def test_rated_lessons_are_shown_with_their_ratings_the_least_useful_first(
    played: Played,
) -> None:
    shown = [
        re.findall(r"^score: (\d+)", content(e), re.MULTILINE)
        for e in played.requests[1]
    ]

    assert all(2 <= len(scores) <= 6 for scores in shown)
    for scores in shown:
        assert [int(score) for score in scores] == sorted(map(int, scores))
        assert int(scores[-1]) > 50


def test_no_lesson_is_shown_where_none_is_wanted(tmp_path: Path) -> None:
    plain = play(tmp_path, {"demonstrations": 0})

    for step in plain.requests:
        assert all("<attempt>" not in content(each) for each in step)


# The rating


def test_a_lesson_is_rated_on_other_cases_half_of_them_failed(played: Played) -> None:
    move, (before, *_) = played.ratings[0]
    asked = {content(request) for request in played.requests[0]}
    shown = {re.findall(r"Ticket (\d+) about", text)[0] for text in asked}

    assert not {f"case{number}" for number in shown} & {case.id for case in move.cases}
    assert Counter(before.scores.values()) == {0.0: 4, 1.0: 4}


def test_the_prompt_without_the_lesson_is_scored_on_the_same_cases(
    played: Played,
) -> None:
    for move, _ in played.ratings:
        base, *children = move.candidates
        for child, origin in zip(children, move.origins[1:], strict=True):
            assert origin.parents == (base.key,)
            assert text_of(child).startswith(text_of(base).strip())


def test_of_several_lessons_the_most_promising_are_rated(played: Played) -> None:
    assert len(played.ratings[0][0].candidates) == 1 + 8
    # Two of four of each failure, and one that is recalled.
    assert all(len(move.candidates) <= 1 + 4 + 1 for move, _ in played.ratings[1:])
    assert played.counted["less promising"] == 8


def test_the_best_lesson_that_is_not_in_the_prompt_is_tried_again(
    played: Played,
) -> None:
    recalled = [
        (candidate, origin)
        for candidate, origin in played.origins().values()
        if origin.operator == "recall"
    ]

    assert recalled
    lessons = {
        origin.detail["lesson"]
        for _, origin in played.origins().values()
        if origin.operator == "lesson"
    }
    assert all(origin.detail["lesson"] in lessons for _, origin in recalled)
    assert all(not origin.reply for _, origin in recalled)


def test_nothing_is_tried_again_where_that_is_switched_off(tmp_path: Path) -> None:
    plain = play(tmp_path, {"recalled": False})

    assert {origin.operator for _, origin in plain.origins().values()} == {
        "kept",
        "lesson",
    }


# What gets in


def test_useful_lessons_get_in_one_by_one(tmp_path: Path) -> None:
    played = play(tmp_path, steps=12)
    best = max(
        (entry for move, told in played.evaluated for entry in told if move.race),
        key=lambda entry: entry.mean,
    )

    assert digits(text_of(best.candidate)) == {"1", "3", "7"}
    assert best.mean == 1.0


def test_a_lesson_that_changes_nothing_never_gets_in(tmp_path: Path) -> None:
    played = play(tmp_path, reply=lambda request: in_tag(f"Variant {request.seed}."))

    whole = [move for move, _ in played.evaluated if move.race]
    assert len(whole) == 1  # the start


def test_a_lesson_that_only_harms_is_shown_as_one_to_avoid(tmp_path: Path) -> None:
    def score(candidate: Candidate, case: Case) -> float:
        return 0.0 if "harm" in text_of(candidate) else scored(candidate, case)

    def reply(request: Request) -> Completion:
        if (request.seed or 0) % 4 == 1:
            return in_tag(f"Do harm as {request.seed} says.")
        return minding(request)

    options = {"demonstrations": 2}
    played = play(tmp_path, options, reply=reply, score=score, steps=2)
    shown = ATTEMPT.findall(content(played.requests[1][0]))

    (worst, avoided), (best, repeated) = shown
    assert avoided.startswith("Do harm")
    assert repeated.startswith("Mind the digit")
    assert int(worst) < 50 < int(best)


def test_a_long_lesson_is_turned_away(tmp_path: Path) -> None:
    played = play(tmp_path, reply=lambda r: in_tag(f"w{r.seed} " * 61), steps=1)

    assert played.counted == {"too long": 8}


def test_every_text_can_be_made_again_without_a_model(played: Played) -> None:
    origins = played.origins()
    start = played.evaluated[0][0].candidates[0]
    texts = {start.key: text_of(start)}
    for candidate, origin in origins.values():
        if "lesson" in origin.detail:
            base = texts.get(origin.parents[0]) or text_of(
                origins[origin.parents[0]][0]
            )
            again = f"{base.strip()}\n{origin.detail['lesson']}"
            assert again.strip() == text_of(candidate).strip()


class Whole:
    kind = "whole"


def test_a_lesson_stands_before_a_whole_template() -> None:
    text = with_lesson("Sort it: {{ ticket }}\n", "Mind it.", Whole())  # type: ignore[arg-type]

    assert text == "Mind it.\nSort it: {{ ticket }}"


# The memory


def test_the_mean_of_several_ratings_counts() -> None:
    memory = Memory()
    memory.rate("a", "Mind it.", 1.0)
    memory.rate("a", "Mind it.", 0.0)
    memory.rate("b", "Other.", 0.25)

    (lesson,) = memory.rated("a")
    assert (lesson.text, lesson.rating) == ("Mind it.", 0.5)


def test_a_new_lesson_promises_what_lessons_of_its_words_brought() -> None:
    memory = Memory()
    memory.rate("a", "Keep the currency.", 0.5)
    memory.rate("a", "Leave out greetings.", -0.5)

    good, bad, new = memory.promises(
        "a", ["Always keep the currency.", "Omit greetings.", "Whatever."]
    )

    assert good > 0.2
    assert bad < -0.05
    assert new == 0.0


@given(
    st.lists(st.tuples(st.text(min_size=1), st.floats(-1, 1)), max_size=8),
    st.lists(st.text(), max_size=3),
)
def test_a_promise_is_a_rating_and_0_where_nothing_was_rated(
    rated: list[tuple[str, float]], texts: list[str]
) -> None:
    memory = Memory()
    assert memory.promises("a", texts) == (0.0,) * len(texts)
    for text, rating in rated:
        memory.rate("a", text, rating)

    assert all(-1 <= promise <= 1 for promise in memory.promises("a", texts))


def test_one_lucky_rating_promises_less_than_many_good_ones() -> None:
    memory = Memory()
    memory.rate("a", "Mention suburbs.", 0.5)
    for number in range(9):
        memory.rate("a", f"Give tolls, way {number}.", 0.4)
        memory.rate("a", f"Try it, way {number}.", -0.2)

    lucky, good = memory.promises("a", ["Mention suburbs.", "Give tolls."])

    assert good > lucky > 0


@given(st.dictionaries(st.text(min_size=1), st.floats(-1, 1)), st.integers(0, 6))
def test_demonstrations_rise_and_hold_the_best(
    rated: dict[str, float], most: int
) -> None:
    memory = Memory()
    for text, rating in rated.items():
        memory.rate("a", text, rating)
    shown = [lesson.rating for lesson in memory.demonstrations("a", most)]

    assert shown == sorted(shown)
    assert len(shown) == min(most, len(memory.rated("a")))
    if shown:
        assert shown[-1] == memory.estimated("a")[0].rating


# Settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples is 0"),
        ({"others": 0}, "others is 0"),
        ({"demonstrations": -1}, "demonstrations is -1"),
        ({"level": 0}, "level is 0"),
        ({"level": 1.5}, "level is 1.5"),
        ({"recalled": "no"}, "recalled is 'no'"),
        ({"sample": 3}, "no option 'sample'"),
    ],
)
def test_an_option_out_of_its_range_is_an_error(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=re.escape(message)):
        strategy_named("retroformer", options)
