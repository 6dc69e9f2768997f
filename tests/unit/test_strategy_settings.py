"""Options of strategies, from a table to the strategy; the page that shows it."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pluggy
import pytest
import tomli

from pytest_promptopt import hookspecs
from pytest_promptopt.configuration import strategy_of
from pytest_promptopt.errors import SettingError
from pytest_promptopt.tables import tables_of
from pytest_promptopt.testing import check_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
OWN = ROOT / "example_project" / "tests" / "conftest.py"


def project(*hooks: Callable[..., Any]) -> Any:
    """Return the configuration of a project whose conftest files have these hooks."""
    plugins = pluggy.PluginManager("pytest")
    plugins.add_hookspecs(hookspecs)
    for number, hook in enumerate(hooks):
        plugin = ModuleType(f"conftest{number}")
        marked = pytest.hookimpl(hook, specname="pytest_promptopt_strategy")
        vars(plugin)["strategy"] = marked
        plugins.register(plugin)
    return SimpleNamespace(hook=plugins.hook)


def test_a_table_has_the_options_of_the_strategy_of_its_name() -> None:
    tables = {"opro": {"per_step": 2}, "opro-paper": {"per_step": 3}}

    made: list[Any] = [
        strategy_of(project(), name, tables) for name in ("opro", "opro-paper")
    ]

    assert [strategy.options.per_step for strategy in made] == [2, 3]
    assert [strategy.name for strategy in made] == ["opro", "opro-paper"]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        (
            "opro",
            {"per_stp": 4},
            "[tool.promptopt.strategy.opro]: strategy opro has no option 'per_stp'\n"
            "  hint: did you mean 'per_step'?",
        ),
        (
            "opro",
            {"per_step": 0},
            "[tool.promptopt.strategy.opro]: strategy opro: per_step is 0\n"
            "  hint: set it to a whole number, 1 or more",
        ),
        (
            "opro",
            {"per_step": "8"},
            "[tool.promptopt.strategy.opro]: strategy opro: per_step is '8'\n"
            "  hint: set it to a whole number, 1 or more",
        ),
        (
            "orpo",
            {},
            "[tool.promptopt.strategy.orpo]: unknown strategy 'orpo'\n"
            "  hint: did you mean 'opro'?",
        ),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_with_its_table(
    name: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingError) as caught:
        strategy_of(project(), name, {name: options})

    assert str(caught.value) == told


def test_a_hook_that_takes_options_gets_those_of_its_table() -> None:
    asked: list[Any] = []

    def strategy(name: str, options: Any) -> Any:
        asked.append((name, dict(options)))
        return SimpleNamespace(name=name)

    found = strategy_of(project(strategy), "house", {"house": {"n": 3}, "opro": {}})

    assert found.name == "house"
    assert asked == [("house", {"n": 3})]


def test_a_table_for_a_hook_that_takes_no_options_is_an_error() -> None:
    config = project(lambda name: SimpleNamespace(name=name))

    assert strategy_of(config, "house").name == "house"
    with pytest.raises(SettingError) as caught:
        strategy_of(config, "house", {"house": {"n": 3}})
    assert str(caught.value) == (
        "[tool.promptopt.strategy.house]: the strategy comes from a "
        "pytest_promptopt_strategy hook that takes no options\n"
        "  hint: give the hook an argument named options, or remove the table"
    )


def test_a_name_that_no_hook_knows_is_a_built_in_one() -> None:
    assert strategy_of(project(lambda name: None), "opro").name == "opro"


def test_what_is_no_table_of_options_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        tables_of("[tool.promptopt.strategy]\nper_step = 4\n", tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}: 'per_step' in [tool.promptopt.strategy] is 4, not the options "
        "of a strategy\n  hint: write a table such as [tool.promptopt.strategy.opro]"
    )


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_tables_of_the_page_can_be_used() -> None:
    for text in blocks("toml"):
        tables = tomli.loads(text)["tool"]["promptopt"].get("strategy", {})
        for name in tables:
            assert strategy_of(project(), name, tables).name == name


def test_the_strategy_of_the_page_keeps_to_the_contract_that_it_shows() -> None:
    scope: dict[str, Any] = {}
    own, test = (text for text in blocks("python") if "eword" in text)
    exec(own + test, scope)

    scope["test_the_strategy_keeps_to_the_contract"]()
    hook = scope["pytest_promptopt_strategy"]
    config = project(hook)
    assert (
        strategy_of(config, "reworded", {"reworded": {"times": 2}}).name == "reworded"
    )


def test_the_strategy_of_the_example_project_keeps_to_the_contract() -> None:
    scope: dict[str, Any] = {}
    exec(OWN.read_text(encoding="utf-8"), scope)

    strategy = strategy_of(project(scope["pytest_promptopt_strategy"]), "complaints")

    assert strategy.name == "complaints"
    check_strategy(strategy)
