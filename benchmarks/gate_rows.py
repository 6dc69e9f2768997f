"""The lines of the table of the gate's error rates, and what each of them must be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gate_runs import SUITE, Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

MANY = (1, 5, 20, 50)
NOISE = (0.0, 0.1, 0.4, 2.0)
NOISY = NOISE[1:]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What is shown.
        cells: Where; the worst of them is shown.
        said: What is counted, e.g. ``"fail"``.
        many: Number of edited prompt tests that it is counted for.
        tests: Prompt tests whose rates make up the one shown.
        most: What the figure may be at most, in percent, or calls per case.
        least: What it must be at least.
        bound: Whether the upper end of the interval must keep ``most``, too.
    """

    what: str
    cells: tuple[Cell, ...]
    said: str = "fail"
    many: int = 1
    tests: int = 1
    most: float | None = None
    least: float | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading.

    Attributes:
        title: The heading.
        rows: The lines.
        times: How many times the usual repetitions they take, for each noise: the rarer
            what is counted, and the nearer to what it may be, the more.
        peers: Whether the other rules have a say.
    """

    title: str
    rows: tuple[Row, ...]
    times: Mapping[float, float] = field(default_factory=lambda: _evenly(1))
    peers: bool = True


def sections(*, quick: bool) -> list[Section]:
    """Return the table to be; the quick one leaves out the dear rows."""
    noisy = NOISY[1:] if quick else NOISY
    sizes = (50,) if quick else (50, 100, 300)
    steady = [] if quick else [_many_cases()]
    return [
        alarms(quick=quick),
        *steady,
        *(_drifted(points, noisy, 0.05 if quick else 1) for points in (3, 5)),
        _whole_suites(noisy),
        _must_pass(noisy, 0.05 if quick else 1),
        _churn(),
        power(),
        _smallest(sizes, noisy),
        _calls(),
        _drift(noisy),
    ]


def alarms(*, quick: bool) -> Section:
    """Return the rows of suites in which nothing happened."""
    cells = tuple(Cell("nothing", 50, s, MANY) for s in NOISE)
    title = "suites with a false alarm: an edit without effect"
    return Section(title, _in_suites(cells), times=_many(1.3 if quick else 1))


def _evenly(times: float) -> Mapping[float, float]:
    return dict.fromkeys(NOISE, times)


def _many(share: float) -> Mapping[float, float]:
    """Return so many repetitions that the bounds keep 5 % among 50 prompt tests."""
    return {0.0: 20 * share, 0.1: 20 * share, 0.4: 40 * share, 2.0: 120 * share}


def power() -> Section:
    """Return the rows of prompts that did get worse."""
    least = {
        ("drop 10", 50, 1): 95,
        ("drop 10", 100, 1): 98,
        ("drop 10", 50, 20): 92,
        ("drop 10", 100, 20): 97,
        ("drop 5", 100, 1): 80,
        ("drop 5", 300, 1): 97,
    }
    rows = [
        Row(
            f"{world}, n = {n}, M = {many}",
            (Cell(world, n, 0.4, (1, 20)),),
            many=many,
            least=least.get((world, n, many)),
        )
        for world in ("drop 10", "drop 5")
        for many in (1, 20)
        for n in (20, 50, 100, 300)
    ]
    both = Cell("up 5, down 5", 100, 0.4)
    rows.append(Row("model up 5, prompt down 5, n = 100, M = 1", (both,), least=75))
    title = "true drops found: concentrated in a few cases, in points, s = 0.4"
    return Section(title, tuple(rows), times=_evenly(2))


def _in_suites(
    cells: tuple[Cell, ...], numbers: tuple[int, ...] = MANY
) -> tuple[Row, ...]:
    return tuple(
        Row(
            f"n = {cells[0].n}, M = {many}",
            cells,
            many=many,
            tests=many,
            most=5,
            bound=True,
        )
        for many in numbers
    )


def _many_cases() -> Section:
    cells = tuple(Cell("nothing", 100, s, (1, 5)) for s in NOISY)
    title = "the same with 100 cases, two trials a look"
    return Section(title, _in_suites(cells, (1, 5)), times=_many(0.1))


def _drifted(points: int, noisy: tuple[float, ...], share: float) -> Section:
    cells = tuple(Cell(f"drift {points}", 50, s, MANY) for s in noisy)
    title = f"the same, and the provider's model fell {points} points since the record"
    return Section(title, _in_suites(cells), times=_many(share))


def _whole_suites(noisy: tuple[float, ...]) -> Section:
    rows = tuple(
        Row(
            f"n = 50, {words}",
            tuple(Cell(world, 50, s, MANY) for s in noisy),
            said="suite",
            many=SUITE,
            most=5,
        )
        for world, words in (("nothing", "no effect"), ("drift 5", "drift 5"))
    )
    title = f"the same, suites of {SUITE} drawn as a whole"
    return Section(title, rows, peers=False)


def _must_pass(noisy: tuple[float, ...], share: float) -> Section:
    cells = tuple(Cell("nothing", 50, s, MANY, must_pass=0.1) for s in noisy)
    title = "the same, 10 % of the cases must pass"
    return Section(title, _in_suites(cells), times=_many(share))


def _churn() -> Section:
    rows = tuple(
        Row(f"n = {n}, s = {s:g}", (Cell("churn", n, s),), most=10)
        for n in (50, 100)
        for s in (0.0, 0.1, 0.4)
    )
    title = "alarms at churn: 10 % of the cases redrawn, no true change, M = 1"
    return Section(title, rows, times=_evenly(2))


def _smallest(sizes: tuple[int, ...], noisy: tuple[float, ...]) -> Section:
    rows = tuple(
        Row(
            f"n = {n}, M = {many}",
            tuple(Cell("smallest", n, s, (many,)) for s in noisy),
            many=many,
            least=64,
        )
        for n in sizes
        for many in (1, 20)
    )
    title = "true drops found: as large as the smallest that is printed (about 80)"
    return Section(title, rows)


def _calls() -> Section:
    called = Cell("nothing", 100, 0.4, edited=False)
    rows = [Row("unedited, called (carried over: 0)", (called,), said="calls", most=1)]
    rows += [
        Row(f"edited, n = {n}, {words}", (cell,), said="calls", most=most)
        for n, most in ((50, 9), (100, 6), (300, 6))
        for words, cell in (
            ("no effect", Cell("nothing", n, 0.4, MANY if n == 50 else (1, 5))),
            ("drop 10", Cell("drop 10", n, 0.4, (1, 20))),
        )
    ]
    return Section("calls per case, M = 1, s = 0.4", tuple(rows), peers=False)


def _drift(noisy: tuple[float, ...]) -> Section:
    rows = tuple(
        Row(
            f"{words}, suite of {size}",
            tuple(Cell(world, 100, s, edited=False) for s in where),
            said="drift",
            many=size,
            most=most,
        )
        for world, words, where, most in (
            ("nothing", "no drift", noisy, 5),
            ("drift 3", "the model fell 3 points", (0.4,), None),
            ("drift 5", "the model fell 5 points", (0.4,), None),
        )
        for size in (1, SUITE)
    )
    title = "drift said: unedited prompts called once, n = 100"
    return Section(title, rows, peers=False)
