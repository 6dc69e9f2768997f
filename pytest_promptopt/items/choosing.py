"""What is known of a prompt test before its search, to choose a strategy by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.cases import split_cases
from pytest_promptopt.optimize.choosing import Known, choose
from pytest_promptopt.optimize.preflight import affordable_proposals

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.optimize import SearchPlan
    from pytest_promptopt.optimize.choosing import Choice


def chosen_for(
    test: PromptTest, plan: SearchPlan, earlier: Callable[[], int]
) -> Choice:
    """Choose the strategy of a prompt test's search.

    Args:
        test: The prompt test.
        plan: The search's plan.
        earlier: Counts the earlier versions that git has.

    Raises:
        CaseFileError: The cases cannot be split.
    """
    split = split_cases(plan.cases)
    texts = [region.text for region in plan.regions]
    return choose(
        Known(
            regions=len(texts),
            examples=len(plan.example_regions),
            prompts=max(1, len(plan.prompt.names)),
            words=sum(len(text.split()) for text in texts),
            characters=max(map(len, texts), default=0),
            cases=len(split.train),
            answered=sum(case.has_expected for case in split.train),
            reasons=test.judge is not None,
            earlier=earlier(),
            proposals=affordable_proposals(plan, split),
        )
    )
