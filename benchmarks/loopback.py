"""A chat-completions server on loopback for the benchmarks, in a process of its own.

    python benchmarks/loopback.py [--latency-ms 50] [--port 0]

It prints its port and answers until its standard input ends. The reply to ``Q: 12+30``
is the sum, except for every fifth question, so that the accuracy is known: 0.8 of the
cases of :func:`cases`. One core answers some 20,000 requests a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_QUESTION = re.compile(r"Q: (\d+)\+(\d+)")


class Answering(asyncio.Protocol):
    """Reads requests off one connection and answers each after the latency."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
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
            body, self._data = self._data[end + 4 : whole], self._data[whole:]
            reply = response(body)
            if self._latency_s:
                asyncio.get_running_loop().call_later(
                    self._latency_s, self._send, reply
                )
            else:
                self._send(reply)

    def _send(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


def response(body: bytes) -> bytes:
    """Return the response to one request's body."""
    text = json.loads(body)["messages"][-1]["content"]
    found = _QUESTION.search(text)
    a, b = (int(found[1]), int(found[2])) if found else (0, 0)
    said = str(a + b + (a % 5 == 0))
    message = {"role": "assistant", "content": said}
    content = json.dumps(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "bench-1",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22},
        }
    ).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d"
    return head % len(content) + b"\r\n\r\n" + content


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
def serving(latency_ms: float = 0.0) -> Iterator[str]:
    """Run the server in a process of its own and give its base URL."""
    command = [sys.executable, str(Path(__file__)), "--latency-ms", str(latency_ms)]
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


async def _serve(port: int, latency_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(latency_s), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.port, options.latency_ms / 1000))


if __name__ == "__main__":
    main()
