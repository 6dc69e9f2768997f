"""A repository's pull requests and comments behind GitHub's API, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from github_description import faults

from pytest_promptopt.github.comment import AUTHOR

SHA = "ab" * 20


class Api(ThreadingHTTPServer):
    """A repository ``shop/desk`` with pull requests and comments."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.pulls: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = [{"filename": "README.md"}]
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add_pull(self, number: int, sha: str = SHA, head: str = "shop:fix") -> None:
        self.pulls.append({"number": number, "head": {"sha": sha, "label": head}})

    def add_comment(self, body: str, login: str = AUTHOR) -> None:
        self.comments.append(
            {"id": len(self.comments) + 1, "body": body, "user": {"login": login}}
        )

    @property
    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.comments]

    @property
    def written(self) -> list[str]:
        return [asked for asked in self.asked if not asked.startswith("GET")]


class Answers(BaseHTTPRequestHandler):
    server: Api

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        self.reply()

    def do_POST(self) -> None:
        self.reply()

    def do_PATCH(self) -> None:
        self.reply()

    def reply(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length)
        sent = json.loads(data) if data else None
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.wrong += faults(
            self.command, parts.path, parts.query, headers, data
        )
        self.server.asked.append(f"{self.command} {parts.path}")
        assert self.headers["Authorization"] == "Bearer a-token"
        found = self.found(parts.path, parse_qs(parts.query), sent)
        status = self.server.status if found is not None else 404
        content = json.dumps(found if status < 400 else {"message": "No."}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def found(self, path: str, query: dict[str, list[str]], sent: Any) -> Any:
        api, below = self.server, path.removeprefix("/repos/shop/desk/")
        if self.command == "POST":
            api.add_comment(sent["body"])
            return api.comments[-1]
        if self.command == "PATCH":
            comment = api.comments[int(below.rpartition("/")[2]) - 1]
            comment["body"] = sent["body"]
            return comment
        if below.endswith("/comments"):
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return api.comments[size * (page - 1) : size * page]
        if below.endswith("/files"):
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return api.files[size * (page - 1) : size * page]
        if below == "pulls":
            (head,) = query["head"]
            assert query["state"] == ["open"]
            return [pull for pull in api.pulls if pull["head"]["label"] == head]
        number = int(below.removeprefix("pulls/"))
        return next((pull for pull in api.pulls if pull["number"] == number), None)


@contextmanager
def served() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
        assert not server.wrong  # by GitHub's own description
