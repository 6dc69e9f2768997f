"""GitHub's API for pull requests on loopback, which checks every request."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from github_description import faults, operation_of

TOKEN = "ghp_loopback0secret0token"
REPOSITORY = "example/shop"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What the server answers in place of what was asked for."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that came."""

    operation: str
    body: Any
    headers: dict[str, str]


@dataclass
class GitHubServer:
    """A repository with pull requests.

    Attributes:
        url: Address of the API.
        pulls: The pull requests, as the API shows them.
        asked: The requests, in order.
        wrong: What of them GitHub's description does not allow.
        refusals: Operation, such as ``"POST /repos/{owner}/{repo}/pulls"``, or
            ``"*"``, to what it is answered with.
    """

    url: str = ""
    pulls: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refusals: dict[str, Refusal] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": REPOSITORY,
        }

    @property
    def operations(self) -> list[str]:
        """The requests by their methods."""
        return [entry.operation.partition(" ")[0] for entry in self.asked]

    def answer(
        self, method: str, target: str, headers: dict[str, str], data: bytes
    ) -> Refusal:
        path, _, query = target.removeprefix("/api/v3").partition("?")
        self.wrong += faults(method, path, query, headers, data)
        operation, in_path = operation_of(method, path)
        body = json.loads(data) if data else None
        self.asked.append(Asked(operation=operation, body=body, headers=headers))
        refused = self.refusals.get(operation) or self.refusals.get("*")
        if refused is not None:
            return refused
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return Refusal(status=401, body={"message": "Bad credentials"})
        return self._done(method, query, in_path, body)

    def _done(
        self, method: str, query: str, in_path: dict[str, str], body: Any
    ) -> Refusal:
        if method == "GET":
            head = next(p[5:] for p in query.split("&") if p.startswith("head="))
            branch = head.replace("%2F", "/").partition("%3A")[2]
            found = [
                pull
                for pull in self.pulls
                if pull["head"]["ref"] == branch and pull["state"] == "open"
            ]
            return Refusal(status=200, body=found)
        if method == "POST":
            self.pulls.append(self._pull(body))
            return Refusal(status=201, body=self.pulls[-1])
        pull = next(p for p in self.pulls if str(p["number"]) == in_path["pull_number"])
        pull.update({k: v for k, v in body.items() if k != "base"})
        if "base" in body:
            pull["base"] = {"ref": body["base"]}
        return Refusal(status=200, body=pull)

    def _pull(self, body: dict[str, Any]) -> dict[str, Any]:
        number = len(self.pulls) + 1
        return {
            "number": number,
            "html_url": f"https://github.example/{REPOSITORY}/pull/{number}",
            "state": "open",
            "title": body["title"],
            "body": body["body"],
            "draft": body.get("draft", False),
            "head": {
                "ref": body["head"],
                "sha": f"{number:040x}",
                "repo": {"full_name": REPOSITORY},
            },
            "base": {"ref": body["base"]},
        }


@contextlib.contextmanager
def serving() -> Iterator[GitHubServer]:
    """Run a server for a while."""
    github = GitHubServer()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {key.lower(): value for key, value in self.headers.items()}
            data = self.rfile.read(length)
            done = github.answer(self.command, self.path, headers, data)
            content = done.body
            if not isinstance(content, bytes):
                content = json.dumps(content).encode()
            self.send_response(done.status)
            for key, value in {
                "Content-Type": "application/json; charset=utf-8",
                "Content-Length": str(len(content)),
                **done.headers,
            }.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _any  # noqa: N815 - as http.server wants them

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        github.url = f"http://127.0.0.1:{server.server_address[1]}/api/v3"
        try:
            yield github
        finally:
            server.shutdown()
            thread.join()
