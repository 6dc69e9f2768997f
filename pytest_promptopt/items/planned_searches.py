"""What the searches of a run may take, told before the first call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.configuration import is_worker, strategy_of
from pytest_promptopt.errors import SettingError
from pytest_promptopt.items.collection import LEAVING
from pytest_promptopt.settings import AUTO
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.suite import PromptSuite

SHOWN = 10
"""Searches that are told one by one."""


def planned_searches(suite: PromptSuite) -> list[str]:
    """Return one line for each search that is going to begin, and what it may take.

    They begin as :data:`pytest_promptopt.plugin.ANNOUNCED` says: that is how the
    controller knows them where a worker has written them.

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
    if left <= 0:
        return lines
    return [*lines[:SHOWN], f"searches of {count(left, 'more prompt test')}"]


def _check_strategies(suite: PromptSuite) -> None:
    settings = suite.settings
    if not suite.selected or is_worker(suite.config):
        return  # a worker's usage error would end as a crash; there the items say it
    used = settings.strategy
    try:
        # As without a hook: an ini key that names nothing leaves verdicts as they are.
        said = used.origin.startswith("--") or used.value in settings.strategies
        if said and used.value != AUTO:
            suite.searches.strategy(suite.selected[0])
        for name in settings.strategies:
            if name != used.value:
                strategy_of(suite.config, name, settings.strategies)
    except SettingError as error:
        raise pytest.UsageError(str(error)) from error
    except (Exception, *LEAVING):  # noqa: BLE001 - said when its own turn comes
        return  # a hook's own fault


def _line(suite: PromptSuite, item: pytest.Item) -> str:
    from pytest_promptopt.items.earlier import MOST_VERSIONS
    from pytest_promptopt.items.search_plan import search_plan
    from pytest_promptopt.items.search_price import told_price
    from pytest_promptopt.optimize.outlook import outlook

    settings = suite.settings
    try:
        test = suite.test_of(item)
        model = suite.models.task_model(test)
        name = settings.optimizer_model.value or model.name
        chosen = suite.searches.strategy(item)
        strategy = chosen.strategy
        share = suite.allowance.share(
            test, model, lambda: suite.models.named(name, "optimizer")
        )
        plan = search_plan(test, settings, share)
        plan = replace(plan, embeds=suite.models.embeddings is not None)
        found = outlook(plan, strategy, earlier=MOST_VERSIONS)
        cost = told_price(test, found, model, _writer(suite, name), suite.models.prices)
    except (Exception, *LEAVING):  # noqa: BLE001 - said when its own turn comes
        return ""
    told = f"search of {test.name} ({strategy.name}): {found.sentence(cost)}"
    return f"{told}; chosen: {chosen.reason}" if chosen.reason else told


def _writer(suite: PromptSuite, name: str) -> NamedModel | None:
    try:
        return suite.models.named(name, "optimizer")
    except SettingError:
        return None  # said when it is asked
