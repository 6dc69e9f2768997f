"""What a user sees of the gate: unchanged, better, worse, no baseline, errors."""

from __future__ import annotations

import json

import pytest
from conftest import TEST, Project, debug_beside, leave_debugger


def requests(result: pytest.RunResult) -> int:
    line = next(e for e in result.stdout.lines if e.startswith("requests: "))
    return int(line.partition(": ")[2])


def run(project: Project, *arguments: str) -> pytest.RunResult:
    return project.run(*arguments)


def test_a_baseline_is_recorded_with_three_trials_a_case(project: Project) -> None:
    result = run(project, "--promptopt-update-baseline")

    assert result.ret == 0
    assert requests(result) == 60
    path = project.path / "__prompt_baselines__" / "test_sort" / "test_sort.json"
    result.stdout.fnmatch_lines(
        ["*pass (recorded): 100.0% *", f"written: *{path.name}"]
    )
    record = json.loads(path.read_text())
    assert record["model"] == "scripted:skill"
    assert len(record["cases"]) == 20
    assert record["cases"][0]["values"] == [1.0, 1.0, 1.0]


def test_an_unchanged_prompt_costs_nothing(project: Project) -> None:
    project.record()

    result = run(project)

    assert result.ret == 0
    assert requests(result) == 0
    result.stdout.fnmatch_lines(["*pass (unchanged): 100.0% *[[]0 calls[]]"])


def test_promptopt_all_calls_an_unchanged_prompt_once_a_case(project: Project) -> None:
    project.record()

    result = run(project, "--promptopt-all")

    assert result.ret == 0
    assert requests(result) == 20
    result.stdout.fnmatch_lines(["*pass (same): 100.0% *"])


def test_an_edit_of_the_test_file_alone_is_called_once_and_passes(
    project: Project,
) -> None:
    project.record()
    project.write_test(TEST + "\ndef test_other(): pass\n")

    result = run(project)

    assert result.ret == 0
    assert requests(result) == 20


def test_a_worse_prompt_fails_and_names_the_cases_and_the_way_out(
    project: Project,
) -> None:
    project.record()
    project.write_prompt("Skill 12")

    result = run(project)

    assert result.ret == 1
    assert requests(result) == 120
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: fail (worse)",
            "  the edited prompt is worse by 40.0 points: 60.0% against the baseline's "
            "100.0% (20 cases, 3 trials each), p < 0.0001, limit 0.025",
            "  95% intervals: edited [[]38.7, 78.1[]], baseline [[]83.9, 100.0[]]",
            "*3 fresh trials of each case in both arms, decided at look 1 of 2, on "
            "scripted:skill",
            "  smallest drop this suite could have shown: 15.0 points",
            "*worse: c12 (cases.jsonl:13) 1.00 -> 0.00: expected 'w12', "
            "got 'nonsense', before 'w12'",
            "*worse: and 3 cases more",
            "*pytest test_sort.py::test_sort --promptopt-case=c12",
            "*pytest test_sort.py::test_sort --promptopt-update-baseline",
            "*pytest test_sort.py::test_sort --optimize-prompts",
        ]
    )


def test_a_restored_prompt_passes_without_a_call(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")
    assert run(project).ret == 1
    project.write_prompt("Skill 20")

    result = run(project)

    assert result.ret == 0
    assert requests(result) == 0


def test_a_repeated_run_replays_its_replies(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")
    first = run(project)

    second = run(project)

    assert (first.ret, second.ret) == (1, 1)
    assert requests(second) == 0
    result = [line for line in second.stdout.lines if "[0 calls, 120 from" in line]
    assert result


def test_a_better_prompt_passes(project: Project) -> None:
    project.write_prompt("Skill 12")
    project.record()
    project.write_prompt("Skill 20")

    result = run(project)

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*pass (better): 100.0% *baseline 60.0% of *, +40.0 points*"]
    )


def test_one_flipped_case_warns_and_does_not_fail(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 19")

    result = run(project)

    assert result.ret == 0
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*PromptOptWarning: prompts/sort.j2: inconclusive*"])


def test_warnings_as_errors_do_not_turn_a_verdict(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 19")

    result = run(project, "-W", "error")

    assert result.ret == 0


def test_an_edit_that_sends_the_same_is_no_edit(project: Project) -> None:
    project.record()
    path = project.path / "prompts" / "sort.j2"
    path.write_text("{# Keep this short. #}Skill 20. {{ ticket }}\n")

    result = run(project)

    assert result.ret == 0
    assert requests(result) == 20


def test_without_a_baseline_a_test_warns_here_and_fails_under_ci(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = run(project)
    monkeypatch.setenv("CI", "true")
    there = run(project)

    assert (here.ret, there.ret) == (0, 1)
    here.assert_outcomes(passed=1, warnings=1)
    there.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: fail (no baseline)",
            "*pytest test_sort.py::test_sort --promptopt-update-baseline",
        ]
    )


def test_a_floor_fails_only_when_the_suite_is_surely_below_it(
    project: Project,
) -> None:
    project.write_test(TEST.replace('jsonl")', 'jsonl", min_score=0.8)'))
    project.write_prompt("Skill 15")
    near = run(project)
    project.write_prompt("Skill 5")
    far = run(project)

    assert (near.ret, far.ret) == (0, 1)
    far.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: fail (floor)",
            "  to find a better one: * --optimize-prompts",
        ]
    )
    far.stdout.no_fnmatch_line("*--promptopt-update-baseline")


def test_a_broken_must_pass_case_fails_by_itself(project: Project) -> None:
    project.write_cases(20, must_pass=True)
    project.record()
    project.write_prompt("Skill 19")

    result = run(project)

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (must_pass)", "*c19*"])


def test_deleting_the_cases_that_fail_is_not_silently_green(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")
    project.write_cases(12)

    result = run(project)

    assert result.ret == 0
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*inconclusive (cases lost)*"])


@pytest.mark.parametrize("where", ["marker", "ini"])
def test_report_only_shows_everything_and_never_fails(
    project: Project, where: str
) -> None:
    if where == "marker":
        project.write_test(TEST.replace('jsonl")', 'jsonl", gate="report")'))
    else:
        project.write_ini("promptopt_gate = report")
    project.record()
    project.write_prompt("Skill 12")

    result = run(project)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (report only): 60.0% *-40.0 points*"])


def test_xfail_covers_a_worse_prompt_but_not_an_error(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")
    project.write_test(TEST.replace("@pytest", "@pytest.mark.xfail\n@pytest", 1))
    worse = run(project)
    project.write_test(
        TEST.replace("@pytest", "@pytest.mark.xfail\n@pytest", 1).replace(
            "assert output", "assert output.nothing"
        )
    )
    broken = run(project)

    worse.assert_outcomes(xfailed=1)
    broken.assert_outcomes(failed=1)


def test_a_provider_that_fails_is_an_error_and_no_case_is_wrong(
    project: Project,
) -> None:
    project.record()
    project.write_prompt("Unskilled")  # the scripted model then raises TypeError

    result = run(project)

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: error (provider)",
            "*TypeError*",
            "This says nothing about the prompt: no reply was scored as wrong.",
        ]
    )


def test_the_suite_shares_one_error_rate_whatever_k_selects(project: Project) -> None:
    project.write_test(TEST + TEST.replace("def test_sort", "def test_second"))
    project.record()
    project.write_prompt("Skill 12")

    result = run(project, "-k", "second")

    result.stdout.fnmatch_lines(
        ["*p < 0.0001, limit 0.0125", "*2 edited prompt tests*"]
    )


def test_pdb_stops_in_the_body_of_the_first_failed_case(project: Project) -> None:
    project.record()
    project.write_prompt("Skill 12")

    child = debug_beside(project.pytester)
    child.expect("Pdb")
    child.sendline("p case.id, output")
    child.expect(r"\('c12', 'nonsense'\)")
    leave_debugger(child)


def test_a_floor_holds_for_an_unedited_prompt_too(project: Project) -> None:
    project.write_prompt("Skill 5")
    project.record()
    project.write_test(TEST.replace('jsonl")', 'jsonl", min_score=0.8)'))

    result = run(project)

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (floor)"])


def test_report_only_names_the_cases_and_the_commands_also_when_quiet(
    project: Project,
) -> None:
    project.write_ini("promptopt_gate = report")
    project.record()
    project.write_prompt("Skill 12")

    result = run(project, "-q")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*PromptOptWarning: prompts/sort.j2: pass (report only)*",
            "*pass (report only): 60.0% *",
            "  would have been fail (worse): the edited prompt is worse by 40.0 *",
            "  worse: c12 (cases.jsonl:13)*",
            "  to accept the change: *",
        ]
    )


def test_a_baseline_whose_model_is_gone_is_inconclusive_and_says_what_to_do(
    project: Project,
) -> None:
    project.record()
    project.pytester.makeini("[pytest]\npromptopt_model = offline:rules\n")
    project.pytester.makeconftest("")

    result = run(project)

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2 (*): inconclusive (provider): the baseline was recorded "
            "with 'scripted:skill', which cannot be called (*): record a new one with "
            "--promptopt-update-baseline*",
        ]
    )


def test_a_scorer_in_a_file_of_its_own_belongs_to_the_fingerprint(
    project: Project,
) -> None:
    scorer = project.path / "own_scorer.py"
    scorer.write_text("def right(case, completion): return 1.0\n")
    project.write_test(
        "import pytest, own_scorer\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl',"
        " scorer=own_scorer.right)\n"
        "def test_sort(): ...\n"
    )
    project.record()
    before = run(project)
    scorer.write_text("def right(case, completion): return 0.0\n")
    after = run(project)

    before.stdout.fnmatch_lines(["*pass (unchanged)*"])
    after.stdout.fnmatch_lines(["*pass (drift): 0.0%*"])


def test_another_endpoint_behind_the_same_name_is_called_once(
    project: Project,
) -> None:
    project.record()
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest + "\nMODEL.identity = 'elsewhere'\n")

    result = run(project)

    assert requests(result) == 20
    result.stdout.fnmatch_lines(["*pass (same)*"])
