"""Whose the remote is, and who gets the token: git over real HTTP."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from git_project import QUIET, GitProject

from pytest_promptopt.errors import PublishError
from pytest_promptopt.publishing.program import Git
from pytest_promptopt.publishing.remote import Remote, web_address

API = "https://api.github.com"
TOKEN = "ghp_0secret0"
BRANCH = "promptopt/x-000000"


def git_at(project: GitProject) -> Git:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return Git(folder=project.path, environ={**kept, **QUIET})


def remote(url: str) -> Remote:
    return Remote(git=Git(folder=Path(), environ={}), name="origin", url=url)


@pytest.mark.parametrize(
    ("url", "api", "repository"),
    [
        ("https://github.com/example/shop.git", API, "example/shop"),
        ("https://GitHub.com/example/shop", API, "example/shop"),
        ("https://user:secret@github.com/example/shop.git", API, "example/shop"),
        ("git@github.com:example/shop.git", API, "example/shop"),
        ("ssh://git@github.com/example/shop.git", API, "example/shop"),
        ("ssh://git@github.com:22/example/shop", API, "example/shop"),
        ("https://ghe.example/a/b.git", "https://ghe.example/api/v3", "a/b"),
        ("https://shop.ghe.com/a/b.git", "https://api.shop.ghe.com", "a/b"),
        ("https://gitlab.com/example/shop.git", API, ""),
        ("https://github.com.evil.example/example/shop", API, ""),
        ("https://github.com/example/shop/more", API, ""),
        ("../shop.git", API, ""),
        ("/srv/github.com/example/shop", API, ""),
        ("C:/shop", API, ""),
    ],
)
def test_a_remote_is_a_repository_of_the_api_on_its_host_alone(
    url: str, api: str, repository: str
) -> None:
    assert remote(url).repository(api) == repository


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:example/shop.git",
        "http://github.com/example/shop.git",
        "https://gitlab.com/example/shop.git",
        "https://github.com.evil.example/example/shop.git",
        "https://github.com@evil.example/example/shop.git",
        "../shop.git",
    ],
)
def test_no_other_remote_is_trusted_with_the_token(url: str) -> None:
    asked = remote(url)

    assert asked.trusted_with(TOKEN, API) is asked


def test_the_token_is_in_no_repr() -> None:
    trusted = remote("https://github.com/a/b").trusted_with(TOKEN, API)

    assert trusted.git.config
    assert TOKEN not in repr(trusted)
    assert trusted.git.config[1][1] not in repr(trusted)


def test_the_web_address_is_that_of_the_api() -> None:
    assert web_address(API) == "https://github.com"
    assert web_address("https://ghe.example:8443/api/v3") == "https://ghe.example:8443"


@contextlib.contextmanager
def served(folder: Path, seen: list[list[str]]) -> Iterator[str]:
    """Serve the bare repositories of a folder to whoever has the token."""
    wanted = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            seen.append(self.headers.get_all("Authorization") or [])
            length = int(self.headers.get("Content-Length") or 0)
            data = self.rfile.read(length)
            if seen[-1] != [f"Basic {wanted}"]:
                self.send_response(403)
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            environment = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(length),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "REMOTE_USER": "tester",
            }
            command = ["git", "http-backend"]
            answer = subprocess.run(
                command, env=environment, input=data, capture_output=True, check=True
            ).stdout
            head, _, body = answer.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _any  # noqa: N815 - as http.server wants them

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def project(tmp_path: Path) -> GitProject:
    made = GitProject.started(tmp_path / "shop")
    made.commit_files({"a.txt": "a\n"})
    bare = tmp_path / "example" / "shop.git"
    shutil.copytree(made.path / ".git", bare)
    made_bare = GitProject(bare)
    made_bare.git("config", "core.bare", "true")
    return made


def test_git_gets_in_with_the_token_and_keeps_it_nowhere(project: GitProject) -> None:
    seen: list[list[str]] = []
    with served(project.path.parent, seen) as web:
        project.git("remote", "add", "origin", f"{web}/example/shop.git")
        # What a checkout with persisted credentials leaves; two would be refused.
        header = "AUTHORIZATION: basic b3RoZXI6dG9rZW4="
        project.git("config", f"http.{web}/.extraheader", header)
        config = (project.path / ".git" / "config").read_text("utf-8")
        found = Remote.named(git_at(project), "origin")
        trusted = found.trusted_with(TOKEN, f"{web}/api/v3")

        default, commits = trusted.branches()
        assert default == "main"
        assert trusted.base(default, commits, None).commit == commits["main"]
        trusted.push(commits["main"], BRANCH, instead_of="")

        assert trusted.branches()[1][BRANCH] == commits["main"]
        with pytest.raises(PublishError, match="cannot be read") as refused:
            found.branches()
    assert "403" in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert (project.path / ".git" / "config").read_text("utf-8") == config
    assert found.repository(f"{web}/api/v3") == "example/shop"


def test_a_branch_that_moved_meanwhile_is_not_overwritten(project: GitProject) -> None:
    project.git(
        "remote", "add", "origin", str(project.path.parent / "example/shop.git")
    )
    found = Remote.named(git_at(project), "origin")
    first = found.branches()[1]["main"]
    found.push(first, BRANCH, instead_of="")
    second = project.commit_files({"a.txt": "b\n"})

    with pytest.raises(PublishError, match="run the same command again") as refused:
        found.push(second, BRANCH, instead_of="")

    assert "stale info" in refused.value.problem
    assert found.branches()[1][BRANCH] == first
    found.push(second, BRANCH, instead_of=first)
    assert found.branches()[1][BRANCH] == second


def test_a_commit_is_fetched_without_a_trace(
    project: GitProject, tmp_path: Path
) -> None:
    bare = project.path.parent / "example" / "shop.git"
    clone = project.clone(tmp_path / "clone")
    clone.git("remote", "set-url", "origin", str(bare))
    project.git(
        "push", "--quiet", str(bare), f"{project.commit_files({'b': 'b'})}:main"
    )
    before = clone.git("for-each-ref"), sorted((clone.path / ".git").iterdir())
    found = Remote.named(git_at(clone), "origin")
    default, commits = found.branches()

    base = found.base(default, commits, None)

    assert clone.git("cat-file", "-t", base.commit) == "commit"
    assert (
        clone.git("for-each-ref"),
        sorted((clone.path / ".git").iterdir()),
    ) == before


def test_a_branch_of_our_own_is_no_base(project: GitProject) -> None:
    project.git(
        "remote", "add", "origin", str(project.path.parent / "example/shop.git")
    )
    found = Remote.named(git_at(project), "origin")

    with pytest.raises(PublishError, match="is a branch of promptopt pr itself"):
        found.base("main", {BRANCH: "0" * 40}, BRANCH)


def test_what_git_complains_of_has_no_secret_in_it(project: GitProject) -> None:
    git = git_at(project)
    url = "https://user:secret@127.0.0.1:9/x.git"

    said = git.ask("ls-remote", url)

    assert not said.done
    assert "secret" not in said.errors
    assert "***@" in said.errors or "127.0.0.1" in said.errors
