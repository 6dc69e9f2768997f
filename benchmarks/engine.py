"""How fast the engine is, beside a raw client and the peers that are installed.

    python benchmarks/engine.py --quick
    python benchmarks/engine.py [--settings A A20 B D DC E E2 E3] [--rounds 3] [--own]
    python benchmarks/engine.py --bench FOLDER --venvs FOLDER

Every program does the same job against one loopback server: ask about each case, check
the reply. In each round every program runs once, in a process of its own and with an
empty cache; ratios are taken within a round and tables show medians. ``--bench`` names
a folder with programs of peers and ``--venvs`` one with their environments; without
them there are the plugin and a floor, which is bare asyncio and nothing else.

``--own`` adds what has no peer: the cost of a case by kind of body and by number of
cases, memory, an idle run. ``--quick`` is setting A alone, in less than a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import own
from measuring import endpoint, scratch
from programs import FLOOR, OURS, floor, ours, peers
from settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measuring import Endpoint
    from programs import Outcome, Program
    from settings import Setting

HEAD = (
    "program",
    "wall s (min-max)",
    "x floor",
    "first request s",
    "span s",
    "x ideal",
    "CPU s",
    "peak MiB",
    "requests",
    "429",
    "at once",
    "right %",
    "lost",
)


def measure(
    program: Program, setting: Setting, server: Endpoint, filled: dict[str, Path]
) -> Outcome:
    """Run one program once.

    Args:
        program: What is run.
        setting: The job.
        server: What it asks.
        filled: Folders with the replies of an earlier run, by program.
    """
    if setting.warm:
        return program.run(filled[program.name], setting, server)
    with scratch() as folder:
        program.prepare(folder, setting, server)
        return program.run(folder, setting, server)


def rounds_of(
    setting: Setting, taking_part: Sequence[Program], server: Endpoint, rounds: int
) -> dict[str, list[Outcome]]:
    """Run every program once a round, in turns."""
    outcomes: dict[str, list[Outcome]] = {each.name: [] for each in taking_part}
    with contextlib.ExitStack() as folders:
        filled: dict[str, Path] = {}
        for program in taking_part if setting.warm else ():
            folder = folders.enter_context(scratch())
            program.prepare(folder, setting, server)
            program.run(folder, setting, server)
            filled[program.name] = folder
        for number in range(rounds):
            for program in taking_part:
                note(f"{setting.title}: round {number + 1}, {program.name}")
                outcome = measure(program, setting, server, filled)
                outcomes[program.name].append(outcome)
    return outcomes


def note(text: str) -> None:
    """Tell on a terminal what is going on."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def table(setting: Setting, outcomes: dict[str, list[Outcome]]) -> list[str]:
    """Return the rows of one setting."""
    floors = outcomes.get(FLOOR, [])
    lines = ["| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|"]
    for name, runs in outcomes.items():
        row = [name, *_figures(runs, setting), *_counts(runs)]
        row.insert(2, _ratio(runs, floors))
        lines.append("| " + " | ".join(row) + " |")
    return lines


def _ratio(runs: list[Outcome], floors: list[Outcome]) -> str:
    if not floors:
        return "-"
    return f"{ratio_to(runs, floors):.2f}"


def ratio_to(runs: list[Outcome], floors: list[Outcome]) -> float:
    """Return the median of the ratios of walls within a round."""
    return statistics.median(
        run.taken.wall_s / low.taken.wall_s
        for run, low in zip(runs, floors, strict=True)
    )


def _figures(runs: list[Outcome], setting: Setting) -> list[str]:
    walls = [run.taken.wall_s for run in runs]
    firsts = [run.taken.stats["first_request_after_reset_s"] for run in runs]
    spans = [run.taken.stats["span_s"] for run in runs]
    asked = None not in firsts
    in_order = asked and setting.ideal_s > 0
    return [
        f"{statistics.median(walls):.2f} ({min(walls):.2f}-{max(walls):.2f})",
        f"{statistics.median(firsts):.2f}" if asked else "-",
        f"{statistics.median(spans):.2f}" if asked else "-",
        f"{statistics.median(spans) / setting.ideal_s:.2f}" if in_order else "-",
        f"{statistics.median(run.taken.cpu_s for run in runs):.2f}",
        f"{statistics.median(run.taken.rss_mib for run in runs):.0f}",
    ]


def _counts(runs: list[Outcome]) -> list[str]:
    def each(name: str) -> str:
        values: list[Any] = [run.taken.stats[name] for run in runs]
        return f"{statistics.median(values):g}"

    lost = [run.lost for run in runs]
    return [
        each("requests"),
        each("err429"),
        str(max(run.taken.stats["peak_concurrency"] for run in runs)),
        "/".join(dict.fromkeys(run.accuracy for run in runs)),
        "/".join(map(str, lost)) if any(lost) else "0",
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--settings", nargs="*", choices=SETTINGS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--bench", type=Path, metavar="FOLDER")
    parser.add_argument("--venvs", type=Path, metavar="FOLDER")
    parser.add_argument("--peers", nargs="*", metavar="NAME")
    parser.add_argument("--python", default=sys.executable, help="has the plugin")
    options = parser.parse_args()
    if (options.bench is None) != (options.venvs is None):
        parser.error("--bench and --venvs go together")
    default = ["A"] if options.quick else [] if options.own else list(SETTINGS)
    program, python = None, ""
    if options.bench is not None:
        program = options.bench / "server.py"
        python = str(options.venvs / "client" / "bin" / "python")
    with endpoint(program, python) as server:
        all_programs = [floor(), ours(options.python)]
        if options.bench is not None:
            others = peers(options.bench, options.venvs.resolve(), server)
            wanted = options.peers
            all_programs += [
                each for each in others if wanted is None or each.name in wanted
            ]
        last = ""
        for key in options.settings if options.settings is not None else default:
            setting = SETTINGS[key]
            taking_part = [
                each for each in all_programs if each.takes_part(key, setting)
            ]
            outcomes = rounds_of(setting, taking_part, server, options.rounds)
            print(f"\n{key}: {setting.title} (ideal span {setting.ideal_s:.2f} s)\n")
            print("\n".join(table(setting, outcomes)), flush=True)
            if key == "A":
                ratio = ratio_to(outcomes[OURS], outcomes[FLOOR])
                last = f"A wall/floor = {ratio:.2f}"
        if options.own:
            own.show(server, options.python, options.rounds)
    if last:
        print(f"\n{last}")


if __name__ == "__main__":
    main()
