"""Prints OPRO's two tables.

python tables.py                                # scripted: no key, no network
python tables.py --model openai:gpt-5-mini --runs 1
"""

from __future__ import annotations

import argparse
import sys

import linear_regression
import travelling_salesman
from scripted import Scripted


def main(arguments: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="OPRO's mathematical tasks")
    parser.add_argument("--model", help="a real model, such as openai:gpt-5-mini")
    parser.add_argument("--runs", type=int, default=5, help="of each row")
    parser.add_argument("--steps", type=int, default=60, help="of a run at most")
    parser.add_argument("--small", action="store_true", help="a row of each table")
    given = parser.parse_args(arguments)
    name, model = given.model or "scripted", given.model or Scripted()
    settings, sizes = linear_regression.SETTINGS, travelling_salesman.SIZES
    if given.small:
        settings, sizes = settings[:1], sizes[:1]
    pairs = [
        linear_regression.row(w, b, model, runs=given.runs, steps=given.steps)
        for w, b in settings
    ]
    print(linear_regression.table(pairs, given.runs, name))
    print()
    tours = [
        travelling_salesman.row(size, model, instances=given.runs, steps=given.steps)
        for size in sizes
    ]
    print(travelling_salesman.table(tours, given.runs, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
