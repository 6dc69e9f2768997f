"""The cost of a case in instructions, which no other work on a machine changes.

    python benchmarks/instructions.py [--numbers 32 100 1000]

Processor time of the 68 cases between 32 and 100 is 14 ms of 400 and more: on a shared
machine two equal runs differ by more. Cachegrind, which has to be installed, counts
what is executed instead; a run takes some 15 times as long, and 10,000 cases minutes.
What threads cost each other on two cores is not in it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys

from measuring import Endpoint, endpoint, scratch
from project import Project, environment, plugins

_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
_COUNTER = ("valgrind", "--tool=cachegrind", "--cache-sim=no")


def main() -> None:
    """Print one line for each number of cases; the first one stands for start-up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", nargs="+", type=int, default=[32, 100, 1_000])
    parser.add_argument("--python", default=sys.executable, help="has the plugin")
    options = parser.parse_args()
    print("| cases | million instructions | a case, without start-up |\n|---|---|---|")
    few, *others = options.numbers
    with endpoint() as server:
        _millions(server, options.python, few)  # writes byte code
        start = _millions(server, options.python, few)
        print(f"| {few:,} | {start:,.0f} | |", flush=True)
        for number in others:
            took = _millions(server, options.python, number)
            each = (took - start) / (number - few)
            print(f"| {number:,} | {took:,.0f} | {each:.3f} |", flush=True)


def _millions(server: Endpoint, python: str, number: int) -> float:
    """Return what one run with an empty cache executes, in millions."""
    with scratch() as folder:
        project = Project(path=folder, number=number, python=python)
        project.write(server.url)
        server.reset()
        command = [*_COUNTER, f"--cachegrind-out-file={folder}/counts", python]
        ended = subprocess.run(
            [*command, "-m", "pytest", "-q", *plugins(python)],
            cwd=folder,
            env={**environment(folder), "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    counted = _COUNTED.search(ended.stderr)
    if ended.returncode or counted is None:
        raise SystemExit(f"not counted: {ended.stdout}{ended.stderr}")
    return int(counted[1].replace(",", "")) / 1e6


if __name__ == "__main__":
    main()
