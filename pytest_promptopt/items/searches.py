"""The searches of a run: the strategy and the driver of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.configuration import strategy_of
from pytest_promptopt.items import places
from pytest_promptopt.settings import AUTO

if TYPE_CHECKING:
    import pytest

    from pytest_promptopt.items.searching import SearchDriver
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.optimize import Strategy
    from pytest_promptopt.optimize.choosing import Choice
    from pytest_promptopt.suite import PromptSuite


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The strategy of one search.

    Attributes:
        strategy: The strategy.
        reason: Why it was chosen; empty where the settings name it.
    """

    strategy: Strategy
    reason: str


class Searches:
    """Plans searches of one process.

    Args:
        suite: Knows settings, models and prompt tests.
    """

    def __init__(self, suite: PromptSuite) -> None:
        self._suite = suite
        self._chosen: dict[str, Chosen] = {}

    def strategy(self, item: pytest.Item) -> Chosen:
        """Return the strategy of one prompt test's search, always the same one.

        Args:
            item: The prompt test's item; it is read only where a strategy is chosen.

        Raises:
            SettingError: There is none of that name, or it has no such option.
            PromptOptError: One is to be chosen, and the prompt test cannot be read.
        """
        if item.nodeid not in self._chosen:
            suite, choice = self._suite, self._choice(item)
            found = strategy_of(
                suite.config, choice.strategy, suite.settings.strategies
            )
            self._chosen[item.nodeid] = Chosen(strategy=found, reason=choice.reason)
        return self._chosen[item.nodeid]

    def _choice(self, item: pytest.Item) -> Choice:
        from pytest_promptopt.optimize.choosing import Choice

        suite = self._suite
        named = suite.settings.strategy.value
        if named != AUTO:
            return Choice(strategy=named, reason="")
        from pytest_promptopt.items.choosing import chosen_for
        from pytest_promptopt.items.earlier import earlier_versions
        from pytest_promptopt.items.search_plan import search_plan

        test = suite.test_of(item)
        model = suite.models.task_model(test)
        name = suite.settings.optimizer_model.value or model.name
        share = suite.allowance.share(
            test, model, lambda: suite.models.named(name, "optimizer")
        )
        roots = places.roots(suite.config, item.path)
        return chosen_for(
            test,
            search_plan(test, suite.settings, share),
            lambda: len(earlier_versions(test, roots)),
        )

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

        chosen = self.strategy(item)
        driver = search_driver(
            test,
            strategy=chosen.strategy,
            chosen=chosen.reason,
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
