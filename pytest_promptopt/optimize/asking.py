"""Requests to the optimizer model: the same words asked again are a new draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.effects import Complete
from pytest_promptopt.records import Message, Request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_promptopt.optimize.strategy import Task

RUNS_APART = 1_000_000
"""Draws of one search: the first draw of the next seed has a number so much higher."""


class Asker:
    """Makes the requests of one search, and numbers their draws.

    Draws differ between steps too: a step that brought nothing new could otherwise ask
    the same again and be answered from the cache for ever.

    Args:
        task: Its seed numbers the draws; its settings win over those given here.
        settings: The strategy's own settings of the requests, such as a temperature.
    """

    def __init__(self, task: Task, **settings: Any) -> None:
        self._own = settings
        self._task = task
        self._drawn = task.seed * RUNS_APART

    def ask(self, *contents: str, times: int = 1, **settings: Any) -> Complete:
        """Return the move that asks for replies.

        Args:
            contents: Texts of one user message each, not empty.
            times: How many replies to ask for to each text, at least 1.
            settings: Settings of these requests that win over the strategy's.

        Returns:
            Requests for all replies to the first text, then to the second one.
        """
        merged: Mapping[str, Any] = {**self._own, **settings, **self._task.settings}
        requests = []
        for content in contents:
            message = Message(role="user", content=content)
            for _ in range(times):
                requests.append(
                    Request(messages=(message,), settings=merged, seed=self._drawn)
                )
                self._drawn += 1
        return Complete(requests=tuple(requests))
