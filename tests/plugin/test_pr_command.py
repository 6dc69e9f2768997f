"""``promptopt pr``: real git, a bare remote, an API that checks every request."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from github_server import TOKEN, GitHubServer, Refusal, serving
from published_shop import PROMPT, TEST, Shop
from readme import BLOCK, ROOT, matches

from pytest_promptopt.command import main

LISTED = "GET /repos/{owner}/{repo}/pulls"
OPENED = "POST /repos/{owner}/{repo}/pulls"
RECORD = "pytest test_triage.py::test_triage --promptopt-update-baseline"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop.made(tmp_path_factory.mktemp("published"), "triage")


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a first run of ``promptopt pr`` in a workflow came to."""

    shop: Shop
    before: dict[str, str]
    after: dict[str, str]
    said: str
    calls: str
    pulls: list[dict[str, Any]]
    operations: list[str]


@pytest.fixture(scope="session")
def published(prepared: Shop, tmp_path_factory: pytest.TempPathFactory) -> Published:
    shop = prepared.copy(tmp_path_factory.mktemp("first"))
    real = subprocess.check_output(["which", "git"], text=True).strip()
    spy, calls = shop.folder / "bin" / "git", shop.folder / "calls.txt"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexec {real} "$@"\n')
    spy.chmod(0o755)
    before = shop.state()
    with serving() as github:
        environment = {**shop.environment(), **github.environment}
        environment["GITHUB_ACTIONS"] = "true"
        environment["HOME"] = str(shop.folder)
        environment["PATH"] = f"{spy.parent}{os.pathsep}{environment['PATH']}"
        for name in (
            "AUTHOR_NAME",
            "AUTHOR_EMAIL",
            "COMMITTER_NAME",
            "COMMITTER_EMAIL",
        ):
            del environment[f"GIT_{name}"]
        environment.pop("EMAIL", None)
        done = subprocess.run(
            [sys.executable, "-m", "pytest_promptopt", "pr", "--draft"],
            cwd=shop.path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        assert github.wrong == []
        return Published(
            shop=shop,
            before=before,
            after=shop.state(),
            said=done.stdout,
            calls=calls.read_text("utf-8"),
            pulls=github.pulls,
            operations=github.operations,
        )


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server
    assert server.wrong == []


@pytest.fixture
def shop(
    prepared: Shop,
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    copied = prepared.copy(tmp_path)
    copied.enter(monkeypatch, github)
    return copied


@pytest.fixture
def again(
    published: Published,
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    copied = published.shop.copy(tmp_path)
    copied.enter(monkeypatch, github)
    return copied


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []


def branch_of(shop: Shop) -> str:
    (branch,) = shop.branches.keys() - {"main"}
    return branch


def test_a_proposal_becomes_two_commits_and_a_pull_request(
    published: Published,
) -> None:
    shop, branch = published.shop, branch_of(published.shop)

    log = shop.in_bare("log", "--format=%s", "--reverse", f"main..{branch}")
    assert log.splitlines() == [
        "Improve prompts/triage.j2: 61.9% to 100.0% on hold-out",
        "Record the baseline of prompts/triage.j2",
    ]
    first, second = (
        shop.in_bare("diff-tree", "-r", "--name-only", "--no-commit-id", commit)
        for commit in (f"{branch}~1", branch)
    )
    assert first == "prompts/triage.j2"
    folder = "__prompt_baselines__/test_triage/test_triage"
    assert second.splitlines() == [f"{folder}.json", f"{folder}.looks.jsonl"]
    prompt = shop.in_bare("show", f"{branch}:prompts/triage.j2")
    assert prompt == PROMPT.replace("Skill 40", "Skill 70").strip()
    baseline = json.loads(shop.in_bare("show", f"{branch}:{folder}.json"))
    assert "Skill 70" in baseline["prompt"]["sources"][0]["text"]
    message = shop.in_bare("log", "--max-count=1", "--format=%an%n%b", f"{branch}~1")
    assert message.startswith("github-actions[bot]\n")
    assert "hold-out: 61.9% before, 100.0% after; gain +38.1 points" in message
    assert "found by: opro" in message
    assert published.operations == ["GET", "POST"]
    url = "https://github.example/example/shop/pull/1"
    assert f"{branch}: pull request opened: {url}\n" in published.said


def test_the_users_clone_stays_as_it_was(published: Published) -> None:
    assert published.after == published.before


def test_a_reviewer_can_decide_on_the_pull_requests_text(published: Published) -> None:
    (pull,) = published.pulls

    assert pull["title"] == "Improve prompts/triage.j2: 61.9% to 100.0% on hold-out"
    assert pull["head"]["ref"] == branch_of(published.shop)
    assert pull["base"] == {"ref": "main"}
    assert pull["draft"] is True
    assert "| `prompts/triage.j2` | 61.9% | **100.0%** | +38.1 points [" in pull["body"]
    assert "-Skill 40 at sorting\n+Skill 70 at sorting\n" in pull["body"]
    assert f"records the new baseline by running:\n\n```\n{RECORD}\n```" in pull["body"]
    assert "git apply" not in pull["body"]
    assert "GitHub starts no workflow for a pull request" in pull["body"]


def test_the_token_is_shown_nowhere(published: Published) -> None:
    """Neither on the screen nor in a file, in an argument or to the tests."""
    assert "push --quiet" in published.calls
    assert TOKEN not in published.said + published.calls
    assert published.shop.runs[-1].endswith(" []")
    holding = [
        path
        for path in published.shop.folder.rglob("*")
        if path.is_file() and TOKEN.encode() in path.read_bytes()
    ]
    assert holding == []


def test_the_commands_of_the_page_print_what_it_shows(
    shop: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "pull-request-command.md").read_text("utf-8")
    consoles = [text for _, kind, text in BLOCK.findall(page) if kind == "console"]
    assert len(consoles) == 2

    for text in consoles:
        command, *shown = text.strip().split("\n")
        program, *arguments = command.removeprefix("$ ").split(" ")
        assert program == "promptopt"
        assert main(arguments) == 0
        printed = capsys.readouterr().out
        lines = re.sub(r"\([0-9a-f]{8}\)", "(1a2b3c4d)", printed).splitlines()
        assert matches(lines, shown), printed


def test_run_again_it_renews_and_pays_for_nothing(
    again: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    branch, runs = branch_of(again), len(again.runs)
    # As if somebody had closed it; then as it is.
    assert again.pr() == 0
    github.pulls[0]["title"] = "Changed by hand"
    before = again.branches

    assert again.pr() == 0

    assert again.branches == before
    assert len(again.runs) == runs
    assert len(github.pulls) == 1
    assert github.pulls[0]["title"].startswith("Improve prompts/triage.j2")
    assert github.operations == ["GET", "POST", "GET", "PATCH"]
    said = capsys.readouterr().out
    assert f"{branch}: up to date, with this prompt and its baseline\n" in said
    assert f"{branch}: pull request renewed: " in said


def test_where_main_has_moved_on_the_branch_is_made_anew_on_it(
    again: Shop, github: GitHubServer
) -> None:
    again.write({"README.md": "New\n"})
    newer = again.commit("Elsewhere")
    again.git("push", "--quiet", "origin", "main")
    branch = branch_of(again)
    old = again.branches[branch]

    assert again.pr() == 0

    assert again.branches[branch] != old
    assert again.in_bare("rev-parse", f"{branch}~2") == newer
    # The replies were paid for when it was recorded first.
    assert " 0 []" in again.runs[-1]


def test_what_somebody_pushed_to_the_branch_is_not_overwritten(
    again: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    branch = branch_of(again)
    colleague = again.cloned(branch)
    colleague.write({"prompts/triage.j2": PROMPT.replace("40", "82")})
    colleague.commit("A human touch")
    colleague.git("push", "--quiet", "origin", branch)
    before = again.branches

    assert again.pr() == 1

    assert again.branches == before
    assert github.asked == []
    assert "has commits that promptopt pr did not make" in capsys.readouterr().out


def test_an_amended_commit_counts_as_somebody_elses(
    again: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    branch = branch_of(again)
    colleague = again.cloned(branch)
    colleague.write({"prompts/triage.j2": PROMPT.replace("40", "82")})
    colleague.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    colleague.git("push", "--quiet", "--force", "origin", branch)

    assert again.pr() == 1

    assert "has commits that promptopt pr did not make" in capsys.readouterr().out


def test_a_dry_run_shows_everything_and_leaves_nothing(
    shop: Shop,
    github: GitHubServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    before, branches, runs = shop.state(), shop.branches, len(shop.runs)

    assert shop.pr("--dry-run") == 0

    assert shop.state() == before
    assert shop.branches == branches
    assert len(shop.runs) == runs
    assert github.asked == []
    said = capsys.readouterr().out
    assert "prompts/triage.j2: branch promptopt/prompts-triage-j2-" in said
    assert "  1. Improve prompts/triage.j2: 61.9% to 100.0% on hold-out\n" in said
    assert f"  2. the baseline, recorded by: {RECORD}\n" in said
    assert "  | +Skill 70 at sorting\n" in said


REFUSED = [
    (401, "Bad credentials", "set GITHUB_TOKEN"),
    (403, "Resource not accessible by integration", "give the token write permission"),
    (404, "Not Found", "check GITHUB_REPOSITORY"),
    (422, "Validation Failed", "does not accept it"),
    (429, "slow down", "a rate limit is used up"),
    (500, "Oops", "run the same command again later"),
]


@pytest.mark.parametrize(("status", "said", "hint"), REFUSED)
def test_where_github_refuses_to_look_nothing_is_recorded_or_pushed(
    shop: Shop,
    github: GitHubServer,
    capsys: pytest.CaptureFixture[str],
    status: int,
    said: str,
    hint: str,
) -> None:
    github.refusals[LISTED] = Refusal(status=status, body={"message": said})
    before, runs = shop.state(), len(shop.runs)

    assert shop.pr() == 2

    assert shop.state() == before
    assert len(shop.runs) == runs
    assert shop.branches.keys() == {"main"}
    told = capsys.readouterr().err
    assert f"with status {status}: {said}" in told
    assert hint in told


def test_where_no_pull_request_can_be_opened_the_next_run_completes_it(
    again: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    branch, runs = branch_of(again), len(again.runs)
    message = "GitHub Actions is not permitted to create or approve pull requests."
    github.refusals[OPENED] = Refusal(status=403, body={"message": message})
    assert again.pr() == 2
    told = capsys.readouterr().err
    assert f"the branch {branch} is pushed, its pull request is not opened" in told
    assert "Allow GitHub Actions to create and approve pull requests" in told
    github.refusals.clear()

    assert again.pr() == 0

    assert [pull["head"]["ref"] for pull in github.pulls] == [branch]
    assert len(again.runs) == runs


def test_where_the_remote_refuses_no_pull_request_is_opened(
    shop: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = shop.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'branches of that name are protected'\nexit 1\n")
    hook.chmod(0o755)

    assert shop.pr() == 2

    assert shop.branches.keys() == {"main"}
    assert github.pulls == []
    told = capsys.readouterr().err
    assert "was not pushed to 'origin', and nothing else was done with it" in told
    assert "branches of that name are protected" in told


def test_a_baseline_that_cannot_be_recorded_stops_it(
    shop: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write(
        {"test_triage.py": TEST.replace("NAME", "triage").replace("out", "out_")}
    )
    shop.commit("Break the test")
    shop.git("push", "--quiet", "origin", "main")
    before = shop.state()

    assert shop.pr() == 1

    assert shop.state() == before
    assert shop.branches.keys() == {"main"}
    assert github.pulls == []
    told = capsys.readouterr().out
    assert f"the baseline cannot be recorded: {RECORD} ends with exit code 4:" in told
    assert "the body takes no reply" in told
    assert "nothing was pushed" in told


def test_a_run_that_changes_other_files_stops_it(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shop.path.joinpath("conftest.py").read_text("utf-8")
    shop.write({"conftest.py": f"{text}\nopen('cases.jsonl', 'a').write('\\n')\n"})
    shop.commit("Write")
    shop.git("push", "--quiet", "origin", "main")

    assert shop.pr() == 1

    told = capsys.readouterr().out
    assert "the run that records the baseline changes cases.jsonl" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"prompts/triage.j2": "Edited {{ ticket }}\n"},
            "has changes that are not comm",
        ),
        ({"promptopt.diff": "--- a/x\n"}, "promptopt.diff is not as the search wrote"),
    ],
)
def test_what_was_changed_since_the_search_is_refused(
    shop: Shop,
    github: GitHubServer,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    said: str,
) -> None:
    shop.write(change)

    assert shop.pr() == 2

    assert said in capsys.readouterr().err
    assert github.asked == []


def test_a_prompt_that_is_not_committed_is_refused(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.git("rm", "--quiet", "--cached", "prompts/triage.j2")
    shop.git("commit", "--quiet", "--message", "Keep it to ourselves")
    (shop.path / ".git" / "info").mkdir(exist_ok=True)
    (shop.path / ".git" / "info" / "exclude").write_text("prompts/\n")

    assert shop.pr("--dry-run") == 2

    assert "has changes that are not committed" in capsys.readouterr().err


def test_a_git_that_is_too_old_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = shop.folder / "old" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.30.9\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent), prepend=os.pathsep)

    assert shop.pr("--dry-run") == 2

    told = "git version 2.30.9 is too old\n  hint: install git 2.31 or newer"
    assert told in capsys.readouterr().err


def test_a_staged_file_is_refused(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write({"README.md": "New\n"})
    shop.git("add", "README.md")

    assert shop.pr() == 2

    assert "README.md is staged and not committed" in capsys.readouterr().err


def test_a_prompt_that_changed_on_main_is_refused(
    shop: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write({"prompts/triage.j2": PROMPT.replace("at sorting", "in sorting")})
    shop.commit("Edit the prompt")
    shop.git("push", "--quiet", "origin", "main")

    assert shop.pr() == 1

    told = capsys.readouterr().out
    assert "prompts/triage.j2 at main (" in told
    assert "is not the file that the search saw" in told
    assert github.asked == []


def test_a_test_that_main_does_not_have_is_refused(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.git("rm", "--quiet", "test_triage.py")
    shop.commit("Remove the test")
    shop.git("push", "--quiet", "origin", "main")

    assert shop.pr() == 1

    assert "has no file test_triage.py" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--remote=upstream",), "this clone has no remote 'upstream'"),
        (("--base=next",), "the remote 'origin' has no branch 'next'"),
        (("--base=--upload-pack=x",), "has no branch '--upload-pack=x'"),
        (("elsewhere",), "no search was run in"),
    ],
)
def test_what_does_not_exist_is_named(
    shop: Shop,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    (shop.folder / "elsewhere").mkdir()
    given = [entry.replace("elsewhere", "../elsewhere") for entry in arguments]

    assert shop.pr(*given) == 2

    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GITHUB_TOKEN", "", "neither GITHUB_TOKEN nor GH_TOKEN is set"),
        ("GITHUB_REPOSITORY", "a/b", "is example/shop, and GITHUB_REPOSITORY is a/b"),
        ("GITHUB_API_URL", "http://github.com", "would send the token unencrypted"),
    ],
)
def test_an_environment_that_does_not_fit_stops_it_before_anything(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    said: str,
) -> None:
    shop.git("remote", "set-url", "origin", "https://github.com/example/shop.git")
    monkeypatch.setenv("GITHUB_API_URL", "https://api.github.com")
    monkeypatch.setenv(variable, value)

    assert shop.pr() == 2

    assert said in capsys.readouterr().err


def test_a_remote_without_a_default_branch_needs_a_base(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.in_bare("update-ref", "--no-deref", "HEAD", shop.branches["main"])

    assert shop.pr("--dry-run") == 2
    assert "has no default branch that it would name" in capsys.readouterr().err
    assert shop.pr("--dry-run", "--base=main") == 0


def test_a_remote_that_cannot_be_reached_is_named(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.git("remote", "set-url", "origin", "https://user:secret@127.0.0.1:9/x.git")

    assert shop.pr("--dry-run") == 2

    told = capsys.readouterr().err
    assert "the remote 'origin' cannot be read" in told
    assert "secret" not in told


def test_a_search_that_proposes_nothing_leaves_nothing_to_do(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(subprocess.CalledProcessError):
        shop.tested("--optimize-prompts", "-k", "nothing")
    assert not shop.record_file.exists()

    assert shop.pr() == 0

    assert "nothing to do: the latest search in" in capsys.readouterr().out


def test_a_shallow_clone_without_a_branch_will_do(
    shop: Shop, github: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ``actions/checkout`` makes, with another commit on main by now."""
    shop.write({"README.md": "New\n"})
    shop.commit("Elsewhere")
    shop.git("push", "--quiet", "origin", "main")
    url = f"file://{shop.bare}"
    checkout = shop.folder / "checkout"
    shop.git("clone", "--quiet", "--depth=1", "--", url, str(checkout), at=shop.folder)
    shop.git("switch", "--quiet", "--detach", at=checkout)
    (shop.path / ".promptopt").rename(checkout / ".promptopt")
    (shop.path / "promptopt.diff").rename(checkout / "promptopt.diff")
    monkeypatch.chdir(checkout)

    assert shop.pr() == 0

    assert len(github.pulls) == 1
    branch = branch_of(shop)
    assert shop.in_bare("rev-parse", f"{branch}~2") == shop.branches["main"]


def tampered(shop: Shop, **changed: Any) -> None:
    """Change the only edit in the record, and the diff's digest with it."""
    results = shop.record["results"]
    (edit,) = results[0]["search"]["proposal"]["edits"]
    edit.update(changed)
    shop.change_record(results=results)


@pytest.mark.parametrize(
    "path",
    [
        "../shop.git/config",
        "/etc/hosts",
        ".git/config",
        "a/.GIT/x",
        "a//b",
        "./a",
        "\0",
    ],
)
def test_a_record_cannot_name_a_file_outside(
    shop: Shop, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    tampered(shop, path=path)

    assert shop.pr("--dry-run") == 2

    assert "is no path within the repository" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        # Behind the region: the text that follows its end.
        (
            {"start": 80, "end": 85, "replacement": "other"},
            "changes outside of its reg",
        ),
        ({"path": "conftest.py"}, "is not the file that the search saw"),
        ({"path": "absent.j2"}, "has no file absent.j2"),
        ({"replacement": "{{ config }}\n"}, "added a variable"),
        ({"replacement": "Skill 90\u200b\n"}, "invisible characters"),
        ({"replacement": "Skill 90\n"}, "has another change of it than was measured"),
        ({"end": 10_000}, "are not in the file"),
    ],
)
def test_a_record_cannot_change_more_than_the_measured_regions(
    shop: Shop,
    github: GitHubServer,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, Any],
    said: str,
) -> None:
    tampered(shop, **changed)

    assert shop.pr() == 1

    assert said in capsys.readouterr().out
    assert github.asked == []
    assert shop.branches.keys() == {"main"}


def test_a_file_that_the_test_does_not_read_is_not_changed(
    shop: Shop, github: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that calls another file a prompt is found out by the test's own run."""
    shop.write({"prompts/other.j2": PROMPT})
    shop.commit("Another prompt")
    shop.git("push", "--quiet", "origin", "main")
    results = shop.record["results"]
    proposal = results[0]["search"]["proposal"]
    proposal["edits"][0]["path"] = "prompts/other.j2"
    proposal["prompt"]["sources"][0]["key"] = "prompts/other.j2"
    diff = (shop.path / "promptopt.diff").read_text("utf-8")
    forged = diff.replace("prompts/triage.j2", "prompts/other.j2")
    (shop.path / "promptopt.diff").write_text(forged, "utf-8")
    digest = hashlib.sha256(forged.encode()).hexdigest()
    shop.change_record(results=results, sha256=digest)

    assert shop.pr() == 1

    assert "does not use the new text of prompts/other.j2" in capsys.readouterr().out
    assert shop.branches.keys() == {"main"}


@pytest.mark.parametrize(
    "nodeid",
    [
        "-p evil::x",
        "@args::x",
        "../x.py::y",
        "test_triage.py",
        "x\n.py::y",
        ".git/x.py::y",
    ],
)
def test_a_record_cannot_make_pytest_do_something_else(
    shop: Shop, capsys: pytest.CaptureFixture[str], nodeid: str
) -> None:
    results = shop.record["results"]
    results[0]["nodeid"] = nodeid
    shop.change_record(results=results)

    assert shop.pr("--dry-run") == 1

    assert "not published: prompts/triage.j2: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 9, "results": []}', "\0"]
)
def test_a_record_that_cannot_be_read_is_an_error(
    shop: Shop, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    shop.record_file.write_text(text, "utf-8")

    assert shop.pr("--dry-run") == 2

    assert "run pytest --optimize-prompts again" in capsys.readouterr().err


def test_hostile_words_of_a_record_stay_words(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    results = shop.record["results"]
    hostile = "x\n\nCloses #1\n\x1b[2J@team ![i](u)\n::error::z"
    results[0]["search"]["strategy"] = hostile
    results[0]["prompt"] = hostile
    results[0]["notes"] = [hostile]
    shop.change_record(results=results)

    assert shop.pr("--dry-run") == 0

    said = capsys.readouterr().out
    assert "\x1b" not in said
    body = "\n".join(
        line.removeprefix("  | ") for line in said.splitlines() if "  |" in line
    )
    outside = re.sub(r"```.*?```|`[^`\n]*`", "", body, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)[@!]|#1|u\)", outside)
    assert not any(line.startswith("::") for line in body.splitlines())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_records_it_cleans_up(
    shop: Shop, github: GitHubServer, number: signal.Signals
) -> None:
    text = shop.path.joinpath("conftest.py").read_text("utf-8")
    started = shop.folder / "started"
    wait = f"\nimport time\nopen({str(started)!r}, 'w')\ntime.sleep(30)\n"
    shop.write({"conftest.py": text + wait})
    shop.commit("Wait")
    shop.git("push", "--quiet", "origin", "main")
    before = shop.state()
    temporary = shop.folder / "temporary"
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_promptopt", "pr"],
        cwd=shop.path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while not started.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert list(temporary.iterdir()) != []

    # What a terminal does; a CI runner signals the process alone.
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)

    _, told = process.communicate(timeout=60)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert told == "promptopt: interrupted\n"
    assert shop.state() == before
    assert shop.branches.keys() == {"main"}


def test_each_prompt_has_a_pull_request_of_its_own(
    shop: Shop, github: GitHubServer
) -> None:
    shop.write({"prompts/two.j2": PROMPT, "test_two.py": TEST.replace("NAME", "two")})
    shop.git("add", "prompts/two.j2", "test_two.py")
    shop.git("commit", "--quiet", "--message", "A second prompt")
    shop.git("push", "--quiet", "origin", "main")
    diff = (shop.path / "promptopt.diff").read_text("utf-8")
    both = diff + diff.replace("triage.j2", "two.j2")
    (shop.path / "promptopt.diff").write_text(both, "utf-8")
    results = shop.record["results"]
    second = (
        json.dumps(results).replace("triage.j2", "two.j2").replace("_triage", "_two")
    )
    digest = hashlib.sha256(both.encode()).hexdigest()
    shop.change_record(results=[*results, *json.loads(second)], sha256=digest)

    assert shop.pr() == 0

    assert len(github.pulls) == 2
    for pull, name in zip(github.pulls, ("triage", "two"), strict=True):
        changed = shop.in_bare("diff", "--name-only", "main", pull["head"]["ref"])
        folder = f"__prompt_baselines__/test_{name}/test_{name}"
        assert changed.splitlines() == [
            f"{folder}.json",
            f"{folder}.looks.jsonl",
            f"prompts/{name}.j2",
        ]
