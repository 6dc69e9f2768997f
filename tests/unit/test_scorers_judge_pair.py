"""A judge of pairs: asked in both orders, and told nothing about which is which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import CASE, resolved, said

from pytest_promptopt.errors import ScorerError, TemplateError
from pytest_promptopt.records import Completion, Score
from pytest_promptopt.scorers import SECOND, judge_pair
from pytest_promptopt.scorers.judge_pair import WINNERS, PairJudge

REPLY = Completion(text="It will come.")
BETTER = "For {{ ticket }}: first, second or tie?\n1: {{ first }}\n2: {{ second }}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "better.j2").write_text(BETTER, encoding="utf-8")
    return tmp_path


def test_both_orders_are_asked(folder: Path) -> None:
    asking = resolved(judge_pair("better.j2", model="openai:j"), folder)

    questions = asking.questions(CASE, REPLY)

    assert asking.most_questions() == 2
    assert [q.request.messages[0].content.split("\n")[1:] for q in questions] == [
        ["1: It will come.", "2: On its way."],
        ["1: On its way.", "2: It will come."],
    ]
    assert {(q.model, q.request.seed) for q in questions} == {("openai:j", 0)}


@pytest.mark.parametrize(
    ("verdicts", "value", "reason"),
    [
        (("first", "second"), 1.0, ""),
        (("Vague.\nVerdict: second", "first"), 0.0, "worse than 'expected' in both"),
        (("tie", "tie"), 0.5, "as good as 'expected' in both orders"),
        (
            ("first", "first"),
            0.5,
            "no clear winner: 'first' with the reply first, 'first' with the reply "
            "second",
        ),
        (("first", "tie"), 0.5, "no clear winner: "),
        (("tie", "first"), 0.5, "no clear winner: "),
    ],
)
def test_only_a_win_or_a_loss_in_both_orders_counts(
    folder: Path, verdicts: tuple[str, str], value: float, reason: str
) -> None:
    score = resolved(judge_pair("better.j2"), folder).compare(
        CASE, REPLY, said(*verdicts)
    )

    assert score.value == value
    assert score.reason.startswith(reason)
    assert score.parts == {}


@settings(max_examples=30, deadline=None, database=None)
@given(pair=st.tuples(*[st.sampled_from(["first", "second", "tie"])] * 2))
def test_a_judge_that_is_blind_to_the_texts_gives_no_advantage(
    pair: tuple[str, str],
) -> None:
    def value(one: str, other: str) -> float:
        readings = [WINNERS.read(one), WINNERS.read(other)]
        return PairJudge.graded(asking, readings).value or 0.0

    asking = PairJudge(rubric=None, verdicts=WINNERS, against="a")  # type: ignore[arg-type]

    # The same pair of texts with the roles changed: the scores sum to 1.
    assert value(*pair) + value(*reversed(pair)) == 1.0
    assert value(pair[0], pair[0]) == 0.5


def test_one_unreadable_verdict_leaves_the_reply_unscored(folder: Path) -> None:
    asking = resolved(judge_pair("better.j2"), folder)

    assert asking.compare(CASE, REPLY, said("first", "B")) == Score.unscored(
        "the judge's verdict cannot be read: no verdict in 'B'"
    )


def test_the_same_text_is_a_tie_and_an_empty_one_wrong_without_asking(
    folder: Path,
) -> None:
    asking = resolved(judge_pair("better.j2", second="openai:o"), folder)
    same, empty = Completion(text="On its way.\n"), Completion(text="")

    for reply, value in ((same, 0.5), (empty, 0.0)):
        assert asking.questions(CASE, reply, confirming=True) == ()
        score = asking.compare(CASE, reply, (), confirming=True)
        assert (score.value, score.parts) == (value, {SECOND: value})


def test_another_field_can_be_compared_with(folder: Path) -> None:
    asking = resolved(judge_pair("better.j2", against="old"), folder)
    case = replace(CASE, inputs={**CASE.inputs, "old": "Wait."})

    first, _ = asking.questions(case, REPLY)

    assert first.request.messages[0].content.endswith("2: Wait.")
    assert asking.fingerprint != resolved(judge_pair("better.j2"), folder).fingerprint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ first }}", "the rubric of 'judge_pair' does not use 'second', so that"),
        (
            BETTER + "{{ expected }}",
            "the rubric of 'judge_pair' uses 'expected', which would tell the judge "
            "which text is which",
        ),
        (BETTER + "{{ output }}", "the rubric of 'judge_pair' uses 'output', which"),
    ],
)
def test_a_rubric_that_hides_a_text_or_tells_which_is_which_is_refused(
    folder: Path, text: str, problem: str
) -> None:
    (folder / "odd.j2").write_text(text, encoding="utf-8")

    with pytest.raises(TemplateError) as caught:
        resolved(judge_pair("odd.j2"), folder)

    assert caught.value.problem.startswith(f"{folder / 'odd.j2'}:1: {problem}")


def test_a_case_without_the_other_text_is_refused(folder: Path) -> None:
    asking = resolved(judge_pair("better.j2"), folder)

    for case, problem in [
        (replace(CASE, has_expected=False), "needs the field 'expected', which the"),
        (replace(CASE, expected=["x"]), "compares with the field 'expected', which is"),
        (replace(CASE, inputs={"ticket": "t", "first": 1}), "fills in 'first' itself"),
    ]:
        with pytest.raises(ScorerError) as caught:
            asking.check([case])
        assert caught.value.problem.startswith(
            f"c.jsonl:3: case 'a': scorer 'judge_pair' {problem}"
        )


def test_what_is_compared_with_must_be_a_name() -> None:
    with pytest.raises(ScorerError, match="judge_pair: against=None is no field of"):
        judge_pair("better.j2", against=None)  # type: ignore[arg-type]
