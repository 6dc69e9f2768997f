"""Recording the baseline of a prompt test from fresh trials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt import baseline as baselines
from pytest_promptopt import gate
from pytest_promptopt.baseline import Baseline, BaselineCase
from pytest_promptopt.records import Verdict, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.gate import Terms
    from pytest_promptopt.items.pending import Tally
    from pytest_promptopt.items.planning import Recording
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records import Trial, Trials


def recorded(
    test: PromptTest,
    trials: Trials,
    *,
    model: NamedModel,
    tally: Tally,
    today: str,
    reason: str | None,
    terms: Terms,
) -> tuple[Verdict, dict[str, str]]:
    """Return the verdict of a recording and the files to write.

    A missing reply writes nothing: the record would be one of an outage.

    Args:
        test: The test.
        trials: Fresh trials of every case.
        model: The task model.
        tally: What the model reported.
        today: ISO day.
        reason: Why a worse score is accepted, if it is.
        terms: What an edit of it would be held against.
    """
    missing = sum(
        any(trial.missing for trial in entries) for entries in trials.values()
    )
    if missing:
        message = f"{missing} of {len(trials)} cases got no reply: nothing recorded"
        return gate.error("provider", message, bare=message), {}
    record = _record(test, trials, model, tally, today, reason)
    if not any(case.scores for case in record.cases):
        return gate.no_score(trials, where=" and nothing is recorded"), {}
    seen = gate.judge_alone(test.cases, trials, min_score=0.0, terms=terms)
    count = max(len(entries) for entries in trials.values())
    verdict = replace(
        seen,
        outcome="pass",
        cause="recorded",
        message=f"baseline recorded with {count} trials per case",
    )
    return verdict, {str(test.baseline_path): baselines.render(record)}


def kept(test: PromptTest, recording: Recording, terms: Terms) -> Verdict:
    """Return the verdict of a test whose baseline is left as it is.

    Raises:
        ValueError: It has none.
    """
    if test.baseline is None:
        raise ValueError(f"{test.nodeid} has no baseline to keep")
    why = "it has one" if recording == "new" else "nothing changed since"
    return gate.judge_kept(test.cases, test.baseline, terms, why=why)


def _record(
    test: PromptTest,
    trials: Trials,
    model: NamedModel,
    tally: Tally,
    today: str,
    reason: str | None,
) -> Baseline:
    parts = test.parts(model.identity)
    return Baseline(
        prompt=test.prompt.snapshot(),
        request=dict(test.settings),
        model=model.name,
        model_ids=tuple(sorted(tally.reported_models)),
        fingerprint=digest(parts),
        parts=parts,
        date=today,
        reason=reason,
        cases=tuple(
            BaselineCase(
                id=case.id,
                hash=case.hash,
                must_pass=case.must_pass,
                weight=case.weight,
                values=tuple(trial.score.value for trial in trials[case.id]),
                finish_reasons=_finish_reasons(trials[case.id]),
            )
            for case in test.cases
        ),
    )


def _finish_reasons(trials: Sequence[Trial]) -> tuple[str, ...]:
    reasons = tuple(trial.finish_reason for trial in trials)
    return () if set(reasons) <= {"stop"} else reasons
