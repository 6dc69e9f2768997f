"""A search in the JSON document of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.report.document_figures import p_of, share

if TYPE_CHECKING:
    from pytest_promptopt.records import (
        Ancestor,
        CandidateScore,
        GainSplit,
        Proposal,
        Recheck,
        ScoreChange,
        SearchResult,
        SecondOpinion,
        Step,
        TestResult,
    )


def search_entry(result: TestResult, diff: str) -> dict[str, Any] | None:
    """Return what a search came to; ``None`` without one.

    Args:
        result: The prompt test.
        diff: The unified diff that it proposes; empty if no file changes.
    """
    search = result.search
    if search is None:
        return None
    return {
        "strategy": search.strategy,
        "chosen": search.chosen,
        "seed": search.seed,
        "outcome": search.outcome,
        "stopped": search.stopped,
        "message": search.message,
        "train_cases": search.train_cases,
        "holdout_cases": search.holdout_cases,
        "start": share(search.start),
        "best": share(search.best),
        "smallest_gain": share(search.smallest_gain),
        "steps": [_step(step) for step in search.steps],
        "scored": [_scored(score) for score in search.scored],
        "lineage": [_ancestor(ancestor) for ancestor in search.lineage],
        "notes": list(search.notes),
        "spent": _spent(result, search),
        "proposal": _proposal(search.proposal, diff),
        "rechecks": [_recheck(recheck) for recheck in result.rechecks],
    }


def _spent(result: TestResult, search: SearchResult) -> dict[str, Any]:
    return {
        "calls": result.paid,
        "cached": result.replayed,
        "runs": result.search_runs,
        "cost_usd": result.search_cost,
        "optimizer_model": result.optimizer_model,
        "optimizer_calls": search.optimizer_calls,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "asked": step.asked,
        "scored": step.scored,
        "rejected": dict(step.rejected),
        "best": share(step.best),
        "calls": step.calls,
        "cost_usd": step.cost,
    }


def _proposal(found: Proposal | None, diff: str) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "before": share(found.before),
        "after": share(found.after),
        "gain": share(found.gain),
        "interval": [share(bound) for bound in found.interval],
        "p_value": p_of(found.p_value),
        "limit": found.alpha,
        "look": found.look + 1,
        "holdout_cases": found.holdout_cases,
        "trials": found.trials,
        "worse": found.worse,
        "better": found.better,
        "changes": [_change(change) for change in found.changes],
        "second_opinion": _second(found.second),
        "gain_split": _split(found.split),
        "shortening": found.shortening.to_json() if found.shortening else None,
        "regions": [
            {"address": address, "old": found.incumbent.texts.get(address), "new": text}
            for address, text in found.candidate.texts.items()
            if text != found.incumbent.texts.get(address)
        ],
        "texts": dict(found.texts),
        "diff": diff,
    }


def _scored(score: CandidateScore) -> dict[str, Any]:
    return {**score.to_json(), "mean": share(score.mean)}


def _ancestor(ancestor: Ancestor) -> dict[str, Any]:
    return {**ancestor.to_json(), "mean": share(ancestor.mean)}


def _change(change: ScoreChange) -> dict[str, Any]:
    return {
        **change.to_json(),
        "was": share(change.was),
        "now": share(change.now),
    }


def _second(second: SecondOpinion | None) -> dict[str, Any] | None:
    if second is None:
        return None
    return {
        "before": share(second.before),
        "after": share(second.after),
        "p_value": p_of(second.p_value),
        "cases": second.cases,
    }


def _split(split: GainSplit | None) -> dict[str, Any] | None:
    if split is None:
        return None
    return {
        "became_parseable": share(split.became_parseable),
        "became_right": share(split.became_right),
        "lost_parse": share(split.lost_parse),
        "became_wrong": share(split.became_wrong),
        "cases": split.cases,
    }


def _recheck(recheck: Recheck) -> dict[str, Any]:
    return {
        "nodeid": recheck.nodeid,
        "selector": recheck.selector,
        "outcome": recheck.outcome,
        "cause": recheck.cause,
        "message": recheck.message,
        "before": share(recheck.before),
        "after": share(recheck.after),
        "p_value": p_of(recheck.p_value),
        "limit": recheck.limit,
        "cases": recheck.cases,
        "trials": recheck.trials,
        "calls": recheck.calls,
        "cached": recheck.cached,
        "runs": recheck.runs,
    }
