"""From a prompt test's verdict to pytest's outcome and what rides on its report."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt import gate
from pytest_promptopt.errors import (
    BudgetExhausted,
    ModelError,
    PromptOptError,
    PromptOptWarning,
)
from pytest_promptopt.items import marker
from pytest_promptopt.items.again import RESULT
from pytest_promptopt.items.committed import selector
from pytest_promptopt.items.conduct import Conduct
from pytest_promptopt.records import Remark, TestResult
from pytest_promptopt.report import terminal
from pytest_promptopt.report.bare_error import bare_error
from pytest_promptopt.report.plain import plain

if TYPE_CHECKING:
    from typing import NoReturn

    from pytest_promptopt.items.single import SingleCase
    from pytest_promptopt.records import Verdict
    from pytest_promptopt.suite import PromptSuite

COVERED = Remark(kind="xfail", text="its xfail marker keeps this from failing the run")
SKIPPED = Remark(
    kind="outage",
    text="skipped without being judged, as promptopt_on_outage says: run it again",
)


class Settlement:
    """Turns the verdicts of one process into pytest's outcomes.

    Args:
        suite: The prompt tests.
    """

    def __init__(self, suite: PromptSuite) -> None:
        self._suite = suite
        self._said: dict[str, str] = {}

    def settle(self, item: pytest.Function, conduct: Conduct | SingleCase) -> None:
        """Turn the verdict into pytest's outcome: return, warn, skip or raise."""
        result = item.stash.get(RESULT, None)
        if result is None:
            return
        first = conduct.first_failure()
        if not isinstance(conduct, Conduct):  # a look at one case
            if first is not None:
                raise first
            return
        verdict = result.verdict
        stops = verdict.outcome in ("fail", "error") or (
            verdict.outcome == "inconclusive" and "inconclusive" in self._suite.fail_on
        )
        if self._skips(conduct, verdict):
            result = replace(result, remarks=(*result.remarks, SKIPPED))
            item.stash[RESULT] = result
        if not stops and (
            verdict.outcome == "inconclusive"
            or verdict.cause in ("report only", "accepted")
        ):
            told = terminal.one_line(result)
            if verdict.outcome == "pass":  # then the figures do not say what is wrong
                told = f"pass ({verdict.cause}): {verdict.message}"
            _warn(item, f"{result.prompt}: {told}")
        _warn_beside(item, result)
        if SKIPPED in result.remarks:
            reason = plain(f"{result.prompt}: {terminal.one_line(result)}")
            raise pytest.skip.Exception(reason, _use_item_location=True)
        if stops:
            failure = self._failure(result)
            checked = verdict.outcome != "error"
            if first is not None and (checked or verdict.cause == "test"):
                # --pdb then stops where the first failed case was checked.
                failure = failure.with_traceback(first.__traceback__)
            raise failure

    def fail(
        self,
        item: pytest.Function,
        error: PromptOptError,
        conduct: Conduct | SingleCase | None,
    ) -> NoReturn:
        """Fail an item that could not be judged.

        Args:
            item: The item.
            error: Why not.
            conduct: How far it was judged, if it was begun.
        """
        result = TestResult(
            nodeid=item.nodeid,
            selector=selector(item),
            prompt=_label(item),
            model="",
            verdict=_could_not_be_judged(error),
            calls=conduct.tally.calls if conduct is not None else 0,
            cached=conduct.tally.cached if conduct is not None else 0,
            runs=conduct.tally.runs if conduct is not None else 0,
            line=(item.location[1] or 0) + 1,
        )
        item.stash[RESULT] = result = self._suite.disclosure.result(result)
        raise self._failure(result) from None

    def _skips(self, conduct: Conduct, verdict: Verdict) -> bool:
        """Return whether a test is skipped since the provider was away."""
        away = verdict.outcome == "error" and verdict.cause == "provider"
        return away and conduct.rounds.met_outage and self._suite.skips_outages

    def _failure(self, result: TestResult) -> BaseException:
        text = terminal.failure(result, already=self._first_with_same(result))
        return pytest.fail.Exception(plain(text), pytrace=False)

    def _first_with_same(self, result: TestResult) -> str | None:
        """Return the test that failed with the same error before, if one did."""
        verdict = result.verdict
        if verdict.outcome != "error" or verdict.cause == "test":
            return None
        reason = verdict.message
        if verdict.cause != "setup":  # there each file and value is one to mend
            reason = reason.rpartition("hint:")[2].strip() or reason
        first = self._said.setdefault(reason, result.nodeid)
        return None if first == result.nodeid else first


def ride(
    report: pytest.TestReport, call: pytest.CallInfo[None], result: TestResult
) -> None:
    """Let a result ride on the report of its item's call, as one ASCII string."""
    unsure = result.verdict.outcome in ("error", "inconclusive")
    if unsure and report.outcome == "skipped" and SKIPPED not in result.remarks:
        # xfail covers a prompt that got worse, not a run that cannot tell.
        report.outcome = "failed"
        del report.wasxfail
        report.longrepr = str(call.excinfo.value) if call.excinfo else "error"
    if hasattr(report, "wasxfail") and result.verdict.outcome == "fail":
        result = replace(result, remarks=(*result.remarks, COVERED))
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and report.outcome == "failed":
        # Pytest repeats it in its short summary, under CI at full length.
        crash.message = plain(f"{result.prompt}: {terminal.one_line(result)}")
    report.promptopt = json.dumps(result.to_json(), allow_nan=False)  # type: ignore[attr-defined]


def _could_not_be_judged(error: PromptOptError) -> Verdict:
    told, bare = str(error), bare_error(error)
    if isinstance(error, BudgetExhausted):
        return gate.error("budget", told, bare=bare)
    if isinstance(error, ModelError):
        return gate.error("provider", told, bare=bare, retryable=error.retryable)
    return gate.error("setup", told, bare=bare)


def _label(item: pytest.Function) -> str:
    """Return what messages call an item's prompt, also if its marker is faulty."""
    mark = marker.closest(item)
    if mark is None:
        return item.name
    try:
        return marker.read(mark).label
    except PromptOptError:
        roles = [mark.kwargs[role] for role in marker.ROLES if role in mark.kwargs]
        return " + ".join(map(str, [*mark.args, *roles])) or item.name


def _warn_beside(item: pytest.Function, result: TestResult) -> None:
    """Warn of what is to be known beside the verdict."""
    for remark in result.remarks:
        _warn(item, f"{result.prompt}: {remark.kind}: {remark.text}")
    if result.search is not None and result.search.outcome == "error":
        _warn(item, f"{result.prompt}: search failed: {result.search.message}")


def _warn(item: pytest.Function, text: str) -> None:
    try:
        warnings.warn_explicit(
            PromptOptWarning(plain(text)),
            None,
            str(item.path),
            (item.location[1] or 0) + 1,
        )
    except PromptOptWarning:
        # -W error must not turn a verdict; the summary says it in any case.
        return
