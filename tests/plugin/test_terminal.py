"""What the section of a run shows, on terminals and in logs, whatever the data says."""

from __future__ import annotations

import json
import re
import sys

import pytest
from conftest import Project, run_beside, shown_in_terminal

THREE = """
import pytest

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl")
def test_sort(case, output):
    assert output == case.expected

@pytest.mark.prompt("prompts/file.j2", cases="cases.jsonl")
def test_file(case, output):
    assert output == case.expected

@pytest.mark.parametrize("language", ["german", "brazilian-portuguese"])
@pytest.mark.prompt("prompts/file.j2", cases="cases.jsonl")
def test_answer_in_the_language_of_the_customer(case, output, language):
    assert output == case.expected
"""
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069]"
)
pexpect = pytest.mark.skipif(
    sys.platform == "win32", reason="pexpect has no terminal there"
)
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def section(printed: str) -> list[str]:
    _, _, shown = printed.partition("= prompts =")
    lines = [line.rstrip() for line in shown.split("\n")[1:]]
    end = next(at for at, line in enumerate(lines) if line.startswith("==="))
    return [line for line in lines[:end] if line]


@pytest.fixture
def three(project: Project) -> Project:
    project.write_test(THREE)
    (project.path / "prompts" / "file.j2").write_text("Skill 20. {{ ticket }}\n")
    project.record()
    return project


def test_several_prompt_tests_have_a_row_each(three: Project) -> None:
    shown = section(three.run().stdout.str())

    assert shown[0].split() == [
        *("test", "verdict", "accuracy", "can", "show", "calls"),
    ]
    assert [line.split()[0] for line in shown[1:]] == [
        "test_answer_...-portuguese]",
        "test_answer_...omer[german]",
        "test_file",
        "test_sort",
    ]
    figures = {tuple(line.split()[1:]) for line in shown[1:]}
    assert figures == {("pass", "(unchanged)", "100.0%", "[84,", "100]", "15.0", "0")}
    assert {len(line) for line in shown} == {80}


def test_a_quiet_run_has_rows_of_what_needs_attention_and_v_tells_all(
    three: Project,
) -> None:
    three.write_prompt("Skill 12")

    quiet = section(three.run("-q").stdout.str())
    verbose = section(three.run("-v").stdout.str())

    assert [line.split()[:3] for line in quiet] == [
        ["prompts/sort.j2", "(test_sort,", "scripted:skill):"]
    ]
    assert sum(line.startswith("prompts/") for line in verbose) == 4
    assert verbose[0].split()[0] == "test"


def test_a_failure_has_its_row_and_its_text_once(three: Project) -> None:
    three.write_prompt("Skill 12")

    printed = three.run().stdout.str()

    assert printed.count("the edited prompt is worse by 40.0 points") == 1
    assert "  cases: 8 of 20 got worse, 0 got better" in printed
    assert "  prompt changed: prompts/sort.j2:1: - 'Skill 20" in printed
    row = next(line for line in section(printed) if line.startswith("test_sort"))
    assert re.fullmatch(
        r"test_sort +fail \(worse\) +60.0% \[.*\] +-40.0 +15.0 +120", row
    )
    assert not any(line.startswith("prompts/") for line in section(printed))


def test_an_open_verdict_says_what_would_settle_it_and_what_that_takes(
    project: Project,
) -> None:
    project.record()
    project.write_prompt("Skill 18")

    result = project.run()

    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2 (*): inconclusive (unclear): 90.0% *",
            "  cannot tell whether *; too few cases changed to tell",
            "  to settle it: about * cases in all instead of 20 (* calls); no number of"
            " trials would, with the cases there are",
            "  prompt changed: prompts/sort.j2:1: - 'Skill 20. *' / + 'Skill 18. *'",
            "  to see one case: pytest test_sort.py::test_sort --promptopt-case=c*",
        ]
    )


def test_a_report_says_what_would_settle_it_too(project: Project) -> None:
    project.record()
    project.write_ini("promptopt_gate = report")
    project.write_prompt("Skill 18")

    result = project.run()

    result.stdout.fnmatch_lines(
        ["*pass (report only)*", "  to settle it: about * cases in all instead of 20*"]
    )


def test_workers_tell_hosts_and_what_is_withheld_at_the_end(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.record()
    project.write_prompt("Skill 12")
    monkeypatch.setenv("CI", "true")

    result = project.run("-n2")

    result.stdout.fnmatch_lines(
        [
            "  worse: c12 (cases.jsonl:13) 1.00 -> 0.00",
            "*= prompts =*",
            "withheld: texts of cases and replies, since this is a CI job, and nothing "
            "tells who can read it; promptopt_show_data = full shows them",
            "text goes to: scripted:skill (in this process): task model",
        ]
    )


@pexpect
def test_on_a_terminal_lines_are_broken_and_commands_are_not(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.record()
    project.write_prompt("Skill 12")
    written = shown_in_terminal(project.pytester)

    lines = [COLOUR.sub("", line).rstrip() for line in written.split("\n")]
    at = next(n for n, line in enumerate(lines) if "is worse by 40.0" in line)
    told = [line for line in lines[at:] if line.startswith("  ")]
    whole = [line for line in told if "pytest test_sort.py" in line]
    assert lines[at + 1].startswith("      ")
    assert max(map(len, set(told) - set(whole))) <= 80
    assert len(whole) == 3
    assert any(len(line) > 80 for line in whole)


@pexpect
@pytest.mark.parametrize(
    ("variable", "colours"), [("NO_COLOR", False), ("FORCE_COLOR", True)]
)
def test_colours_are_those_that_pytest_may_use(
    three: Project, monkeypatch: pytest.MonkeyPatch, variable: str, *, colours: bool
) -> None:
    for name in ("NO_COLOR", "PY_COLORS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "1")
    three.write_prompt("Skill 12")

    written = shown_in_terminal(three.pytester, "--tb=no")

    row = next(line for line in written.split("\n") if "fail (worse)  " in line)
    assert ("\x1b[31m" in row) is colours


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_what_the_output_cannot_write_is_an_escape_in_an_aligned_row(
    three: Project, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("PYTHONUTF8", "0")
    kept, *_ = THREE.partition("@pytest.mark.parametrize")
    three.write_test(kept.replace("test_file(", "test_\u6f22("))

    result = run_beside(three.pytester)

    rows = section(result.stdout.str())
    row = next(line for line in rows if "(unchanged)" not in line and "no base" in line)
    assert row.startswith("test_\\u6f22  inconclusive (no baseline) ")
    assert rows[0].index("verdict") == row.index("inconclusive")
    assert result.ret == 0
    assert "UnicodeEncodeError" not in result.stdout.str() + result.stderr.str()


STEERING = (
    "\x1b[2J\x07\r::error::stop\n::warning::x\n ##[error]y\u202e\u200b\u2066\x9b31m"
)
EVIL = """
import pytest
from pytest_promptopt.testing import ScriptedModel

STEERING = {steering!r}

@pytest.mark.parametrize("name", [STEERING, "##[group]"])
@pytest.mark.prompt("prompts/{file}", cases="{cases}")
def test_evil(case, output, name):
    if "good" not in output:
        raise AssertionError(STEERING * 3)
"""
EVIL_MODEL = """
from pytest_promptopt.testing import ScriptedModel
STEERING = {steering!r}

def answer(request):
    text = request.messages[-1].content
    return ("good" if "Skill" in text else STEERING + "x" * {size}) + STEERING

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer)
"""


@pytest.fixture
def evil(project: Project) -> Project:
    """A project whose data would like to steer the terminal and the CI job."""
    name = "a'b \"::error::.j2"
    cases = "##[error] c.jsonl"
    rows = [
        {
            "id": f"::error::{n}",
            "ticket": STEERING + str(n),
            "expected": STEERING,
            "tags": ["##[x]::error::" if n % 2 else "::plain"],
            "must_pass": n == 3,
        }
        for n in range(6)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (project.path / cases).write_text(lines, encoding="utf-8")
    path = project.path / "prompts" / name
    path.write_text("Skill.\n{{ ticket }}\n", encoding="utf-8")
    project.write_test(
        EVIL.format(steering=STEERING, file=name.replace('"', '\\"'), cases=cases)
    )
    project.pytester.makeconftest(EVIL_MODEL.format(steering=STEERING, size=1_000_000))
    project.record()
    path.write_text("::error::no\n{{ ticket }}\n", encoding="utf-8")
    return project


@pytest.mark.parametrize(
    "arguments",
    [(), ("-v",), ("-q", "-rA"), ("-n2",), ("--promptopt-case=::error::3",)],
)
def test_data_steers_neither_the_terminal_nor_the_ci_job(
    evil: Project, arguments: tuple[str, ...]
) -> None:
    printed = evil.run(*arguments).stdout.str()

    single = arguments[:1] == ("--promptopt-case=::error::3",)
    assert ("x" * 1_000_000 in printed) is single
    assert ("worse: ::error::3 (#\\#[error] c.jsonl:4)" in printed) is not single
    assert not CONTROLS.findall(printed)
    lines = printed.split("\n")
    assert not [x for x in lines if x.lstrip().startswith(("::", "##["))]
