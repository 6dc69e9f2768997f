"""Baseline files are readable, byte-stable, and refused where they are broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.baseline import (
    Baseline,
    BaselineCase,
    parse,
    readable_json,
    render,
)
from pytest_promptopt.errors import BaselineError

FILE = Path("tests/__prompt_baselines__/test_x/test_triage.json")
UPDATE = "record it anew with: pytest ... --promptopt-update-baseline"

BASELINE = Baseline(
    prompt={"sources": [{"key": "prompts/triage.j2", "text": "Sort it: {{ t }}\n"}]},
    request={"temperature": 0},
    model="openai:gpt-5-mini",
    model_ids=("gpt-5-mini-2026-01-01",),
    fingerprint="ab12",
    parts={"cases": "c1", "sources": "5e"},
    date="2026-01-31",
    cases=(
        BaselineCase(id="refund", hash="11", values=(1.0, 0.0, 0.667)),
        BaselineCase(
            id="größe",
            hash="22",
            values=(1.0, None, 1.0),
            must_pass=True,
            weight=2.5,
            finish_reasons=("stop", "length", "stop"),
        ),
    ),
)

TEXT = """\
{
  "version": 1,
  "date": "2026-01-31",
  "reason": null,
  "model": "openai:gpt-5-mini",
  "model_ids": [
    "gpt-5-mini-2026-01-01"
  ],
  "request": {
    "temperature": 0
  },
  "run": {},
  "fingerprint": "ab12",
  "parts": {
    "cases": "c1",
    "sources": "5e"
  },
  "prompt": {
    "sources": [
      {
        "key": "prompts/triage.j2",
        "text": "Sort it: {{ t }}\\n"
      }
    ]
  },
  "cases": [
    {"id": "refund", "hash": "11", "values": [1, 0, 0.667]},
    {"id": "größe", "hash": "22", "values": [1, null, 1], "must_pass": true, \
"weight": 2.5, "finish_reasons": ["stop", "length", "stop"]}
  ]
}
"""

names = st.text(min_size=1, max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
    ),
    max_leaves=5,
)
cases = st.builds(
    BaselineCase,
    id=names,
    hash=names,
    values=st.lists(st.none() | st.floats(0, 1), max_size=3).map(tuple),
    must_pass=st.booleans(),
    weight=st.floats(0.001, 1000),
    finish_reasons=st.lists(names, max_size=2).map(tuple),
)
baselines = st.builds(
    Baseline,
    prompt=st.dictionaries(names, json_values, max_size=3),
    request=st.dictionaries(names, json_values, max_size=2),
    model=names,
    fingerprint=names,
    date=st.just("2026-01-31"),
    cases=st.lists(cases, max_size=4, unique_by=lambda case: case.id).map(tuple),
    model_ids=st.lists(names, max_size=2).map(tuple),
    parts=st.dictionaries(names, names, max_size=2),
    run=st.dictionaries(names, json_values, max_size=2),
    reason=st.none() | st.text(min_size=1, max_size=40),
)


def test_a_baseline_has_one_line_per_case_and_its_keys_in_order() -> None:
    assert render(BASELINE) == TEXT


def test_a_baseline_without_cases_renders_too() -> None:
    empty = replace(BASELINE, cases=())

    assert render(empty).endswith('  "cases": []\n}\n')
    assert parse(render(empty), FILE) == empty


@given(baselines)
@settings(max_examples=60, deadline=None)
def test_what_is_rendered_is_parsed_unchanged(baseline: Baseline) -> None:
    text = render(baseline)

    assert parse(text, FILE) == baseline
    assert render(parse(text, FILE)) == text
    assert Baseline.from_json(baseline.to_json()) == baseline
    assert text.encode("utf-8").decode("utf-8") == text
    assert text.split("\n") == [*text.splitlines(), ""]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Größe 東京 😀", '"Größe 東京 😀"'),
        ("a\u2028b\u200b\u202e", r'"a\u2028b\u200b\u202e"'),
        ("\ud800\x7f\ufeff", r'"\ud800\u007f\ufeff"'),
        ("\U000e0041", r'"\udb40\udc41"'),
        ('tab\tquote"', r'"tab\tquote\""'),
    ],
)
def test_only_what_nobody_can_see_is_escaped(value: str, text: str) -> None:
    assert readable_json(value) == text


REASON = "Refunds moved to another team.\n\nAgreed with Ana, ticket 41: -3 points."


def test_a_reason_stands_near_the_top_and_keeps_its_lines() -> None:
    text = render(replace(BASELINE, reason=REASON))

    assert text.splitlines()[2:4] == [
        '  "date": "2026-01-31",',
        r'  "reason": "Refunds moved to another team.\n\nAgreed with Ana, ticket 41: '
        '-3 points.",',
    ]
    assert parse(text, FILE).reason == REASON


def test_a_reason_cannot_hide_what_it_says() -> None:
    text = render(replace(BASELINE, reason="fine\u202e\x1b[2J\u200b"))

    assert text.splitlines()[3] == r'  "reason": "fine\u202e\u001b[2J\u200b",'


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert parse("\ufeff" + TEXT.replace("\n", "\r\n"), FILE) == BASELINE


MARKED = (
    "merge-conflict marker {!r} in a baseline (git writes none with the line "
    "'**/__prompt_baselines__/**/*.json -merge' in .gitattributes)"
)
CONFLICT = TEXT.replace('    {"id": "refund"', '<<<<<<< HEAD\n    {"id": "refund"', 1)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (CONFLICT, 27, MARKED.format("<<<<<<< HEAD")),
        (CONFLICT.replace("\n", "\r\n"), 27, MARKED.format("<<<<<<< HEAD")),
        (TEXT.replace("  ]\n", "=======\n"), 29, MARKED.format("=======")),
        (TEXT.replace("  ]\n", "=======\r\n"), 29, MARKED.format("=======")),
        (
            TEXT.replace('"run": {},', '"run": {}'),
            13,
            "a baseline that is not JSON: Expecting ',' delimiter (column 3)",
        ),
        ("", 1, "a baseline that is not JSON: Expecting value (column 1)"),
        ("[1]", 1, "a baseline is one JSON object, this is a list"),
        (
            TEXT.replace("0.667", "NaN"),
            None,
            "a baseline that is not JSON: NaN is not a number",
        ),
        (
            TEXT.replace('  "fingerprint": "ab12",\n', ""),
            None,
            "baseline without 'fingerprint'",
        ),
        (
            TEXT.replace('"hash": "11", ', ""),
            27,
            "case 'refund' without 'hash'",
        ),
        (TEXT.replace("größe", "refund"), 28, "case 'refund' comes twice"),
        (
            TEXT.replace('"cases": [\n', '"cases": [\n    7,\n'),
            None,
            "a case without an id: 7",
        ),
        (TEXT.replace('"run": {}', '"run": 3'), 12, "'run' cannot be 3 in a baseline"),
        (TEXT.replace('"run"', '"ran"'), 12, "baseline with an unknown key 'ran'"),
        (
            TEXT.replace("0.667]", "7]"),
            27,
            "case 'refund' cannot be read: score 7.0 is not in [0, 1]",
        ),
        (
            TEXT.replace("2.5", "-1"),
            28,
            "case 'größe' cannot be read: weight -1 is not above 0",
        ),
        (
            TEXT.replace("[1, 0, 0.667]", '"right"'),
            27,
            "case 'refund' cannot be read: values 'right' are no list",
        ),
    ],
    ids=[
        "conflict",
        "conflict, windows",
        "conflict, middle",
        "conflict, middle, windows",
        "broken",
        "empty",
        "list",
        "nan",
        "key",
        "case key",
        "twice",
        "no case",
        "kind",
        "unknown key",
        "score",
        "weight",
        "values",
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    text: str, line: int | None, problem: str
) -> None:
    place = f"{FILE}:{line}" if line else f"{FILE}"

    with pytest.raises(BaselineError) as caught:
        parse(text, FILE)

    assert str(caught.value) == f"{place}: {problem}\n  hint: {UPDATE}"
    assert (caught.value.path, caught.value.line) == (FILE, line)


def test_a_file_of_another_version_is_refused() -> None:
    with pytest.raises(BaselineError) as caught:
        parse(TEXT.replace('"version": 1', '"version": 2'), FILE)

    assert str(caught.value) == (
        f"{FILE}:2: baseline of version 2, this pytest-promptopt reads 1\n"
        f"  hint: update pytest-promptopt, or {UPDATE}"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"hash": "11"', '"hash": 11'),
        ('"weight": 2.5', '"weight": "heavy"'),
        ('"weight": 2.5', '"weights": 2.5'),
        ('"model_ids": [', '"model_ids": 3, "cases2": ['),
        ('"id": "refund"', '"id": ["refund"]'),
        ('"values": [1, 0', '"values": [[1], 0'),
    ],
)
def test_a_file_that_means_nothing_is_refused(old: str, new: str) -> None:
    assert old in TEXT

    with pytest.raises(BaselineError, match=r"test_triage\.json.*: "):
        parse(TEXT.replace(old, new), FILE)


def test_what_changed_since_the_baseline_can_be_named() -> None:
    assert BASELINE.changed_parts({"cases": "c1", "sources": "77", "watch": "w"}) == (
        "sources",
        "watch",
    )
    assert BASELINE.changed_parts(BASELINE.parts) == ()


def test_only_full_marks_in_every_trial_are_always_right() -> None:
    def steady(*values: float | None) -> bool:
        return BaselineCase(id="a", hash="h", values=values).always_right

    assert steady(1.0, 1.0, 1.0)
    assert not steady(1.0, 0.999)
    assert not steady(1.0, None)
    assert not steady()
