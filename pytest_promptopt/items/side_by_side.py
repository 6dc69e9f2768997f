"""The gate's comparison of a prompt as it is with the same prompt edited."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt import gate
from pytest_promptopt.baseline import Baseline, BaselineCase
from pytest_promptopt.configuration import today
from pytest_promptopt.gate.must_pass import eligible
from pytest_promptopt.items.conduct import Conduct
from pytest_promptopt.items.planning import Plan
from pytest_promptopt.items.reference import Reference
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.touching import Touched
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.suite import PromptSuite

AS_IT_IS = "the files as they are"
"""What messages call the arm without the edit."""


def side_by_side(
    entry: Touched, suite: PromptSuite, *, budget: Budget, hypotheses: int
) -> Conduct:
    """Plan the comparison: both arms fresh, by the rules for an edited prompt.

    Args:
        entry: The test with its edited prompt.
        suite: Knows its models and limits.
        budget: What the calls are taken from.
        hypotheses: How many tests, and limits of theirs, share the error rate.

    Raises:
        PromptOptError: Its model is not known.
    """
    test = entry.test
    model, held = suite.models.task_model(test), suite.reference_for(entry.item)
    return Conduct(
        test=replace(test, prompt=entry.edited),
        plan=Plan(
            mode="edited",
            trials=gate.trials_per_look(len(test.cases)),
            run=_run(entry, model.name, suite.settings.seed),
            common=test.cases,
        ),
        reference=Reference(
            record=_as_it_is(test, held.record, model.name, model.identity),
            prompt=test.prompt,
            model=model.name,
            request=test.settings,
            name=AS_IT_IS,
            stale=True,  # recorded scores may be of other requests
            min_score=held.min_score,
            limits=held.limits,
        ),
        model=model,
        model_named=lambda _: model,
        prices=suite.models.prices,
        engine=suite.engine,
        hypotheses=lambda: hypotheses,
        strict=False,
        report_only=False,
        today=today(),
        budget=budget,
        audits=False,
    )


def most_calls(test: PromptTest, record: Baseline | None) -> int:
    """Return the calls that a comparison takes at most: all looks, all retrials."""
    vital = 0 if record is None else len(eligible(test.cases, record))
    per_arm = gate.LOOKS * gate.trials_per_look(len(test.cases)) * len(test.cases)
    per_arm += gate.ROUNDS * gate.RETRIALS * vital
    asked = 0 if test.judge is None else test.judge.asking.most_questions()
    return 2 * per_arm * (1 + asked)


def _as_it_is(
    test: PromptTest, record: Baseline | None, model: str, identity: str
) -> Baseline:
    """Return a record of a test as it is, so that it can be compared with itself.

    Recorded scores are kept where the case is the recorded one: they say how trials
    vary, and which ``must_pass`` cases are right every time. Both arms are fresh.

    Args:
        test: The test.
        record: Its record, if it has one.
        model: Name of the task model.
        identity: Identity of the task model.
    """
    known = {case.id: case for case in record.cases} if record is not None else {}
    cases = []
    for case in test.cases:
        recorded = known.get(case.id)
        same = recorded is not None and recorded.hash == case.hash
        cases.append(
            BaselineCase(
                id=case.id,
                hash=case.hash,
                values=recorded.values if recorded is not None and same else (),
                must_pass=case.must_pass,
                weight=case.weight,
            )
        )
    return Baseline(
        prompt=test.prompt.snapshot(),
        request=dict(test.settings),
        model=model,
        fingerprint="",
        date=today(),
        cases=tuple(cases),
        parts=test.parts(identity),
    )


def _run(entry: Touched, model: str, seed: int) -> str:
    test = entry.test
    return digest(
        [
            "re-check",
            test.prompt.snapshot(),
            entry.edited.snapshot(),
            sorted([case.id, case.hash] for case in test.cases),
            dict(test.settings),
            model,
            seed,
        ]
    )[:16]
