"""What is left of a result where texts of cases and replies may not be shown.

Ids, places, tags, figures and what stands in the repository stay. What may quote an
input, a right answer, a reply, a reason or an endpoint goes, and what nobody can tell
of goes as well.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.records import Score
from pytest_promptopt.report.bare_error import LOOK, WITHHELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.records import (
        CaseChange,
        CaseDetail,
        Recheck,
        SearchResult,
        TestResult,
        Trial,
        Verdict,
    )

_ERRORS: Mapping[str, str] = {
    "provider": "no usable reply came from the model",
    "budget": "what the run may spend does not do",
    "test": "the test itself failed, so that nothing could be judged",
    "judge": "the judge cannot be used",
    "setup": "the prompt test could not be set up",
}
_PATTERN = re.compile(r"(\d+ of \d+ broken cases) (expect|got|have the same reason)\b")
_SHARED: Mapping[str, str] = {
    "expect": "expect the same answer and got the same other one",
    "got": "got the same reply",
    "have the same reason": "are wrong for the same reason",
}
_OWN_PATTERN = re.compile(
    r"\d+ of \d+ broken cases "
    r"(got an empty reply|ended with finish reason '[a-z_]{1,20}'|have the tag .*)"
)
_LABELS = re.compile(r"\S+ of [\d,]+ labels right")
_FINISH = re.compile(r"[a-z_]{1,20}")
_LOST = re.compile(r"(provider|budget|not run|test|setup)\b")
_UNCHECKED = (
    "it may take ",
    "the run ended ",
    "it watches ",
    "it is graded by ",
    "its xfail marker ",
    "it gave no verdict",
)
"""How reasons of our own begin, of which none quotes anything."""


def ids_only(result: TestResult) -> TestResult:
    """Return a result without any text of a case, a reply or an endpoint.

    Prompts and what a search proposes stay, as they stand in the repository. Doing it
    twice changes nothing.
    """
    if result.shows == "ids":  # rechecks may have come since
        return replace(result, rechecks=tuple(map(ids_only_recheck, result.rechecks)))
    kept = _LABELS.match(result.labels)
    return replace(
        result,
        shows="ids",
        verdict=_verdict(result.verdict),
        search=None if result.search is None else _search(result.search),
        rechecks=tuple(map(ids_only_recheck, result.rechecks)),
        labels="" if kept is None else kept[0],
    )


def ids_only_detail(detail: CaseDetail) -> CaseDetail:
    """Return a case of a report without its texts."""
    return replace(
        detail,
        inputs={},
        expected="",
        before=tuple(map(_trial, detail.before)),
        after=tuple(map(_trial, detail.after)),
        withheld=True,
    )


def ids_only_recheck(recheck: Recheck) -> Recheck:
    """Return a re-check without what an error or a skip said."""
    compared = recheck.outcome != "not re-checked" and recheck.cause != "unusable"
    if compared or recheck.message.startswith(_UNCHECKED):
        return recheck
    fails = recheck.outcome == "fail"
    told = "its prompt cannot be used with it" if fails else "it was not run"
    return replace(recheck, message=f"{told}; {WITHHELD}")


def _verdict(verdict: Verdict) -> Verdict:
    message = verdict.message
    if verdict.bare or verdict.outcome == "error" or verdict.cause == "one case":
        message = verdict.bare or _why(verdict.cause)
    return replace(
        verdict,
        message=message,
        bare="",
        pattern=tuple(filter(None, map(_pattern, verdict.pattern))),
        worse=tuple(map(_change, verdict.worse)),
        better=tuple(map(_change, verdict.better)),
    )


def _why(cause: str) -> str:
    told = _ERRORS.get(cause, "the prompt test could not be judged")
    return f"{told}; {WITHHELD}\n  hint: {LOOK}"


def _pattern(sentence: str) -> str:
    """Return what broken cases share without quoting it; empty if that is unknown."""
    if _OWN_PATTERN.fullmatch(sentence):
        return sentence
    found = _PATTERN.match(sentence)
    return "" if found is None else f"{found[1]} {_SHARED[found[2]]}"


def _change(change: CaseChange) -> CaseChange:
    return replace(
        change,
        expected="",
        got="",
        before="",
        reason="",
        finish_reason=_finish(change.finish_reason),
    )


def _finish(reason: str) -> str:
    """Return a finish reason, unless an endpoint has put something else there."""
    return reason if _FINISH.fullmatch(reason) else "other"


def _trial(trial: Trial) -> Trial:
    score, missing = trial.score, trial.missing
    if missing is not None:
        cause = _LOST.match(missing)
        missing = cause[0] if cause is not None else "no reply"
    reason = "" if score.value is not None else missing or "withheld"
    return replace(
        trial,
        score=Score(
            value=score.value, reason=reason, parts=score.parts, parsed=score.parsed
        ),
        output="",
        finish_reason=_finish(trial.finish_reason),
        missing=missing,
    )


def _search(search: SearchResult) -> SearchResult:
    if search.outcome != "error":
        return search
    told = search.bare or f"an error ended it; {WITHHELD}"
    return replace(search, message=told, bare="")
