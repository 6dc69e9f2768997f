"""A project's own scorer that asks a model, alone and combined with others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judges import CASE, resolved, said

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Message, Request, Score
from pytest_promptopt.scorers import (
    SECOND,
    all_of,
    any_of,
    judge,
    not_,
    resolve_scorer,
)

REPLY = Completion(text="It will come.")


def request(text: str, seed: int | None = None) -> Request:
    return Request(messages=(Message(role="user", content=text),), seed=seed)


class Panel:
    """The majority of three."""

    model = "openai:j"
    most_requests = 3

    def requests(self, case: Case, completion: Completion) -> list[Request]:
        return [request(f"{case.id}: {completion.text}?", seed) for seed in range(3)]

    def compare(
        self, case: Case, completion: Completion, replies: list[Completion]
    ) -> float:
        return sum(reply.text == "yes" for reply in replies) / len(replies)


class One:
    """One question, answered by yes or no."""

    def requests(self, case: Case, completion: Completion) -> Any:
        return [request(completion.text)]

    def compare(
        self, case: Case, completion: Completion, replies: list[Completion]
    ) -> Any:
        return replies[0].text == "yes"


def test_an_object_with_requests_and_compare_asks(tmp_path: Path) -> None:
    asking = resolved(Panel(), tmp_path)

    questions = asking.questions(CASE, REPLY)

    assert [(q.model, q.request.seed) for q in questions] == [
        ("openai:j", 0),
        ("openai:j", 1),
        ("openai:j", 2),
    ]
    assert asking.models == ("openai:j",)
    assert asking.most_questions(confirming=True) == 3
    assert not asking.confirms
    score = asking.compare(CASE, REPLY, said("yes", "no", "yes"))
    assert score.value == pytest.approx(2 / 3)


def test_a_project_may_supply_one_by_name(tmp_path: Path) -> None:
    asking = resolved("mine", tmp_path, extra=lambda name: One() if name else None)

    assert asking.questions(CASE, REPLY)[0].request.seed == 0
    assert asking.models == ("",)
    assert asking.compare(CASE, REPLY, said("no")) == Score(value=0.0)


def test_what_is_lost_or_unusable_needs_no_compare(tmp_path: Path) -> None:
    asking = resolved(Panel(), tmp_path)
    empty = Completion(text="")

    assert asking.compare(CASE, REPLY, said("yes", None, "yes")) == Score.unscored(
        "a reply of the judge did not come"
    )
    assert asking.questions(CASE, empty) == ()
    assert asking.compare(CASE, empty, ()).reason == "the reply is empty"


def test_an_assertion_in_either_is_a_wrong_answer(tmp_path: Path) -> None:
    class Reads(One):
        def requests(self, case: Case, completion: Completion) -> Any:
            return [request(completion.json["answer"])]

    class Asserts(One):
        def compare(self, case: Case, completion: Completion, replies: Any) -> Any:
            assert replies[0].text == "yes", "the judge said no"
            return True

    reads, asserts = resolved(Reads(), tmp_path), resolved(Asserts(), tmp_path)

    assert reads.questions(CASE, REPLY) == ()
    assert reads.compare(CASE, REPLY, ()).value == 0.0
    assert reads.compare(CASE, REPLY, ()).reason.startswith("reply is not JSON")
    assert asserts.compare(CASE, REPLY, said("no")).reason.startswith(
        "the judge said no"
    )


def faulty(requests: Any = None, compare: Any = None) -> One:
    spec = One()
    if requests is not None:
        spec.requests = lambda case, completion: requests  # type: ignore[method-assign]
    if compare is not None:
        spec.compare = lambda case, completion, replies: compare()  # type: ignore[method-assign]
    return spec


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (faulty("ask"), "requests() gave 'ask', not a list of requests"),
        (faulty(["ask"]), "requests() gave ['ask'], not a list of requests"),
        (faulty(7), "requests() gave 7, not a list of requests"),
        (
            faulty([request("a"), request("b")]),
            "requests() gave 2 requests, more than its most_requests=1",
        ),
        (
            faulty(compare=lambda: 1 // 0),
            "compare() raised ZeroDivisionError: integer division or modulo by zero",
        ),
        (faulty(compare=lambda: "good"), "'good' is no score"),
    ],
)
def test_a_fault_of_it_is_an_error_at_the_case(
    spec: One, problem: str, tmp_path: Path
) -> None:
    asking = resolved(spec, tmp_path)

    def grade() -> None:
        asking.questions(CASE, REPLY)
        asking.compare(CASE, REPLY, said("yes"))

    with pytest.raises(ScorerError) as caught:
        grade()

    assert caught.value.problem == f"c.jsonl:3: scorer 'One': {problem}"


class Async(One):
    async def requests(self, case: Case, completion: Completion) -> Any:
        return [request(completion.text)]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (One, "scorer 'One' is a class"),
        (Async(), "scorer 'Async': requests() is an async function"),
    ],
)
def test_what_cannot_be_one_is_refused(spec: Any, problem: str) -> None:
    with pytest.raises(ScorerError) as caught:
        resolve_scorer(spec)

    assert caught.value.problem == problem


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("model", 3, "the name of one"),
        ("most_requests", 0, "a whole number from 1"),
        ("fingerprint", 3, "a text"),
    ],
)
def test_an_attribute_of_the_wrong_kind_is_refused(
    name: str, value: Any, form: str
) -> None:
    spec = One()
    setattr(spec, name, value)

    with pytest.raises(ScorerError) as caught:
        resolve_scorer(spec)

    assert str(caught.value) == (
        f"scorer 'One': {name}={value!r} is not {form}\n"
        f"  hint: set {name} to {form}, or leave it out"
    )


def test_its_own_fingerprint_counts(tmp_path: Path) -> None:
    strict = One()
    strict.fingerprint = "strict"  # type: ignore[attr-defined]

    assert (
        resolved(strict, tmp_path).fingerprint != resolved(One(), tmp_path).fingerprint
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "polite.j2").write_text("Polite? {{ output }}", encoding="utf-8")
    return tmp_path


def test_a_composition_deals_each_its_own_replies(folder: Path) -> None:
    both = resolved(all_of("exact", panel=Panel(), polite=judge("polite.j2")), folder)

    questions = both.questions(CASE, REPLY)
    score = both.compare(CASE, REPLY, said("pass", "yes", "yes", "no"))

    assert [q.model for q in questions] == ["openai:j"] * 3 + [""]
    assert both.models == ("openai:j", "")
    assert both.most_questions() == 4
    # Names come in the order they are given in: exact, panel, polite.
    assert score.parts == {"exact": 0.0, "panel": pytest.approx(2 / 3)}
    assert score.value == 0.0


def test_a_composition_without_a_judge_is_as_it_was() -> None:
    score = resolve_scorer(all_of("exact", "includes"))(CASE, REPLY)

    assert score.parts == {"exact": 0.0, "includes": 0.0}


def test_an_unread_verdict_leaves_open_only_what_it_could_change(folder: Path) -> None:
    either = resolved(any_of("exact", judge("polite.j2")), folder)
    right = replace(REPLY, text="On its way.")

    assert either.compare(CASE, right, said("?")).value == 1.0
    assert either.compare(CASE, REPLY, said("?")).value is None
    assert either.compare(CASE, REPLY, said("pass")).parts == {
        "exact": 0.0,
        "judge": 1.0,
    }


def test_not_turns_a_judge_but_no_unusable_reply(folder: Path) -> None:
    rude = resolved(not_(judge("polite.j2", second="openai:o")), folder)
    empty = Completion(text="")

    assert rude.label == "not_judge"
    assert rude.compare(CASE, REPLY, said("fail")).value == 1.0
    assert rude.compare(CASE, REPLY, said("?")).value is None
    assert rude.questions(CASE, empty, confirming=True) == ()
    assert rude.compare(CASE, empty, (), confirming=True) == Score(
        value=0.0, reason="the reply is empty", parts={SECOND: 0.0}, parsed=False
    )
    both = rude.compare(CASE, REPLY, said("fail", "pass"), confirming=True)
    assert (both.value, both.parts) == (1.0, {SECOND: 0.0})


def test_the_second_opinion_of_a_composition_is_the_composed_one(folder: Path) -> None:
    confirmed = judge("polite.j2", second="openai:o")
    both = resolved(all_of(confirmed, short=lambda case, reply: True), folder)
    half = resolved(all_of(confirmed, One()), folder)

    score = both.compare(CASE, REPLY, said("pass", "fail"), confirming=True)

    assert both.confirms
    assert both.second_models == ("openai:o",)
    assert both.most_questions(confirming=True) == 2
    assert score.value == 1.0
    assert score.parts == {"judge": 1.0, "short": 1.0, SECOND: 0.0}
    assert both.compare(CASE, REPLY, said("pass")).parts == {"judge": 1.0, "short": 1.0}
    unread = both.compare(CASE, REPLY, said("pass", "?"), confirming=True)
    assert unread.parts == {"judge": 1.0, "short": 1.0}
    assert not half.confirms
    alone = half.compare(CASE, REPLY, said("pass", "fail", "yes"), confirming=True)
    assert alone.parts == {"judge": 1.0, "One": 1.0}


def test_a_composition_checks_cases_for_those_that_ask(folder: Path) -> None:
    both = resolved(all_of("exact", judge("polite.j2")), folder)

    with pytest.raises(ScorerError, match="fills in 'output' itself"):
        both.check([replace(CASE, inputs={"output": "x"})])


def test_a_composition_has_the_fingerprints_of_those_that_ask(folder: Path) -> None:
    one = resolved(all_of("exact", judge("polite.j2")), folder)
    other = resolved(all_of("exact", judge("polite.j2", verdicts=range(3))), folder)

    assert one.fingerprint != other.fingerprint
