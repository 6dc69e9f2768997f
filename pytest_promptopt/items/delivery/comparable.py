"""Whether the application can be run on what the baseline arm was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.items.delivery.arm_texts import edits_for, texts_for
from pytest_promptopt.records import Verdict

if TYPE_CHECKING:
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference


def of_other_places(test: PromptTest, reference: Reference) -> Verdict | None:
    """Say that the baseline's prompt cannot be put where the application reads it.

    Returns:
        ``None`` if it can, or is handed to the body, which does with it what it likes.
    """
    before = reference.prompt
    if before is None or test.mark.deliver == "argument":
        return None
    try:
        if test.mark.deliver == "attribute":
            texts_for(test.prompt, before)
        else:
            edits_for(test.prompt, before)
    except PromptOptError as error:
        record = reference.record
        return Verdict(
            outcome="inconclusive",
            cause="other prompts",
            message=f"nothing was compared: {error.problem}: {error.hint}",
            baseline_date=None if record is None else record.date,
            reference=reference.name,
        )
    return None
