"""Which text of a search went to which model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Recipient

_GETS: Mapping[str, str] = {
    "task": "the prompts with the inputs of all cases; right answers only of cases "
    "that a prompt shows as examples",
    "optimizer": "the prompt, and of train cases inputs, right answers and replies; "
    "of hold-out cases only what the prompt itself may show",
    "embeddings": "the texts of the prompt that were in use, no cases",
    "judge": "its rubric, replies, and what the rubric shows of the cases",
}


def recipient_items(recipients: Sequence[Recipient]) -> list[str]:
    """Return one line for each model: name, host, and what it was sent at most.

    Args:
        recipients: The models, in the order they are to be told.
    """
    return [
        f"{entry.model} ({entry.host or 'in this process'}), "
        f"the {entry.role} model: {_GETS[entry.role]}"
        for entry in recipients
    ]
