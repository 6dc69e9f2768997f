from __future__ import annotations

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize import Moves, NextStep, Task, strategy_named
from pytest_promptopt.optimize.registry import BUILT_IN
from pytest_promptopt.optimize.strategies.opro import Opro, OproOptions


class Fixed:
    name = "fixed"

    def search(self, task: Task) -> Moves:
        yield NextStep()


def test_opro_is_found_by_its_name_with_its_options() -> None:
    strategy = strategy_named("opro", {"per_step": 4})

    assert isinstance(strategy, Opro)
    assert strategy.name == "opro"
    assert strategy.options == OproOptions(per_step=4)


def test_a_strategy_of_somebody_else_is_made_by_its_factory() -> None:
    strategy = strategy_named("fixed", others={"fixed": lambda _: Fixed()})

    assert strategy.name == "fixed"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("orpo", {}, "unknown strategy 'orpo'\n  hint: did you mean 'opro'?"),
        (
            "nothing like it",
            {},
            "unknown strategy 'nothing like it'\n"
            f"  hint: use one of: {', '.join(sorted(BUILT_IN))}",
        ),
        (
            "opro",
            {"per_stp": 4},
            "strategy opro has no option 'per_stp'\n  hint: did you mean 'per_step'?",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(
    name: str, options: dict[str, int], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        strategy_named(name, options)

    assert str(caught.value) == message
