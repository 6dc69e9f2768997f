"""What is measured of the plugin alone: the cost of a case, memory, an idle run."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from measuring import scratch, taken
from project import Project, environment, plugins

if TYPE_CHECKING:
    from pathlib import Path

    from measuring import Endpoint, Taken

NUMBERS = (100, 1_000, 10_000, 100_000)
AT_ONCE = 32
"""Requests in flight, and cases of the run that stands for start-up: it opens as many
connections as the others do."""


def show(server: Endpoint, python: str, rounds: int) -> None:
    """Measure and print everything."""
    print("\nidle: one ordinary test, with the plugin and without it\n", flush=True)
    print(_idle(server, python, 10 * rounds), flush=True)
    print("\nthe cost of a case by kind of body: no latency, 32 at once\n")
    print("| body | start-up CPU s | CPU ms/case, 1,000 cases | first request s |")
    print("|---|---|---|---|")
    for scored in (False, True):
        print(_by_body(server, python, rounds, scored=scored), flush=True)
    print("\nthe cost by number of cases: no latency, start-up taken off\n")
    print("| cases | wall s | CPU ms/case | peak MiB | cached: wall s | CPU ms/case |")
    print("|---|---|---|---|---|---|")
    for number in NUMBERS:
        times = {100: 10 * rounds, 100_000: 1}.get(number, rounds)
        print(_by_number(server, python, number, times), flush=True)


def _run(
    server: Endpoint, python: str, number: int, *, scored: bool = False
) -> tuple[Taken, Taken]:
    """Run a project once with an empty cache and once again."""
    with scratch() as folder:
        project = Project(
            path=folder,
            number=number,
            scored=scored,
            python=python,
            concurrency=AT_ONCE,
        )
        project.write(server.url)
        first = project.run(server)
        again = project.run(server)
    if again.stats["requests"]:
        raise SystemExit(f"a cached run sent {again.stats['requests']} requests")
    return first, again


def _by_body(server: Endpoint, python: str, rounds: int, *, scored: bool) -> str:
    ones, manies = [], []
    for _ in range(rounds):
        ones.append(_run(server, python, 1, scored=scored)[0])
        manies.append(_run(server, python, 1000, scored=scored)[0])
    marginal = statistics.median(
        1000 * (many.cpu_s - one.cpu_s) / 999
        for one, many in zip(ones, manies, strict=True)
    )
    first_s = statistics.median(
        run.stats["first_request_after_reset_s"] for run in manies
    )
    body = '`scorer="exact"`' if scored else "`assert ==`"
    start = statistics.median(run.cpu_s for run in ones)
    return f"| {body} | {start:.2f} | {marginal:.2f} | {first_s:.2f} |"


def _by_number(server: Endpoint, python: str, number: int, times: int) -> str:
    # Start-up is measured just before, since the machine may be busy with other work.
    pairs = [
        (_run(server, python, AT_ONCE), _run(server, python, number))
        for _ in range(times)
    ]
    cells = [f"{number:,}"]
    for at in (0, 1):
        many = [runs[at] for _, runs in pairs]
        # The least of each: what disturbs a run only adds to its processor time, and
        # at 100 cases that is more than they cost.
        start_s = min(few[at].cpu_s for few, _ in pairs)
        cpu_s = min(run.cpu_s for run in many) - start_s
        cells.append(f"{statistics.median(run.wall_s for run in many):.2f}")
        cells.append(f"{1000 * cpu_s / (number - AT_ONCE):.3f}")
        if at == 0:
            cells.append(f"{statistics.median(run.rss_mib for run in many):.0f}")
    return "| " + " | ".join(cells) + " |"


def _idle(server: Endpoint, python: str, rounds: int) -> str:
    with scratch() as folder:
        (folder / "test_one.py").write_text("def test_one():\n    pass\n")
        (folder / "pytest.ini").write_text("[pytest]\n")
        _idle_run(server, python, folder, ours=True)  # writes byte code
        pairs = []
        for number in range(rounds):
            # In turns, and each first as often as the other.
            order = (True, False) if number % 2 else (False, True)
            took = {
                ours: _idle_run(server, python, folder, ours=ours) for ours in order
            }
            pairs.append((took[True], took[False]))
    differences = sorted(1000 * (ours - bare) for ours, bare in pairs)
    quarter = len(differences) // 4
    low, high = differences[quarter], differences[-quarter - 1]
    added = statistics.median(differences)
    bare_ms = statistics.median(1000 * bare for _, bare in pairs)
    return (
        f"{bare_ms:.0f} ms without it, {added:+.1f} ms with it "
        f"(CPU, medians; half of the pairs between {low:+.1f} and {high:+.1f})"
    )


def _idle_run(server: Endpoint, python: str, folder: Path, *, ours: bool) -> float:
    command = [python, "-m", "pytest", "-q", *plugins(python, ours=ours)]
    return taken(command, folder, server, env=environment(folder)).cpu_s
