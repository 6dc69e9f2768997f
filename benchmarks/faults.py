"""What is lost under faults: nothing, or the row says so and the exit code is 1.

    python benchmarks/faults.py [--full]

Every fault has tests by name, or is done to the real plugin, in a process of its own
against the loopback server, or both. A run that is done to the plugin has cases whose
answers are known: **lost** are those without a reply, and the verdict must be the known
accuracy over all cases. ``--full`` takes 100,000 cases where there are to be many.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cover import COVER, FAULTS, missing
from measuring import endpoint, scratch
from project import Project, accuracy_of, environment, plugins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from measuring import Endpoint, Taken

RIGHT = "80.0"
AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one fault did.

    Attributes:
        lost: Cases without a reply in the end.
        wrong: What is not as it must be; empty if nothing.
        told: What else is worth knowing.
    """

    lost: int
    wrong: str = ""
    told: str = ""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where faults are tried.

    Attributes:
        server: Is told how to fail.
        python: Has the plugin.
        many: Cases where there are to be many.
    """

    server: Endpoint
    python: str
    many: int

    def project(self, folder: Path, number: int = 500, tests: int = 1) -> Project:
        """Write a project and return it."""
        project = Project(path=folder, number=number, tests=tests, python=self.python)
        project.write(self.server.url)
        return project


def judged(run: Taken, number: int, told: str = "") -> Row:
    """Return what came of a run that asked for everything itself."""
    lost = number - run.stats["unique_cases_answered"]
    return Row(lost=lost, wrong=verdict_fault(run), told=told)


def verdict_fault(run: Taken) -> str:
    """Return what is wrong with the verdict that a run printed."""
    said = accuracy_of(run.printed)
    if run.code != 0:
        return f"exit code {run.code}"
    return "" if said == RIGHT else f"accuracy {said}"


def under(bench: Bench, number: int = 500, **faults: float) -> Row:
    """Run once at an endpoint with faults."""
    with scratch() as folder:
        run = bench.project(folder, number).run(bench.server, latency_ms=20, **faults)
    stats = run.stats
    told = f"{stats['requests']} requests, {stats['span_s']:.1f} s"
    if stats["err429"]:
        told += f", {stats['err429']} refused"
    return judged(run, number, told)


def rate_limit(bench: Bench) -> Row:
    """F1: status 429 above 100 requests a second."""
    return under(bench, error_rate=0.05, rate_limit=100, burst=10)


def server_errors(bench: Bench) -> Row:
    """F2: one request in five gets status 500."""
    return under(bench, error_rate=0.2)


def drops(bench: Bench) -> Row:
    """F3: one connection in five is closed without a reply."""
    return under(bench, drop_rate=0.2)


def stopped(bench: Bench, project: Project, sign: int, after: int) -> float:
    """Start a run, send it a signal after so many requests; return its last seconds."""
    command = [bench.python, "-m", "pytest", *plugins(bench.python)]
    with (project.path / "stopped.txt").open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=project.path,
            env=environment(project.path),
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        while bench.server.stats()["ok"] < after and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(sign)
        sent = time.perf_counter()
        process.wait(30)
    return time.perf_counter() - sent


def killed(bench: Bench) -> Row:
    """F10: kill -9 three times, then a run to the end."""
    return repeated(bench, signal.SIGKILL, (40, 160, 150))


def interrupted(bench: Bench) -> Row:
    """F15: Ctrl-C at the first request, and in the middle, then a run to the end."""
    return repeated(bench, signal.SIGINT, (1, 250))


def repeated(bench: Bench, sign: int, moments: tuple[int, ...]) -> Row:
    """Stop a run after so many requests, again and again; count those made twice."""
    number, asked, last_s = 500, 0, 0.0
    with scratch() as folder:
        project = bench.project(folder, number)
        for moment in moments:
            bench.server.reset(latency_ms=100)
            last_s = max(last_s, stopped(bench, project, sign, moment))
            asked += bench.server.stats()["requests"]
        run = project.run(bench.server, latency_ms=20)
        asked += run.stats["requests"]
    twice = asked - number
    wrong = verdict_fault(run)
    if twice > AT_ONCE * len(moments):
        wrong = f"{twice} asked twice, more than were in flight"
    ended = f", ended after {last_s:.2f} s at most" if sign == signal.SIGINT else ""
    return Row(
        lost=max(0, -twice),
        wrong=wrong,
        told=f"stopped {len(moments)} times, {max(0, twice)} asked twice{ended}",
    )


def workers(bench: Bench) -> Row:
    """F12: eight workers of pytest-xdist share one cache."""
    number, tests = 400, 16
    has = [bench.python, "-c", "import xdist"]
    if subprocess.run(has, capture_output=True, check=False).returncode:
        return Row(lost=0, told="by its tests only: pytest-xdist is not installed")
    with scratch() as folder:
        project = bench.project(folder, number, tests)
        many = ("-p", "xdist", "-n8")
        run = project.run(bench.server, *many, latency_ms=20)
        again = project.run(bench.server, *many)
    left = again.stats["requests"]
    wrong = f"{left} requests in the second run" if left else verdict_fault(again)
    row = judged(run, number, f"second run: {left} requests")
    return Row(lost=row.lost, wrong=row.wrong or wrong, told=row.told)


def torn_cache(bench: Bench) -> Row:
    """F13: the middle of the cache is overwritten between two runs."""
    number = 500
    with scratch() as folder:
        project = bench.project(folder, number)
        project.run(bench.server)
        path = folder / ".promptopt" / "cache.sqlite"
        data = bytearray(path.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 8192] = os.urandom(8192)
        path.write_bytes(data)
        run = project.run(bench.server)
    return Row(
        lost=0,
        wrong=verdict_fault(run),
        told=f"{run.stats['requests']} asked again",
    )


def other_settings(bench: Bench) -> Row:
    """F22: the same prompts with another temperature."""
    number = 200
    with scratch() as folder:
        project = bench.project(folder, number)
        project.run(bench.server)
        with (folder / "pyproject.toml").open("a") as settings:
            settings.write("[tool.promptopt.request]\ntemperature = 0.5\n")
        run = project.run(bench.server)
    return judged(run, number, f"{run.stats['requests']} of {number} asked again")


def orders(bench: Bench) -> Row:
    """F24: one request at a time, and 32 at once, with and without faults."""
    number, told = 200, set()
    for concurrency, faults in ((1, 0.0), (32, 0.0), (32, 0.2)):
        with scratch() as folder:
            project = Project(
                path=folder,
                number=number,
                concurrency=concurrency,
                python=bench.python,
            )
            project.write(bench.server.url)
            run = project.run(bench.server, latency_ms=2, error_rate=faults)
            told.add(verdict_of(run))
    row = judged(run, number, "one verdict three times")
    differs = "" if len(told) == 1 else f"verdicts differ: {sorted(told)}"
    return Row(lost=row.lost, wrong=row.wrong or differs, told=row.told)


def verdict_of(run: Taken) -> str:
    """Return the line of a run that has its verdict."""
    lines = [line for line in run.printed.splitlines() if "% [" in line]
    return lines[0] if lines else run.printed.strip().rpartition("\n")[2]


def very_many(bench: Bench) -> Row:
    """F28: as many cases as a team may have."""
    with scratch() as folder:
        run = bench.project(folder, bench.many).run(bench.server)
    told = f"{bench.many:,} cases, {run.rss_mib:.0f} MiB, {run.wall_s:.1f} s"
    return judged(run, bench.many, told)


def hash_seeds(bench: Bench) -> Row:
    """F30: the order of sets differs from process to process."""
    number, told = 200, set()
    for seed in ("0", "1", "2"):
        with scratch() as folder:
            project = replace(
                bench.project(folder, number), variables={"PYTHONHASHSEED": seed}
            )
            run = project.run(bench.server)
            told.add(verdict_of(run))
    row = judged(run, number, "one verdict under three seeds")
    differs = "" if len(told) == 1 else f"verdicts differ: {sorted(told)}"
    return Row(lost=row.lost, wrong=row.wrong or differs, told=row.told)


RUNS: dict[str, Callable[[Bench], Row]] = {
    "F1": rate_limit,
    "F2": server_errors,
    "F3": drops,
    "F10": killed,
    "F12": workers,
    "F13": torn_cache,
    "F15": interrupted,
    "F22": other_settings,
    "F24": orders,
    "F28": very_many,
    "F30": hash_seeds,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--python", default=sys.executable, help="has the plugin")
    parser.add_argument("--only", nargs="*", choices=FAULTS)
    options = parser.parse_args()
    print("| | fault | lost | tests | done to the plugin |")
    print("|---|---|---|---|---|")
    bad = 0
    with endpoint() as server:
        many = 100_000 if options.full else 10_000
        bench = Bench(server=server, python=options.python, many=many)
        for fault in options.only or FAULTS:
            run = RUNS.get(fault)
            row = run(bench) if run is not None else Row(lost=0)
            gone = missing(fault)
            wrong = [row.wrong, *(f"no such test: {name}" for name in gone)]
            if run is None and not COVER[fault]:
                wrong.append("neither test nor run")
            wrong = [text for text in wrong if text]
            bad += bool(row.lost or wrong)
            seen = "; ".join([row.told, *(f"WRONG: {text}" for text in wrong)])
            tests = len(COVER[fault]) - len(gone)
            print(
                f"| {fault} | {FAULTS[fault]} | {row.lost} | {tests} | "
                f"{seen.strip('; ')} |",
                flush=True,
            )
    print(f"\n{bad} of {len(options.only or FAULTS)} faults lost or broke something")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
