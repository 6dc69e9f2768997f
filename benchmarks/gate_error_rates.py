"""How often the gate is wrong, and how often it finds what is there.

    python benchmarks/gate_error_rates.py [--quick] [--reps N] [--processes N]

Monte Carlo through the real gate (``pytest_promptopt.gate`` on real records) in worlds
whose truth is known (``gate_worlds.py``). Beside it, on the very same replies, three
rules as teams use them: ``naive`` (one trial of the edited prompt scores below the
record), ``2 points`` (more than two points below it), and ``McNemar`` (mid-p within 5 %
of one trial against one recorded one). They know neither suites nor drift.

Every repetition has a seed of its own, so that the table does not depend on the number
of processes. Rates are in percent, with 95 % Clopper-Pearson intervals. The rate of a
suite of M prompt tests is 1 - (1 - rate of one) ** M, its interval carried through.
Marks: ``ok``, ``MISSED``, and ``?`` where it takes more repetitions to tell.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing import Pool
from typing import TYPE_CHECKING

from gate_rows import Section, alarms, power, sections
from gate_runs import PEERS, SUITE, Cell, Counts, simulate

from pytest_promptopt import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gate_rows import Row

CHUNK = 4 * SUITE
REPETITIONS = 500
QUICK = 100

Results = Mapping[Cell, Counts]

LINE = "  {:<46}{:>7} {:>13} {:>8} {:<7}{:>6} {:>6} {:>8} {:>7}"
HEADINGS = ("", "gate", "95 %", "must", "", "warns", *PEERS)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a row shows: a rate in percent, or calls per case, in its worst cell.

    Attributes:
        value: The estimate.
        low: Lower end of its interval.
        high: Upper end of its interval.
        cell: Where.
    """

    value: float
    low: float
    high: float
    cell: Cell


def run(plan: Sequence[Section], repetitions: int, processes: int) -> Results:
    """Simulate every cell of the table as often as the most demanding row asks for."""
    wanted: Counter[Cell] = Counter()
    for section in plan:
        for row in section.rows:
            for cell in row.cells:
                times = round(section.times[cell.s] * repetitions)
                wanted[cell] = max(wanted[cell], times)
    chunks = [
        (cell, start, min(start + CHUNK, times))
        for cell, times in wanted.items()
        for start in range(0, times, CHUNK)
    ]
    # The dear ones first, so that no process is left alone with one at the end.
    chunks.sort(key=lambda chunk: -chunk[0].n)
    results: dict[Cell, Counts] = {cell: Counter() for cell in wanted}
    with Pool(processes) as pool:
        for cell, counts in pool.imap_unordered(simulate, chunks):
            results[cell].update(counts)
    return results


def figure(row: Row, results: Results) -> Figure:
    """Return a row's figure in the cell where it is worst.

    Where the interval must keep a limit, it reaches as far as that of any cell.
    """
    figures = [_figure(row, cell, results[cell]) for cell in row.cells]
    if row.least is not None:
        return min(figures, key=lambda found: found.value)
    worst = max(figures, key=lambda found: found.value)
    if row.bound:
        worst = replace(worst, high=max(found.high for found in figures))
    return worst


def _figure(row: Row, cell: Cell, counts: Counts) -> Figure:
    runs, said = counts["runs", 0], counts[row.said, row.many]
    if row.said == "calls":
        calls = said / (runs * cell.n)
        return Figure(calls, calls, calls, cell)
    if row.said == "suite":
        runs //= SUITE
    low, high = stats.clopper_pearson_interval(said, runs)
    value, low, high = (_in_a_suite(x, row.tests) for x in (said / runs, low, high))
    return Figure(value, low, high, cell)


def _in_a_suite(rate: float, tests: int) -> float:
    """Return in how many percent of suites at least one test says so."""
    return 100 * (1 - (1 - rate) ** tests)


def mark(row: Row, found: Figure) -> str:
    """Return whether a figure is what it must be."""
    if row.most is not None:
        kept, hopeless = found.value <= row.most, found.low > row.most
        kept = kept and (found.high <= row.most or not row.bound)
    elif row.least is not None:
        kept, hopeless = found.value >= row.least, found.high < row.least
    else:
        return ""
    return "ok" if kept else "MISSED" if hopeless else "?"


def line(row: Row, results: Results, *, peers: bool) -> str:
    """Return one line of the table."""
    found = figure(row, results)
    counts = results[found.cell]
    runs = counts["runs", 0]
    what = row.what
    if len(row.cells) > 1:
        what += f" (worst: s = {found.cell.s:g})"
    must = "" if row.most is None else f"<= {row.most:g}"
    must = must if row.least is None else f">= {row.least:g}"
    interval, warned = f"{found.low:.1f} - {found.high:.1f}", ""
    if row.said == "calls":
        interval = ""
    elif row.said == "fail":
        warned = f"{100 * counts['inconclusive', row.many] / runs:.1f}"
    others = [
        f"{_in_a_suite(counts[peer, 0] / runs, row.tests):.1f}" if peers else ""
        for peer in PEERS
    ]
    shown = (what, f"{found.value:.1f}", interval, must, mark(row, found), warned)
    return LINE.format(*shown, *others).rstrip()


def last_line(results: Results, *, quick: bool) -> str:
    """Return the two figures that sum it up."""
    suites = max(figure(row, results).value for row in alarms(quick=quick).rows)
    ten = next(row for row in power().rows if row.what == "drop 10, n = 50, M = 1")
    found = figure(ten, results).value
    return f"suite FA = {suites:.1f}% power10 = {found:.1f}%"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer cells, under 1 min")
    parser.add_argument(
        "--reps", type=int, help="repetitions of a row; ten-fold for alarms"
    )
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    plan = sections(quick=options.quick)
    usual = QUICK if options.quick else REPETITIONS
    results = run(plan, options.reps or usual, options.processes)
    print(LINE.format(*HEADINGS).rstrip())
    for section in plan:
        print(section.title)
        for row in section.rows:
            print(line(row, results, peers=section.peers))
    print(last_line(results, quick=options.quick))


if __name__ == "__main__":
    main()
