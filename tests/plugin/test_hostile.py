"""What careless bodies, models, files and options do to a run: a sentence each."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import CONFTEST, TEST, Project, debug_beside, leave_debugger

import pytest_promptopt.suite

HEAD = """
import pytest
@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", min_score=0.0)
"""
BASELINE = "__prompt_baselines__/test_sort/test_sort.json"
MODEL = """
from pytest_promptopt import Completion
from pytest_promptopt.errors import ModelError

class Model:
    def complete(self, request):
        {line}

def pytest_promptopt_model(config, name, role):
    return Model()
"""


def run_body(project: Project, *lines: str, head: str = HEAD) -> pytest.RunResult:
    body = "".join(f"    {line}\n" for line in lines)
    project.write_test(f"{head}def test_sort(case, output):\n{body}")
    return project.run("-ra")


def run_model(project: Project, line: str, *arguments: str) -> pytest.RunResult:
    project.pytester.makeconftest(MODEL.format(line=line))
    return project.run(*arguments)


# Bodies


def test_a_refusal_is_told_once_and_without_the_way_it_was_found(
    project: Project,
) -> None:
    result = run_body(project, "print(output)")

    result.stdout.fnmatch_lines(["test_sort.py:3: test_sort: the body checks nothing*"])
    result.stdout.no_fnmatch_line("*During handling of the above exception*")


@pytest.mark.parametrize("signature", ["case", "case, output=None", "**everything"])
def test_a_body_that_cannot_see_a_reply_is_refused(
    project: Project, signature: str
) -> None:
    project.write_test(f"{HEAD}def test_sort({signature}):\n    assert True\n")

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["test_sort.py:3: test_sort: the body takes no reply, so every *"]
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "output.nothing",
            "the body raised AttributeError in 20 of 20 runs, first for case c0 at "
            "test_sort.py:5: 'str' object has no attribute 'nothing'",
        ),
        (
            "raise MemoryError",
            "the body raised MemoryError in 20 of 20 runs, first for case c0 at "
            "test_sort.py:5: MemoryError",
        ),
        (
            "raise SystemExit(3)",
            "the body raised SystemExit in 20 of 20 runs, first for case c0 at "
            "test_sort.py:5: 3",
        ),
        (
            "return 2",
            "the body gave no score in 20 of 20 runs, first for case c0: 2 is no score",
        ),
        (
            "return (lambda: __import__('asyncio').sleep(0))()",
            "the body gave no score in 20 of 20 runs, first for case c0: the body "
            "returned a coroutine that nobody awaits",
        ),
    ],
)
def test_a_broken_body_is_told_with_the_case_and_the_line(
    project: Project, line: str, told: str
) -> None:
    result = run_body(project, line, "assert output")

    result.assert_outcomes(failed=1)
    assert f"  {told}" in result.stdout.lines


def test_an_exception_that_cannot_say_what_it_is_is_an_error_like_others(
    project: Project,
) -> None:
    result = run_body(
        project,
        "class Odd(Exception):",
        "    def __str__(self): raise ValueError",
        "raise Odd",
    )

    result.stdout.fnmatch_lines(["*raised Odd in 20 of 20 runs*__str__ raised Value*"])


def test_an_exit_of_the_application_in_one_case_is_one_wrong_answer(
    project: Project,
) -> None:
    result = run_body(project, "if case.id == 'c3': raise SystemExit(1)")

    result.assert_outcomes(passed=1)


def test_a_body_that_skips_or_xfails_every_case_skips_or_xfails_the_test(
    project: Project,
) -> None:
    project.write_test(
        f"{HEAD}def test_a(case, output):\n    pytest.importorskip('no_such_thing')\n"
        f"{HEAD}def test_b(case, output):\n    pytest.xfail('known')\n"
        f"{HEAD}def test_c(case, prompt):\n    pytest.skip('no application here')\n"
    )

    result = project.run("-ra")

    result.assert_outcomes(skipped=2, xfailed=1)
    result.stdout.fnmatch_lines(
        ["SKIPPED [[]1[]] test_sort.py:5: could not import 'no_such_thing'*"]
    )


def test_a_body_that_changes_its_case_changes_no_other_ones(project: Project) -> None:
    project.write_cases(20, answers=["a"])
    lines = (
        "case.inputs['answers'].append('b')",
        "case.inputs['ticket'] = 'another'",
        "assert len(case.inputs['answers']) == 2",
    )
    run_body(project, *lines)
    project.record()

    result = project.run("-rA")

    result.stdout.fnmatch_lines(["*pass (unchanged): 100.0%*"])


def test_a_fixture_that_looks_at_a_case_is_shown_its_own_line(
    project: Project,
) -> None:
    project.write_test(
        "import pytest\n"
        "@pytest.fixture\n"
        "def early(request):\n"
        "    return request.getfixturevalue('case').id\n"
        f"{HEAD}def test_sort(case, output, early):\n    assert early\n"
    )

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'case' was used outside the body of test_sort"])
    result.stdout.no_fnmatch_line("*injection.py*")


def test_pdb_stops_in_the_body_that_is_broken(project: Project) -> None:
    project.write_test(
        f"{HEAD}def test_sort(case, output):\n    seen = 5\n    output.nothing\n"
        "    assert output\n"
    )

    child = debug_beside(project.pytester)
    child.expect("Pdb")
    child.sendline("p case.id, seen")
    child.expect(r"\('c0', 5\)")
    leave_debugger(child)


# Models and what they say


@pytest.mark.parametrize(
    "raised", ["SystemExit(3)", "BaseException('odd')", "StopIteration(4)"]
)
def test_whatever_a_model_raises_is_an_error_of_the_model(
    project: Project, raised: str
) -> None:
    result = run_model(project, f"raise {raised}")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: error (provider)", "*20 of 20 requests got no reply"]
    )
    result.stdout.no_fnmatch_line("*running.py*")


def test_replies_steer_neither_the_terminal_nor_the_ci_job(project: Project) -> None:
    reply = r"return Completion(text='\x1b[31m red\n::error::one\n##[error]two\x07')"

    result = run_model(project, reply, "--promptopt-case=c1", "--tb=no")

    shown = result.stdout.str()
    assert "\\x1b[31m red\n\\::error::one\n#\\#[error]two\\x07\n" in shown
    assert not {"\x1b", "\x07"} & set(shown)


def test_errors_of_an_endpoint_steer_nothing_either(project: Project) -> None:
    result = run_model(
        project, r"raise ModelError('\x1b[31m\n ::error::one', 'wait')", "-W", "always"
    )

    shown = result.stdout.str()
    assert "\x1b" not in shown
    assert "  \\x1b[31m\n   \\::error::one\n    hint: wait\n" in shown


def test_a_hook_that_raises_is_shown_at_its_own_line(project: Project) -> None:
    project.pytester.makeconftest(
        "def pytest_promptopt_model(config, name, role):\n"
        "    raise ValueError('mine')\n"
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["conftest.py:2: ValueError"])
    result.stdout.no_fnmatch_line("*session.py*")


def test_a_model_that_hangs_does_not_hold_up_the_tests_without_prompts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytest_promptopt.suite, "DRAIN_S", 0.1)
    monkeypatch.setattr("pytest_promptopt.models.engine.CLOSE_S", 0.1)
    project.pytester.makeconftest(
        "import threading\n"
        + MODEL.format(line="threading.Event().wait(20)")
        + "import pytest\n"
        "@pytest.fixture\n"
        "def impatient(): pytest.skip('not today')\n"
    )
    # The second test's requests are started during the first one, which is stopped.
    project.write_test(
        "import pytest, _thread, threading\n"
        f"{HEAD}def test_a(case, prompt):\n"
        "    assert prompt.text; pytest.skip('stopped')\n"
        f"{HEAD}def test_b(case, output, impatient):\n    assert output\n"
        "def test_ordinary(): pass\n"
    )

    result = project.run()

    result.assert_outcomes(passed=1, skipped=2)
    assert result.duration < 15


# Again


RERUN = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    "Run everything twice, as rerun plugins do after a failure."
    from _pytest.runner import runtestprotocol
    if item.name != "test_sort":
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for _ in range(2):
        item._initrequest()
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


def test_a_rerun_repeats_a_fail_and_pays_for_nothing_twice(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")
    project.pytester.makeconftest(CONFTEST + RERUN)

    result = project.run()

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*fail (worse)*[[]120 calls, 120 from the cache[]]"])


def test_a_rerun_asks_again_for_replies_that_never_came(project: Project) -> None:
    fail_once = (
        "    FAILED.append(1)\n"
        "    if len(FAILED) <= 20:\n"
        "        from pytest_promptopt.errors import ModelError\n"
        "        raise ModelError('down', 'wait')\n"
    )
    text = CONFTEST.replace("def answer(request):\n", "def answer(request):\n" + "%s")
    project.pytester.makeconftest("FAILED = []\n" + text % fail_once + RERUN)
    project.write_test(TEST.replace('jsonl")', 'jsonl", min_score=0.9)'))

    result = project.run()

    result.assert_outcomes(failed=1, passed=1)


# Files


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"<<<<<<< HEAD\n{}\n", b'{"version": 1,']
)
def test_a_broken_baseline_is_named_with_a_command_that_mends_it(
    project: Project, content: bytes
) -> None:
    project.record()
    (project.path / BASELINE).write_bytes(content)
    command = "pytest test_sort.py::test_sort --promptopt-update-baseline"

    broken = project.run()
    mended = project.run("--promptopt-update-baseline")

    broken.assert_outcomes(failed=1)
    broken.stdout.fnmatch_lines([f"  {BASELINE}:*", f"*hint: *{command}"])
    assert mended.ret == 0
    assert project.run("-W", "error").ret == 0


def test_a_baseline_that_cannot_be_written_fails_the_run(project: Project) -> None:
    (project.path / BASELINE).mkdir(parents=True)

    result = project.run("--promptopt-update-baseline")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*test_sort.json was not written: Is a directory"])


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("ValueError('no database')", "boom() raised ValueError at test_sort.py:2: *"),
        ("pytest.skip.Exception('no database')", None),
    ],
)
def test_cases_that_cannot_be_had_concern_their_own_test_only(
    project: Project, raised: str, told: str | None
) -> None:
    project.write_test(
        f"import pytest\ndef boom(): raise {raised}\n"
        f"{HEAD}def test_a(case, output): assert output\n"
        + HEAD.replace('"cases.jsonl"', "boom")
        + "def test_b(case, output): assert output\n"
    )

    result = project.run()

    result.assert_outcomes(passed=1, failed=int(bool(told)), skipped=int(not told))
    if told:
        result.stdout.fnmatch_lines([f"*{told}"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool]\npromptopt = 3\n", "*tool.promptopt is 3, not a table"),
        ("[tool.promptopt.request]\ntop_p = nan\n", "*model setting top_p = nan is *"),
        (
            "[tool.promptopt.request]\nday = 2020-01-01\n",
            "*model setting day = datetime.date(2020, 1, 1) is nothing that JSON *",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_told_without_a_traceback(
    project: Project, text: str, told: str
) -> None:
    (project.path / "pyproject.toml").write_text(text)

    result = project.run()

    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.USAGE_ERROR)
    lines = result.stdout.lines + result.stderr.lines
    pytest.LineMatcher(lines).fnmatch_lines([told])
    pytest.LineMatcher(lines).no_fnmatch_line("*Error: *'int'*")
    pytest.LineMatcher(lines).no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.parametrize(
    "name", ["cases.jsonl", "prompts", "notes.diff", "promptopt.md"]
)
def test_the_diff_takes_the_place_of_nothing_else(project: Project, name: str) -> None:
    (project.path / "notes.md").write_text("mine")
    before = sorted(path.name for path in project.path.iterdir())

    result = project.run("--optimize-prompts", f"--promptopt-diff={name}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert sorted(path.name for path in project.path.iterdir()) == before


def test_collecting_removes_no_old_diff(project: Project) -> None:
    (project.path / "promptopt.diff").write_text("--- a/x\n")

    project.run("--optimize-prompts", "--collect-only")

    assert (project.path / "promptopt.diff").exists()


# Words


def test_two_tests_of_one_name_are_told_apart(project: Project) -> None:
    shutil.copy(project.path / "test_sort.py", project.path / "test_copy.py")

    result = project.run()

    result.stdout.fnmatch_lines(
        [
            "test_co...st_sort  inconclusive (no baseline) *",
            "test_so...st_sort  inconclusive (no baseline) *",
        ]
    )


def test_a_reason_without_figures_is_told_once(project: Project) -> None:
    project.record()
    project.write_cases(20, weight=2)

    result = project.run("-W", "ignore")

    result.stdout.fnmatch_lines(["*inconclusive (cases lost): no case is the same*"])
    assert result.stdout.str().count("no case is the same") == 1


def test_the_printed_command_applies_the_diff_from_outside_the_repository(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from test_optimizing import CONFTEST as SEARCHING

    project.pytester.makeconftest(SEARCHING)
    project.write_cases(100)
    (project.path / "prompts" / "sort.j2").write_text(
        "{# promptopt: begin instructions -#}\nSkill 40 at sorting\n"
        "{# promptopt: end -#}\n{{ ticket }}\n"
    )
    subprocess.run(["git", "init", "--quiet"], cwd=project.path, check=True)
    outside = tmp_path / "out side"
    outside.mkdir()
    monkeypatch.chdir(outside)

    result = project.run(
        "--optimize-prompts", "--promptopt-steps=3", str(project.path), "-q"
    )

    line = next(x for x in result.stdout.lines if x.startswith("apply the proposals"))
    subprocess.run(line.partition(": ")[2], shell=True, cwd=outside, check=True)
    assert "Skill 40 " not in (project.path / "prompts" / "sort.j2").read_text()
