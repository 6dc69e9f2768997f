"""How far a run is, in one line."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_promptopt.report.plain import plain
from pytest_promptopt.wording import count, percent

SHORTEST = 20
"""Columns below which a line says nothing that could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far one prompt test is.

    Attributes:
        name: Of the test, as its node id ends.
        done: Trials that have been judged, from 0.
        total: All trials that were asked for; 0 where nobody knows, as in a search.
        unit: What is counted: ``"case"``, or ``"trial"`` where a case has several.
        accuracy: Mean score of the prompt under test so far, in [0, 1]; ``None`` where
            there is none, or where it would mix several prompts.
        calls_per_s: Calls answered by a model in a second; 0 from the cache.
        cost: What the calls cost so far, in US dollars; ``None``: not known.
        repeated: Requests that had to be sent again.
        searching: Whether this is a search, and no measurement.
    """

    name: str
    done: int
    total: int
    unit: str = "case"
    accuracy: float | None = None
    calls_per_s: float = 0.0
    cost: float | None = None
    repeated: int = 0
    searching: bool = False


def standing_line(standing: Standing, width: int = 1000) -> str:
    """Return one line of ASCII that is shorter than a terminal is wide.

    What matters least is left out first: the name at the end of all, since the line
    above has it.

    Args:
        standing: How far the test is.
        width: Columns of the terminal; the last one stays free.

    Returns:
        Such as ``"test_sort: 412 of 1,000 cases, 81.3% right so far, 640 calls/s"``;
        empty if there are too few columns for anything.
    """
    room = width - 1
    if room < SHORTEST:
        return ""
    name, parts = _ascii(standing.name), _parts(standing)
    for shown in range(len(parts), 0, -1):
        line = f"{name}: {', '.join(parts[:shown])}"
        if len(line) <= room:
            return line
    return parts[0][:room]


KEPT = "the replies that came are kept; run it again to go on"


def interrupted_line(done: int, total: int, calls: int, cached: int) -> str:
    """Return what a run had done when it was interrupted, and how to go on.

    Args:
        done: Trials judged, of all prompt tests that had begun.
        total: Trials asked for.
        calls: Replies that models gave.
        cached: Replies from the cache.
    """
    if not total:
        return f"interrupted: {KEPT}"
    judged = f"{done:,} of {count(total, 'trial')} judged"
    return f"interrupted after {judged}, {_asked(calls, cached)}: {KEPT}"


def workers_interrupted_line(tests: int, calls: int, cached: int) -> str:
    """Return the same of a run whose workers have not told what they had begun.

    Args:
        tests: Prompt tests that had ended.
        calls: Replies that models gave for them.
        cached: Replies from the cache.
    """
    return (
        f"interrupted after {count(tests, 'prompt test')}, {_asked(calls, cached)}, "
        f"beside what the workers had begun: {KEPT}"
    )


def _asked(calls: int, cached: int) -> str:
    told = count(calls, "call")
    return f"{told}, {cached:,} from the cache" if cached else told


def _parts(standing: Standing) -> list[str]:
    if standing.searching:
        parts = [f"searching, {count(standing.done, 'trial')} so far"]
    else:
        parts = [f"{standing.done:,} of {count(standing.total, standing.unit)}"]
    if standing.accuracy is not None:
        parts.append(f"{percent(standing.accuracy)} right so far")
    if standing.calls_per_s:
        rate = standing.calls_per_s
        parts.append(f"{rate:,.0f} calls/s" if rate >= 10 else f"{rate:.1f} calls/s")
    if standing.cost:
        parts.append(f"${standing.cost:,.2f}")
    if standing.repeated:
        parts.append(f"{count(standing.repeated, 'request')} sent again")
    return parts


def _ascii(text: str) -> str:
    """Return text that any terminal shows in as many columns as it has characters."""
    line = " ".join(plain(text).split())
    return line.encode("ascii", "backslashreplace").decode("ascii")
