"""A chat-completions server on loopback for the benchmarks, in a process of its own.

    python benchmarks/loopback.py [--port 0] [--latency-ms 50] [--error-rate 0.05] ...

It prints its port and answers until its standard input ends. The reply to ``Q: 12+30``
is the sum, except for every fifth question, so that the accuracy is known: 0.8 of the
cases of :func:`cases`. One core answers some 20,000 requests a second.

It fails as it is told to: with status 500, by closing the connection, and with status
429 above a rate, from a bucket of tokens. ``GET /stats`` tells what it did;
``POST /reset`` sets the counters to 0 and takes new settings as a JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_QUESTION = re.compile(r"Q: (\d+)\+(\d+)")
_REASONS = {200: b"OK", 404: b"Not Found", 429: b"Too Many Requests", 500: b"Error"}


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How the server answers.

    Attributes:
        latency_ms: From a request to its reply, in milliseconds.
        error_rate: Share of the requests that get status 500.
        drop_rate: Share of the requests whose connection is closed instead.
        rate_limit: Requests a second above which status 429 comes; 0: no limit.
        burst: Size of the bucket of tokens; 0: those of one second.
        retry_after_s: The pause that a 429 asks for, in seconds.
        seed: Of what is left to chance.
    """

    latency_ms: float = 0.0
    error_rate: float = 0.0
    drop_rate: float = 0.0
    rate_limit: float = 0.0
    burst: float = 0.0
    retry_after_s: float = 1.0
    seed: int = 7


@dataclass(kw_only=True)
class Traffic:
    """What the server saw since its counters were set to 0. Times are monotonic."""

    faults: Faults
    since: float = field(default_factory=time.monotonic)
    requests: int = 0
    ok: int = 0
    err500: int = 0
    err429: int = 0
    dropped: int = 0
    inflight: int = 0
    peak: int = 0
    first: float | None = None
    last: float = 0.0
    answered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.faults.seed)
        self.tokens = self.faults.burst or self.faults.rate_limit
        self.refilled = self.since

    def admitted(self) -> bool:
        """Take a token, if there is one."""
        rate = self.faults.rate_limit
        if not rate:
            return True
        now = time.monotonic()
        most = self.faults.burst or rate
        self.tokens = min(most, self.tokens + (now - self.refilled) * rate)
        self.refilled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def told(self) -> dict[str, Any]:
        """Return the counters."""
        first = self.first
        return {
            "requests": self.requests,
            "ok": self.ok,
            "err500": self.err500,
            "err429": self.err429,
            "dropped": self.dropped,
            "peak_concurrency": self.peak,
            "unique_cases_answered": len(self.answered),
            "span_s": 0.0 if first is None else max(0.0, self.last - first),
            "first_request_after_reset_s": None
            if first is None
            else first - self.since,
        }


class Answering(asyncio.Protocol):
    """Reads requests off one connection and answers each after the latency."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request that has come."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._data, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._data) < whole:
                return
            path = self._data.split(b" ", 2)[1]
            body, self._data = self._data[end + 4 : whole], self._data[whole:]
            self._server.take(path, body, self._send)

    def _send(self, response: bytes | None) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if response is None:
            self._transport.abort()
        else:
            self._transport.write(response)


class Server:
    """Decides what becomes of each request, and counts."""

    def __init__(self, faults: Faults) -> None:
        self._traffic = Traffic(faults=faults)

    def take(self, path: bytes, body: bytes, send: Any) -> None:
        """Answer one request through ``send``; ``None`` closes the connection."""
        if path == b"/stats":
            send(response(200, self._traffic.told()))
        elif path == b"/reset":
            changes = {**asdict(self._traffic.faults), **json.loads(body or b"{}")}
            known = {entry.name for entry in fields(Faults)}
            chosen = {name: changes[name] for name in changes if name in known}
            self._traffic = Traffic(faults=Faults(**chosen))
            send(response(200, {}))
        elif path.endswith(b"/chat/completions"):
            self._chat(body, send)
        else:
            send(response(404, {"error": {"message": f"no such path: {path!r}"}}))

    def _chat(self, body: bytes, send: Any) -> None:
        seen, faults = self._traffic, self._traffic.faults
        if seen.first is None:
            seen.first = time.monotonic()
        seen.requests += 1
        seen.inflight += 1
        seen.peak = max(seen.peak, seen.inflight)
        delay_s = faults.latency_ms / 1000
        said: bytes | None
        if not seen.admitted():
            seen.err429 += 1
            after = b"retry-after: %g\r\n" % faults.retry_after_s
            error = {"error": {"message": "Rate limit reached", "type": "rate"}}
            said, delay_s = response(429, error, after), 0.0
        elif faults.drop_rate and seen.chance.random() < faults.drop_rate:
            seen.dropped += 1
            said = None
        elif faults.error_rate and seen.chance.random() < faults.error_rate:
            seen.err500 += 1
            said = response(500, {"error": {"message": "The server had an error"}})
        else:
            seen.ok += 1
            said = response(200, completion(body, seen.answered))

        def finish() -> None:
            seen.inflight -= 1
            seen.last = time.monotonic()
            send(said)

        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, finish)
        else:
            finish()


def completion(body: bytes, answered: set[str]) -> dict[str, Any]:
    """Return what a model says to a request, and note which question it was."""
    text = json.loads(body)["messages"][-1]["content"]
    found = _QUESTION.search(text)
    a, b = (int(found[1]), int(found[2])) if found else (0, 0)
    if found:
        answered.add(found[0])
    message = {"role": "assistant", "content": str(a + b + (a % 5 == 0))}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "bench-1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22},
    }


def response(status: int, content: dict[str, Any], extra: bytes = b"") -> bytes:
    """Return an HTTP response with a JSON body."""
    body = json.dumps(content).encode()
    head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\n%scontent-length: %d"
    said = head % (status, _REASONS[status], extra, len(body))
    return said + b"\r\n\r\n" + body


def cases(number: int) -> list[dict[str, str]]:
    """Return eval cases whose answers the server knows."""
    return [
        {
            "id": f"c{index}",
            "question": f"{index}+{index * 7919 % 9000}",
            "expected": str(index + index * 7919 % 9000),
        }
        for index in range(number)
    ]


@contextmanager
def serving(latency_ms: float = 0.0, **faults: float) -> Iterator[str]:
    """Run the server in a process of its own and give its base URL."""
    settings = {"latency_ms": latency_ms, **faults}
    told = [
        word
        for name, value in settings.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    command = [sys.executable, str(Path(__file__)), *told]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.stdin.close()
            process.wait(5)


async def _serve(port: int, faults: Faults) -> None:
    loop = asyncio.get_running_loop()
    answers = Server(faults)
    server = await loop.create_server(
        lambda: Answering(answers), "127.0.0.1", port, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    for entry in fields(Faults):
        kind = int if entry.name == "seed" else float
        option = f"--{entry.name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=entry.default)
    chosen = vars(parser.parse_args())
    port = chosen.pop("port")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(port, Faults(**chosen)))


if __name__ == "__main__":
    main()
