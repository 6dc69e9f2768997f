"""What a model call costs on each way to the wire, and how soon the first one is there.

    python benchmarks/call_path.py [--calls 3000] [--rounds 3]

Every way asks the same loopback server the same things, 32 at once, in a process of its
own. ``raw`` is the floor: a bare asyncio connection that reads no more than it must.
``ours`` is what the plugin takes for a plain endpoint. CPU is user and system time of
the asking process per call, once connections are open; "first reply" is the time from
the start of the interpreter, imports included. Medians over the rounds, in which the
ways take turns; ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

AT_ONCE = 32
WAYS = ("raw", "ours", "http.client", "openai post", "openai", "openai + aiohttp")
Send = Callable[[int], Awaitable[None]]


def body_of(number: int) -> dict[str, Any]:
    content = f"Answer with the number only.\nQ: {number}+{number * 7919 % 9000}"
    return {"model": "m", "messages": [{"role": "user", "content": content}]}


async def _raw(url: str) -> Send:
    parts = urlsplit(url)
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    head = (
        f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        "authorization: Bearer x\r\ncontent-type: application/json\r\n"
    ).encode()

    async def send(number: int) -> None:
        if free:
            reader, writer = free.pop()
        else:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        body = json.dumps(body_of(number)).encode()
        writer.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body))
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        start = answer.index(b"content-length:") + 15
        length = int(answer[start : answer.index(b"\r", start)])
        json.loads(await reader.readexactly(length))
        free.append((reader, writer))

    return send


async def _ours(url: str) -> Send:
    from pytest_promptopt.models.openai_model import OpenAIModel
    from pytest_promptopt.models.providers import Provider
    from pytest_promptopt.records import Message, Request

    model = OpenAIModel("m", Provider(name="bench", base_url=url))

    async def send(number: int) -> None:
        content = body_of(number)["messages"][0]["content"]
        message = Message(role="user", content=content)
        await model.complete(Request(messages=(message,)))

    return send


async def _openai(url: str, *, aiohttp: bool = False, post: bool = False) -> Send:
    import openai

    client = openai.AsyncOpenAI(
        base_url=url,
        api_key="x",
        max_retries=0,
        http_client=openai.DefaultAioHttpClient() if aiohttp else None,
    )

    async def send(number: int) -> None:
        if post:
            body = body_of(number)
            raw = await client.post("/chat/completions", body=body, cast_to=bytes)
            json.loads(raw)
        else:
            raw_reply = await client.chat.completions.with_raw_response.create(
                **body_of(number)
            )
            json.loads(raw_reply.http_response.content)

    return send


async def _threads(url: str) -> Send:
    import http.client
    import threading
    from concurrent.futures import ThreadPoolExecutor

    parts = urlsplit(url)
    own = threading.local()
    pool = ThreadPoolExecutor(AT_ONCE)
    headers = {"authorization": "Bearer x", "content-type": "application/json"}

    def ask(number: int) -> None:
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection(
                parts.hostname or "", parts.port
            )
        body = json.dumps(body_of(number))
        own.connection.request("POST", f"{parts.path}/chat/completions", body, headers)
        json.loads(own.connection.getresponse().read())

    async def send(number: int) -> None:
        await asyncio.get_running_loop().run_in_executor(pool, ask, number)

    return send


async def _sender(way: str, url: str) -> Send:
    if way == "raw":
        return await _raw(url)
    if way == "ours":
        return await _ours(url)
    if way == "http.client":
        return await _threads(url)
    return await _openai(url, aiohttp="aiohttp" in way, post="post" in way)


async def _pump(send: Send, numbers: range) -> None:
    left = iter(numbers)

    async def worker() -> None:
        for number in left:
            await send(number)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def _measure(way: str, url: str, calls: int, started: float) -> dict[str, float]:
    send = await _sender(way, url)
    await send(0)
    first_s = time.time() - started
    await _pump(send, range(4 * AT_ONCE))
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    await _pump(send, range(calls))
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return {
        "first_s": first_s,
        "cpu_ms": 1000 * cpu_s / calls,
        "per_s": calls / (time.perf_counter() - began),
    }


def one(way: str, url: str, calls: int) -> dict[str, float]:
    """Measure one way in a process of its own."""
    arguments = [__file__, "--way", way, "--url", url, "--calls", str(calls)]
    done = subprocess.run(
        [sys.executable, *arguments, "--started", str(time.time())],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    for hidden in ("--way", "--url", "--started"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        measured = _measure(
            options.way, options.url, options.calls, float(options.started)
        )
        print(json.dumps(asyncio.run(measured)), flush=True)
        return
    sys.path.insert(0, str(Path(__file__).parent))
    from loopback import serving

    has_aiohttp = importlib.util.find_spec("aiohttp") is not None
    ways = [way for way in WAYS if "aiohttp" not in way or has_aiohttp]
    with serving() as url:
        rounds = [
            {way: one(way, url, options.calls) for way in ways}
            for _ in range(options.rounds)
        ]
    print(
        f"{options.calls} calls, {AT_ONCE} at once, medians of {options.rounds} rounds"
    )
    print("| way | CPU ms/call | x raw | calls/s | first reply s |")
    print("|---|---|---|---|---|")
    for way in ways:
        cpu, per_s, first = (
            statistics.median(entry[way][name] for entry in rounds)
            for name in ("cpu_ms", "per_s", "first_s")
        )
        ratio = statistics.median(
            entry[way]["cpu_ms"] / entry["raw"]["cpu_ms"] for entry in rounds
        )
        print(f"| {way} | {cpu:.3f} | {ratio:.1f} | {per_s:,.0f} | {first:.2f} |")


if __name__ == "__main__":
    main()
