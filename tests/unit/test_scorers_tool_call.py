from __future__ import annotations

import itertools
import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import tool_call
from pytest_promptopt.scorers.calls import pairing

LAW = settings(max_examples=60, deadline=None, database=None)
REFUND = {"name": "refund", "arguments": {"order": "A-1", "total": 5}}
MAIL = {"name": "mail", "arguments": {"to": "a@b.example"}}


def asking(*calls: Any, **fields: Any) -> Completion:
    sent = tuple(
        {**call, "arguments": json.dumps(call["arguments"])}
        if not isinstance(call["arguments"], str)
        else call
        for call in calls
    )
    given = {"text": "", "finish_reason": "tool_calls", **fields}
    return Completion(tool_calls=sent, **given)


def score(expected: Any, reply: Completion, **options: Any) -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")
    return tool_call(**options)(case, reply)


def called(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def test_the_same_name_and_arguments_are_right_though_there_is_no_text() -> None:
    right = Score(value=1.0, parts={"name": 1.0})

    assert score(REFUND, asking(REFUND)) == right
    assert score([REFUND], asking(REFUND, text="One moment.")) == right
    assert score(REFUND, asking(called("refund", total=5.0, order="A-1"))) == right


def test_a_mapping_of_arguments_is_read_too_and_no_text_is_no_argument() -> None:
    own = Completion(text="", tool_calls=(REFUND,))
    bare = Completion(text="", tool_calls=({"name": "stop", "arguments": ""},))

    assert score(REFUND, own).value == 1.0
    assert score(called("stop"), bare).value == 1.0


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (
            asking(called("refund", order="A-2")),
            "refund: order: expected 'A-1', got 'A-2'; total: expected 5, which is "
            "missing",
        ),
        (
            asking(called("refund", order="A-1", total=5, why="late")),
            "refund: why is not asked for",
        ),
        (
            asking({"name": "refund", "arguments": "{order"}),
            "refund: not JSON (Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1))",
        ),
        (asking({"name": "refund", "arguments": "7"}), "refund: arguments: expected "),
    ],
)
def test_wrong_arguments_are_told_key_by_key(reply: Completion, told: str) -> None:
    got = score(REFUND, reply)

    assert (got.value, got.parts) == (0.0, {"name": 1.0})
    assert got.reason.startswith(told)


@pytest.mark.parametrize(
    ("expected", "reply", "told"),
    [
        (REFUND, asking(MAIL), "expected a call of 'refund', got a call of 'mail'"),
        (REFUND, Completion(text="Done."), "expected a call of 'refund', got no call"),
        ([], asking(MAIL), "expected no call, got a call of 'mail'"),
        (
            REFUND,
            asking(REFUND, MAIL),
            "expected a call of 'refund', got calls of 'refund', 'mail'",
        ),
        (
            ["a", "b", "c", "d"],
            Completion(text="x"),
            "expected calls of 'a', 'b', 'c' and 1 more, got no call",
        ),
    ],
)
def test_wrong_tools_are_told_by_name(
    expected: Any, reply: Completion, told: str
) -> None:
    assert score(expected, reply) == Score(value=0.0, reason=told, parts={"name": 0.0})


def test_no_call_is_right_where_none_is_expected() -> None:
    assert score([], Completion(text="Hello")).value == 1.0
    assert score([], Completion(text="")).reason == (
        "expected no call, but the reply is empty"
    )


def test_a_cut_reply_is_wrong_whatever_it_calls() -> None:
    assert score(REFUND, asking(REFUND, finish_reason="length")).reason == (
        "expected a call of 'refund', but the reply was cut off at the token limit"
    )


def test_a_name_alone_leaves_the_arguments_open() -> None:
    assert score("refund", asking(REFUND)).value == 1.0
    assert score({"name": "refund"}, asking(REFUND)).value == 1.0
    other = asking(called("refund"))
    assert score(REFUND, other, arguments="any").value == 1.0


def test_partial_arguments_may_have_further_keys_at_any_depth() -> None:
    wanted = called("find", where={"city": "Paris"})
    more = asking(called("find", where={"city": "Paris", "zone": 1}, limit=3))

    assert score(wanted, more).value == 0.0
    assert score(wanted, more, arguments="partial").value == 1.0
    assert score(
        wanted, asking(called("find", where={"zone": 1})), arguments="partial"
    ).reason == ("find: where.city: expected 'Paris', which is missing")


def test_arguments_may_be_held_against_a_schema() -> None:
    wanted = called("find", properties={"limit": {"maximum": 9}}, required=["limit"])

    assert score(wanted, asking(called("find", limit=9)), arguments="schema").value == 1
    assert score(
        wanted, asking(called("find", limit=10)), arguments="schema"
    ).reason == ("find: limit: expected maximum 9, got 10")
    with pytest.raises(ScorerError, match="cannot use its schema of arguments: type"):
        score(called("find", type="text"), asking(), arguments="schema")


def test_order_counts_on_demand() -> None:
    swapped = asking(MAIL, REFUND)

    assert score([REFUND, MAIL], swapped).value == 1.0
    assert score([REFUND, MAIL], swapped, ordered=True).reason == (
        "expected calls of 'refund', 'mail', got calls of 'mail', 'refund': "
        "the order differs"
    )
    same_name = [called("a", n=1), called("a", n=2)]
    assert score(same_name, asking(*same_name[::-1])).value == 1.0
    assert score(same_name, asking(*same_name[::-1]), ordered=True).value == 0.0


def test_further_calls_are_allowed_on_demand() -> None:
    reply = asking(MAIL, REFUND, MAIL)

    assert score(REFUND, reply).value == 0.0
    assert score(REFUND, reply, extra=True).value == 1.0
    assert score([REFUND, MAIL], reply, extra=True, ordered=True).value == 1.0
    assert score([REFUND, REFUND], reply, extra=True).value == 0.0


def test_each_expected_call_needs_a_call_of_its_own() -> None:
    wanted = [called("a"), called("a", n=1)]  # the first fits both calls
    both = asking(called("a", n=1), called("a", n=2))

    assert score(wanted, both, arguments="partial").value == 1.0
    assert score([wanted[1], wanted[1]], both, arguments="partial").reason == (
        "a: n: expected 1, got 2"
    )


def test_a_flood_of_calls_is_wrong() -> None:
    assert score("a", asking(*[called("a")] * 65), extra=True).reason == (
        "expected a call of 'a', got 65 calls"
    )


@pytest.mark.parametrize(
    "expected",
    [None, 7, {}, {"name": ""}, {"function": "a"}, [["a"]], "", {"name": "a", "x": 1}],
)
def test_an_expected_answer_that_is_no_call_is_refused(expected: Any) -> None:
    with pytest.raises(ScorerError, match=r"cannot read .* as a tool call") as caught:
        score(expected, asking())

    assert caught.value.hint == (
        'write {"name": "TOOL", "arguments": {...}} as the expected answer, a list of '
        "such calls, or [] for no call"
    )


def test_arguments_inside_a_text_are_refused() -> None:
    with pytest.raises(ScorerError, match=r"needs an object of arguments, got '{}'"):
        score({"name": "a", "arguments": "{}"}, asking())


def test_unusable_options_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScorerError) as caught:
        tool_call(arguments="fuzzy")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "tool_call: arguments is 'fuzzy', no way to compare them\n"
        "  hint: write one of 'exact', 'partial', 'schema', 'any'"
    )

    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ScorerError, match="needs the library 'jsonschema'"):
        tool_call(arguments="schema")


def most_pairs(table: list[list[bool]], got: int, *, ordered: bool) -> int:
    """Return the size of the largest pairing, by trying them all."""
    best = 0
    for chosen in itertools.product([None, *range(got)], repeat=len(table)):
        used = [j for j in chosen if j is not None]
        fits = all(j is None or table[i][j] for i, j in enumerate(chosen))
        if (
            fits
            and len(set(used)) == len(used)
            and (not ordered or used == sorted(used))
        ):
            best = max(best, len(used))
    return best


@pytest.mark.parametrize("ordered", [False, True])
@LAW
@given(wanted=st.integers(0, 3), got=st.integers(0, 4), data=st.data())
def test_a_pairing_is_as_large_as_any(
    wanted: int, got: int, data: st.DataObject, *, ordered: bool
) -> None:
    row = st.lists(st.booleans(), min_size=got, max_size=got)
    table = data.draw(st.lists(row, min_size=wanted, max_size=wanted))

    found = pairing(wanted, got, lambda i, j: table[i][j], ordered=ordered)

    used = [j for j in found if j is not None]
    assert len(found) == wanted
    assert len(set(used)) == len(used) == most_pairs(table, got, ordered=ordered)
    assert all(j is None or table[i][j] for i, j in enumerate(found))
    assert not ordered or used == sorted(used)
