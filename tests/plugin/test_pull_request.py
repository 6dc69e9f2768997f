"""A pull request is held against its base commit, in real git repositories."""

from __future__ import annotations

import pytest
from conftest import CONFTEST, TEST, Project
from repositories import MARKED, Repository


def test_an_untouched_prompt_costs_nothing_on_a_pull_request(
    repository: Repository,
) -> None:
    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (unchanged): 100.0% *[[]0 calls[]]"])
    result.stdout.no_fnmatch_line("*warning*")


def test_a_worse_prompt_fails_against_the_base_commit(repository: Repository) -> None:
    repository.project.write_prompt("Skill 12")
    short = repository.git("rev-parse", "--short=7", "main").strip()

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: fail (worse)", f"*commit {short} (main)*"]
    )


def test_a_baseline_recorded_again_does_not_turn_a_worse_prompt_green(
    repository: Repository,
) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.record()
    repository.commit("Worse, with a record of its own")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: fail (worse)",
            "*baseline changed: the baseline record was changed: the one at commit *",
        ]
    )


def test_a_baseline_edited_by_hand_counts_for_nothing(repository: Repository) -> None:
    repository.forge(0.0)
    repository.project.write_prompt("Skill 12")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (worse)"])


def test_a_baseline_edited_beside_an_untouched_prompt_is_said(
    repository: Repository,
) -> None:
    repository.forge(0.0)

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*pass (unchanged): 100.0% *",
            "*baseline changed: the baseline record was changed: *",
        ]
    )


def test_deleting_the_cases_that_would_fail_is_not_a_pass(
    repository: Repository,
) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.write_cases(12)

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*inconclusive (cases lost)*", "*8 cases of the baseline*8 removed*"]
    )
    strict = repository.run("--promptopt-fail-on=inconclusive")
    assert strict.ret == 1


def test_a_floor_that_a_pull_request_lowers_holds_until_it_is_merged(
    project: Project,
) -> None:
    marked = TEST.replace('cases="cases.jsonl")', 'cases="cases.jsonl", min_score=0.9)')
    project.write_test(marked)
    repository = Repository(project)
    repository.project.write_test(marked.replace("0.9", "0.1"))
    repository.project.write_prompt("Skill 12")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*limits changed: min_score 90.0% -> 10.0%: those of commit * count here"]
    )


def test_report_mode_switched_on_in_a_pull_request_does_not_hold_there(
    repository: Repository,
) -> None:
    repository.project.write_test(
        TEST.replace('cases="cases.jsonl")', 'cases="cases.jsonl", gate="report")')
    )
    repository.project.write_ini("promptopt_gate = report")
    repository.project.write_prompt("Skill 12")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: fail (worse)", "*limits changed: gate none -> report*"]
    )


def test_what_fails_the_run_at_the_base_fails_it_in_the_pull_request(
    project: Project,
) -> None:
    project.write_ini("promptopt_fail_on = inconclusive")
    repository = Repository(project)
    repository.project.write_ini()
    repository.project.write_prompt("Skill 12")
    repository.project.write_cases(12)

    assert repository.run().ret == 1


@pytest.mark.parametrize(
    "source",
    [
        "def test_sort(): pass\n",
        "def test_other(): pass\n",
        None,
    ],
    ids=["without the marker", "without the function", "without the file"],
)
def test_a_prompt_test_taken_away_is_not_silent(
    repository: Repository, source: str | None
) -> None:
    if source is None:
        (repository.path / "test_sort.py").unlink()
        (repository.path / "test_else.py").write_text("def test_else(): pass\n")
    else:
        repository.project.write_test(source)

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["test_sort.py (test_sort): inconclusive (removed)*"])
    assert repository.run("--promptopt-fail-on=inconclusive").ret == 1


def test_a_prompt_test_taken_away_with_its_record_passes_and_is_said(
    repository: Repository,
) -> None:
    repository.project.write_test("def test_sort(): pass\n")
    repository.record.unlink()

    result = repository.run("--promptopt-fail-on=inconclusive")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (removed): commit * has a baseline*"])


def test_a_worse_model_fails_though_the_prompt_is_the_same(project: Project) -> None:
    project.pytester.makeconftest(
        CONFTEST.replace(
            'return MODEL if name == "scripted:skill" else None',
            'return {"scripted:skill": MODEL, "scripted:weak": WEAK}.get(name)',
        )
        + '\nWEAK = ScriptedModel(lambda request: "nonsense")\n'
    )
    repository = Repository(project)
    ini = repository.path / "tox.ini"
    ini.write_text(ini.read_text().replace("scripted:skill", "scripted:weak"))

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (worse)"])


def test_a_trade_off_recorded_with_a_reason_is_accepted_and_said(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.project.write_prompt("Skill 12")
    recorded = repository.project.run(
        "--promptopt-update-baseline", "--promptopt-reason=half the cost, see #12"
    )
    assert recorded.ret == 0
    repository.commit("Cheaper")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    result = repository.run("--promptopt-fail-on=inconclusive")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*pass (accepted): 60.0% *",
            "*100.0%*half the cost, see #12*",
            "::warning *accepted*",
        ]
    )


def test_a_reason_for_another_text_accepts_nothing(repository: Repository) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.run("--promptopt-update-baseline", "--promptopt-reason=cheaper")
    repository.project.write_prompt("Skill 8")

    assert repository.run().ret == 1


def test_a_new_prompt_test_counts_by_its_own_record_and_is_said(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.project.write_test(
        TEST + f"\n{MARKED}\ndef test_new(case, output): assert output\n"
    )
    repository.project.record()
    repository.commit("Another test")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*(test_new*): pass (unchanged)*",
            "*new prompt test: commit * has no baseline for it: its own record counts",
            "::warning file=test_sort.py,line=*new prompt test*",
        ]
    )


def test_a_prompt_that_main_changed_without_a_record_is_not_the_pull_requests_doing(
    project: Project, repository: Repository
) -> None:
    project.write_prompt("Skill 12")
    repository.commit_on_main("Worse, unrecorded")

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*pass (unchanged)*", "*stale on main: the prompt at commit *"]
    )
    project.write_prompt("Skill 8")
    worse = repository.run()
    assert worse.ret == 1
    worse.stdout.fnmatch_lines(["*40.0% against 60.0% at commit *"])


def test_a_test_body_changed_with_the_prompt_is_said(repository: Repository) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.write_test(TEST.replace("output == case.expected", "output"))

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*test changed: the test module differs from commit *"]
    )


def test_a_shallow_clone_is_an_error_that_names_the_fix(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.project.write_prompt("Skill 12")
    repository.commit("Worse")
    head = repository.git("rev-parse", "HEAD").strip()
    (repository.path / ".git" / "shallow").write_text(head + "\n")
    repository.git("branch", "--delete", "--force", "main")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")

    result = repository.project.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: error (setup)", "*hint: *fetch-depth: 0*"]
    )


def test_a_pull_request_on_github_is_compared_without_an_option(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.record()
    repository.commit("Worse, with a record of its own")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")

    assert repository.project.run().ret == 1
    assert repository.project.run("--promptopt-compare=none").ret == 0


def test_a_worker_holds_a_pull_request_against_the_same_commit(
    repository: Repository,
) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.record()

    result = repository.run("-n1")

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: fail (worse)", "*baseline changed: *"]
    )


def test_a_record_with_conflict_markers_names_the_command_that_mends_it(
    repository: Repository,
) -> None:
    text = repository.record.read_text().splitlines(keepends=True)
    text.insert(3, "<<<<<<< HEAD\n")
    repository.record.write_text("".join(text))

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*test_sort.json:4: merge-conflict marker*",
            "*pytest test_sort.py::test_sort --promptopt-update-baseline*",
        ]
    )
