"""The searches of a run: the strategy and the driver of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.configuration import strategy_of
from pytest_promptopt.items import places

if TYPE_CHECKING:
    import pytest

    from pytest_promptopt.items.searching import SearchDriver
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.optimize import Strategy
    from pytest_promptopt.suite import PromptSuite


class Searches:
    """Plans searches of one process.

    Args:
        suite: Knows settings, models and prompt tests.
    """

    def __init__(self, suite: PromptSuite) -> None:
        self._suite = suite
        self._strategies: dict[str, Strategy] = {}

    def strategy(self, nodeid: str) -> Strategy:
        """Return the strategy of one prompt test's search, always the same one.

        Raises:
            SettingError: There is none of that name, or it has no such option.
        """
        suite = self._suite
        if nodeid not in self._strategies:
            self._strategies[nodeid] = strategy_of(
                suite.config, suite.settings.strategy.value, suite.settings.strategies
            )
        return self._strategies[nodeid]

    def driver(self, item: pytest.Item, model: NamedModel, sends: int) -> SearchDriver:
        """Return what carries out the search of a prompt test.

        Args:
            item: The prompt test's item.
            model: The task model.
            sends: Requests of the application in one trial at most, if it is known.
        """
        from pytest_promptopt.items.journal_file import journal_of
        from pytest_promptopt.items.searching import search_driver

        suite, settings = self._suite, self._suite.settings
        test, name = suite.test_of(item), settings.optimizer_model.value or model.name

        def writer() -> NamedModel:
            return suite.models.named(name, "optimizer")

        driver = search_driver(
            test,
            strategy=self.strategy(test.nodeid),
            settings=settings,
            share=suite.allowance.share(test, model, writer),
            sends=sends,
            journal=journal_of(suite.config.rootpath, test.nodeid, settings),
            roots=places.roots(suite.config, item.path),
            model=model,
            optimizer=writer,
            embeddings=suite.models.embeddings,
            engine=suite.engine,
        )
        driver.watch = suite.watch
        return driver
