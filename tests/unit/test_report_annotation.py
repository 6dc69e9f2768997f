"""Annotations are one workflow command each, whatever the texts hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_results import compared, result

from pytest_promptopt.conclusion import MOST, workflow_commands
from pytest_promptopt.records import Remark, SourceChange, TestResult, Verdict
from pytest_promptopt.report.annotation import Annotation


def annotation(level: Any, **given: Any) -> str:
    return Annotation(level=level, **given).command()


def test_an_annotation_names_place_and_title() -> None:
    line = annotation(
        "warning", file="tests/test_p.py", line=7, title="accepted", text="50% -> 40%"
    )

    assert line == (
        "::warning file=tests/test_p.py,line=7,title=accepted::50%25 -> 40%25"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert annotation("notice", text="x") == "::notice::x"
    assert annotation("error", file="a.py", line=0, text="x") == "::error file=a.py::x"
    assert annotation("error", line=3, text="x") == "::error::x"


def test_texts_cannot_leave_their_place() -> None:
    line = annotation(
        "error",
        file="a,line=9::b.py",
        title="%0A::set-env",
        text="one\r\n::add-mask::x\n##[command]y \x1b[31m\u2028\u202e\ud800",
    )

    assert line == (
        "::error file=a%2Cline=9%3A%3Ab.py,title=%250A%3A%3Aset-env::"
        "one%0D%0A::add-mask::x%0A#\\#[command]y \\x1b[31m\\u2028\\u202e\\ud800"
    )


HOSTILE = st.text(st.sampled_from("a:,%=\r\n#[]\x1b\u2028\x85 0AD"), max_size=20)


@given(file=HOSTILE, title=HOSTILE, text=HOSTILE)
def test_an_annotation_is_read_as_one_command_with_its_own_place(
    file: str, title: str, text: str
) -> None:
    line = annotation("warning", file=file, line=3, title=title, text=text)

    command, _, properties = line.removeprefix("::").partition("::")[0].partition(" ")
    names = [part.partition("=")[0] for part in properties.split(",")]
    places = ["file", "line"] if file else []
    titles = ["title"] if title else []
    assert command == "warning"
    assert names == ([*places, *titles] or [""])
    assert line.isprintable()


# A run's annotations


def commands(*results: TestResult, drift: str = "") -> list[str]:
    return workflow_commands(results, drift, shown=lambda path: f"sub/{path}")


def edited(path: str = "prompts/a.j2", line: int = 7) -> SourceChange:
    return SourceChange(label="a.j2", path=path, line=line, added="new")


def test_a_failure_stands_at_the_line_of_the_prompt_that_was_changed() -> None:
    (line,) = commands(
        result(compared("fail", "worse"), source_changes=(edited(),), line=3)
    )

    assert line.startswith(
        "::error file=sub/prompts/a.j2,line=7,title=prompt test p.j2"
    )
    assert "::fail (worse): 50.0%25" in line


@pytest.mark.parametrize(
    "changes", [(), (edited(path=""),)], ids=["no change", "in no file"]
)
def test_without_a_changed_line_it_stands_at_the_test(
    changes: tuple[SourceChange, ...],
) -> None:
    (line,) = commands(
        result(compared("fail", "worse"), source_changes=changes, line=3)
    )

    assert line.startswith("::error file=sub/test_p.py,line=3,")


def test_what_says_nothing_about_the_prompt_stands_at_the_test() -> None:
    error = Verdict(outcome="error", cause="provider", message="HTTP 503")

    (line,) = commands(result(error, source_changes=(edited(),), line=3))

    assert line.startswith("::error file=sub/test_p.py,line=3,")


def test_levels_follow_verdicts_and_remarks_stand_beside() -> None:
    lines = commands(
        result(compared("pass", "same")),
        result(compared("pass", "accepted", "cheaper")),
        result(compared("inconclusive", "unclear")),
        result(compared("pass", "same"), remarks=(Remark(kind="judge", text="x"),)),
        result(compared("fail", "worse")),
        drift="3 points",
    )

    assert [line.partition(" ")[0] for line in lines] == ["::error"] + ["::warning"] * 4
    assert "inconclusive (unclear)" in lines[1]
    assert lines[2].endswith("::pass (accepted): cheaper")
    assert lines[3] == "::warning title=prompt drift::3 points"
    assert lines[4].endswith("::judge: x")


def test_no_more_than_github_shows_failures_first_and_the_rest_is_counted() -> None:
    broken = result(Verdict(outcome="error", cause="setup"))
    failed = result(compared("fail", "worse"))
    unclear = result(compared("inconclusive", "unclear"))

    lines = commands(*[broken] * 8, *[unclear] * 12, *[failed] * 6)

    errors = [line for line in lines if line.startswith("::error")]
    warned = [line for line in lines if line.startswith("::warning")]
    assert (len(errors), len(warned)) == (MOST, MOST)
    assert all("fail (worse)" in line for line in errors[:6])
    assert "::5 more of these" in errors[-1]
    assert "::3 more of these" in warned[-1]
    assert len(commands(*[failed] * MOST)) == MOST


@pytest.mark.parametrize("text", ["a\n::error::x", "##[error]x", "\x1b[31m", "../x,y"])
def test_whatever_data_says_each_line_is_one_command(text: str) -> None:
    change = SourceChange(label=text, path=text, line=1, removed=text, added=text)
    verdict = compared("fail", "worse", text, reference=text, broken=(text,))

    lines = commands(
        result(verdict, nodeid=text, prompt=text, source_changes=(change,)),
        result(Verdict(outcome="error", cause="test", message=text), nodeid=text),
        drift=text,
    )

    assert len(lines) == 3
    for line in lines:
        assert line.startswith(("::error ", "::warning "))
        assert line.isprintable()
