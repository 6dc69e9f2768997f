from __future__ import annotations

from typing import Any

import pytest

from pytest_promptopt.errors import ModelError, ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import exact, resolve_scorer
from pytest_promptopt.scorers.resolving import FACTORIES

CASE = Case(id="a", inputs={}, expected="7", place="c.jsonl:3")
REPLY = Completion(text="7")
KNOWN = (
    "'choice', 'exact', 'includes', 'json', 'json_schema', 'list_f1', 'number', "
    "'promptfoo', 'regex', 'set_f1', 'similarity', 'tool_call', 'verdict'"
)


@pytest.mark.parametrize("name", sorted(FACTORIES))
def test_every_built_in_scorer_has_a_name(name: str) -> None:
    special = {
        "json": 7,
        "json_schema": {"const": 7},
        "tool_call": [],
        "verdict": "pass",
    }
    case = Case(id="a", inputs={}, expected=special.get(name, "7"))
    reply = Completion(text="pass") if name == "verdict" else REPLY

    assert resolve_scorer(name)(case, reply).value == 1.0


def test_a_made_scorer_and_an_uncalled_factory_are_taken() -> None:
    assert resolve_scorer(exact(strip=False))(CASE, REPLY).value == 1.0
    assert resolve_scorer(exact)(CASE, REPLY).value == 1.0


def test_a_function_may_give_a_bool_a_number_or_a_score() -> None:
    for given, score in [
        (True, Score(value=1.0)),
        (0.25, Score(value=0.25)),
        (Score(value=0, reason="no"), Score(value=0.0, reason="no")),
    ]:
        scorer = resolve_scorer(lambda _case, _completion, given=given: given)
        assert scorer(CASE, REPLY) == score


def test_an_object_with_a_call_is_a_scorer() -> None:
    class Longer:
        def __call__(self, case: Case, completion: Completion) -> bool:
            return len(completion.text) > len(case.expected)

    assert resolve_scorer(Longer())(CASE, REPLY).value == 0.0


def test_a_failed_assertion_is_a_wrong_answer() -> None:
    def reads_json(_: Case, completion: Completion) -> bool:
        return bool(completion.json["a"] == 1)

    def asserts(_: Case, completion: Completion) -> bool:
        assert completion.text == "8", "not eight"
        return True

    not_json = resolve_scorer(reads_json)(CASE, Completion(text="x"))

    assert not_json.value == 0.0
    assert not_json.reason.startswith("reply is not JSON (")
    assert resolve_scorer(asserts)(CASE, REPLY).reason.startswith("not eight")


@pytest.mark.parametrize("value", [None, 1.7, "yes"])
def test_a_function_that_gives_no_score_is_named_with_the_case(value: Any) -> None:
    def judge(case: Case, completion: Completion) -> Any:
        del case, completion
        return value

    judge.__qualname__ = "judge"

    with pytest.raises(ScorerError) as caught:
        resolve_scorer(judge)(CASE, REPLY)

    assert str(caught.value) == (
        f"c.jsonl:3: scorer 'judge': {value!r} is no score\n"
        "  hint: return True or False, a number from 0 to 1, or Score(value, reason)"
    )


def test_a_function_that_raises_is_named_with_the_case_and_keeps_its_cause() -> None:
    def judge(case: Case, completion: Completion) -> Any:
        raise KeyError(f"{case.id} {completion.text}")

    judge.__qualname__ = "judge"

    with pytest.raises(ScorerError) as caught:
        resolve_scorer(judge)(CASE, REPLY)

    assert caught.value.problem == "c.jsonl:3: scorer 'judge' raised KeyError: 'a 7'"
    assert isinstance(caught.value.__cause__, KeyError)


def test_our_own_errors_and_interrupts_pass_through() -> None:
    for error in (ModelError("no judge", "try later"), KeyboardInterrupt()):

        def judge(
            case: Case, completion: Completion, error: BaseException = error
        ) -> bool:
            del case, completion
            raise error

        with pytest.raises(type(error)):
            resolve_scorer(judge)(CASE, REPLY)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (
            "exakt",
            f"did you mean 'exact'? Known are {KNOWN}",
        ),
        (
            "bleu",
            f"use one of {KNOWN}, or pass a function (case, completion)",
        ),
        ("json_fields", f"did you mean 'json'? Known are {KNOWN}"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(name: str, hint: str) -> None:
    with pytest.raises(ScorerError) as caught:
        resolve_scorer(name, extra=lambda _: None)

    assert (caught.value.problem, caught.value.hint) == (
        f"unknown scorer {name!r}",
        hint,
    )


def test_names_are_supplied_from_outside_before_the_built_in_ones() -> None:
    def extra(name: str) -> Any:
        return (lambda case, completion: 0.5) if name in {"mine", "exact"} else None

    assert resolve_scorer("mine", extra=extra)(CASE, REPLY).value == 0.5
    assert resolve_scorer("exact", extra=extra)(CASE, REPLY).value == 0.5
    assert resolve_scorer("number", extra=extra)(CASE, REPLY).value == 1.0


@pytest.mark.parametrize("spec", [7, None, ["exact"]])
def test_what_is_neither_a_name_nor_a_function_is_refused(spec: Any) -> None:
    with pytest.raises(ScorerError) as caught:
        resolve_scorer(spec)

    assert caught.value.problem == f"scorer is {spec!r}, neither a name nor a function"


def test_a_supplied_scorer_must_be_a_function_too() -> None:
    with pytest.raises(ScorerError, match=r"^scorer is 7, neither"):
        resolve_scorer("mine", extra=lambda _: 7)  # type: ignore[arg-type,return-value]


def test_a_function_of_another_form_is_refused_before_any_reply() -> None:
    async def waits(case: Case, completion: Completion) -> bool:
        del case, completion
        return True

    with pytest.raises(ScorerError, match="too many positional arguments"):
        resolve_scorer(lambda output: True)
    with pytest.raises(ScorerError, match="is an async function"):
        resolve_scorer(waits)
