"""What rides on a report for the reports that are files: cases, changes, recipients."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from conftest import TEST, Project

from pytest_promptopt.records import CaseDetail, TestResult

# Takes what rides before the run's end removes the files of the cases.
KEEPING = """
import json, pathlib

def pytest_runtest_logreport(report):
    if getattr(report, "promptopt", None) is None:
        return
    kept = pathlib.Path("kept")
    kept.mkdir(exist_ok=True)
    name = report.nodeid.rpartition("::")[2]
    (kept / f"{name}.json").write_text(report.promptopt)
    details = json.loads(report.promptopt)["details"]
    if details:
        (kept / f"{name}.jsonl").write_text(pathlib.Path(details).read_text())
"""
REPORT = "--promptopt-report=json:report.json"


@pytest.fixture
def keeping(project: Project) -> Project:
    keep(project, (project.path / "conftest.py").read_text())
    return project


def keep(project: Project, conftest: str) -> None:
    project.pytester.makeconftest(f"{conftest}\n{KEEPING}")


def result_of(project: Project, *arguments: str, name: str = "test_sort") -> TestResult:
    project.run(*arguments)
    text = (project.path / "kept" / f"{name}.json").read_text()
    return TestResult.from_json(json.loads(text))


def cases_of(project: Project, name: str = "test_sort") -> list[CaseDetail]:
    path = project.path / "kept" / f"{name}.jsonl"
    lines = path.read_text().splitlines()
    return [CaseDetail.from_json(json.loads(line)) for line in lines]


def test_both_arms_are_told_case_by_case_and_trial_by_trial(keeping: Project) -> None:
    keeping.record()
    keeping.write_prompt("Skill 12")

    result = result_of(keeping, REPORT)

    found = cases_of(keeping)
    assert [one.case_id for one in found] == [f"c{n}" for n in range(20)]
    first, last = found[0], found[-1]
    assert (first.was, first.now, last.was, last.now) == (1.0, 1.0, 1.0, 0.0)
    assert last.inputs == {"ticket": "Case 19: say w19"}
    assert (last.expected, last.place) == ("w19", "cases.jsonl:20")
    assert [one.output for one in last.before] == ["w19"] * 3
    assert [one.output for one in last.after] == ["nonsense"] * 3
    assert "nonsense" in last.after[0].score.reason
    accuracy = fmean(one.now for one in found if one.now is not None)
    assert accuracy == pytest.approx(result.verdict.accuracy)


def test_of_a_carried_over_test_the_recorded_scores_are_told(keeping: Project) -> None:
    keeping.write_prompt("Skill 12")
    keeping.record()

    result_of(keeping, REPORT)

    found = cases_of(keeping)
    assert [(one.was, one.now) for one in found] == [(1.0, 1.0)] * 12 + [(0.0, 0.0)] * 8
    assert not any(one.before or one.after for one in found)


def test_without_a_baseline_there_is_one_arm(keeping: Project) -> None:
    result_of(keeping, REPORT)

    found = cases_of(keeping)
    assert {one.was for one in found} == {None}
    assert {len(one.after) for one in found} == {1}


@pytest.mark.parametrize("way", [(), ("-n2",)])
def test_the_files_of_the_cases_are_gone_when_the_run_is_over(
    keeping: Project, way: tuple[str, ...]
) -> None:
    keeping.write_test(TEST + TEST.replace("test_sort", "test_more"))

    result = result_of(keeping, REPORT, *way)

    assert len(cases_of(keeping)) == len(cases_of(keeping, "test_more")) == 20
    assert Path(result.details).is_relative_to(keeping.path / ".promptopt" / "details")
    assert not (keeping.path / ".promptopt" / "details").exists()
    assert (keeping.path / ".promptopt" / ".gitignore").read_text() == "*\n"


def test_without_a_report_nothing_is_written(keeping: Project) -> None:
    result = result_of(keeping)

    assert result.details == ""
    assert not (keeping.path / "kept" / "test_sort.jsonl").exists()
    assert not (keeping.path / ".promptopt" / "details").exists()


def test_a_folder_that_cannot_be_written_is_told_and_the_verdict_stands(
    keeping: Project,
) -> None:
    (keeping.path / ".promptopt").mkdir()
    (keeping.path / ".promptopt" / "details").write_text("in the way")

    result = result_of(keeping, REPORT)

    assert result.details == ""
    assert result.verdict.accuracy == 1.0
    assert any("lack the cases of prompts/sort.j2" in note for note in result.notes)


def test_long_texts_are_cut_with_a_word_on_it(keeping: Project) -> None:
    conftest = (keeping.path / "conftest.py").read_text()
    keeping.pytester.makeconftest(conftest.replace('"nonsense"', '"n" * 30_000'))
    keeping.write_cases(20, note="x" * 20_001, table={"ä": [1, None]})
    keeping.write_prompt("Skill 0")

    result_of(keeping, REPORT)

    found = cases_of(keeping)[0]
    assert found.inputs["note"] == "x" * 20_000 + "\n[1 more characters are left out]"
    assert found.inputs["table"] == '{"ä": [1, null]}'
    assert found.after[0].output.endswith("n\n[10,000 more characters are left out]")


def test_only_ids_are_written_where_only_ids_are_shown(keeping: Project) -> None:
    keeping.write_prompt("Skill 12")

    result = result_of(keeping, REPORT, "--promptopt-show-data=ids")

    found = cases_of(keeping)[-1]
    assert result.shows == "ids"
    assert (found.case_id, found.place, found.now) == ("c19", "cases.jsonl:20", 0.0)
    assert found == replace(found, inputs={}, expected="", withheld=True)
    assert (found.after[0].output, found.after[0].score.reason) == ("", "")


def test_the_changed_line_of_the_prompt_is_told(keeping: Project) -> None:
    keeping.record()
    keeping.write_prompt("Be kind.\nSkill 21")

    (found,) = result_of(keeping).source_changes

    assert (found.path, found.line) == ("prompts/sort.j2", 1)
    assert found.removed == "Skill 20. {{ ticket }}"
    assert found.added == "Be kind."


def test_whom_the_gate_has_asked_is_told_and_nobody_if_it_asked_nobody(
    keeping: Project,
) -> None:
    asked = [each.to_json() for each in result_of(keeping).recipients]
    keeping.record()

    assert asked == [{"model": "scripted:skill", "role": "task", "host": ""}]
    assert result_of(keeping).recipients == ()


def test_judges_and_the_model_of_the_baseline_are_told_too(keeping: Project) -> None:
    conftest = (keeping.path / "conftest.py").read_text()
    conftest = conftest.replace('MODEL if name == "scripted:skill" else None', "MODEL")
    conftest = conftest.replace(
        "    skill =", "    if 'Judge' in text: return OK\n    skill ="
    )
    keeping.pytester.makeconftest(f"{conftest}\nOK = 'verdict: pass'\n")
    keeping.write_ini("promptopt_judge_model = scripted:judge")
    (keeping.path / "rubric.j2").write_text("Judge {{ ticket }}: {{ output }}")
    keeping.write_test(
        "import pytest\nfrom pytest_promptopt.scorers import judge\n"
        '@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", '
        'scorer=judge("rubric.j2"))\ndef test_sort(case): ...\n'
    )
    keeping.record()

    result = result_of(keeping, "--promptopt-model=scripted:new")

    assert [(each.model, each.role) for each in result.recipients] == [
        ("scripted:new", "task"),
        ("scripted:skill", "task"),
        ("scripted:judge", "judge"),
    ]


LINE = "text goes to: scripted:skill (in this process): task model"


def test_where_text_is_going_is_said_before_the_first_call(keeping: Project) -> None:
    first = keeping.run()
    keeping.record()
    unchanged, everything = keeping.run(), keeping.run("--promptopt-all")

    assert [LINE in each.stdout.lines for each in (first, unchanged, everything)] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("quiet", ["-q", "--co", "--promptopt-case=c1"])
def test_it_is_not_said_where_nobody_wants_to_know(
    keeping: Project, quiet: str
) -> None:
    keeping.run(quiet).stdout.no_fnmatch_line("text goes to*")


def test_the_host_is_told_without_a_key_and_each_role_of_a_model(
    keeping: Project,
) -> None:
    keeping.pytester.makeconftest("")
    keeping.write_ini()
    (keeping.path / "rubric.j2").write_text("Judge {{ ticket }}: {{ output }}")
    keeping.write_test(
        "import pytest\nfrom pytest_promptopt.scorers import judge\n"
        '@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", '
        'scorer=judge("rubric.j2"))\ndef test_sort(case): ...\n'
    )

    result = keeping.run(
        "--promptopt-model=openai:small",
        "--promptopt-optimizer-model=openai:large",
        "--optimize-prompts",
        "-o",
        "promptopt_embeddings=openai:vectors",
    )

    assert [line for line in result.stdout.lines if line.startswith("text goes")] == [
        "text goes to: openai:small (api.openai.com): task and judge model",
        "text goes to: openai:large (api.openai.com): optimizer model",
        "text goes to: openai:vectors (api.openai.com): embeddings model",
    ]


def test_a_test_that_cannot_be_read_says_it_when_its_turn_comes(
    keeping: Project,
) -> None:
    (keeping.path / "cases.jsonl").write_text("{")

    result = keeping.run()

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("text goes to*")


def test_cases_that_need_a_fixture_are_not_made_before_it_is_set_up(
    keeping: Project,
) -> None:
    keeping.write_test(
        "import pytest\n\nROWS = []\n\n"
        "@pytest.fixture(autouse=True)\ndef rows():\n"
        "    ROWS.append(dict(id='c1', ticket='Case 1: say w1', expected='w1'))\n\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases=lambda: ROWS)\n"
        "def test_sort(case, output):\n    assert output == case.expected\n"
    )

    result = keeping.run()

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.no_fnmatch_line("text goes to*")


def test_a_test_that_is_skipped_asks_nobody(keeping: Project) -> None:
    keeping.write_test(TEST.replace("def test", "@pytest.mark.skip\ndef test"))

    keeping.run().stdout.no_fnmatch_line("text goes to*")
