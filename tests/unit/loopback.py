"""A server on loopback that answers chat completions as a test scripts it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m-2026-01-01",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "billing"},
        }
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server does with one request."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_for: threading.Event | None = None
    drop: bool = False
    cut: bool = False


@dataclass
class Server:
    """A server that answers as scripted, the last answer again and again."""

    url: str
    script: list[Answer] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def sent(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]

    def says(self, *answers: Answer) -> None:
        self.script[:] = answers

    def renew(self) -> None:
        self.says(Answer(body=GOOD))
        for told in (self.bodies, self.headers, self.paths):
            told.clear()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for each response: no waiting for acknowledgements
    scripted: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        server = self.scripted
        server.bodies.append(body)
        server.paths.append(self.path)
        server.headers.append(
            {name.lower(): text for name, text in self.headers.items()}
        )
        script = server.script
        answer = script.pop(0) if len(script) > 1 else script[0]
        if answer.wait_for is not None:
            answer.wait_for.wait(20)
        if answer.drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        said = answer.body
        data = said if isinstance(said, bytes) else json.dumps(said).encode("ascii")
        self.send_response(answer.status)
        self.send_header("content-length", str(len(data) + 100 * answer.cut))
        if "content-type" not in answer.headers:
            self.send_header("content-type", "application/json")
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)
        with contextlib.suppress(OSError):  # the client may have left
            self.wfile.flush()
        if answer.cut:
            self.close_connection = True


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server of one's own."""

    class ScriptedHandler(Handler):
        pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), ScriptedHandler)
    http.daemon_threads = True
    ScriptedHandler.scripted = Server(f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield ScriptedHandler.scripted
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
