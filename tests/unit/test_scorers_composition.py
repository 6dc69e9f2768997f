from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import (
    all_of,
    any_of,
    exact,
    files_of,
    json_fields,
    json_schema,
    leaves,
    not_,
    number,
    regex,
    resolve_scorer,
    set_f1,
)
from pytest_promptopt.scorers.composition import least, most, turned

LAW = settings(max_examples=60, deadline=None, database=None)
CASE = Case(id="a", inputs={}, expected="7", place="c.jsonl:3")


def score(spec: Any, text: str, case: Case = CASE, **lookup: Any) -> Score:
    return resolve_scorer(spec, **lookup)(case, Completion(text=text))


def short(case: Case, completion: Completion) -> bool:
    return len(completion.text) < 3 + len(case.id)


def unsure(case: Case, completion: Completion) -> Score:
    return Score.unscored(f"no verdict on {case.id} {completion.text}")


def half(case: Case, completion: Completion) -> float:
    return 0.5 if case.id and completion.text else 0.0


def test_all_of_is_the_lowest_and_keeps_every_part_by_name() -> None:
    both = all_of("exact", short)

    assert score(both, "7") == Score(value=1.0, parts={"exact": 1.0, "short": 1.0})
    assert score(both, "seven") == Score(
        value=0.0,
        reason="exact: expected '7', got 'seven'; short: scored 0",
        parts={"exact": 0.0, "short": 0.0},
    )
    assert score(all_of(half, short), "7").value == 0.5


def test_any_of_is_the_highest_and_tells_all_if_none_is_right() -> None:
    either = any_of("exact", regex("seven"))

    assert score(either, "seven") == Score(
        value=1.0, parts={"exact": 0.0, "regex": 1.0}
    )
    assert score(either, "8").reason == (
        "exact: expected '7', got '8'; regex: expected a match of 'seven', got '8'"
    )


def test_not_turns_a_score_and_says_so() -> None:
    polite = not_(regex("(?i)as an ai"))

    assert score(polite, "7") == Score(value=1.0)
    assert score(polite, "As an AI, 7") == Score(
        value=0.0, reason="expected regex to be 0, got 1"
    )
    assert score(not_(half), "7") == Score(
        value=0.5, reason="expected half to be 0, got 0.5"
    )


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Completion(text=" "), "the reply is empty"),
        (Completion(text="7", finish_reason="length"), "the reply was cut off"),
        (Completion(text="", refusal="no"), "the model refused: 'no'"),
    ],
)
def test_not_makes_no_right_answer_of_an_unusable_reply(
    reply: Completion, why: str
) -> None:
    got = resolve_scorer(not_("exact"))(CASE, reply)

    assert got.value == 0.0
    assert got.reason.startswith(why)


def test_a_reply_of_tool_calls_alone_is_no_empty_one() -> None:
    reply = Completion(text="", tool_calls=({"name": "refund", "arguments": "{}"},))
    case = Case(id="a", inputs={}, expected="delete")

    assert resolve_scorer(not_("tool_call"))(case, reply).value == 1.0


def test_an_unscored_one_leaves_open_only_what_it_could_change() -> None:
    assert score(all_of("exact", unsure), "8").value == 0.0
    assert score(any_of("exact", unsure), "7").value == 1.0
    for open_one in (
        all_of("exact", unsure),
        any_of(half, unsure),
        not_(unsure),
    ):
        got = score(open_one, "7")
        assert got == Score.unscored("unsure: no verdict on a 7")


def test_parts_of_parts_are_kept_below_the_name() -> None:
    case = Case(id="a", inputs={}, expected={"a": 1, "b": 2})

    got = score(all_of(json_fields(partial=True), short=short), '{"a": 1}', case)

    assert got.value == 0.0
    assert got.parts == {
        "json_fields": 0.5,
        "json_fields.a": 1.0,
        "json_fields.b": 0.0,
        "short": 0.0,
    }


def test_names_are_unique_and_read_from_functions() -> None:
    class Own:
        def __call__(self, case: Case, completion: Completion) -> bool:
            return bool(case.id and completion.text)

    many = all_of(
        exact(), exact, number(tolerance=1), regex("7"), regex("."), Own(), not_(short),
        lambda case, completion: True, short, short=short,
    )  # fmt: skip

    assert list(score(many, "7").parts) == [
        "exact", "exact_2", "number", "regex", "regex_2", "Own",
        "not_short", "lambda", "short_2", "short",
    ]  # fmt: skip


def test_more_than_three_reasons_are_counted() -> None:
    got = score(all_of("exact", "exact", "exact", "exact", "exact"), "8")

    assert got.reason.endswith("exact_3: expected '7', got '8'; and 2 more")


def test_names_of_the_project_are_looked_up_and_misspelt_ones_told() -> None:
    extra = {"short": short, "both": all_of("short", "exact")}.get

    assert score(all_of("both"), "7", extra=extra).value == 1.0
    with pytest.raises(ScorerError) as caught:
        resolve_scorer(not_(any_of("exakt")), extra=extra)
    assert caught.value.problem == "not_: any_of: unknown scorer 'exakt'"
    assert caught.value.hint.startswith("did you mean 'exact'?")


def test_a_name_that_is_made_of_itself_ends_at_the_built_in_ones() -> None:
    def extra(name: str) -> Any:
        return {"exact": all_of("exact", "short"), "short": any_of("exact", short)}.get(
            name
        )

    assert score("exact", "7", extra=extra).value == 1.0


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (all_of, "all_of: no scorer is given"),
        (lambda: any_of(["exact"]), "any_of: ['exact'] is neither a name nor"),  # type: ignore[arg-type]
        (lambda: not_(7), "not_: 7 is neither a name nor a function"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_combined_is_refused_at_once(make: Any, problem: str) -> None:
    with pytest.raises(ScorerError) as caught:
        make()

    assert caught.value.problem.startswith(problem)


@pytest.mark.parametrize("spec", ["all_of", all_of])
def test_a_composition_without_scorers_is_refused(spec: Any) -> None:
    with pytest.raises(ScorerError) as caught:
        resolve_scorer(spec)

    assert str(caught.value) == (
        "scorer 'all_of' is given without the scorers that it combines\n"
        "  hint: import it from pytest_promptopt.scorers and write "
        'scorer=all_of("exact", "regex")'
    )


def test_a_composition_can_be_called_in_a_body() -> None:
    assert all_of("exact", short)(CASE, Completion(text="7")).value == 1.0


def test_files_and_functions_are_found_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"type": "integer"}', encoding="utf-8")
    nested = all_of(not_(short), any_of("exact", json_schema("s.json")), set_f1)

    assert files_of(nested) == ("s.json",)
    assert files_of("exact") == ()
    assert [leaf for leaf in leaves(nested) if leaf in ("exact", short)] == [
        short,
        "exact",
    ]
    assert (
        score(all_of(json_schema("s.json")), "7", locate=lambda n: tmp_path / n).value
        == 1.0
    )


scores = st.one_of(
    st.just(Score.unscored("why")),
    st.sampled_from([0.0, 0.25, 1.0]).map(lambda value: Score(value=value)),
)


@LAW
@given(st.lists(scores, min_size=1, max_size=4))
def test_all_of_and_any_of_mirror_each_other(given_scores: list[Score]) -> None:
    named = {str(n): score for n, score in enumerate(given_scores)}
    mirrored = {name: turned({"x": score}) for name, score in named.items()}

    low, high = least(named).value, most(mirrored).value

    assert (low is None) is (high is None)
    assert low is None or high == 1.0 - low
