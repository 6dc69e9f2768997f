"""The models of one run, by the names that settings, markers and records use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_promptopt.models import no_model_error, providers_from, resolve_model
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.prices import Prices, prices_from
from pytest_promptopt.settings import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_promptopt.items.judge import Judge
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models import Provider
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.scorers.asking import Asking
    from pytest_promptopt.settings import Setting, Settings


class Roster:
    """Builds each model once.

    Args:
        config: The pytest configuration.
        settings: The run's settings.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._models: dict[tuple[str, str], NamedModel] = {}
        self._supplied: set[str] = set()  # by the hook: whatever they are called

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """The endpoints that model names may refer to."""
        return providers_from(self._settings.providers)

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        """Prices by model name, as far as they are known."""
        return Prices(prices_from(self._settings.prices), self._listed)

    def _listed(self, name: str) -> Price | None:
        """Return what a price list says; ``None`` if nobody needs to know.

        To read one takes a second: a gate starts without.
        """
        budget = self._settings.budget.value
        counts = budget is not None and budget.dollars is not None
        if not (counts or self._config.getoption("optimize_prompts", False)):
            return None
        prefix, _, model = name.partition(":")
        if name in self._supplied or prefix not in self.providers:
            return None
        from pytest_promptopt.models.price_list import list_price

        return list_price(model, self.providers[prefix])

    def named(self, name: str, role: str = "task") -> NamedModel:
        """Return the model behind a name, from the hook or the built-in providers.

        Raises:
            SettingError: Nobody supplies the name.
        """
        if (name, role) not in self._models:
            chat = self._config.hook.pytest_promptopt_model(
                config=self._config, name=name, role=role
            )
            if chat is not None:
                self._supplied.add(name)
            self._models[name, role] = (
                resolve_model(
                    name, providers=self.providers, embeds=role == "embeddings"
                )
                if chat is None
                else NamedModel(name=name, chat=chat)
            )
        return self._models[name, role]

    def task_model(self, test: PromptTest) -> NamedModel:
        """Return the task model of one test: option, marker, ini.

        Raises:
            SettingError: None is set, or nobody supplies it.
        """
        name = self.setting(test).value
        if name is None:
            raise no_model_error()
        return self.named(name)

    @cached_property
    def embeddings(self) -> NamedModel | None:
        """What tells a search which texts are alike; ``None`` if none is set.

        Raises:
            SettingError: Nobody supplies it.
        """
        name = self._settings.embeddings.value
        return None if name is None else self.named(name, "embeddings")

    def judge(self, test: PromptTest, asking: Asking) -> Judge:
        """Return a scorer that asks with the models of one test.

        Raises:
            SettingError: Nobody supplies one of them; said before the first call.
        """
        run_wide = self._settings.judge_model.value

        def named(name: str) -> NamedModel:
            chosen = name or run_wide or self.task_model(test).name
            return self.named(chosen, "judge")

        from pytest_promptopt.items.judge import Judge

        judge = Judge(asking=asking, model_named=named, prices=self.prices)
        for name in asking.models:
            judge.model_named(name)
        return judge

    def setting(self, test: PromptTest) -> Setting:
        """Return the name of a test's task model, and where it stands."""
        return resolve(
            "promptopt_model",
            cli=self._config.getoption("promptopt_model", None),
            marker=test.mark.model,
            ini=self._config.getini("promptopt_model"),
            default=None,
        )
