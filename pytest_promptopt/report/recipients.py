"""Which text went to which model, and to which computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_promptopt.records import Recipient, TestResult

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


def host_lines(results: Iterable[TestResult]) -> list[str]:
    """Return where the text of a run went, one line for each model and host.

    Args:
        results: The prompt tests.
    """
    return hosts(entry for result in results for entry in result.recipients)


def hosts(recipients: Iterable[Recipient]) -> list[str]:
    """Return the same of some recipients, each model with all its roles.

    Args:
        recipients: The models, in the order they are to be told.

    Returns:
        Lines such as ``"openai:gpt-5-mini (api.openai.com): task and judge model"``.
    """
    roles: dict[tuple[str, str], dict[str, None]] = {}
    for entry in recipients:
        roles.setdefault((entry.model, entry.host), {})[entry.role] = None
    return [
        f"{model} ({host or 'in this process'}): {_listed([*named])} model"
        for (model, host), named in roles.items()
    ]


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
