"""What a reviewer reads in a pull request: short enough, and nobody else's Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from github_markdown import HOSTILE, fences_close, structure_of_data
from html_reports import failing, full, report, searched
from hypothesis import given
from hypothesis import strategies as st
from report_results import change, compared, result

from pytest_promptopt.records import (
    Needed,
    Remark,
    SourceChange,
    TagAccuracy,
    TestResult,
    Verdict,
)
from pytest_promptopt.report.comment import (
    LEAST,
    MARK,
    MOST,
    comment,
    in_bytes,
    in_units,
)
from pytest_promptopt.report.comment_parts import WITHHELD

UNCHANGED = Verdict(
    outcome="pass",
    cause="unchanged",
    accuracy=0.5,
    baseline_accuracy=0.5,
    baseline_date="2026-11-01",
    cases=80,
)
PROVIDER = Verdict(
    outcome="error", cause="provider", message="HTTP 503", retryable=True
)


def written(*results: TestResult, **given: Any) -> str:
    text = comment(report(*((one, []) for one in results), **given), most=MOST)
    assert text.startswith(f"{MARK}\n")
    return text


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| `")]


def test_a_reviewer_sees_the_verdict_first_and_then_a_row_for_each_test() -> None:
    text = comment(full(), most=MOST)

    assert text.splitlines()[2] == "## Prompts: ❌ 1 of 4 prompt tests failed"
    assert "1 fail, 1 error, 1 inconclusive, 1 pass" in text
    overview = rows(text.partition("###")[0])
    assert [row.split("|")[2].strip() for row in overview] == [
        "❌&nbsp;**fail**<br>(worse)",
        "🛑&nbsp;**error**<br>(provider)",
        "⚠️&nbsp;**inconclusive**<br>(unclear)",
        "✅&nbsp;**pass**<br>(unchanged)",
    ]
    assert overview[0] == (
        "| `prompts/triage.j2`<br>`test_triage` | ❌&nbsp;**fail**<br>(worse) "
        "| 70.0%&nbsp;→&nbsp;**50.0%**<br>[40.0,&nbsp;60.0] | -20.0 "
        "| 0.001<br>(limit&nbsp;0.025) | 80&nbsp;x&nbsp;3 | 480<br>\\$0.0132 |"
    )


def test_a_failure_is_explained_with_cases_the_change_and_commands() -> None:
    text = written(failing())

    section = text.partition("### ")[2]
    assert "- the edited prompt is worse by 20.0 points: 50.0%" in section
    assert "- pattern: 6 of 7 broken cases have the tag 'late'" in section
    assert "- tag 'late': 90.0% -\\> 30.0% (-60.0 points, 12 cases)" in section
    assert (
        "- changed: `prompts/triage.j2:2`: `Answer with the label only.` → " in section
    )
    assert (
        "| `vip-1`<br>`cases.jsonl:3`<br>`must_pass` | 1.00 → 0.00 | `x` | `y` | `x` |"
        in section
    )
    assert "\n-Answer with the label only.\n+Answer in a friendly" in section
    test = "pytest tests/test_prompts.py::test_triage"
    assert f"# to see one case\n{test} --promptopt-case=vip-1\n" in section
    assert f"# to accept the change\n{test} --promptopt-update-baseline\n" in section
    assert f"# to find a better one\n{test} --optimize-prompts\n" in section


def test_cases_without_a_right_answer_are_told_with_the_reason() -> None:
    verdict = compared(
        "fail", "worse", worse=(change("c1", expected="", reason="rude"),)
    )

    text = written(result(verdict))

    assert "| case that got worse | score | why | got | before |" in text
    assert "| 1.00 → 0.00 | `rude` | `y` | `x` |" in text


def test_what_would_settle_an_inconclusive_verdict_is_told() -> None:
    needed = Needed(cases=240, trials=9, cases_calls=1_920, trials_calls=720)

    text = written(
        result(compared("inconclusive", "unclear", "unclear"), needed=needed)
    )

    assert "to settle it: about 240 cases in all instead of 80 (1,920 calls)" in text


def test_errors_with_one_reason_are_told_once() -> None:
    first = result(PROVIDER, nodeid="a.py::a")
    second = result(PROVIDER, nodeid="b.py::b")

    text = written(first, second)

    assert text.count("- HTTP 503") == 1
    assert "- for the same reason as `a.py::a`" in text
    assert "This says nothing about the prompt" in text


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([], "no prompt test ran"),
        ([result(PROVIDER)], "the prompt test was not judged"),
        (
            [result(Verdict(outcome="inconclusive", cause="skipped"))],
            "the prompt test was not judged",
        ),
        (
            [result(Verdict(outcome="pass", cause="one case", message="reply"))],
            "no prom",
        ),
    ],
)
def test_a_run_that_judged_nothing_is_not_gated(
    results: list[TestResult], said: str
) -> None:
    assert f"**NOT GATED:** {said}" in written(*results)


def test_a_run_that_judged_something_is_gated() -> None:
    assert "NOT GATED" not in written(result(UNCHANGED), result(PROVIDER, nodeid="b"))


def test_a_pass_that_somebody_let_through_is_told() -> None:
    accepted = replace(UNCHANGED, cause="accepted", message="accepted: cheaper model")
    remark = Remark(kind="limits changed", text="min_score 0.9 -> 0.5")

    text = written(
        result(accepted, nodeid="a"), result(UNCHANGED, nodeid="b", remarks=(remark,))
    )

    assert "### ⚠️ `p.j2`: pass (accepted)" in text
    assert "- accepted: cheaper model" in text
    assert "- limits changed: `min_score` 0.9 -\\> 0.5" in text


def test_passes_have_a_row_and_nothing_else() -> None:
    text = written(result(UNCHANGED))

    assert text.splitlines()[2] == "## Prompts: ✅ 1 prompt test passed"
    assert "###" not in text


def test_drift_and_problems_stand_above_the_table() -> None:
    text = written(
        result(UNCHANGED), drift="3 points since May", problems=("x.md not written",)
    )

    head = text.partition("| prompt |")[0]
    assert "**Drift:** 3 points since May" in head
    assert "## Prompts: ⚠️ 1 prompt test passed, with problems\n" in head
    assert "- **Problem:** `x.md` not written" in head


def test_a_proposal_is_told_with_its_diff_and_what_applies_it() -> None:
    one = searched()

    text = written(one, diffs={one.nodeid: "-old\n+new\n"}, apply_command="git apply x")

    assert "### A better prompt" in text
    assert "| `prompts/tone.j2` | 57.0% | **81.0%** | +24.0 points [12.0, 36.0]" in text
    assert "```diff\n-old\n+new\n```" in text
    assert "# to apply what is proposed\ngit apply x" in text


def test_where_texts_are_withheld_only_ids_places_and_figures_are_told() -> None:
    bare = change("c1", expected="", got="", before="")
    one = result(compared("fail", "worse", worse=(bare,)), shows="ids")

    text = written(one, shows="ids")

    assert "| case that got worse | score |\n" in text
    assert "| `c1`<br>`cases.jsonl:3` | 1.00 → 0.00 |" in text
    assert text.count(WITHHELD) == 1
    assert "promptopt_show_data" in text


# Hostile data


def hostile(text: str) -> TestResult:
    """Build a result in which everything that others write is one text."""
    bad = change(text, place=f"{text}:3", expected=text, got=text, before=text)
    verdict = compared(
        "fail",
        "worse",
        text,
        pattern=(text,),
        broken=(text,),
        flaky=(text,),
        removed=(text,),
        reference=text,
        worse=(bad, replace(bad, finish_reason=text, must_pass=True, flaky=True)),
        tags=(TagAccuracy(tag=text, cases=3, was=1.0, now=0.0),),
    )
    return result(
        verdict,
        nodeid=f"{text}::{text}[{text}]",
        selector=text,
        prompt=text,
        model=text,
        labels=text,
        judge=(text,),
        notes=(text,),
        remarks=(Remark(kind=text, text=text),),
        source_changes=(
            SourceChange(
                label=text, path=text, line=3, removed=text, added=text, diff=text
            ),
        ),
    )


def hostile_run(text: str) -> str:
    one = hostile(text)
    found = searched(nodeid=text, prompt=text, notes=(text,))
    return written(
        one,
        replace(one, nodeid=f"b{text}", verdict=replace(PROVIDER, message=text)),
        found,
        drift=text,
        problems=(text,),
        remarks=(text,),
        diffs={found.nodeid: text},
        apply_command=text,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_data_becomes_markdown(text: str) -> None:
    shown = hostile_run(text)

    assert structure_of_data(shown) == []
    assert fences_close(shown)
    assert shown.count(MARK) == 1
    assert all(character.isprintable() or character in "\n\t" for character in shown)


@given(st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=4).map(" ".join))
def test_nothing_of_mixed_data_becomes_markdown(text: str) -> None:
    shown = hostile_run(text)

    assert structure_of_data(shown) == []
    assert fences_close(shown)


@given(st.text(max_size=40))
def test_nothing_of_any_data_becomes_markdown(text: str) -> None:
    shown = hostile_run(text)

    assert structure_of_data(shown) == []
    assert fences_close(shown)


def test_the_checker_sees_what_it_looks_for() -> None:
    for text in HOSTILE[:9]:
        if "javascript:" not in text:  # this parser does not take it for a link
            assert structure_of_data(f"## x\n\n{text}\n"), text


# Limits


def much(number: int, text: str) -> list[TestResult]:
    return [replace(hostile(text), nodeid=f"t.py::t{index}") for index in range(number)]


@pytest.mark.parametrize("size", [in_units, in_bytes])
@pytest.mark.parametrize("most", [LEAST, 3_000, 20_000, MOST])
@pytest.mark.parametrize("number", [1, 12, 300])
def test_a_text_fits_and_is_whole(
    number: int, most: int, size: Callable[[str], int]
) -> None:
    run = report(*((one, []) for one in much(number, "`x` | <b> \U0001f600 ä " * 300)))

    text = comment(run, most=most, size=size)

    assert size(text) <= most
    assert fences_close(text)
    assert structure_of_data(text) == []
    assert "This text was shortened" in text or number * MOST == most


def failing_with(text: str, number: int) -> list[TestResult]:
    """Build failing tests with long texts, all of whose names are short."""
    one = failing()
    bad = tuple(
        change(f"c{at}", expected=text, got=text, before=text) for at in range(12)
    )
    edited = SourceChange(label="p.j2", line=2, removed=text, added=text, diff=text)
    told = replace(
        one, verdict=replace(one.verdict, worse=bad), source_changes=(edited,)
    )
    return [replace(told, nodeid=f"t.py::t{at:02}") for at in range(number)]


def test_what_is_left_out_is_left_out_in_the_order_that_is_said() -> None:
    run = report(*((one, []) for one in failing_with("word " * 4_000, 30)))
    texts = [
        comment(run, most=most)
        for most in (1_000_000, 300_000, 150_000, 65_000, 18_000, 5_700, 3_500)
    ]

    def told(sign: str) -> list[int]:
        return [text.count(sign) for text in texts]

    lengths = [text.count("word") for text in texts]
    diffs, cells = told("```diff"), told("| case that got worse | score | expected")
    sections = told("\n### ")
    listed = [len([r for r in rows(text) if "**fail**" in r]) for text in texts]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > lengths[1] > lengths[2] > lengths[3] == 0
    assert (diffs, cells) == ([30, 30, 30, 0, 0, 0, 0], [30, 30, 30, 0, 0, 0, 0])
    assert sections[:4] == [30, 30, 30, 30]
    assert 30 > sections[4] > sections[5] >= sections[6] == 0
    assert all(n == 30 or not shown for n, shown in zip(listed, sections, strict=True))
    assert 30 > listed[6] > 0
    assert f"{30 - listed[6]} more prompt tests not listed" in texts[6]


def test_long_texts_and_many_cases_are_written_at_once() -> None:
    long = "y\x1b|`" * 250_000
    bad = [
        change(f"c{index}", got=long if index < 20 else "y") for index in range(10_000)
    ]
    one = result(compared("fail", "worse", long, worse=tuple(bad)))

    text = written(one)

    assert in_units(text) <= MOST
    assert "and 9,994 cases more that got worse" in text
