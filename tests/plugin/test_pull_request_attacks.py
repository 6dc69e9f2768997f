"""What a pull request may try, or main may have left undone: never silently green."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CONFTEST, TEST, Project
from repositories import Repository

# A model whose replies depend on the temperature too.
HEATED = CONFTEST.replace(
    'skill = int(re.search(r"Skill (\\d+)", text)[1])',
    'skill = int(re.search(r"Skill (\\d+)", text)[1])\n'
    '    skill -= 8 * int(request.settings.get("temperature", 0))',
)


def with_request(source: str, temperature: int) -> str:
    return source.replace(
        'cases="cases.jsonl"',
        f'cases="cases.jsonl", request={{"temperature": {temperature}}}',
    )


def test_a_request_that_main_changed_is_not_the_pull_requests_doing(
    project: Project,
) -> None:
    project.pytester.makeconftest(HEATED)
    repository = Repository(project)
    project.write_test(with_request(TEST, 1))
    repository.commit_on_main("Warmer, unrecorded")
    (repository.path / "README").write_text("x")

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*pass (unchanged)*", "*stale on main: the request at commit *"]
    )


def test_a_request_that_the_pull_request_changes_is_compared(project: Project) -> None:
    project.pytester.makeconftest(HEATED)
    repository = Repository(project)
    project.write_test(with_request(TEST, 1))

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: fail (worse)", "*the request changed: temperature*"]
    )


def test_cases_that_main_changed_are_not_lost_by_the_pull_request(
    project: Project, repository: Repository
) -> None:
    project.write_cases(12)
    repository.commit_on_main("Fewer cases, unrecorded")
    (repository.path / "README").write_text("x")

    result = repository.run()

    assert result.ret == 0
    result.stdout.no_fnmatch_line("*inconclusive*")
    result.stdout.fnmatch_lines(["*stale on main: the suite of cases at commit *"])


def test_a_stale_record_is_not_shown_as_the_score_of_an_unedited_prompt(
    project: Project, repository: Repository
) -> None:
    project.write_prompt("Skill 12")
    repository.commit_on_main("Worse, unrecorded")

    result = repository.run("--promptopt-all", "--promptopt-fail-on=drift")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (same): 60.0% *"])
    result.stdout.no_fnmatch_line("*100.0%*")


def test_a_base_record_that_cannot_be_read_is_said(
    project: Project, repository: Repository
) -> None:
    text = repository.record.read_text()
    repository.record.write_text("<<<<<<< HEAD\n" + text)
    repository.commit_on_main("A merge gone wrong")
    repository.record.write_text(text)

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*stale on main: the baseline record at commit * cannot be read: its own*"]
    )


@pytest.mark.parametrize(
    ("addopts", "code"),
    [
        ("--promptopt-compare=none", 1),
        ("-o promptopt_gate=report", 1),
        ("--promptopt-update-baseline", 4),
        ("--promptopt-case=c1", 4),
    ],
)
def test_a_file_cannot_choose_what_a_pull_request_is_held_against(
    project: Project,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    addopts: str,
    code: int,
) -> None:
    project.write_prompt("Skill 12")
    project.record()
    project.write_ini(f"addopts = {addopts}")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")

    assert project.run().ret == code


def test_a_laxer_scorer_in_a_file_of_its_own_is_said(project: Project) -> None:
    scoring = (
        "def lax(case, completion):\n    return completion.text == case.expected\n"
    )
    (project.path / "scoring.py").write_text(scoring)
    project.write_test(
        "from scoring import lax\n"
        + TEST.replace('cases="cases.jsonl"', 'cases="cases.jsonl", scorer=lax')
    )
    project.pytester.syspathinsert()
    repository = Repository(project)
    (project.path / "scoring.py").write_text(scoring + "# laxer\n")
    project.write_prompt("Skill 12")

    result = repository.run()

    result.stdout.fnmatch_lines(
        ["*test changed: the scorer's file or a watched one differs from*"]
    )


@pytest.mark.parametrize(
    ("file", "text", "cause"),
    [
        ("test_sort.py", TEST.replace("@pytest", "@pytest.mark.skip\n@pytest"), "skip"),
        (
            "test_sort.py",
            TEST.replace("    assert", '    pytest.skip("no")\n    assert'),
            "skip",
        ),
        ("conftest.py", CONFTEST + '\ncollect_ignore = ["test_sort.py"]\n', "not run"),
        ("tox.ini", "[pytest]\naddopts = --deselect test_sort.py\n", "not run"),
    ],
    ids=["skip", "skip in the body", "collect_ignore", "addopts"],
)
def test_a_prompt_test_that_is_left_out_is_not_silent(
    repository: Repository, file: str, text: str, cause: str
) -> None:
    (repository.path / file).write_text(text)
    (repository.path / "test_else.py").write_text("def test_else(): pass\n")
    repository.project.write_prompt("Skill 12")

    result = repository.run("--promptopt-model=scripted:skill")

    assert result.ret == 0
    result.stdout.fnmatch_lines([f"test_sort.py (test_sort): inconclusive ({cause}*"])
    strict = repository.run(
        "--promptopt-model=scripted:skill", "--promptopt-fail-on=inconclusive"
    )
    assert strict.ret == 1


def test_a_test_that_whoever_started_the_run_left_out_is_not_missed(
    repository: Repository,
) -> None:
    (repository.path / "test_else.py").write_text("def test_else(): pass\n")

    for arguments in (["-k", "else"], ["test_else.py"], ["--ignore=test_sort.py"]):
        result = repository.run(*arguments)
        assert result.ret == 0
        result.stdout.no_fnmatch_line("*inconclusive*")


def test_replies_that_are_committed_are_not_believed(repository: Repository) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.run()
    repository.git("add", "--force", ".promptopt/cache.sqlite")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*[[]120 calls[]]", "note: the reply cache .promptopt/cache.sqlite is commit*"]
    )


def test_a_reason_does_not_accept_what_the_next_run_would_fail_on(
    project: Project,
) -> None:
    project.write_test(
        TEST.replace('cases="cases.jsonl"', 'cases="cases.jsonl", min_score=0.9')
    )
    repository = Repository(project)
    project.write_prompt("Skill 8")
    project.run("--promptopt-update-baseline", "--promptopt-reason=cheaper")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*fail (floor)*",
            "*a reason accepts a worse score, but not an accuracy below*",
        ]
    )


def test_a_reason_for_other_cases_accepts_nothing(repository: Repository) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.run("--promptopt-update-baseline", "--promptopt-reason=cheaper")
    rows = (repository.path / "cases.jsonl").read_text().splitlines()
    row = {**json.loads(rows[0]), "id": "another"}
    (repository.path / "cases.jsonl").write_text(
        "\n".join([*rows, json.dumps(row)]) + "\n"
    )

    assert repository.run().ret == 1


def test_a_model_that_the_base_sets_counts_though_its_record_has_another(
    project: Project,
) -> None:
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
    repository.commit_on_main("Weaker, unrecorded")

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*stale on main: the model 'scripted:weak' at*"])


def test_a_switched_model_is_said_where_it_fails(project: Project) -> None:
    project.pytester.makeconftest(
        CONFTEST.replace(
            'return MODEL if name == "scripted:skill" else None',
            'return {"scripted:skill": MODEL, "scripted:weak": WEAK}.get(name)',
        )
        + '\nWEAK = ScriptedModel(lambda request: "nonsense")\n'
    )
    repository = Repository(project)

    result = repository.run("--promptopt-model=scripted:weak")

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*the model changed: 'scripted:skill' -> 'scripted:weak'; "
            "the prompt is the same"
        ]
    )


def test_an_expected_failure_is_said_to_be_one(repository: Repository) -> None:
    repository.project.write_prompt("Skill 12")
    repository.project.write_test(
        TEST.replace("@pytest", "@pytest.mark.xfail\n@pytest")
    )

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*fail (worse)*", "*xfail: its xfail marker keeps this from failing the run"]
    )


def test_limits_that_are_not_written_out_at_the_base_are_said(
    project: Project,
) -> None:
    (project.path / "floors.py").write_text("FLOOR = 0.9\n")
    project.pytester.syspathinsert()
    project.write_test(
        "from floors import FLOOR\n"
        + TEST.replace('cases="cases.jsonl"', 'cases="cases.jsonl", min_score=FLOOR')
    )
    repository = Repository(project)

    result = repository.run()

    result.stdout.fnmatch_lines(["*limits unknown: min_score cannot be read at*"])


def test_a_silent_base_folder_is_not_written_to(repository: Repository) -> None:
    repository.project.write_prompt("Skill 12")

    repository.run()

    status = repository.git("status", "--porcelain").split()
    assert status == ["M", str(Path("prompts") / "sort.j2")]


def test_a_folder_that_another_job_runs_is_not_missed(project: Project) -> None:
    other = project.path / "other"
    other.mkdir()
    project.write_ini("testpaths = . other")
    for name in ("test_sort.py", "cases.jsonl"):
        (other / name.replace("sort", "second")).write_text(
            (project.path / name).read_text()
        )
    repository = Repository(project)
    project.write_ini("testpaths = test_sort.py")
    repository.commit_on_main("The other folder has a job of its own")
    (other / "test_second.py").write_text(TEST + "\n")

    assert "not run" not in repository.run().stdout.str()


def test_a_folder_taken_out_by_the_pull_request_is_said(project: Project) -> None:
    repository = Repository(project)
    (project.path / "elsewhere").mkdir()
    (project.path / "elsewhere" / "test_else.py").write_text("def test_else(): pass\n")
    project.write_ini("testpaths = elsewhere")

    result = repository.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["test_sort.py (test_sort): inconclusive (not run)*"])
