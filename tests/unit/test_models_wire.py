"""Reading the OpenAI protocol, whatever comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.models.cache import encoded
from pytest_promptopt.models.wire import (
    NotACompletionError,
    completion_in,
    error_in,
    json_body,
)
from pytest_promptopt.records import Completion

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.text(max_size=5), values, max_size=3)
    ),
    max_leaves=6,
)


def some(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects in which each of some entries may be anything, or missing."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, anything))


messages = some("content", "refusal", "tool_calls")
choices = st.fixed_dictionaries({"message": messages | anything}) | anything
bodies = st.fixed_dictionaries(
    {"choices": st.lists(choices, max_size=2) | anything},
    optional={"model": anything, "usage": some("prompt_tokens") | anything},
)


@given(bodies | anything)
def test_any_body_is_a_completion_that_can_be_kept_or_is_refused(body: Any) -> None:
    try:
        completion = completion_in(body, latency_s=0.5)
    except NotACompletionError:
        return

    assert Completion.from_json(json.loads(encoded(completion))) == completion


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_none(content: bytes) -> None:
    assert json_body(content) is None or json.loads(content) is not None


def test_a_body_that_is_nested_without_end_is_no_json() -> None:
    assert json_body(b"[" * 200_000) is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "m", "code": 5}}, {"message": "m", "code": 5}),
        ({"error": "m"}, {"message": "m"}),
        ({"message": "m", "type": "t"}, {"message": "m", "type": "t"}),
        ({"detail": "m"}, {"message": "m", "detail": "m"}),
        ({"detail": [{"loc": 1}]}, {}),
        ({"error": None}, {}),
        ([], {}),
        (None, {}),
    ],
)
def test_an_error_is_found_in_every_common_envelope(body: Any, error: Any) -> None:
    assert error_in(body) == error
