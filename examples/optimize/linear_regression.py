"""Linear regression by asking a model for pairs (w, b), as in section 3.1 of OPRO.

The model sees pairs that were tried and the sum of squared residuals of each; never the
points, nor the formula. A run succeeds once it proposes the very pair that the points
were made with.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from statistics import fmean, pstdev

from pytest_promptopt import Attempt, Optimized, optimize_text

SETTINGS = ((15, 14), (17, 17), (16, 10), (3, 5), (25, 23), (2, 30), (36, -1))
"""The true (w, b) of the paper: three inside the region of the seeds, four outside."""

POINTS = range(1, 51)
SEEDS = 5
PAIR = re.compile(r"w=(-?\d{1,4}), b=(-?\d{1,4})")

PROBLEM = """\
Find whole numbers w and b for which the value of a function is as low as possible.
A solution is written as w=3, b=-4."""


@dataclass(frozen=True)
class Row:
    """One setting, over its runs."""

    w: int
    b: int
    solved: int
    steps: list[int]
    pairs: list[int]

    @property
    def region(self) -> str:
        """Where it is, seen from the seeds in [10, 20] x [10, 20]."""
        away = [max(10 - x, x - 20, 0) for x in (self.w, self.b)]
        if not any(away):
            return "inside"
        return "near" if max(away) < 10 else "far"


def read(text: str) -> tuple[int, int] | None:
    """Read a pair."""
    found = PAIR.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def wrong(text: str) -> str | None:
    """Say why a text is no pair."""
    return None if read(text) else "no pair of whole numbers"


def points(w: int, b: int, draws: random.Random) -> list[tuple[int, float]]:
    """Draw the points: y = w x + b, and noise of standard deviation 1."""
    return [(x, w * x + b + draws.gauss(0, 1)) for x in POINTS]


def start(draws: random.Random) -> list[str]:
    """Draw the seeds."""
    return [
        f"w={draws.randint(10, 20)}, b={draws.randint(10, 20)}" for _ in range(SEEDS)
    ]


def search(w: int, b: int, seed: int, model, steps: int) -> Optimized:
    """Search once."""
    data = points(w, b, random.Random(f"noise {seed}"))

    def residuals(text: str) -> float:
        slope, offset = read(text)
        return -sum((y - slope * x - offset) ** 2 for x, y in data)

    def found(attempt: Attempt) -> bool:
        return read(attempt.text) == (w, b)

    return optimize_text(
        residuals,
        start(random.Random(f"start {seed}")),
        "opro",
        model,
        problem=PROBLEM,
        steps=steps,
        patience=steps,
        seed=seed,
        check=wrong,
        show=lambda value: str(int(-value)),
        until=found,
    )


def row(w: int, b: int, model, *, runs: int = 5, steps: int = 200) -> Row:
    """Run one setting several times; steps and pairs count in runs that succeed."""
    done = [search(w, b, seed, model, steps) for seed in range(1, runs + 1)]
    solved = [result for result in done if result.stopped == "until"]
    return Row(
        w=w,
        b=b,
        solved=len(solved),
        steps=[result.history[-1].step for result in solved],
        pairs=[len({read(one.text) for one in result.history}) for result in solved],
    )


def told(numbers: list[int]) -> str:
    """Write mean and standard deviation."""
    return f"{fmean(numbers):.1f} ± {pstdev(numbers):.1f}" if numbers else "-"


def table(rows: list[Row], runs: int, model_name: str) -> str:
    """Write the table as the paper has it."""
    lines = [
        f"linear regression, {model_name} model: mean ± sd over {runs} runs",
        f"{'w':>4} {'b':>4}  {'region':<7} {'solved':>7} {'steps':>13} "
        f"{'unique pairs':>14}",
    ]
    lines += [
        f"{one.w:>4} {one.b:>4}  {one.region:<7} {one.solved:>3} of {runs} "
        f"{told(one.steps):>12} {told(one.pairs):>14}"
        for one in rows
    ]
    return "\n".join(lines)
