from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from search_script import cases, plan

from pytest_promptopt.errors import SearchRefused
from pytest_promptopt.optimize.outlook import Outlook, outlook
from pytest_promptopt.optimize.strategies.opro import Opro

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.optimize import Moves, Task


class Untold:
    """A strategy that does not say how much it tries."""

    name = "untold"

    def search(self, task: Task) -> Moves:
        yield from ()


EXAMPLES = """\
{# promptopt: begin instructions -#}
Sort it.
{# promptopt: end -#}
{# promptopt: begin examples shots -#}
{# promptopt: end -#}
{{ ticket }}
"""


def told(folder: Path, strategy: object = None, **changes: object) -> str:
    return outlook(plan(folder, **changes), strategy or Opro()).sentence()  # type: ignore[arg-type]


def test_a_search_says_what_it_may_take_and_show(tmp_path: Path) -> None:
    # The start, 24 proposals with a call of the optimizer each, and the confirmation.
    assert told(tmp_path) == (
        f"up to 24 proposals, {100 + 24 * 101 + 2700:,} model calls at most; "
        "gains of 7.0 points or more can be confirmed"
    )


def test_a_budget_limits_calls_and_what_can_be_scored_to_the_end(
    tmp_path: Path,
) -> None:
    assert told(tmp_path, budget=4000) == (
        "up to 24 proposals (11 if each is scored on all train cases), 4,000 model "
        "calls at most; gains of 7.0 points or more can be confirmed"
    )
    assert told(tmp_path, budget=9000).startswith("up to 24 proposals, 5,224 model")


def test_a_strategy_that_does_not_say_how_much_it_tries_has_the_budget_alone(
    tmp_path: Path,
) -> None:
    gains = "gains of 7.0 points or more can be confirmed"
    assert told(tmp_path, Untold(), budget=4000) == (
        f"enough for 11 proposals, 4,000 model calls at most; {gains}"
    )
    assert told(tmp_path, Untold()) == gains
    assert told(tmp_path, Untold(), template=EXAMPLES) == gains


def test_the_choice_of_examples_takes_proposals_and_steps_of_its_own(
    tmp_path: Path,
) -> None:
    # Of three steps two may be the strategy's, and all three the choice's.
    assert told(tmp_path, template=EXAMPLES).startswith(
        f"up to {2 * 8 + 3 * 6} proposals, "
    )


def test_what_it_costs_is_said_where_it_is_known() -> None:
    found = Outlook(proposals=240, bought=None, calls=9600, smallest=0.12)

    assert found.sentence("about $1.92") == (
        "up to 240 proposals, 9,600 model calls at most, about $1.92; gains of 12.0 "
        "points or more can be confirmed"
    )


def test_a_search_that_will_be_refused_has_no_outlook(tmp_path: Path) -> None:
    with pytest.raises(SearchRefused):
        told(tmp_path, cases=cases(20))
