"""What the gate decides, and what a prompt test reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.records.base import Record
from pytest_promptopt.records.grounds import (
    CaseChange,
    LimitCheck,
    Redraw,
    TagAccuracy,
)
from pytest_promptopt.records.needed import Needed
from pytest_promptopt.records.rechecking import Recheck
from pytest_promptopt.records.recipient import Recipient
from pytest_promptopt.records.searching import Edit, SearchResult
from pytest_promptopt.records.source_change import SourceChange

if TYPE_CHECKING:
    from collections.abc import Mapping

Outcome = Literal["pass", "fail", "inconclusive", "error"]

_LISTS = (
    "removed",
    "changed",
    "added",
    "missing",
    "unscored",
    "pattern",
    "flaky",
    "broken",
    "undecided",
)


def _pair(value: Any) -> tuple[float, float] | None:
    return None if value is None else (value[0], value[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark(Record):
    """Something about a verdict that a reviewer must not miss: warned and annotated.

    Attributes:
        kind: One or two words: ``"accepted"``, ``"stale on main"``,
            ``"new prompt test"``, ``"limits changed"``, ``"baseline changed"``,
            ``"test changed"``, ``"must_pass"``, ``"judge"``, ``"judge changed"``,
            ``"outage"``, ``"xfail"``.
        text: One sentence.
    """

    kind: str
    text: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Remark:
        """Rebuild a remark written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """What the gate decided about one prompt test, and on what grounds.

    Attributes:
        outcome: ``"pass"``, ``"fail"``, ``"inconclusive"`` or ``"error"``.
        cause: One word or two: ``"better"``, ``"same"``, ``"unchanged"``,
            ``"drift"``, ``"accepted"``, ``"removed"``, ``"recorded"``, ``"kept"``,
            ``"report only"``, ``"floor"``, ``"one case"``; ``"worse"``,
            ``"must_pass"``, ``"limit"``, ``"floor"``, ``"no baseline"``;
            ``"unclear"``, ``"cases lost"``, ``"must_pass"``, ``"no baseline"``,
            ``"removed"``, ``"skipped"``, ``"not run"``, ``"provider"``, ``"budget"``;
            ``"provider"``, ``"budget"``, ``"test"``, ``"judge"``, ``"setup"``.
        message: The decision in one sentence.
        bare: The same without what cases, replies and endpoints have said in it; empty
            where a message that is no error's holds nothing of theirs.
        accuracy: Mean score in [0, 1]; ``None`` if nothing was scored.
        interval: 95 % interval of the accuracy.
        baseline_accuracy: The same of the baseline arm.
        baseline_interval: Its 95 % interval.
        p_value: One-sided p of the exact stratified test, if it was used.
        limit: What the p-value was held against; without one, what that of an edit
            would be.
        alpha: False alarms that the whole suite may raise, as a share of runs: what the
            limit is a part of.
        vital: How many ``must_pass`` cases can fail the build alone, and so have a part
            of ``alpha`` to themselves.
        sign_flip_p: Case-level one-sided mid-p, if it was used.
        detectable: Smallest drop, as a share, that this suite could have shown.
        trials: Trials per case and arm.
        look: Looks that were taken, from 1; 0 where none was.
        hypotheses: How many edited prompt tests, and limits of theirs, share the error
            rate (M).
        reference: What was compared with: ``"the baseline of 2026-11-20"``,
            ``"commit 1a2b3c4"``.
        retryable: Of an error: whether the same run may succeed later.
        pattern: What the broken cases share, one sentence each.
        tags: Accuracy per tag, by name.
        limits: The parts held against their limits.
        flaky: Compared cases whose recorded trials disagree.
        broken: The ``must_pass`` cases that the edit broke.
        undecided: Those of which that cannot be told.
        cases: How many cases were compared or scored.
        worse: Cases that got worse, worst first.
        better: Cases that got better, best first.
        removed: Baseline cases that are gone.
        changed: Cases whose content differs from the baseline's.
        added: Cases that the baseline does not have.
        missing: Cases with a trial that got no reply.
        unscored: Cases with replies that have no score, where the baseline arm or the
            record has one.
        baseline_date: Day of the baseline record, ISO 8601.
    """

    outcome: Outcome
    cause: str
    message: str = ""
    bare: str = ""
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    baseline_accuracy: float | None = None
    baseline_interval: tuple[float, float] | None = None
    p_value: float | None = None
    limit: float | None = None
    alpha: float | None = None
    vital: int = 0
    sign_flip_p: float | None = None
    detectable: float | None = None
    trials: int = 0
    look: int = 0
    hypotheses: int = 0
    reference: str = ""
    retryable: bool = False
    pattern: tuple[str, ...] = ()
    tags: tuple[TagAccuracy, ...] = ()
    limits: tuple[LimitCheck, ...] = ()
    flaky: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    cases: int = 0
    worse: tuple[CaseChange, ...] = ()
    better: tuple[CaseChange, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unscored: tuple[str, ...] = ()
    baseline_date: str | None = None

    @property
    def change(self) -> float | None:
        """Accuracy minus the baseline's, as a share; ``None`` without both."""
        if self.accuracy is None or self.baseline_accuracy is None:
            return None
        return self.accuracy - self.baseline_accuracy

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Rebuild a verdict written by :meth:`to_json`."""
        rebuilt = dict(data)
        for name in ("interval", "baseline_interval"):
            rebuilt[name] = _pair(data[name])
        for name in ("worse", "better"):
            rebuilt[name] = tuple(CaseChange.from_json(entry) for entry in data[name])
        for name in _LISTS:
            rebuilt[name] = tuple(data[name])
        rebuilt["tags"] = tuple(TagAccuracy.from_json(entry) for entry in data["tags"])
        rebuilt["limits"] = tuple(
            LimitCheck.from_json(entry) for entry in data["limits"]
        )
        return cls(**rebuilt)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult(Record):
    """Everything one prompt test reports; what rides on the pytest report.

    Attributes:
        nodeid: The item's node id.
        selector: The same as it is typed in the folder where pytest was started.
        prompt: How the prompt is called in messages, e.g. ``"prompts/triage.j2"``.
        model: Name of the task model, e.g. ``"offline:rules"``.
        verdict: The gate's decision.
        calls: Model calls made for the gate or the recording.
        cost: What these cost, in US dollars; ``None`` where a price is missing, in a
            project that has some.
        cached: Replies taken from the cache for the gate or the recording.
        runs: Bodies of the gate or the recording that sent nothing themselves: the
            application made its own calls, which nobody counts.
        search: What the search came to, if there was one.
        paid: Calls of the search that went out.
        search_cost: The same as ``cost``, of the search; ``None``: not known.
        replayed: Calls of the search that the cache answered.
        search_runs: The same as ``runs``, of the search.
        optimizer_model: Name of the model that wrote candidates, if there was a search.
        unconfirmed: Edits of the best candidate on train, where it was not confirmed.
        rechecks: How other prompt tests take the edit that the search proposes.
        files: Files the controller writes: absolute path to text.
        notes: Sentences to show beside the verdict.
        redraws: The recorded scores beside fresh ones of the same requests: what the
            suite's drift is decided on.
        remarks: What a reviewer must not miss.
        line: Line of the test function, from 1; 0 if it is not known.
        labels: How the labels of a classification did, in one line; empty where it is
            none.
        judge: Whom the judge asked, and how far it can be trusted, a line each; empty
            where none judged.
        recipients: The models that the gate or the search has sent text to.
        source_changes: How the prompt differs from the one that it is held against.
        needed: What would settle an inconclusive verdict; ``None``: nothing that can be
            told.
        details: The file with a :class:`CaseDetail` as JSON on each line, as an
            absolute path; empty if none was written.
        shows: ``"full"``, or ``"ids"``: texts of cases and replies are left out.
    """

    __test__ = False  # pytest: not a test class

    nodeid: str
    selector: str = ""
    prompt: str
    model: str
    verdict: Verdict
    calls: int = 0
    cost: float | None = 0.0
    cached: int = 0
    runs: int = 0
    search: SearchResult | None = None
    paid: int = 0
    search_cost: float | None = None
    replayed: int = 0
    search_runs: int = 0
    optimizer_model: str = ""
    unconfirmed: tuple[Edit, ...] = ()
    rechecks: tuple[Recheck, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    redraws: tuple[Redraw, ...] = ()
    remarks: tuple[Remark, ...] = ()
    line: int = 0
    labels: str = ""
    judge: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    source_changes: tuple[SourceChange, ...] = ()
    needed: Needed | None = None
    details: str = ""
    shows: Literal["full", "ids"] = "full"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TestResult:
        """Rebuild a result written by :meth:`to_json`."""
        rebuilt = dict(data)
        rebuilt["verdict"] = Verdict.from_json(data["verdict"])
        if data["search"] is not None:
            rebuilt["search"] = SearchResult.from_json(data["search"])
        edits = (Edit.from_json(entry) for entry in data["unconfirmed"])
        rebuilt["unconfirmed"] = tuple(edits)
        rebuilt["rechecks"] = tuple(Recheck.from_json(x) for x in data["rechecks"])
        rebuilt["notes"] = tuple(data["notes"])
        rebuilt["judge"] = tuple(data["judge"])
        rebuilt["redraws"] = tuple(Redraw.from_json(x) for x in data["redraws"])
        rebuilt["remarks"] = tuple(Remark.from_json(x) for x in data["remarks"])
        rebuilt["recipients"] = tuple(map(Recipient.from_json, data["recipients"]))
        changes = map(SourceChange.from_json, data["source_changes"])
        rebuilt["source_changes"] = tuple(changes)
        if data["needed"] is not None:
            rebuilt["needed"] = Needed.from_json(data["needed"])
        return cls(**rebuilt)
