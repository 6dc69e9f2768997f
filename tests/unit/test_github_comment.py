"""``promptopt comment`` keeps one comment, at the pull request that was judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comments_api import SHA, Api, served

from pytest_promptopt.command import main
from pytest_promptopt.github.comment import MOST_CHARACTERS
from pytest_promptopt.report.comment import MARK

BODY = f"{MARK}\n\n## Prompts: 1 failed\n"
PASSED: dict[str, Any] = {
    "version": 1,
    "verdict": {"outcome": "pass", "cause": "several", "retryable": False},
    "tests": [
        {
            "source_changes": [],
            "verdict": {"added": [], "lost": {"removed": [], "changed": []}},
        }
    ],
}
ERROR: dict[str, Any] = {
    **PASSED,
    "verdict": {"outcome": "error", "cause": "provider", "retryable": True},
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with served() as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", "shop/desk")
        monkeypatch.setenv("GITHUB_TOKEN", "a-token")
        yield server


@pytest.fixture
def event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def started(name: str, content: Any) -> None:
        path = tmp_path / "event.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        monkeypatch.setenv("GITHUB_EVENT_NAME", name)
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))

    return started


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.md"
    path.write_text(BODY, encoding="utf-8")
    return path


def as_json(folder: Path, content: Any) -> str:
    path = folder / "report.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def of_pull_request(number: int = 7, sha: str = SHA) -> dict[str, Any]:
    return {"number": number, "pull_request": {"number": number, "head": {"sha": sha}}}


def of_workflow_run(branch: str = "fix", kind: str = "pull_request") -> dict[str, Any]:
    owner = {"login": "shop"}
    run = {"event": kind, "head_sha": SHA, "head_branch": branch}
    return {"workflow_run": {**run, "head_repository": {"owner": owner}}}


def test_a_comment_is_written_once_and_then_brought_up_to_date(
    api: Api, event: Any, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.add_pull(7)
    event("pull_request", of_pull_request())

    assert main(["comment", str(report)]) == 0
    assert main(["comment", str(report)]) == 0
    report.write_text(BODY + "More.\n", encoding="utf-8")
    assert main(["comment", str(report)]) == 0

    assert api.bodies == [f"{MARK}\n## Prompts: 1 failed\nMore.\n"]
    assert capsys.readouterr().out.splitlines() == [
        "comment written: pull request #7 of shop/desk",
        "the comment is up to date: pull request #7 of shop/desk",
        "comment brought up to date: pull request #7 of shop/desk",
    ]


def test_only_a_comment_of_the_author_with_the_mark_at_its_start_is_ours(
    api: Api, event: Any, report: Path
) -> None:
    api.add_pull(7)
    for _ in range(150):  # more than a page
        api.add_comment("Nice!", "ann")
    api.add_comment(BODY, "mallory")
    api.add_comment(f"> {BODY}")
    api.add_comment(f"{MARK}\nold")
    event("pull_request_target", of_pull_request())

    assert main(["comment", str(report)]) == 0

    assert len(api.comments) == 153
    assert api.bodies[150:] == [
        BODY,
        f"> {BODY}",
        f"{MARK}\n## Prompts: 1 failed\n",
    ]


def test_projects_of_one_repository_have_comments_of_their_own(
    api: Api, event: Any, report: Path
) -> None:
    api.add_pull(7)
    event("pull_request", of_pull_request())

    for name in (["--name=desk"], [], ["--name=desk-2"], ["--name=desk"]):
        assert main(["comment", str(report), *name]) == 0

    assert [body.splitlines()[1] for body in api.bodies] == [
        "<!-- promptopt of desk -->",
        "## Prompts: 1 failed",
        "<!-- promptopt of desk-2 -->",
    ]


def test_after_a_workflow_the_pull_request_is_the_one_that_ends_with_its_commit(
    api: Api, event: Any, report: Path
) -> None:
    branch = "a&head=x:y #1"
    api.add_pull(3, sha="cd" * 20, head=f"shop:{branch}")
    api.add_pull(4, head=f"shop:{branch}")
    event("workflow_run", of_workflow_run(branch))

    assert main(["comment", str(report)]) == 0

    assert api.written == ["POST /repos/shop/desk/issues/4/comments"]


@pytest.mark.parametrize("pulls", [[], [1, 2]])
def test_where_the_pull_request_is_not_known_nothing_is_written(
    api: Api,
    event: Any,
    report: Path,
    pulls: list[int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in pulls:
        api.add_pull(number)
    event("workflow_run", of_workflow_run())

    assert main(["comment", str(report)]) == 0

    assert not api.written
    assert "no comment" in capsys.readouterr().out


def test_a_pull_request_that_has_moved_on_gets_no_comment(
    api: Api, event: Any, report: Path
) -> None:
    api.add_pull(7, sha="cd" * 20)
    event("pull_request_target", of_pull_request())

    assert main(["comment", str(report)]) == 0

    assert not api.written


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("push", {}),
        ("workflow_run", of_workflow_run(kind="push")),
        ("workflow_run", {}),
        ("pull_request", []),
        ("pull_request", {"number": "7; id", "pull_request": {"head": {"sha": SHA}}}),
        ("pull_request", {"number": 7, "pull_request": {"head": {"sha": "$(id)"}}}),
        ("pull_request", {"number": True, "pull_request": {"head": {"sha": SHA}}}),
    ],
)
def test_an_event_that_is_none_of_a_pull_request_is_refused(
    api: Api, event: Any, report: Path, name: str, content: Any
) -> None:
    event(name, content)

    assert main(["comment", str(report)]) == 2

    assert not api.asked


@pytest.mark.parametrize(
    "number", ["0", "-1", "7/../1", "\u0667", "1e3", "9999999999", " 7"]
)
def test_only_a_number_names_a_pull_request(
    api: Api, report: Path, number: str
) -> None:
    assert main(["comment", str(report), f"--pull-request={number}"]) == 2

    assert not api.asked


def test_a_dry_run_shows_the_comment_and_writes_none(
    api: Api, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.add_pull(7)

    assert main(["comment", str(report), "--pull-request=7", "--dry-run"]) == 0

    assert not api.written
    shown = capsys.readouterr().out
    assert shown.startswith("comment would be written: pull request #7 of shop/desk\n")
    assert "## Prompts: 1 failed" in shown


@pytest.mark.parametrize(
    "text",
    [
        "## Prompts\n",
        f" {MARK}\n",
        f"{MARK}x\n",
        f"{MARK}\n\0",
        f"{MARK}\n{'x' * MOST_CHARACTERS}",
        f"{MARK}\n{chr(0x1F600) * (MOST_CHARACTERS // 2)}",
    ],
)
def test_a_file_that_is_no_report_or_too_long_is_not_posted(
    api: Api, report: Path, text: str
) -> None:
    report.write_text(text, encoding="utf-8")

    assert main(["comment", str(report), "--pull-request=7"]) == 2

    assert not api.asked


@pytest.mark.parametrize("name", ["a b", "-->", "a--b", "x" * 61, "a\n"])
def test_a_name_cannot_end_the_html_comment(api: Api, report: Path, name: str) -> None:
    assert main(["comment", str(report), "--pull-request=7", f"--name={name}"]) == 2

    assert not api.asked


def test_of_a_fork_only_checked_words_are_told(
    api: Api, event: Any, tmp_path: Path
) -> None:
    api.add_pull(7, head="mallory:fix")
    run = of_workflow_run()
    run["workflow_run"]["head_repository"]["owner"]["login"] = "mallory"
    event("workflow_run", run)
    hostile = {**ERROR, "drift": "<img src=x>", "problems": ["@all [x](http://e.x)"]}

    assert main(["comment", as_json(tmp_path, hostile), "--label=judge-it"]) == 0

    (body,) = api.bodies
    assert body.startswith(f"{MARK}\n## Prompts: NOT GATED\n")
    assert "It said: **error** (provider)." in body
    assert "label `judge-it`" in body
    assert not set(body.removeprefix(MARK)) & set("<>@[]")


@pytest.mark.parametrize(
    "verdict",
    [
        {"outcome": "pass; id", "cause": "same", "retryable": False},
        {"outcome": "pass", "cause": "[x](http://e.x)", "retryable": False},
        {"outcome": "pass", "cause": "a" * 41, "retryable": False},
        {"outcome": "pass", "cause": "same", "retryable": "yes"},
        {"outcome": "pass", "cause": "same\nverdict=fail", "retryable": False},
        {"outcome": ["pass"], "cause": "same", "retryable": False},
        None,
    ],
)
def test_a_forks_report_with_other_words_is_no_report(
    api: Api, tmp_path: Path, verdict: Any
) -> None:
    api.add_pull(7)
    api.add_comment(f"{MARK}\nof another commit")
    path = as_json(tmp_path, {**PASSED, "verdict": verdict})

    assert main(["comment", path, "--pull-request=7"]) == 0
    assert main(["outputs", path]) == 2

    assert "It left no report that could be read." in api.bodies[0]
    assert "[x]" not in api.bodies[0]


def test_a_fork_that_touches_no_prompt_gets_no_comment(
    api: Api, tmp_path: Path
) -> None:
    touched = json.loads(json.dumps(PASSED))
    touched["tests"][0]["source_changes"] = [{"label": "a.j2"}]
    api.add_pull(7)

    assert main(["comment", as_json(tmp_path, PASSED), "--pull-request=7"]) == 0
    assert not api.bodies
    assert main(["comment", as_json(tmp_path, touched), "--pull-request=7"]) == 0
    assert "It said: **pass** (several)." in api.bodies[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"filename": "tests/conftest.py"},
        {"filename": ".github/workflows/notes.md"},
        {"filename": "requirements.txt"},
        {"filename": "prompts/a.j2"},
        {"filename": "notes.md", "previous_filename": "conftest.py"},
        {"filename": "Makefile"},
        {},
    ],
)
def test_a_fork_that_could_have_forged_its_report_gets_a_comment_all_the_same(
    api: Api, tmp_path: Path, changed: dict[str, str]
) -> None:
    api.add_pull(7)
    api.files = [{"filename": "README.md"}] * 150 + [changed]

    assert main(["comment", as_json(tmp_path, PASSED), "--pull-request=7"]) == 0

    assert "## Prompts: NOT GATED" in api.bodies[0]


@pytest.mark.parametrize("left", ["untouched", "nothing", "no argument"])
def test_a_verdict_of_an_earlier_commit_of_a_fork_does_not_stay(
    api: Api, tmp_path: Path, left: str
) -> None:
    api.add_pull(7)
    api.add_comment(f"{MARK}\n## Prompts: 1 passed")
    report = {
        "untouched": [as_json(tmp_path, PASSED)],
        "nothing": [str(tmp_path / "gone.json")],
        "no argument": [],
    }[left]

    assert main(["comment", *report, "--pull-request=7"]) == 0

    assert api.bodies[0].startswith(f"{MARK}\n## Prompts: NOT GATED\n")


def test_a_note_stands_before_the_report_as_far_as_there_is_room(
    api: Api, report: Path, tmp_path: Path
) -> None:
    api.add_pull(7)
    noted = tmp_path / "note.md"
    noted.write_text("Of a fork.\n\n" + "- judged: `a.j2`\n" * 50, encoding="utf-8")
    options = ["--pull-request=7", f"--note={noted}"]

    assert main(["comment", str(report), *options]) == 0
    assert api.bodies[0].startswith(f"{MARK}\nOf a fork.\n\n- judged: `a.j2`\n")
    assert api.bodies[0].endswith("- judged: `a.j2`\n\n## Prompts: 1 failed\n")
    report.write_text(BODY + "x" * 65_100, encoding="utf-8")
    assert main(["comment", str(report), *options]) == 0
    assert len(api.bodies[0]) <= MOST_CHARACTERS
    assert "\n- and more that did not fit here\n\n## Prompts" in api.bodies[0]


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500])
def test_a_refusal_of_github_is_told_without_the_token(
    api: Api, report: Path, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    api.add_pull(7)
    api.status = status

    assert main(["comment", str(report), "--pull-request=7"]) == 2

    told = capsys.readouterr().err
    assert str(status) in told
    assert "hint: " in told
    assert "a-token" not in told


def test_outputs_are_lines_of_checked_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["outputs", as_json(tmp_path, ERROR), "--exit-code=1"]) == 0

    assert capsys.readouterr().out == (
        "verdict=error\ncause=provider\nretryable=true\n"
    )


@pytest.mark.parametrize(
    ("code", "verdict", "cause"),
    [("5", "none", "no prompt tests"), ("4", "error", "setup")],
)
def test_without_a_report_the_exit_code_tells_the_outputs(
    tmp_path: Path,
    code: str,
    verdict: str,
    cause: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    missing = str(tmp_path / "report.json")

    assert main(["outputs", missing, f"--exit-code={code}"]) == 0

    expected = f"verdict={verdict}\ncause={cause}\nretryable=false\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"version": 2}', "[" * 100_000, "\xff"]
)
def test_a_file_that_is_no_json_report_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="latin-1")

    assert main(["outputs", str(path)]) == 2
