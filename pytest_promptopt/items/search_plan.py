"""What a search of one prompt test is asked to do, as the settings have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.cases import split_cases
from pytest_promptopt.looks import looks_before
from pytest_promptopt.optimize import SearchPlan
from pytest_promptopt.optimize.few_shot import NAME, FewShotOptions
from pytest_promptopt.optimize.objective import Objective
from pytest_promptopt.optimize.opinion import JudgePlan
from pytest_promptopt.optimize.options import made

if TYPE_CHECKING:
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.share import Share
    from pytest_promptopt.settings import Settings


def search_plan(
    test: PromptTest, settings: Settings, share: Share, *, sends: int = 0
) -> SearchPlan:
    """Return the plan of a search that nothing is told of, and nobody pays for yet.

    Args:
        test: The prompt test.
        settings: The run's settings.
        share: What it may spend.
        sends: Requests of the application in one trial at most, if that is known.

    Raises:
        CaseFileError: The cases cannot be split.
        SettingError: The judge's second opinion is its own.
    """
    holdout = [case.hash for case in split_cases(test.cases).holdout]

    def looks_of(run: str) -> int:
        return looks_before(
            test.looks,
            incumbent=test.prompt.incumbent.key,
            holdout=holdout,
            run=run,
        )

    return SearchPlan(
        prompt=test.prompt,
        cases=test.cases,
        seed=settings.seed,
        steps=settings.steps,
        budget=share.calls,
        told=share.told,
        pays=share.budget.pays,
        refusal=share.refusal,
        optimizer_settings=settings.optimizer_request,
        looks=looks_of,
        only=test.mark.optimize,
        judge=judge_plan(test),
        sends=sends,
        objective=Objective(
            tokens=settings.objective.get("tokens", 0.0),
            latency=settings.objective.get("latency", 0.0),
        ),
        few_shot=made(FewShotOptions, settings.strategies.get(NAME, {}), strategy=NAME),
    )


def judge_plan(test: PromptTest) -> JudgePlan | None:
    """Return what the judge of a test adds to a search of it, if it has one.

    Raises:
        SettingError: Its second opinion is its own.
    """
    if test.judge is None:
        return None
    test.judge.check_second()
    asking = test.judge.asking
    return JudgePlan(
        questions=asking.most_questions(),
        confirming=asking.most_questions(confirming=True),
        second=asking.confirms,
    )
