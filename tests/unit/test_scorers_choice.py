from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import choice
from pytest_promptopt.scorers.choice import _OUTER as OUTER
from pytest_promptopt.scorers.choice import labels_in

LAW = settings(max_examples=100, deadline=None, database=None)
LABELS = ["billing", "shipping", "technical", "account"]


def score(expected: Any, text: str, labels: Any = None, **inputs: Any) -> Score:
    case = Case(id="a", inputs=inputs, expected=expected, place="c.jsonl:3")
    return choice(labels)(case, Completion(text=text))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("billing", ["billing"]),
        ("  Billing.\n", ["billing"]),
        ("**billing**", ["billing"]),
        ("I think it is `billing`, since money is mentioned.", ["billing"]),
        ("billing? Yes, billing!", ["billing"]),
        ("Hard to say.", []),
        ("", []),
        ("billing or shipping", ["billing", "shipping"]),
        ("Labels: billing, shipping, technical, account", LABELS),
        ("not billing but shipping", ["shipping"]),
        ("It isn't billing, it's shipping.", ["shipping"]),
        ("shipping rather than a 'technical' one", ["shipping"]),
        ("It is not about billing", ["billing"]),
        ("Not billing.", []),
        ("non-billing", []),
        ("rebilling, billings, billing_address", []),
        ("A billing-related matter", []),
        ("the customer's billing's wrong", ["billing"]),
    ],
)
def test_labels_are_found_as_whole_tokens(text: str, named: list[str]) -> None:
    assert labels_in(text, LABELS) == tuple(named)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Could be shipping or account. Answer: billing", ["billing"]),
        ("Answer: shipping. Wait, no. Final answer: billing", ["billing"]),
        ("**Answer:** billing\n\nIt is about money, not about shipping.", ["billing"]),
        ("Answer:\n\nbilling", ["billing"]),
        ("The answer is billing because nothing about shipping is said", ["billing"]),
        ("The answer is billing. Shipping is something else.", ["billing"]),
        ("The answer is not billing but shipping", ["shipping"]),
        ("The answer is simple. I would say\nbilling", ["billing"]),
        ("Answer: billing or shipping", ["billing", "shipping"]),
        ("billing. Answer: none of them", []),
    ],
)
def test_the_last_answer_mark_goes_before_the_rest(text: str, named: list[str]) -> None:
    assert labels_in(text, LABELS) == tuple(named)


@pytest.mark.parametrize(
    ("labels", "text", "named"),
    [
        (["valid", "invalid"], "This argument is invalid.", "invalid"),
        (["Yes", "No"], "not sure", None),
        (["Yes", "No"], "No.", "No"),
        (["5", "-5"], "-5", "-5"),
        (["5", "-5"], "It is 5.", "5"),
        (["3.5", "35", "3", "5"], "3.5", "3.5"),
        (["35", "3", "5"], "3.5", None),
        (["card", "card arrival"], "Card  arrival", "card arrival"),
        (["(A)", "(B)"], "(B) Maelstrom", "(B)"),
        (["(A)", "(B)"], "B", "(B)"),
        (["(A)", "(B)"], "So the answer is (B).", "(B)"),
        (["(A)", "(B)"], "A good question", None),
        (["can", "can't"], "It can't.", "can't"),
        (
            ["Refund_not_showing_up", "request_refund"],
            "request_refund",
            "request_refund",
        ),
        (["C++", "C#"], "C++", "C++"),
        (["größe", "farbe"], "GRÖßE", "größe"),
    ],
)
def test_labels_are_told_apart(labels: list[str], text: str, named: str | None) -> None:
    assert labels_in(text, labels) == (() if named is None else (named,))


def test_reasons_say_what_was_found_instead() -> None:
    assert score("billing", "Billing", LABELS) == Score(value=1.0)
    assert score("billing", "shipping!", LABELS) == Score(
        value=0.0, reason="expected 'billing', got 'shipping'"
    )
    assert score("billing", "billing, shipping", LABELS) == Score(
        value=0.0,
        reason="expected 'billing', got 'billing' and 'shipping': ambiguous",
        parsed=False,
    )
    assert score("billing", "Who knows", LABELS) == Score(
        value=0.0,
        reason="expected 'billing', got no allowed label: 'Who knows'",
        parsed=False,
    )


def test_the_labels_of_the_case_are_used() -> None:
    assert score("No", "Yes or No", choices=["Yes", "No"]).value == 0.0
    assert score("No", "no", choices=["Yes", "No"]).value == 1.0


def test_without_labels_the_expected_answer_must_be_named() -> None:
    assert score("valid", "I say: valid").value == 1.0
    assert score("valid", "I say: invalid").value == 0.0
    assert score("No", "not sure").value == 0.0
    assert score("valid", "valid", choices="valid, invalid").value == 1.0


def test_an_expected_answer_that_is_no_label_is_refused() -> None:
    with pytest.raises(ScorerError) as caught:
        score("refund", "refund", ["billing", "shipping"])

    assert str(caught.value) == (
        "c.jsonl:3: case 'a': scorer 'choice' finds the expected 'refund' not among "
        "the labels ['billing', 'shipping']\n"
        "  hint: correct the expected answer, or add it to the labels"
    )


@pytest.mark.parametrize("labels", [[], "billing", ["a", ""], ["a", 1]])
def test_labels_that_are_no_list_of_texts_are_refused(labels: Any) -> None:
    with pytest.raises(ScorerError, match=r"^choice: labels are "):
        choice(labels)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a", "A"], "'a' and 'A'"),
        (["yes", "no", "yes."], "'yes' and 'yes.'"),
        (["(b)", "B"], "'(b)' and 'B'"),
    ],
)
def test_labels_that_no_reply_can_tell_apart_are_refused(
    labels: list[str], said: str
) -> None:
    with pytest.raises(ScorerError) as caught:
        choice(labels)

    assert str(caught.value) == (
        f"choice: the labels {said} cannot be told apart\n"
        "  hint: give each label a name of its own; letter case counts with "
        "choice([...], ignore_case=False), and the punctuation around a label never "
        "does"
    )


def test_labels_may_differ_in_their_case_alone_where_it_counts() -> None:
    case = Case(id="a", inputs={"choices": ["b", "B", " b "]}, expected="B")

    assert choice(["b", "B"], ignore_case=False)(case, Completion(text="B")).value == 1
    with pytest.raises(ScorerError, match="ambiguous choices: the labels 'b' and 'B'"):
        choice()(case, Completion(text="B"))


def apart(label: str) -> str:
    """Return what two labels must differ in."""
    return (label.strip().strip(OUTER) or label.strip()).casefold()


@LAW
@given(st.text(alphabet="billingshp answer:is not.\n*'-()5,", max_size=60))
def test_any_reply_gets_a_score_for_one_label_at_most(text: str) -> None:
    values = [score(label, text, LABELS).value for label in LABELS]

    assert sum(value or 0.0 for value in values) <= 1.0


@LAW
@given(
    st.lists(
        st.text(min_size=1).filter(str.strip), min_size=1, max_size=4, unique_by=apart
    ),
    st.text(),
)
def test_any_labels_and_any_reply_get_a_score(labels: list[str], text: str) -> None:
    assert score(labels[0], text, labels).value in {0.0, 1.0}


@LAW
@given(st.sampled_from(LABELS), st.sampled_from([" ", "\n", "I say: ", "**", "'", "("]))
def test_a_label_is_found_in_any_wrapping(label: str, wrapping: str) -> None:
    assert score(label, f"{wrapping}{label.upper()} {wrapping}", LABELS).value == 1.0
