"""The floor of any run: the same requests over bare asyncio, and nothing else.

    python benchmarks/floor.py URL CASES [--concurrency 32]

It reads the cases, asks, compares and prints how many were right. What fails is sent
again, after the pause that the server asks for if it does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
from pathlib import Path
from urllib.parse import urlsplit

TRIES = 8
_AFTER = re.compile(rb"\r\nretry-after: *([\d.]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
Open = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Connections to one server, each used by one request at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._free: list[Open] = []
        self._head = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            "authorization: Bearer x\r\ncontent-type: application/json\r\n"
        ).encode()

    async def ask(self, content: str) -> tuple[str | None, float | None]:
        """Return the reply, or ``None`` and for how long to wait, if that is said."""
        if self._free:
            reader, writer = self._free.pop()
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        message = {"role": "user", "content": content}
        body = json.dumps({"model": "bench-model", "messages": [message]}).encode()
        writer.write(b"%scontent-length: %d\r\n\r\n%s" % (self._head, len(body), body))
        try:
            answer = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(answer)
            got = await reader.readexactly(int(found[1]) if found else 0)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()
            return None, None
        self._free.append((reader, writer))
        if answer[9:12] == b"200":
            return json.loads(got)["choices"][0]["message"]["content"], None
        after = _AFTER.search(answer)
        return None, float(after[1]) if after else None


async def main(url: str, lines: list[str], concurrency: int) -> int:
    """Ask about every case and return how many replies are right."""
    left = iter([json.loads(line) for line in lines])
    client, right = Client(url), 0

    async def worker() -> None:
        nonlocal right
        for case in left:
            content = f"Answer with the number only.\nQ: {case['question']}"
            for attempt in range(TRIES):
                said, after = await client.ask(content)
                if said is not None:
                    right += said == case["expected"]
                    break
                wait_s = random.uniform(0, 0.1 * 2**attempt) if after is None else after
                await asyncio.sleep(wait_s)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("cases", type=Path)
    parser.add_argument("--concurrency", type=int, default=32)
    options = parser.parse_args()
    cases = options.cases.read_text("utf-8").splitlines()
    print(asyncio.run(main(options.url, cases, options.concurrency)))
