"""The travelling salesman by asking a model for tours, as in section 3.2 of OPRO.

The model sees where the places are, and tours that were tried with their lengths. Two
classic rules of thumb are held beside it. How far each is from the best tour is told as
the optimality gap; the best tour is proved by dynamic programming up to 12 places, and
the best that any of 30 descents by 2-opt and all methods here found beyond that.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, field
from statistics import fmean, stdev

from pytest_promptopt import Optimized, optimize_text

SIZES = (10, 15, 20, 50)
PROVED = 12
SEEDS = 5
METHODS = ("nearest neighbour", "farthest insertion", "model")

Places = list[tuple[int, int]]
Tour = list[int]


@dataclass(frozen=True)
class Row:
    """One number of places, over its instances."""

    size: int
    proved: bool
    gaps: dict[str, list[float]]
    steps: list[int] = field(default_factory=list)


def places(size: int, draws: random.Random) -> Places:
    """Draw the places."""
    return [(draws.randint(-100, 100), draws.randint(-100, 100)) for _ in range(size)]


def length(at: Places, tour: Tour) -> float:
    """Return the length of a round trip."""
    trip = zip(tour, [*tour[1:], tour[0]], strict=True)
    return sum(math.dist(at[one], at[other]) for one, other in trip)


def nearest_neighbour(at: Places) -> Tour:
    """Go to the nearest place that is left, starting from place 0."""
    tour, left = [0], set(range(1, len(at)))
    while left:
        here = at[tour[-1]]
        tour.append(min(left, key=lambda each: (math.dist(here, at[each]), each)))
        left.remove(tour[-1])
    return tour


def farthest_insertion(at: Places) -> Tour:
    """Put in the place that is farthest from the tour, where it costs least."""
    tour, left = [0], set(range(1, len(at)))
    while left:
        new = max(
            left, key=lambda each: (min(math.dist(at[each], at[x]) for x in tour), each)
        )
        left.remove(new)
        spots = range(1, len(tour) + 1)
        tour = min(
            ([*tour[:spot], new, *tour[spot:]] for spot in spots),
            key=lambda longer: length(at, longer),
        )
    return tour


def shortest(at: Places) -> float:
    """Return the length of the shortest tour; Held and Karp, up to 12 places."""
    others = range(1, len(at))
    ends = {(frozenset([last]), last): math.dist(at[0], at[last]) for last in others}
    for count in range(2, len(at)):
        for group in map(frozenset, itertools.combinations(others, count)):
            for last in group:
                rest = group - {last}
                ends[group, last] = min(
                    ends[rest, before] + math.dist(at[before], at[last])
                    for before in rest
                )
    return min(
        ends[frozenset(others), end] + math.dist(at[end], at[0]) for end in others
    )


def descended(at: Places, tour: Tour) -> Tour:
    """Turn stretches of a tour round as long as that makes it shorter (2-opt)."""
    size = len(tour)
    far = [[math.dist(one, other) for other in at] for one in at]
    better = True
    while better:
        better = False
        for i, j in itertools.combinations(range(size), 2):
            a, b = tour[i], tour[(i + 1) % size]
            c, d = tour[j], tour[(j + 1) % size]
            if far[a][c] + far[b][d] < far[a][b] + far[c][d] - 1e-9:
                tour = [*tour[: i + 1], *tour[i + 1 : j + 1][::-1], *tour[j + 1 :]]
                better = True
    return tour


def best_known(at: Places, draws: random.Random, tours: list[Tour]) -> float:
    """Return the length of the best tour that is known, of those given too."""
    if len(at) <= PROVED:
        return shortest(at)
    starts = [[0, *draws.sample(range(1, len(at)), len(at) - 1)] for _ in range(30)]
    found = [descended(at, tour) for tour in [*starts, *tours]]
    return min(length(at, tour) for tour in [*found, *tours])


def written(tour: Tour) -> str:
    """Write a tour."""
    return ",".join(map(str, tour))


def read(text: str, size: int) -> Tour | None:
    """Read a tour: every place once, place 0 first."""
    try:
        tour = [int(part) for part in text.split(",")]
    except ValueError:
        return None
    return tour if tour[0] == 0 and sorted(tour) == list(range(size)) else None


def search(at: Places, seed: int, model, steps: int, best: float | None) -> Optimized:
    """Search once; a tour of the best length, if that is known, ends it."""
    size, draws = len(at), random.Random(f"tours {seed}")
    listed = "\n".join(f"({number}): {x}, {y}" for number, (x, y) in enumerate(at))
    return optimize_text(
        lambda text: -length(at, read(text, size)),
        [written([0, *draws.sample(range(1, size), size - 1)]) for _ in range(SEEDS)],
        "opro",
        model,
        problem=(
            f"Find a short round trip through places 0 to {size - 1}. Place and its "
            f"coordinates:\n{listed}\nA solution names every place once, 0 first, and "
            "commas between. Its value is its length; the lower, the better."
        ),
        steps=steps,
        patience=steps,
        seed=seed,
        check=lambda text: None if read(text, size) else "no tour",
        show=lambda value: str(int(-value)),
        until=lambda one: best is not None and -one.value <= best + 1e-6,
    )


def row(size: int, model, *, instances: int = 5, steps: int = 100) -> Row:
    """Hold the methods against each other on several instances."""
    made = Row(size, size <= PROVED, {method: [] for method in METHODS})
    for seed in range(1, instances + 1):
        at = places(size, random.Random(f"places {size} {seed}"))
        tours = [nearest_neighbour(at), farthest_insertion(at)]
        draws = random.Random(f"descents {seed}")
        known = best_known(at, draws, tours)
        result = search(at, seed, model, steps, known)
        tours.append(read(result.best.text, size))
        known = min(known, length(at, tours[-1]))
        for method, tour in zip(METHODS, tours, strict=True):
            made.gaps[method].append(100 * (length(at, tour) / known - 1))
        if made.gaps["model"][-1] < 1e-6:
            made.steps.append(result.history[-1].step)
    return made


def told(numbers: list[float]) -> str:
    """Write mean and standard error."""
    if not numbers:
        return "-"
    error = stdev(numbers) / math.sqrt(len(numbers)) if len(numbers) > 1 else 0.0
    return f"{fmean(numbers):.1f} ± {error:.1f}"


def table(rows: list[Row], instances: int, model_name: str) -> str:
    """Write the table as the paper has it."""
    lines = [
        f"travelling salesman, {model_name} model: optimality gap in %, mean ± "
        f"standard error over {instances} instances",
        f"{'places':>6} {'nearest n.':>12} {'farthest i.':>12} {'model':>12} "
        f"{'steps (solved)':>18}  best tour",
    ]
    for one in rows:
        gaps = " ".join(f"{told(one.gaps[method]):>12}" for method in METHODS)
        solved = f"{told(one.steps)} ({len(one.steps)})"
        known = "proved" if one.proved else "best known"
        lines.append(f"{one.size:>6} {gaps} {solved:>18}  {known}")
    return "\n".join(lines)
