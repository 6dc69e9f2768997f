"""Which prompt tests' requests may be started before their own turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.configuration import is_worker
from pytest_promptopt.items import marker

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


def upcoming(
    item: pytest.Item, next_item: pytest.Item | None, order: Sequence[pytest.Item]
) -> list[pytest.Item]:
    """Return the item and the unbroken run of prompt tests after it.

    Args:
        item: The prompt test that is being called.
        next_item: The item that runs after it, as pytest says.
        order: All items of the run.
    """
    if one_by_one(item.config):
        following = [] if next_item is None else [next_item]
    else:
        following = list(order[order.index(item) + 1 :]) if item in order else []
    run = [item]
    for candidate in following:
        if marker.closest(candidate) is None:
            break
        if not may_not_run(candidate):
            run.append(candidate)
    return run


def one_by_one(config: pytest.Config) -> bool:
    """Return whether only the next prompt test may be started ahead.

    A run that may stop early must not pay for what it will not look at, and a worker
    does not know what it will be given after the next item.
    """
    option = config.option
    return bool(
        is_worker(config)
        or option.maxfail
        or getattr(option, "stepwise", False)
        or getattr(option, "usepdb", False)
    )


def may_not_run(item: pytest.Item) -> bool:
    """Return whether a marker may keep a test from being run."""
    if item.get_closest_marker("skip") or item.get_closest_marker("skipif"):
        return True
    return any(
        mark.kwargs.get("run", True) is False for mark in item.iter_markers("xfail")
    )
