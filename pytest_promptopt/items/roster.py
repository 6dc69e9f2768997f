"""The models of one run, by the names that settings, markers and records use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_promptopt.models import no_model_error, providers_from, resolve_model
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.prices import prices_from
from pytest_promptopt.settings import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models import Provider
    from pytest_promptopt.models.prices import Price
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

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """The endpoints that model names may refer to."""
        return providers_from(self._settings.providers)

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        """Prices by model name, as far as they are set."""
        return prices_from(self._settings.prices)

    def named(self, name: str, role: str = "task") -> NamedModel:
        """Return the model behind a name, from the hook or the built-in providers.

        Raises:
            SettingError: Nobody supplies the name.
        """
        if (name, role) not in self._models:
            chat = self._config.hook.pytest_promptopt_model(
                config=self._config, name=name, role=role
            )
            self._models[name, role] = (
                resolve_model(name, providers=self.providers)
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

    def setting(self, test: PromptTest) -> Setting:
        """Return the name of a test's task model, and where it stands."""
        return resolve(
            "promptopt_model",
            cli=self._config.getoption("promptopt_model", None),
            marker=test.mark.model,
            ini=self._config.getini("promptopt_model"),
            default=None,
        )
