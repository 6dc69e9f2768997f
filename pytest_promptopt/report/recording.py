"""What is said about a recording before it costs anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 4
"""Prompt tests that an estimate names; the rest are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One baseline that is going to be recorded.

    Attributes:
        name: Name of the prompt test, e.g. ``"test_triage"``.
        cases: How many cases it has.
        trials: Trials per case.
        model: Name of the task model.
        calls_known: Whether each trial is one call: not where the body takes
            ``prompt``, so that the application makes its own.
        judged: Calls of a judge that come on top, at most.
    """

    name: str
    cases: int
    trials: int
    model: str
    calls_known: bool = True
    judged: int = 0

    @property
    def replies(self) -> int:
        """Trials of all cases; as many calls, if :attr:`calls_known`."""
        return self.cases * self.trials

    @property
    def calls(self) -> int:
        """The calls that are known, a judge's included."""
        return (self.replies if self.calls_known else 0) + self.judged


def estimate(tests: Sequence[Recording]) -> list[str]:
    """Say what a recording is going to ask of the models.

    An estimate from above: a run that was stopped finds its replies in the cache.

    Args:
        tests: What is going to be recorded, in the order of the run.

    Returns:
        Lines of text, the largest recordings first: at most ``SHOWN`` + 2, none if
        there is nothing to record.
    """
    if not tests:
        return []
    total = f"{_prompt_tests(tests)}, {_calls(tests)}"
    if len(tests) == 1:
        return [f"baselines to record: {total}: {_entry(tests[0])}"]
    # Stable: recordings of one size stay in the order of the run.
    largest = sorted(tests, key=lambda test: -(test.replies + test.judged))
    lines = [f"  {_entry(test)}" for test in largest[:SHOWN]]
    rest = largest[SHOWN:]
    if rest:
        lines.append(f"  and {_prompt_tests(rest)} more, {_calls(rest)}")
    return [f"baselines to record: {total}", *lines]


def _entry(test: Recording) -> str:
    size = f"{count(test.cases, 'case')} x {count(test.trials, 'trial')}, {test.model}"
    calls = f"{test.calls:,}" if test.calls_known else "unknown"
    if test.judged:
        size += f"; up to {test.judged:,} to judge them"
    return f"{test.name} {calls} ({size})"


def _prompt_tests(tests: Sequence[Recording]) -> str:
    return count(len(tests), "prompt test")


def _calls(tests: Sequence[Recording]) -> str:
    known = sum(test.calls for test in tests)
    if all(test.calls_known for test in tests):
        return count(known, "call")
    if not known:
        return "an unknown number of calls by the application"
    return f"{count(known, 'call')} and an unknown number by the application"
