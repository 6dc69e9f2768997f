"""Mechanism checks of the search: is its result true, and does it use what it sees?

    python benchmarks/strategies.py [SECTION ...] [--quick] [--seeds N] [--processes N]
                                    [--only NAME ...] [--data FOLDER]

Every search goes through the real loop, with its guards and its confirmation; models
are scripted: the task model answers as a synthetic landscape says, whose truth is known
(``landscapes.py``, made before the strategies), and one optimizer model, which knows no
strategy, serves them all (``scripted_optimizer.py``). Sections:

* ``table``: every strategy and two baselines on every landscape, on equal budgets.
* ``false``: proposals where nothing is better, out of a batch of 64.
* ``power``: proposals where one of the 64 is 12 points better.
* ``racing``: the same searches with and without races.
* ``scrambled``: each strategy against itself with its information scrambled.
* ``icpi``: regret of ICPI and of its ablations on a synthetic edit process, and whether
  it falls back where nothing can be foretold.
* ``shrinking``: dead sentences that ``gi-shrink`` deletes, and what its edits come to.
* ``reflections``: whether rated reflections teach, on failures that nobody has seen.
* ``offline``: the real plugin with the offline model, on data in ``--data FOLDER``.

**These are checks of mechanisms and rank nothing**: which strategy is best for a prompt
depends on models that nobody can script.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

import edit_searches
import false_proposals
import offline_searches
import racing_searches
import rated_reflections
import scrambled_searches
import shrinking
from search_cells import (
    INFORMATIVE,
    PROPOSALS,
    UNINFORMATIVE,
    Cell,
    at_once,
    budget,
    contenders,
    figures,
)

from pytest_promptopt.optimize.registry import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from search_cells import Figures

SECTIONS = (
    "table",
    "false",
    "power",
    "racing",
    "scrambled",
    "icpi",
    "shrinking",
    "reflections",
    "offline",
)
SIMULATED = SECTIONS[:-1]
RUNS = {
    "table": 10,
    "false": 2400,
    "power": 500,
    "racing": 200,
    "scrambled": 30,
    "icpi": 30,
    "shrinking": 30,
    "reflections": 30,
}
QUICK = {"table": 2, "false": 80}
FEW = 20
"""Candidates that the budget of a quick search buys."""

ROW = "  {:<22}{:<11}{:>6} {:>11} {:>9} {:>6} {:>7} {:>8} {:>6} {:>7}"
HEADINGS = (
    "strategy",
    "landscape",
    "gain",
    "range",
    "proposed",
    "false",
    "scored",
    "scoring",
    "asked",
    "words",
)


def table(
    names: Sequence[str],
    kinds: Sequence[str],
    seeds: int,
    processes: int,
    *,
    proposals: int = PROPOSALS,
) -> Iterator[str]:
    """Run every cell, and write a line about each.

    ``gain`` is the true hold-out gain, in points, of the best candidate on train, as
    mean and range over the seeds; ``false`` proposals have no true gain, and on an
    uninformative landscape all are false; ``scored`` are candidates, ``scoring`` calls
    of the task model before the confirmation, ``asked`` calls of the optimizer model,
    and ``words`` are to and from it, in thousands.
    """
    yield ROW.format(*HEADINGS).rstrip()
    cells = [
        Cell(
            strategy=name,
            landscape=kind,
            seed=seed,
            planned={"budget": budget(proposals)},
        )
        for name in names
        for kind in kinds
        for seed in range(seeds)
    ]
    found = at_once(figures, cells, processes)
    for at in range(0, len(cells), seeds):
        yield _line(cells[at], found[at : at + seeds])
    null = [
        each.proposed is not None
        for cell, each in zip(cells, found, strict=True)
        if cell.landscape not in INFORMATIVE and not each.refused
    ]
    yield f"  proposed where nothing can be learned: {sum(null)} of {len(null)}"


def _line(cell: Cell, found: Sequence[Figures]) -> str:
    if found[0].refused:
        why, *_ = found[0].refused.split("; ")
        return f"  {cell.strategy:<22}{cell.landscape:<11} {why}"
    gains = [100 * each.gain for each in found]
    proposed = [each.proposed for each in found if each.proposed is not None]
    least = 1e-9 if cell.landscape in INFORMATIVE else 1.0
    return ROW.format(
        cell.strategy,
        cell.landscape,
        f"{statistics.mean(gains):.1f}",
        f"{min(gains):.0f}..{max(gains):.0f}",
        f"{len(proposed)} of {len(found)}",
        sum(gain <= least for gain in proposed),
        f"{statistics.mean(each.scored for each in found):.0f}",
        f"{statistics.mean(each.scoring for each in found):,.0f}",
        f"{statistics.mean(each.asked for each in found):.0f}",
        f"{statistics.mean(each.tokens for each in found) / 1000:.0f}",
    ).rstrip()


def section(name: str, options: argparse.Namespace) -> Iterator[str]:
    """Write one section."""
    runs = options.seeds or (QUICK if options.quick else RUNS).get(name, 10)
    processes = options.processes
    if name == "table":
        names = options.only or contenders()
        kinds = ("plain", "churn") if options.quick else (*INFORMATIVE, *UNINFORMATIVE)
        proposals = FEW if options.quick else PROPOSALS
        yield from table(names, kinds, runs, processes, proposals=proposals)
    elif name == "false":
        rows = false_proposals.false_rows(runs)
        yield from false_proposals.lines(rows[:2] if options.quick else rows, processes)
    elif name == "power":
        yield from false_proposals.lines(false_proposals.true_rows(runs), processes)
    elif name == "racing":
        yield from racing_searches.lines(runs, processes)
    elif name == "scrambled":
        # What makes texts shorter gains nothing by what it is told of scores.
        names = options.only or tuple(name for name in BUILT_IN if name != "gi-shrink")
        yield from scrambled_searches.lines(names, runs, processes)
    elif name == "icpi":
        yield from edit_searches.lines(runs, processes)
    elif name == "shrinking":
        yield from shrinking.lines(runs, processes)
    elif name == "reflections":
        yield from rated_reflections.lines(runs, processes)
    else:
        yield from offline_searches.lines(options.data, runs, options.only)


def main() -> None:
    """Print the sections that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="see above")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--seeds", type=int, help="runs of each cell")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these strategies")
    parser.add_argument("--data", type=Path, help="folder for the section offline")
    options = parser.parse_args()
    usual = tuple(QUICK) if options.quick else SIMULATED
    asked = options.sections or (*usual, *(["offline"] if options.data else []))
    strange = [name for name in asked if name not in SECTIONS]
    unknown = [name for name in options.only or () if name not in contenders()]
    if strange or unknown or ("offline" in asked and options.data is None):
        parser.error(f"{strange or unknown or '--data FOLDER is missing'}")
    print("Mechanism checks with scripted models; they rank nothing.")
    shown: dict[str, list[str]] = {}
    for name in asked:
        print(name, flush=True)
        for line in section(name, options):
            print(line, flush=True)
            shown.setdefault(name, []).append(line)
    if "false" in shown:
        print(f"false proposals = {false_proposals.worst(shown['false'])}%")


if __name__ == "__main__":
    main()
