"""Which models a run is going to send text to, told before the first call."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pytest_promptopt.items import marker
from pytest_promptopt.items.collection import LEAVING
from pytest_promptopt.items.look_ahead import may_not_run
from pytest_promptopt.records import Recipient

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records.recipient import Role
    from pytest_promptopt.suite import PromptSuite


def planned_hosts(suite: PromptSuite) -> list[str]:
    """Return one line for each model that is going to be asked.

    A test that cannot be read says so when its turn comes. No key is read.

    Args:
        suite: Knows prompt tests, their plans and models.
    """
    config = suite.config
    quiet = config.option.collectonly or config.get_verbosity() < 0
    if quiet or config.option.promptopt_case is not None:
        return []
    found: list[Recipient] = []
    for item in suite.selected:
        with contextlib.suppress(Exception, *LEAVING):  # said when its own turn comes
            if may_not_run(item) or _waits_for_fixtures(item):
                continue
            found += [
                Recipient(model=model.name, role=role, host=model.host)
                for model, role in _asked(suite, item)
            ]
    from pytest_promptopt.report.recipients import hosts

    return [f"text goes to: {line}" for line in hosts(found)]


def _waits_for_fixtures(item: pytest.Item) -> bool:
    """Return whether a function makes the cases, which may need what is not set up."""
    mark = marker.closest(item)
    return mark is not None and callable(marker.read(mark).cases)


def _asked(suite: PromptSuite, item: pytest.Item) -> Iterator[tuple[NamedModel, Role]]:
    """Yield the models that one prompt test asks, each with what for."""
    test, plan = suite.test_of(item), suite.plan_of(item)
    models, searches = suite.models, suite.config.option.optimize_prompts
    if not (plan.trials or searches):
        return
    task = models.task_model(test)
    if test.mark.deliver == "argument":
        yield task, "task"
        if plan.mode == "edited":
            yield models.named(suite.reference_for(item).model), "task"
    if test.judge is not None:
        for model in test.judge.models:
            yield model, "judge"
    if searches:
        named = suite.settings.optimizer_model.value
        yield models.named(named or task.name, "optimizer"), "optimizer"
        if models.embeddings is not None:
            yield models.embeddings, "embeddings"
