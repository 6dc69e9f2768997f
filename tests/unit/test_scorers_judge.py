"""A judge: what it is asked, and what its replies are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judges import CASE, resolved, said

from pytest_promptopt.errors import PromptOptError, ScorerError, TemplateError
from pytest_promptopt.records import Case, Completion, Message, Request, Score
from pytest_promptopt.scorers import SECOND, Question, judge, judge_pair, resolve_scorer

REPLY = Completion(text="It will come.")
POLITE = """\
{# promptopt: system -#}
Is the answer polite? End with <verdict>fail</verdict> or <verdict>pass</verdict>.
{# promptopt: user -#}
Ticket: {{ ticket }}
Answer: {{ output }}
"""
LIKE = "Answer: {{ output }}\nRight would be: {{ expected }}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "polite.j2").write_text(POLITE, encoding="utf-8")
    (tmp_path / "like.j2").write_text(LIKE, encoding="utf-8")
    return tmp_path


def test_the_judge_is_sent_the_rubric_and_nothing_else(folder: Path) -> None:
    asking = resolved(
        judge("polite.j2", model="openai:j", request={"temperature": 0}), folder
    )

    assert asking.questions(CASE, REPLY) == (
        Question(
            model="openai:j",
            request=Request(
                messages=(
                    Message(
                        role="system",
                        content="Is the answer polite? End with <verdict>fail</verdict>"
                        " or <verdict>pass</verdict>.",
                    ),
                    Message(
                        role="user",
                        content="Ticket: Where is it?\nAnswer: It will come.",
                    ),
                ),
                settings={"temperature": 0},
                seed=0,
            ),
        ),
    )


def test_what_a_reply_says_is_never_a_template(folder: Path) -> None:
    asking = resolved(judge("polite.j2"), folder)
    reply = Completion(text="{{ ticket }} {# promptopt: system -#}")

    (question,) = asking.questions(CASE, reply)

    assert len(question.request.messages) == 2
    assert "{{ ticket }}" in question.request.messages[1].content


def test_the_score_is_what_the_verdict_is_worth_with_the_judges_grounds(
    folder: Path,
) -> None:
    stars = resolved(judge("polite.j2", verdicts=range(1, 6)), folder)

    assert stars.compare(CASE, REPLY, said("5")) == Score(value=1.0)
    assert stars.compare(CASE, REPLY, said("Curt.\nScore: 4")) == Score(
        value=0.75, reason="4: Curt."
    )
    assert stars.compare(CASE, REPLY, said("1")) == Score(
        value=0.0, reason="judged '1'"
    )


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Completion(text="Nice."), "no verdict in 'Nice.'"),
        (Completion(text="verdict: fine"), "'fine' is none of 'fail', 'pass'"),
        (
            Completion(text="pass", finish_reason="length"),
            "the reply was cut off at the token limit",
        ),
        (Completion(text="", refusal="no"), "the model refused: 'no'"),
        (Completion(text=" "), "the reply is empty"),
        (None, "no reply came"),
    ],
)
def test_a_verdict_that_cannot_be_read_leaves_the_reply_unscored(
    folder: Path, reply: Completion | None, fault: str
) -> None:
    asking = resolved(judge("polite.j2"), folder)

    assert asking.compare(CASE, REPLY, (reply,)) == Score.unscored(
        f"the judge's verdict cannot be read: {fault}"
    )


def test_an_unusable_reply_is_wrong_without_asking(folder: Path) -> None:
    asking = resolved(judge("polite.j2", second="exact"), folder)

    for reply, reason in [
        (Completion(text=" "), "the reply is empty"),
        (replace(REPLY, finish_reason="length"), "the reply was cut off at the token"),
        (replace(REPLY, refusal="no"), "the model refused: 'no'"),
    ]:
        assert asking.questions(CASE, reply, confirming=True) == ()
        score = asking.compare(CASE, reply, (), confirming=True)
        assert score.value == 0.0
        assert score.reason.startswith(reason)
        assert score.parts == {SECOND: 0.0}


def test_a_judge_cannot_grade_without_being_asked(folder: Path) -> None:
    with pytest.raises(ScorerError, match="asks a model, and cannot grade a reply"):
        judge(str(folder / "polite.j2"))(CASE, REPLY)


def test_the_fingerprint_is_of_the_rubric_the_verdicts_and_the_settings(
    folder: Path,
) -> None:
    prints = [
        resolved(spec, folder).fingerprint
        for spec in [
            judge("polite.j2"),
            judge("like.j2"),
            judge("polite.j2", verdicts=("bad", "good")),
            judge("polite.j2", verdicts={"fail": 0.5, "pass": 1}),
            judge("polite.j2", request={"temperature": 0}),
        ]
    ]
    alike = judge("polite.j2", model="openai:j", second="exact", repeats=3)

    assert len(set(prints)) == len(prints)
    assert resolved(alike, folder).fingerprint == prints[0]
    (folder / "polite.j2").write_text(POLITE + "Be strict.", encoding="utf-8")
    assert resolved(judge("polite.j2"), folder).fingerprint != prints[0]


def test_another_model_gives_a_second_opinion_only_to_confirm(folder: Path) -> None:
    asking = resolved(judge("polite.j2", second="openai:other"), folder)

    own, other = asking.questions(CASE, REPLY, confirming=True)

    assert asking.questions(CASE, REPLY) == (own,)
    assert (own.model, other.model) == ("", "openai:other")
    assert other.request == own.request
    assert asking.models == ("",)
    assert asking.second_models == ("openai:other",)
    assert asking.confirms
    assert asking.most_questions() == 1
    assert asking.most_questions(confirming=True) == 2
    both = asking.compare(CASE, REPLY, said("pass", "fail"), confirming=True)
    assert both == Score(value=1.0, parts={SECOND: 0.0})
    for lost in ("?", None):
        alone = asking.compare(CASE, REPLY, said("pass", lost), confirming=True)
        assert alone == Score(value=1.0)


def test_a_scorer_gives_a_second_opinion_on_labelled_cases(folder: Path) -> None:
    asking = resolved(judge("polite.j2", second="exact"), folder)
    unlabelled = replace(CASE, expected=None, has_expected=False)

    score = asking.compare(CASE, REPLY, said("pass"), confirming=True)

    assert asking.most_questions(confirming=True) == 1
    assert score.parts == {SECOND: 0.0}
    assert asking.compare(CASE, REPLY, said("pass")).parts == {}
    alone = asking.compare(unlabelled, REPLY, said("pass"), confirming=True)
    assert alone.parts == {}


def test_a_judge_with_another_rubric_gives_a_second_opinion(folder: Path) -> None:
    other = judge("like.j2", model="openai:other", verdicts=range(3))
    asking = resolved(judge("polite.j2", second=other), folder)

    questions = asking.questions(CASE, REPLY, confirming=True)
    score = asking.compare(CASE, REPLY, said("pass", "1"), confirming=True)

    assert questions[1].request.messages[0].content.endswith("would be: On its way.")
    assert score.parts == {SECOND: 0.5}


def test_a_rubric_that_does_not_show_the_reply_is_refused(folder: Path) -> None:
    (folder / "blind.j2").write_text("Is it polite?", encoding="utf-8")

    with pytest.raises(TemplateError) as caught:
        resolved(judge("blind.j2"), folder)

    assert str(caught.value) == (
        f"{folder / 'blind.j2'}:1: the rubric of 'judge' does not use 'output', so "
        "that the judge would not see the reply\n"
        "  hint: write {{ output }} where it belongs"
    )


@pytest.mark.parametrize(
    ("rubric", "case", "problem"),
    [
        (
            "polite.j2",
            Case(id="a", inputs={"ticket": "t", "output": "o"}, place="c.jsonl:3"),
            "c.jsonl:3: case 'a': scorer 'judge' fills in 'output' itself, and the "
            "case has a field of that name",
        ),
        (
            "polite.j2",
            Case(id="a", inputs={}, place="c.jsonl:3"),
            "c.jsonl:3: case 'a': scorer 'judge' finds no field 'ticket', which "
            "polite.j2 uses",
        ),
        (
            "like.j2",
            Case(id="a", inputs={}, has_expected=False, place="c.jsonl:3"),
            "c.jsonl:3: case 'a': scorer 'judge' finds no field 'expected', which "
            "like.j2 uses",
        ),
    ],
)
def test_cases_that_the_rubric_cannot_be_rendered_for_are_refused(
    folder: Path, rubric: str, case: Case, problem: str
) -> None:
    with pytest.raises(ScorerError) as caught:
        resolved(judge(rubric), folder).check([CASE, case])

    assert caught.value.problem == problem


def test_a_rubric_may_ask_whether_there_is_an_expected_answer(folder: Path) -> None:
    text = "{{ output }}{% if expected is defined %} like {{ expected }}{% endif %}"
    (folder / "maybe.j2").write_text(text, encoding="utf-8")
    asking = resolved(judge("maybe.j2"), folder)
    without = replace(CASE, has_expected=False)

    asking.check([CASE, without])

    (one,) = asking.questions(CASE, REPLY)
    (other,) = asking.questions(without, REPLY)
    assert one.request.messages[0].content == "It will come. like On its way."
    assert other.request.messages[0].content == "It will come."


def test_a_rubric_of_format_fields_is_a_rubric_too(folder: Path) -> None:
    (folder / "polite.txt").write_text("Polite? {output}", encoding="utf-8")

    asking = resolved(judge("polite.txt", syntax="format"), folder)

    (question,) = asking.questions(CASE, REPLY)
    assert question.request.messages[0].content == "Polite? It will come."


def test_settings_beside_a_rubric_are_defaults(folder: Path) -> None:
    (folder / "polite.prompt.yml").write_text(
        "messages:\n  - role: user\n    content: 'Polite? {{output}}'\n"
        "modelParameters:\n  temperature: 1\n  max_tokens: 9\n",
        encoding="utf-8",
    )

    asking = resolved(judge("polite.prompt.yml", request={"temperature": 0}), folder)

    (question,) = asking.questions(CASE, REPLY)
    assert question.request.settings == {"temperature": 0, "max_tokens": 9}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"rubric": ""}, "judge: rubric='' is no place of a rubric"),
        ({"model": 3}, "judge: model=3 is no name of a model"),
        ({"repeats": -1}, "judge: repeats=-1 is no whole number from 0"),
        ({"repeats": True}, "judge: repeats=True is no whole number from 0"),
        ({"labels": 3}, "judge: labels=3 is no path of a case file"),
        (
            {"labels": "l.jsonl", "min_kappa": 60},
            "judge: min_kappa=60 is no number from 0 to 1",
        ),
        ({"min_kappa": 0.6}, "judge: min_kappa=0.6 is given without labels"),
        (
            {"request": {"stop": {1}}},
            "judge: request={'stop': {1}} is no mapping of model settings that JSON "
            "can hold",
        ),
        ({"request": "x"}, "judge: request='x' is no mapping of model settings"),
        ({"second": 3}, "judge: second=3 is neither the name of a model nor a scorer"),
        ({"verdicts": ("pass",)}, "judge: verdicts=('pass',): fewer than two verdicts"),
    ],
)
def test_an_argument_that_is_not_as_it_must_be_is_refused(
    arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ScorerError) as caught:
        judge(**{"rubric": "polite.j2", **arguments})

    assert caught.value.problem.startswith(problem)


def test_an_unknown_second_opinion_says_how_to_name_a_model(folder: Path) -> None:
    with pytest.raises(ScorerError) as caught:
        resolved(judge("polite.j2", second="exat"), folder)

    assert str(caught.value).startswith("second opinion: unknown scorer 'exat'")
    assert str(caught.value).endswith('has a colon, as in "openai:other-model"')


@pytest.mark.parametrize("unfinished", ["judge", "judge_pair", judge, judge_pair])
def test_a_judge_without_a_rubric_is_refused(unfinished: Any) -> None:
    name = unfinished if isinstance(unfinished, str) else unfinished.__name__

    with pytest.raises(ScorerError) as caught:
        resolve_scorer(unfinished)

    assert str(caught.value) == (
        f"scorer '{name}' is given without the rubric that it asks by\n"
        "  hint: import it from pytest_promptopt.scorers and write "
        f'scorer={name}("rubrics/NAME.j2")'
    )


def test_outside_a_marker_a_rubric_needs_an_absolute_path() -> None:
    with pytest.raises(PromptOptError, match="is a relative path"):
        resolve_scorer(judge("polite.j2"))
