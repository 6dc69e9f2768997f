from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import (
    Scorer,
    all_of,
    any_of,
    as_score,
    choice,
    exact,
    includes,
    json_fields,
    number,
    regex,
    resolve_scorer,
    unusable,
)
from pytest_promptopt.scorers.grading import shown

ALL = [exact(), choice(), number(), regex(), includes(), json_fields()]
CASE = Case(id="a", inputs={}, expected="7", place="c.jsonl:3")


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion(text="7"), None),
        (Completion(text="7", finish_reason="tool_calls"), None),
        (
            Completion(text="7", finish_reason="length"),
            "the reply was cut off at the token limit",
        ),
        (
            Completion(text="7", finish_reason="content_filter"),
            "the reply was stopped by the provider's content filter",
        ),
        (Completion(text="7", refusal="I won't"), 'the model refused: "I won\'t"'),
        (Completion(text=""), "the reply is empty"),
        (Completion(text=" \n\u00a0"), "the reply is empty"),
    ],
)
@pytest.mark.parametrize("scorer", ALL)
def test_an_unusable_reply_is_wrong_with_that_reason(
    scorer: Scorer, completion: Completion, reason: str | None
) -> None:
    score = scorer(CASE, completion)

    assert unusable(completion) == reason
    if reason is not None:
        told = f"expected '7', but {reason}"
        assert score == Score(value=0.0, reason=told, parsed=False)


@pytest.mark.parametrize("scorer", ALL)
def test_a_scorer_that_needs_an_expected_answer_names_the_case(scorer: Scorer) -> None:
    case = Case(id="a", inputs={}, has_expected=False, place="c.jsonl:3")

    for completion in (Completion(text="7"), Completion(text="")):
        with pytest.raises(ScorerError) as caught:
            scorer(case, completion)
        assert caught.value.problem.startswith("c.jsonl:3: case 'a': scorer '")
        assert caught.value.problem.endswith(
            "' needs the field 'expected', which the case does not have"
        )
        assert (
            caught.value.hint == 'add "expected" to the case, or score with a test body'
        )


@pytest.mark.parametrize("expected", ["", "  ", ["a"], {"a": 1}, None])
@pytest.mark.parametrize("scorer", [exact(), choice()])
def test_an_expected_answer_that_is_no_text_is_refused(
    scorer: Scorer, expected: Any
) -> None:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")

    with pytest.raises(ScorerError, match=r"^c\.jsonl:3: case 'a': scorer .* cannot"):
        scorer(case, Completion(text="7"))


@pytest.mark.parametrize(
    ("value", "share"),
    [(True, 1.0), (False, 0.0), (1, 1.0), (0.25, 0.25), (Fraction(1, 4), 0.25)],
)
def test_bools_and_numbers_are_scores(value: Any, share: float) -> None:
    score = as_score(value)

    assert score == Score(value=share)
    assert type(score.value) is float


def test_a_score_passes_with_plain_floats() -> None:
    score = as_score(Score(value=1, reason="fine", parts={"a": True}))

    assert score == Score(value=1.0, reason="fine", parts={"a": 1.0})
    assert type(score.value) is float
    assert type(score.parts["a"]) is float
    assert as_score(Score.unscored("no verdict")) == Score.unscored("no verdict")


def test_numpy_scalars_are_scores() -> None:
    numpy = pytest.importorskip("numpy")

    assert as_score(numpy.bool_(True)) == Score(value=1.0)
    assert as_score(numpy.float32(0.5)) == Score(value=0.5)
    assert type(as_score(numpy.float64(0.5)).value) is float


@pytest.mark.parametrize(
    ("value", "shown_as"),
    [
        (None, "None"),
        (1.7, "1.7"),
        (-1, "-1"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (10**400, "1" + "0" * 76 + "..."),
        ("0.5", "'0.5'"),
        (Decimal(1), "Decimal('1')"),
        ((1, "why"), "(1, 'why')"),
    ],
)
def test_anything_else_is_no_score(value: Any, shown_as: str) -> None:
    with pytest.raises(ScorerError) as caught:
        as_score(value)

    assert str(caught.value) == (
        f"{shown_as} is no score\n"
        "  hint: return True or False, a number from 0 to 1, or Score(value, reason)"
    )


def test_values_in_reasons_are_short_and_printable() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]

    assert shown("\x1b[2J\ud800") == "'\\x1b[2J\\ud800'"
    assert len(shown("x" * 1000)) == 80
    assert shown(nested) in {"<a deeply nested list>", f"{'[' * 77}..."}
    while nested:  # let go of it level by level, not in one deep recursion
        nested = nested[0]


@pytest.mark.parametrize(
    ("scorer", "text", "parsed"),
    [
        (choice(["7", "8"]), "8", True),
        (choice(["7", "8"]), "7 or 8", False),
        (choice(["7", "8"]), "nine", False),
        (number(), "It is 9.", True),
        (number(), "It is nine.", False),
        (json_fields(), "9", True),
        (json_fields(), "nine", False),
        (exact(), "nine", True),  # nobody can tell
        (all_of(number(), json_fields()), "It is 7.", False),
        (any_of(number(), json_fields()), "It is 8.", True),
    ],
)
def test_a_scorer_says_whether_an_answer_could_be_read(
    scorer: Any, text: str, *, parsed: bool
) -> None:
    made = resolve_scorer(scorer)

    assert made(CASE, Completion(text=text)).parsed is parsed
    assert as_score(made(CASE, Completion(text=text))).parsed is parsed


def test_a_reply_that_is_read_as_json_and_is_none_is_not_parsed() -> None:
    def score(case: Case, completion: Completion) -> bool:
        return bool(completion.json == case.expected)

    made = resolve_scorer(score)

    assert not made(CASE, Completion(text="nine")).parsed
    assert made(CASE, Completion(text="9")).parsed
