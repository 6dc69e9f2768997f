"""Re-checks: every other prompt test that a proposal touches, with and without it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.configuration import is_worker
from pytest_promptopt.errors import PatchError, PromptOptError
from pytest_promptopt.gate.limits import read_limit
from pytest_promptopt.items.again import RESULT, run_again
from pytest_promptopt.items.side_by_side import most_calls, side_by_side
from pytest_promptopt.items.touching import Touched, change_of, touched, unchecked
from pytest_promptopt.records import RECHECKS, Recheck
from pytest_promptopt.wording import count, first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.items.single import SingleCase
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.records import TestResult, Verdict
    from pytest_promptopt.suite import PromptSuite

ENDED = "the run ended before its turn"


@dataclass(kw_only=True)
class Due:
    """What one proposal has to be re-checked on.

    Attributes:
        budget: What the calls are taken from: that of the search.
        left: Calls that the search has left, replays counted as calls, so that a run
            which is repeated takes the same path; ``None``: no limit.
        waiting: The tests to run, by node id.
        found: What is known, by node id; of a waiting test, that it was not its turn.
    """

    budget: Budget
    left: int | None
    waiting: dict[str, Touched] = field(default_factory=dict)
    found: dict[str, Recheck] = field(default_factory=dict)

    @property
    def rechecks(self) -> tuple[Recheck, ...]:
        """What is known, by node id."""
        return tuple(self.found[nodeid] for nodeid in sorted(self.found))

    @property
    def is_refuted(self) -> bool:
        """Whether a test got worse with the edit."""
        return any(recheck.outcome == "fail" for recheck in self.found.values())


class Rechecks:
    """Finds out what proposals do to other prompt tests of this process.

    Args:
        suite: Reads prompt tests.
        collected: All collected prompt tests, also those that ``-k`` took away.
    """

    def __init__(self, suite: PromptSuite, collected: Sequence[pytest.Item]) -> None:
        self._suite = suite
        self._collected = sorted(collected, key=lambda item: item.nodeid)
        self._due: dict[str, Due] = {}

    def note(self, item: pytest.Item, conduct: Conduct | SingleCase) -> None:
        """Note which tests an item's proposal is to be re-checked on, if it has one."""
        result, driver = item.stash.get(RESULT, None), getattr(conduct, "driver", None)
        if result is not None and driver is not None:
            item.stash[RESULT] = self._noted(result, driver.budget)

    def _noted(self, result: TestResult, budget: Budget) -> TestResult:
        """Note which tests a proposal touches.

        Args:
            result: The result of a search.
            budget: What its calls were taken from.

        Returns:
            The same with all of them as not re-checked, which stands if the run ends
            before their turn.
        """
        self._due.pop(result.nodeid, None)  # that of a test which is run again
        search = result.search
        if search is None or search.proposal is None:
            return result
        try:
            change = change_of(search.proposal)
        except PatchError:
            return result  # it cannot be written either, and that is said there
        left = None if budget.calls is None else budget.calls - search.calls
        due = Due(budget=budget, left=left)
        for item in self._collected:
            if item.nodeid == result.nodeid:
                continue
            found = touched(item, change, self._suite.test_of)
            if isinstance(found, Touched):
                due.waiting[item.nodeid] = found
                found = unchecked(item, ENDED)
            if found is not None:
                due.found[item.nodeid] = found
        if due.found:
            self._due[result.nodeid] = due
        return replace(result, rechecks=due.rechecks)

    def run(self) -> None:
        """Re-check what is due; no item may be set up."""
        for due in self._due.values():
            hypotheses = sum(map(self._hypotheses_of, due.waiting.values()))
            for nodeid, entry in due.waiting.items():
                if due.is_refuted:
                    # It is withdrawn whatever the others say.
                    del due.found[nodeid]
                    continue
                due.found[nodeid] = self._checked(entry, due, hypotheses)
                self._tell()
            self._tell()

    def _tell(self) -> None:
        """Hand over what is known so far; a worker has no controller."""
        told = self._suite.disclosure.rechecks
        data = {
            nodeid: [recheck.to_json() for recheck in told(due.rechecks)]
            for nodeid, due in self._due.items()
        }
        text, config = json.dumps(data, allow_nan=False), self._suite.config
        if is_worker(config):
            config.workeroutput[RECHECKS] = text  # type: ignore[attr-defined]
            return
        controller: Any = config.pluginmanager.get_plugin("promptopt-controller")
        controller.take_rechecks(text)

    def _hypotheses_of(self, entry: Touched) -> int:
        try:
            return 1 + len(self._suite.reference_for(entry.item).limits)
        except Exception:  # noqa: BLE001 - said when its own turn comes
            return 1

    def _checked(self, entry: Touched, due: Due, hypotheses: int) -> Recheck:
        try:
            return self._recheck(entry, due, hypotheses)
        except PromptOptError as error:
            return unchecked(entry.item, error.problem)
        except pytest.exit.Exception:  # it is an Exception, and ends the run
            raise
        except Exception as error:  # noqa: BLE001 - a hook's, and the run is over
            told = f"{type(error).__name__}: {first_line(error)}"
            return unchecked(entry.item, told)

    def _recheck(self, entry: Touched, due: Due, hypotheses: int) -> Recheck:
        record = self._suite.reference_for(entry.item).record
        calls = most_calls(entry.test, record)
        if due.left is not None and calls > due.left:
            return unchecked(
                entry.item,
                f"it may take {count(calls, 'call')}, and {max(0, due.left):,} of the "
                f"{due.budget.calls:,} of this search are left: raise "
                "--promptopt-budget",
            )
        conduct = side_by_side(
            entry, self._suite, budget=due.budget, hypotheses=hypotheses
        )
        told = run_again(entry.item, conduct)
        tally = conduct.tally
        spent = tally.calls + tally.cached + tally.runs
        if due.left is not None:
            due.left -= spent
        if isinstance(told, str):
            found = unchecked(entry.item, told)
        else:
            found = _recheck_of(entry, told.verdict, conduct.reference.min_score)
        return replace(found, calls=tally.calls, cached=tally.cached, runs=tally.runs)


def _recheck_of(entry: Touched, verdict: Verdict, floor: float | None) -> Recheck:
    if verdict.outcome == "error":
        return unchecked(entry.item, _told(verdict.message) or verdict.cause)
    outcome, message = verdict.outcome, _told(verdict.message)
    if outcome == "fail" and _was_so(verdict, floor):
        outcome, message = "inconclusive", f"{message}; so it does without the edit"
    return Recheck(
        nodeid=entry.test.nodeid,
        selector=entry.test.selector,
        outcome=outcome,
        cause=verdict.cause,
        message=message,
        before=verdict.baseline_accuracy,
        after=verdict.accuracy,
        p_value=verdict.p_value,
        limit=verdict.limit,
        cases=verdict.cases,
        trials=verdict.trials,
    )


def _told(message: str) -> str:
    """Return a message on one line; its hint is for the test's own run."""
    lines = [line.strip() for line in message.splitlines()]
    return "; ".join(line for line in lines if line and not line.startswith("hint:"))


def _was_so(verdict: Verdict, floor: float | None) -> bool:
    """Return whether what fails a test fails it without the edit, too."""
    if verdict.cause == "floor":
        was = verdict.baseline_accuracy
        return floor is not None and was is not None and was < floor
    if verdict.cause != "limit":
        return False
    exceeded = [check for check in verdict.limits if check.state == "exceeded"]
    return all(_is_beyond(check.limit, check.was) for check in exceeded)


def _is_beyond(text: str, was: float) -> bool:
    limit = read_limit(text)
    return limit.factor == 0.0 and limit.excess(was, was) > 0
