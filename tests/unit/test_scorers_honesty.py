"""How far a judge can be trusted: the figures, on judges whose faults are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judges import CASE, answers, asked_about, resolved, said

from pytest_promptopt.errors import CaseFileError, ScorerError
from pytest_promptopt.records import Case, Completion, Message, Request
from pytest_promptopt.scorers import Asked, all_of, judge, judge_pair
from pytest_promptopt.testing import ScriptedJudge

MANY = 3000
POINTS = 0.02


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "polite.j2").write_text("Polite? {{ output }}", encoding="utf-8")
    (tmp_path / "better.j2").write_text(
        "Better?\n{{ first }}\n{{ second }}", encoding="utf-8"
    )
    return tmp_path


def truth(request: Request) -> str:
    return "pass" if "kind" in request.messages[0].content else "fail"


def replies(count: int) -> list[tuple[Case, str]]:
    return [
        (replace(CASE, id=str(n)), f"{'kind' if n % 3 else 'rude'} {n}")
        for n in range(count)
    ]


def test_unread_verdicts_and_self_agreement_come_out_within_two_points(
    folder: Path,
) -> None:
    model = ScriptedJudge(truth, wrong=0.15, unreadable=0.1)
    asking = resolved(judge("polite.j2", repeats=MANY), folder)
    asked = asked_about(asking, model, replies(MANY))

    (found,) = asking.honesty(asked, answers(model, asking.checks(asked)))

    assert found.judged == MANY
    assert found.unread / found.judged == pytest.approx(0.1, abs=POINTS)
    assert found.repeated / found.judged == pytest.approx(0.9**2, abs=POINTS)
    # Both right, or both the other of two verdicts.
    share = found.same / found.repeated
    assert share == pytest.approx(0.85**2 + 0.15**2, abs=POINTS)


def test_the_preferred_place_comes_out_within_two_points(folder: Path) -> None:
    def better(request: Request) -> str:
        _, first, _ = request.messages[0].content.split("\n")
        return "first" if first.startswith("kind") else "second"

    model = ScriptedJudge(better, verdicts=("first", "second", "tie"), biased=0.3)
    asking = resolved(judge_pair("better.j2", repeats=0), folder)
    against = replace(CASE, expected="rude")
    asked = asked_about(
        asking, model, [(replace(against, id=str(n)), f"kind {n}") for n in range(MANY)]
    )

    (found,) = asking.honesty(asked, ())

    assert asking.checks(asked) == ()
    assert found.orders is not None
    assert found.orders.asked == MANY
    assert found.orders.same / MANY == pytest.approx(0.7, abs=POINTS)
    assert found.orders.first / MANY == pytest.approx(0.3, abs=POINTS)
    assert found.orders.second == 0


def labels(folder: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "labels.jsonl").write_text(text, encoding="utf-8")


def test_agreement_with_hand_labels_comes_out_within_two_points(folder: Path) -> None:
    rows = [
        {"output": f"{word} {n}", "verdict": verdict}
        for n in range(MANY // 2)
        for word, verdict in (("kind", "pass"), ("rude", "fail"))
    ]
    labels(folder, rows)
    model = ScriptedJudge(truth, wrong=0.2, unreadable=0.1)
    asking = resolved(judge("polite.j2", labels="labels.jsonl"), folder)

    (found,) = asking.honesty((), answers(model, asking.checks(())))

    assert found.labels is not None
    assert found.labels.asked == MANY
    assert found.labels.read / MANY == pytest.approx(0.9, abs=POINTS)
    assert found.labels.kappa is not None
    # Half of all labels are 'pass', so chance gives a half: (0.8 - 0.5) / 0.5.
    assert found.labels.kappa.agreement == pytest.approx(0.8, abs=POINTS)
    assert found.labels.kappa.value == pytest.approx(0.6, abs=POINTS)
    assert found.lines[-1].startswith("judge polite.j2: kappa 0.")
    assert found.fault == ""


@pytest.mark.parametrize(
    ("graded", "repeats", "drawn"),
    [
        (0, None, 0),
        (5, None, 5),
        (60, None, 20),
        (300, None, 30),
        (600, None, 50),
        (30, 0, 0),
        (30, 4, 4),
        (30, 400, 30),
    ],
)
def test_a_tenth_is_asked_twice_but_not_too_few_and_not_too_many(
    folder: Path, graded: int, repeats: int | None, drawn: int
) -> None:
    asking = resolved(judge("polite.j2", repeats=repeats), folder)
    asked = asked_about(asking, ScriptedJudge(truth), replies(graded))

    questions = asking.checks(asked)

    assert len(questions) == drawn
    assert all(question.request.seed == 1 for question in questions)
    assert asking.checks(asked[::-1]) == questions
    assert asking.checks(asked + asked) == questions


def test_draws_of_a_panel_never_overlap_those_of_its_repeat(folder: Path) -> None:
    class Panel:
        most_requests = 2

        def requests(self, case: Case, completion: Completion) -> list[Request]:
            message = Message(role="user", content=f"{case.id}{completion.text}")
            return [Request(messages=(message,), seed=seed) for seed in range(2)]

        def compare(
            self, case: Case, completion: Completion, given: list[Completion]
        ) -> float:
            return sum(reply.text == "yes" for reply in given) / 2

    asking = resolved(Panel(), folder)
    reply = Completion(text="x")
    asked = [
        Asked(case=CASE, completion=reply, replies=said("yes", "no")),
        Asked(case=replace(CASE, id="b"), completion=reply, replies=said("yes", "yes")),
    ]

    again = asking.checks(asked)
    (found,) = asking.honesty(asked, said("no", "no", "no", "no"))
    (lost,) = asking.honesty(asked, said("no", "no", None, "yes"))

    assert [question.request.seed for question in again] == [2, 3, 2, 3]
    assert (found.judged, found.repeated, found.same) == (2, 2, 0)
    assert (lost.judged, lost.repeated, lost.same) == (2, 1, 0)


def test_replies_that_never_came_or_were_never_asked_for_do_not_count(
    folder: Path,
) -> None:
    asking = resolved(judge("polite.j2"), folder)
    asked = [
        Asked(case=CASE, completion=Completion(text=""), replies=()),
        Asked(case=CASE, completion=Completion(text="x"), replies=(None,)),
    ]

    (found,) = asking.honesty(asked, ())

    assert asking.checks(asked) == ()
    assert found.lines == ()


def test_each_figure_has_a_line(folder: Path) -> None:
    labels(
        folder,
        [{"output": "kind", "verdict": "Pass"}, {"output": "rude", "expected": "fail"}],
    )
    asking = resolved(judge("polite.j2", labels="labels.jsonl", repeats=2), folder)
    asked = [
        Asked(case=CASE, completion=Completion(text=text), replies=said(verdict))
        for text, verdict in (("a", "pass"), ("b", "pass"), ("c", "?"))
    ]

    few = asking.honesty(asked[:1], said("pass", "pass", "?"))
    many = asking.honesty(asked, said("pass", "pass", "pass", "fail"))
    pair = resolved(judge_pair("better.j2", repeats=0), folder)
    places = pair.honesty(
        [
            Asked(case=CASE, completion=Completion(text="x"), replies=said(one, other))
            for one, other in (("first", "first"), ("first", "second"))
        ],
        (),
    )

    assert few[0].lines == (
        "judge polite.j2: all of 1 verdict could be read",
        "judge polite.j2: judged 1 of 1 reply (100.0% [20.7, 100.0]) the same when "
        "asked twice",
        "judge polite.j2: its agreement with hand labels cannot be told; 1 verdict "
        "could not be read",
    )
    assert many[0].lines[0] == (
        "judge polite.j2: 1 of 3 verdicts (33.3%) could not be read"
    )
    assert many[0].lines[2] == (
        "judge polite.j2: kappa 1.00 [-0.35, 1.00] with 2 hand labels, 100.0% the same"
    )
    assert places[0].lines == (
        "judge_pair better.j2: all of 2 verdicts could be read",
        "judge_pair better.j2: judged 1 of 2 pairs (50.0% [9.5, 90.5]) the same in "
        "both orders; else it took the first text 1 time and the second 0 times, "
        "whatever they were",
    )


def test_a_judge_below_min_kappa_is_at_fault(folder: Path) -> None:
    rows = [
        {"output": f"{word} {n}", "verdict": verdict}
        for n in range(30)
        for word, verdict in (("kind", "pass"), ("rude", "fail"))
    ]
    labels(folder, rows)
    asking = resolved(judge("polite.j2", labels="labels.jsonl", min_kappa=0.6), folder)

    def fault(model: ScriptedJudge) -> str:
        (found,) = asking.honesty((), answers(model, asking.checks(())))
        return found.fault

    assert fault(ScriptedJudge(truth)) == ""
    assert fault(ScriptedJudge(truth, unreadable=1.0)) == (
        "judge polite.j2: no verdict could be read, on 60 hand labels, so that "
        "min_kappa=0.6 cannot hold"
    )
    assert fault(ScriptedJudge(lambda _: "pass")) == (
        "judge polite.j2: it does not grade as people do: kappa 0.00 [-0.06, 0.06] "
        "with 60 hand labels, 50.0% the same; all of the interval is below "
        "min_kappa=0.6"
    )
    (lost,) = asking.honesty((), (None,) * 60)
    assert (lost.fault, lost.lines) == ("", ())


def test_each_judge_of_a_composition_has_its_own_figures(folder: Path) -> None:
    asking = resolved(
        all_of("exact", judge("polite.j2"), judge_pair("better.j2")), folder
    )
    model = ScriptedJudge(
        lambda request: "tie" if "Better" in request.messages[0].content else "pass",
        verdicts=("fail", "pass", "tie"),
    )
    asked = asked_about(asking, model, replies(3))

    one, other = asking.honesty(asked, answers(model, asking.checks(asked)))

    assert (one.judge, one.judged, one.repeated, one.same) == (
        "judge polite.j2",
        3,
        3,
        3,
    )
    assert other.orders is not None
    assert (other.repeated, other.orders.same) == (3, 3)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"verdict": "pass"}, "label '{id}' has no 'output'"),
        (
            {"output": 7, "verdict": "pass"},
            "label '{id}' has an unusable 'output': 7",
        ),
        ({"output": "x"}, "label '{id}' has no 'verdict'"),
        (
            {"output": "x", "verdict": "good"},
            "label '{id}' has verdict 'good', which is none of 'fail', 'pass'",
        ),
    ],
)
def test_a_label_that_cannot_be_used_is_an_error_at_its_line(
    folder: Path, row: dict[str, Any], problem: str
) -> None:
    labels(folder, [{"output": "kind", "verdict": "pass"}, {"id": "two", **row}])

    with pytest.raises(CaseFileError) as caught:
        resolved(judge("polite.j2", labels="labels.jsonl"), folder)

    assert caught.value.problem == f"labels.jsonl:2: {problem.format(id='two')}"


def test_labels_of_one_verdict_tell_nothing(folder: Path) -> None:
    labels(folder, [{"output": f"kind {n}", "verdict": "pass"} for n in range(3)])

    with pytest.raises(CaseFileError) as caught:
        resolved(judge("polite.j2", labels="labels.jsonl"), folder)

    assert str(caught.value) == (
        "labels.jsonl: every label is 'pass', so that no agreement could be told from "
        "chance\n  hint: label replies of other verdicts too: 'fail', 'pass'"
    )


def test_labels_need_what_the_rubric_uses(folder: Path) -> None:
    (folder / "strict.j2").write_text("{{ ticket }} {{ output }}", encoding="utf-8")
    labels(folder, [{"output": w, "verdict": w} for w in ("pass", "fail")])

    with pytest.raises(ScorerError, match="finds no field 'ticket', which strict"):
        resolved(judge("strict.j2", labels="labels.jsonl"), folder)
