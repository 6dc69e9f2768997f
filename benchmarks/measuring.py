"""Running a program against the loopback server, and what it took."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopback import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NO_FAULTS = {
    "latency_ms": 0,
    "jitter_ms": 0,
    "error_rate": 0,
    "drop_rate": 0,
    "rate_limit": 0,
    "burst": 0,
    "retry_after_s": 1,
    "seed": 7,
}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one run of a program took.

    Attributes:
        wall_s: From its start to its end, in seconds.
        cpu_s: User and system time of it and of what it started, in seconds.
        rss_mib: Peak of the resident memory of the largest process.
        code: Its exit code.
        printed: What it wrote.
        stats: What the server saw.
    """

    wall_s: float
    cpu_s: float
    rss_mib: float
    code: int
    printed: str
    stats: Mapping[str, Any]


class Endpoint:
    """The server that every program of a benchmark asks.

    Args:
        url: Its base URL, with ``/v1``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._origin = url.removesuffix("/v1")

    def reset(self, **settings: float) -> None:
        """Set its counters to 0, and how it answers from now on."""
        self._ask("/reset", json.dumps({**NO_FAULTS, **settings}).encode())

    def stats(self) -> dict[str, Any]:
        """Return its counters."""
        told: dict[str, Any] = json.loads(self._ask("/stats"))
        return told

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self._origin + path, data=body)
        with urllib.request.urlopen(request, timeout=10) as response:
            got: bytes = response.read()
        return got


@contextmanager
def endpoint(program: Path | None = None, python: str = "") -> Iterator[Endpoint]:
    """Run the server: ours, or another program with the same ``/stats`` and ``/reset``.

    Args:
        program: The other program, which takes ``--port``.
        python: What runs it.
    """
    if program is None:
        with serving() as url:
            yield Endpoint(url)
        return
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = [python or sys.executable, str(program), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            server = Endpoint(f"http://127.0.0.1:{port}/v1")
            _await(server)
            yield server
        finally:
            process.terminate()


def _await(server: Endpoint) -> None:
    for _ in range(100):
        try:
            server.stats()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the server did not start")


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder of its own to each run, and remove it."""
    path = Path(tempfile.mkdtemp(prefix="promptopt-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def taken(
    command: Sequence[str],
    folder: Path,
    server: Endpoint,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    limit_s: float = 180.0,
    **faults: float,
) -> Taken:
    """Run a program once, from reset counters on.

    Args:
        command: The program and its arguments.
        folder: Where its output is kept.
        server: What it asks.
        cwd: Where it runs, if not in the folder.
        env: Environment variables, in the place of ours.
        limit_s: It is ended after so many seconds.
        faults: How the server answers.
    """
    server.reset(**faults)
    printed = folder / "printed.txt"
    with printed.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder if cwd is None else cwd,
            env=dict(os.environ if env is None else env),
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        timer = threading.Timer(limit_s, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Taken(
        wall_s=wall_s,
        cpu_s=used.ru_utime + used.ru_stime,
        rss_mib=used.ru_maxrss / 1024,
        code=process.returncode,
        printed=printed.read_text("utf-8", errors="replace"),
        stats=server.stats(),
    )
