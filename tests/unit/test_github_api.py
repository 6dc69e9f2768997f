"""GitHub's API: what is sent, what a refusal says, and where the token never goes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from github_description import EXTRACT, extracted
from github_server import REPOSITORY, TOKEN, GitHubServer, Refusal, serving

from pytest_promptopt.errors import SettingError
from pytest_promptopt.github import pull_requests
from pytest_promptopt.github.api import GitHub, GitHubError
from pytest_promptopt.github.pull_requests import Draft

PULLS = "GET /repos/{owner}/{repo}/pulls"
TEXT = Draft(title="A title", body="A body", head="promptopt/x-000000", base="main")


@pytest.fixture(scope="module")
def running() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running: GitHubServer) -> Iterator[GitHubServer]:
    for kept in (running.pulls, running.asked, running.wrong, running.refusals):
        kept.clear()
    yield running
    assert running.wrong == []


@pytest.fixture
def github(server: GitHubServer) -> GitHub:
    return GitHub.from_environment(server.environment)


def refused(github: GitHub, server: GitHubServer, refusal: Refusal) -> GitHubError:
    server.refusals["*"] = refusal
    with pytest.raises(GitHubError) as caught:
        github.get("pulls", state="open")
    return caught.value


def test_a_pull_request_is_opened_found_and_changed(
    github: GitHub, server: GitHubServer
) -> None:
    assert pull_requests.open_of(github, TEXT.head) is None
    opened = pull_requests.open_new(github, TEXT, draft=True)
    assert pull_requests.open_of(github, TEXT.head) == opened
    assert pull_requests.open_of(github, "promptopt/y-000000") is None
    other = Draft(title="Another", body="Text", head=TEXT.head, base="next")

    changed = pull_requests.change(github, opened, other)

    assert changed.number == opened.number
    assert changed.base == "next"
    assert server.pulls[0]["title"] == "Another"
    assert server.pulls[0]["draft"] is True
    assert server.operations == ["GET", "POST", "GET", "GET", "PATCH"]


def test_the_base_is_sent_only_if_it_changes(
    github: GitHub, server: GitHubServer
) -> None:
    opened = pull_requests.open_new(github, TEXT, draft=False)

    pull_requests.change(github, opened, TEXT)

    assert server.asked[-1].body == {"title": "A title", "body": "A body"}


def test_a_pull_request_of_another_branch_or_fork_is_never_taken_for_ours(
    github: GitHub, server: GitHubServer
) -> None:
    pull_requests.open_new(github, TEXT, draft=False)
    ours = server.pulls[0]
    fork = {"ref": TEXT.head, "repo": {"full_name": "somebody/shop"}}
    gone = {"ref": TEXT.head, "repo": None}
    other = {"ref": "main", "repo": {"full_name": REPOSITORY}}
    others = [{**ours, "head": head} for head in (fork, gone, other)]
    server.refusals[PULLS] = Refusal(status=200, body=others)

    assert pull_requests.open_of(github, TEXT.head) is None


def test_all_pages_of_a_list_are_read(github: GitHub, server: GitHubServer) -> None:
    entries = [{"id": number} for number in range(100)]
    server.refusals["*"] = Refusal(status=200, body=entries)
    found = github.each("issues/7/comments")

    assert [next(found)["id"] for _ in range(150)] == [*range(100), *range(50)]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "headers", "said", "hint"),
    [
        (401, {}, "Bad credentials", "set GITHUB_TOKEN to a token that is valid"),
        (403, {}, "Resource not accessible", "give the token write permission"),
        (
            403,
            {"X-Accepted-GitHub-Permissions": "pull_requests=write"},
            "Resource not accessible",
            "give the token the permission pull_requests=write",
        ),
        (
            403,
            {},
            "GitHub Actions is not permitted to create or approve pull requests.",
            "Allow GitHub Actions to create and approve pull requests",
        ),
        (404, {}, "Not Found", "check GITHUB_REPOSITORY"),
        (422, {}, "Validation Failed", "does not accept it: see its reason"),
        (301, {"Location": "/elsewhere"}, "Moved", "renamed or moved"),
        (502, {}, "Server Error", "run the same command again later"),
    ],
)
def test_a_refusal_says_what_to_do(
    github: GitHub,
    server: GitHubServer,
    status: int,
    headers: dict[str, str],
    said: str,
    hint: str,
) -> None:
    error = refused(
        github, server, Refusal(status=status, body={"message": said}, headers=headers)
    )

    assert error.status == status
    assert error.retryable is (status >= 500)
    assert f"GET repos/{REPOSITORY}/pulls with status {status}: " in error.problem
    assert said.rstrip(".") in error.problem
    assert hint in error.hint


def test_what_fails_validation_is_named(github: GitHub, server: GitHubServer) -> None:
    errors: list[Any] = [
        {"resource": "PullRequest", "field": "base", "code": "invalid"},
        {"message": "A pull request already exists for example:x."},
        "a text",
    ]
    body = {"message": "Validation Failed", "errors": errors}

    error = refused(github, server, Refusal(status=422, body=body))

    assert error.problem.endswith(
        "Validation Failed; PullRequest base invalid; A pull request already exists "
        "for example:x.; a text"
    )


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (429, {"Retry-After": "120"}, "slow down"),
        (403, {"Retry-After": "120"}, "secondary rate limit"),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "RESET"}, "limit"),
    ],
)
def test_a_rate_limit_says_when_to_come_again(
    github: GitHub,
    server: GitHubServer,
    status: int,
    headers: dict[str, str],
    message: str,
) -> None:
    reset = str(int(time.time()) + 120)
    sent = {name: value.replace("RESET", reset) for name, value in headers.items()}

    error = refused(
        github, server, Refusal(status=status, body={"message": message}, headers=sent)
    )

    assert error.retryable
    wait = int(error.hint.rpartition("in ")[2].removesuffix(" s"))
    assert 110 <= wait <= 120
    assert " UTC, in " in error.hint


def test_a_secondary_limit_without_a_header_asks_for_a_minute(
    github: GitHub, server: GitHubServer
) -> None:
    message = "You have exceeded a secondary rate limit."

    error = refused(github, server, Refusal(status=403, body={"message": message}))

    assert error.hint.endswith("in 60 s")


@pytest.mark.parametrize("body", [b"<html>no JSON</html>", b"[1", b"\xff", b'"text"'])
def test_a_refusal_without_a_reason_is_told_all_the_same(
    github: GitHub, server: GitHubServer, body: bytes
) -> None:
    error = refused(github, server, Refusal(status=418, body=body))

    assert error.problem.endswith("with status 418")


def test_an_answer_that_is_no_json_is_an_error(
    github: GitHub, server: GitHubServer
) -> None:
    error = refused(github, server, Refusal(status=200, body=b"<html>"))

    assert "no JSON" in error.problem


def test_an_answer_that_is_no_pull_request_is_an_error(
    github: GitHub, server: GitHubServer
) -> None:
    server.refusals["*"] = Refusal(status=201, body={"number": "1"})

    with pytest.raises(GitHubError, match="is no pull request"):
        pull_requests.open_new(github, TEXT, draft=False)


def test_no_network_is_said_with_the_host() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
    github = GitHub(api_url=f"http://{host}", token=TOKEN, repository=REPOSITORY)

    with pytest.raises(GitHubError) as caught:
        github.get("pulls")

    assert f"no answer from {host}: " in caught.value.problem
    assert caught.value.retryable
    assert caught.value.status is None


def test_what_a_server_says_steers_no_terminal_and_has_no_token(
    github: GitHub, server: GitHubServer
) -> None:
    said = f"\x1b[2J {TOKEN}\n::error::x ##[error]y"

    error = refused(github, server, Refusal(status=400, body={"message": said}))

    told = str(error) + repr(error.args)
    assert TOKEN not in told
    assert "\x1b" not in told
    assert "##[" not in told
    assert "\n::" not in error.problem


def test_a_redirect_is_not_followed(github: GitHub, server: GitHubServer) -> None:
    with serving() as elsewhere:
        location = f"{elsewhere.url}/repos/{REPOSITORY}/pulls"

        refused(github, server, Refusal(status=302, headers={"Location": location}))

        assert elsewhere.asked == []


def test_a_proxy_does_not_get_what_is_not_encrypted(
    github: GitHub, server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/api/v3"))
        monkeypatch.delenv("no_proxy", raising=False)

        assert github.get("pulls", head="example:x", state="open") == []

        assert proxy.asked == []


def test_the_token_is_in_no_repr(github: GitHub) -> None:
    assert TOKEN not in repr(github)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "https://user:secret@api.github.com",
        "https://api.github.com?token=secret",
        "ftp://api.github.com",
        "api.github.com",
        "https://",
        "https://[",
        "https://api.github.com:port",
        "https://api.github.com/\x1b",
    ],
)
def test_an_address_that_cannot_be_trusted_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match="the API's address") as caught:
        GitHub(api_url=url, token=TOKEN, repository=REPOSITORY)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "repository",
    ["shop", "a/b/c", "../x", "a/..", "a/.", "a b/c", "-a/b", "a/b?x", "a/b\n", ""],
)
def test_what_is_no_repository_is_refused(repository: str) -> None:
    with pytest.raises(SettingError, match="is no GitHub repository"):
        GitHub(repository=repository)


def test_a_token_with_a_line_end_in_it_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingError) as caught:
        GitHub(token="secret\r\nX-Header: y", repository=REPOSITORY)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_what_the_environment_lacks_is_named(missing: str) -> None:
    environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": REPOSITORY}
    del environ[missing]

    with pytest.raises(SettingError, match=missing):
        GitHub.from_environment(environ)


def test_the_environment_is_read_as_a_workflow_sets_it() -> None:
    github = GitHub.from_environment(
        {"GH_TOKEN": f"{TOKEN}\n", "GITHUB_API_URL": "https://ghe.example/api/v3/"},
        repository=REPOSITORY,
    )

    assert github.token == TOKEN
    assert github.api_url == "https://ghe.example/api/v3"
    assert github.repository == REPOSITORY


def test_the_extract_is_what_githubs_description_says(
    request: pytest.FixtureRequest,
) -> None:
    given = request.config.getoption("--openapi")
    if given is None:
        pytest.skip("needs GitHub's description, --openapi=FILE")

    made = extracted(json.loads(Path(given).read_text("utf-8")))

    assert json.loads(EXTRACT.read_text("utf-8"))["operations"] == made["operations"]


def test_what_the_loopback_server_answers_has_the_fields_of_the_description(
    github: GitHub, server: GitHubServer
) -> None:
    pull_requests.open_new(github, TEXT, draft=False)
    operations = json.loads(EXTRACT.read_text("utf-8"))["operations"]
    types = operations["POST /repos/{owner}/{repo}/pulls"]["reads"]["201"]["types"]
    python = {"integer": int, "string": str}

    for name, kind in types.items():
        value: Any = server.pulls[0]
        for part in name.split("."):
            value = value[part]
        assert isinstance(value, python[kind]), name
