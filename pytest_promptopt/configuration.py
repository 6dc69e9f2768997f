"""Pytest's configuration read as our settings, and the names in it resolved."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.audience import shown_data
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.models import Provider, providers_from, resolve_model
from pytest_promptopt.settings import AUTO, Settings, gather
from pytest_promptopt.tables import read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.optimize import Strategy


def settings_of(config: pytest.Config) -> Settings:
    """Gather the settings of a run.

    Raises:
        SettingError: One of them cannot be used.
    """

    def ini(name: str) -> Any:
        try:
            return config.getini(name)
        except (TypeError, ValueError, pytest.UsageError) as error:
            raise SettingError(
                f"ini key {name} cannot be used: {error}",
                "see the type of the key in pytest --help",
            ) from error

    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    return gather(
        lambda name: config.getoption(name, None),
        ini,
        read_tables(config.rootpath / "pyproject.toml"),
        processes=int(workers),
    )


def check_settings(config: pytest.Config) -> None:
    """Refuse unusable settings before the run; where nothing is run, none is.

    Calls no hook: who implements one may know any name.

    Raises:
        pytest.UsageError: A setting cannot be used; exit code 4.
    """
    if config.option.collectonly:
        return
    try:
        settings = settings_of(config)
        providers = providers_from(settings.providers)
        named = (settings.model, settings.optimizer_model, settings.judge_model)
        for setting in named:
            if setting.origin.startswith("--"):
                _check_model(config, setting.value, providers)
        if settings.strategy.origin.startswith("--"):
            _check_strategy(config, settings.strategy.value, settings)
        for name in settings.strategies:
            _check_strategy(config, name, settings)
        shown_data(config, os.environ)
    except PromptOptError as error:
        raise pytest.UsageError(str(error)) from error


def _check_model(
    config: pytest.Config, name: str, providers: Mapping[str, Provider]
) -> None:
    if not config.hook.pytest_promptopt_model.get_hookimpls():
        resolve_model(name, providers=providers)


def _check_strategy(config: pytest.Config, name: str, settings: Settings) -> None:
    is_open = name == AUTO and name not in settings.strategies
    if not is_open and not config.hook.pytest_promptopt_strategy.get_hookimpls():
        strategy_of(config, name, settings.strategies)


def strategy_of(
    config: pytest.Config,
    name: str,
    tables: Mapping[str, Mapping[str, Any]] | None = None,
) -> Strategy:
    """Return the strategy behind a name, from the hook or the built-in ones.

    Args:
        config: The pytest configuration.
        name: The name.
        tables: Options of strategies, by name.

    Raises:
        SettingError: Nobody supplies the name, or it has no such option.
    """
    if name == AUTO:
        raise SettingError(
            f"[tool.promptopt.strategy.{AUTO}]: {AUTO} has no options of its own",
            "set those of the strategies that it may choose, under their names",
        )
    options = (tables or {}).get(name, {})
    place = f"[tool.promptopt.strategy.{name}]"
    hook = config.hook.pytest_promptopt_strategy
    supplied: Strategy | None = hook(config=config, name=name, options=options)
    if supplied is not None:
        takers = [impl for impl in hook.get_hookimpls() if "options" in impl.argnames]
        if options and not takers:
            raise SettingError(
                f"{place}: the strategy comes from a pytest_promptopt_strategy hook "
                "that takes no options",
                "give the hook an argument named options, or remove the table",
            )
        return supplied
    from pytest_promptopt.optimize import strategy_named

    try:
        return strategy_named(name, options)
    except SettingError as error:
        if name not in (tables or {}):
            raise
        raise SettingError(f"{place}: {error.problem}", error.hint) from error


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process is a pytest-xdist worker."""
    return hasattr(config, "workerinput")


def under_ci() -> bool:
    """Return whether the run is a CI job, as the ``CI`` variable says."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def today() -> str:
    """Return the day, ISO 8601, where the run is."""
    return dt.date.today().isoformat()  # noqa: DTZ011 - a day, not a time
