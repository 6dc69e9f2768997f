"""What the searches of a run may take, told before the first call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.configuration import is_worker, strategy_of
from pytest_promptopt.errors import SettingError
from pytest_promptopt.items.collection import LEAVING
from pytest_promptopt.items.planned_calls import usual_tokens
from pytest_promptopt.items.share import ASSUMED_REPLY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.suite import PromptSuite

SHOWN = 10
"""Searches that are told one by one."""


def planned_searches(suite: PromptSuite) -> list[str]:
    """Return one line for each search that is going to begin, and what it may take.

    A search that will be refused, or cannot be planned, says so when its turn comes.

    Args:
        suite: Knows settings, models and prompt tests.

    Raises:
        pytest.UsageError: Nobody supplies the strategy, or it has no such option. Where
            a hook may know any name, that cannot be told before.
    """
    option = suite.config.option
    alone = option.promptopt_case is not None or suite.recording is not None
    if not option.optimize_prompts or option.collectonly or alone:
        return []
    _check_strategies(suite)
    lines = [line for item in suite.selected if (line := _line(suite, item))]
    left = len(lines) - SHOWN
    return [*lines[:SHOWN], f"and {left} more searches"] if left > 0 else lines


def _check_strategies(suite: PromptSuite) -> None:
    settings = suite.settings
    if not suite.selected or is_worker(suite.config):
        return  # a worker's usage error would end as a crash; there the items say it
    used = settings.strategy
    try:
        # As without a hook: an ini key that names nothing leaves verdicts as they are.
        if used.origin.startswith("--") or used.value in settings.strategies:
            suite.searches.strategy(suite.selected[0].nodeid)
        for name in settings.strategies:
            if name != used.value:
                strategy_of(suite.config, name, settings.strategies)
    except SettingError as error:
        raise pytest.UsageError(str(error)) from error
    except (Exception, *LEAVING):  # noqa: BLE001 - said when its own turn comes
        return  # a hook's own fault


def _line(suite: PromptSuite, item: pytest.Item) -> str:
    from pytest_promptopt.items.search_plan import search_plan
    from pytest_promptopt.optimize.outlook import outlook

    settings = suite.settings
    try:
        test = suite.test_of(item)
        model = suite.models.task_model(test)
        name = settings.optimizer_model.value or model.name
        strategy = suite.searches.strategy(test.nodeid)
        share = suite.allowance.share(
            test, model, lambda: suite.models.named(name, "optimizer")
        )
        found = outlook(search_plan(test, settings, share), strategy)
    except (Exception, *LEAVING):  # noqa: BLE001 - said when its own turn comes
        return ""
    dollars = _dollars(test, model, suite.models.prices, found.calls)
    return f"search of {test.name} ({strategy.name}): {found.sentence(dollars)}"


def _dollars(
    test: PromptTest,
    model: NamedModel,
    prices: Mapping[str, Price],
    calls: int | None,
) -> float | None:
    """Return what so many calls of the task model cost, roughly."""
    price = None if model.costs_nothing else prices.get(model.name)
    usage = usual_tokens(test, test.settings, reply=ASSUMED_REPLY)
    if price is None or usage is None or calls is None:
        return None
    return price.cost(usage) * calls
