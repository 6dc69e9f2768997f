"""The prompt under test and the one it is held against, each with its cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.items.prompt_test import Arm

if TYPE_CHECKING:
    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.items.rounds import Members


def arms_of(conduct: Conduct) -> Members:
    """Return the arms of the gate or the recording, each with its cases.

    Raises:
        SettingError: Nobody supplies the model that the reference was made with.
        ValueError: The test is to be compared and there is nothing to compare with.
    """
    test, plan, reference = conduct.test, conduct.plan, conduct.reference
    own = Arm(
        prompt=test.prompt,
        model=conduct.model,
        settings=test.settings,
        price=conduct.prices.get(conduct.model.name),
    )
    if plan.mode != "edited":
        return [(own, plan.common if plan.mode == "unedited" else test.cases)]
    if reference.record is None or reference.prompt is None:
        raise ValueError("an edited test has a reference")
    old = Arm(
        prompt=reference.prompt,
        model=conduct.model_named(reference.model),
        settings=reference.request,
        price=conduct.prices.get(reference.model),
    )
    return [(old, plan.common), (own, test.cases)]
