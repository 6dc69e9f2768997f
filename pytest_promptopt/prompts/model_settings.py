"""Model settings that prompt files have, as a request names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = {
    "frequencyPenalty": "frequency_penalty",
    "maxCompletionTokens": "max_completion_tokens",
    "maxOutputTokens": "max_tokens",
    "maxTokens": "max_tokens",
    "presencePenalty": "presence_penalty",
    "reasoningEffort": "reasoning_effort",
    "stopSequences": "stop",
    "topP": "top_p",
}


def model_settings(path: Path, found: Any, field: str) -> dict[str, Any]:
    """Return a file's model settings under the names of the chat completions API.

    Args:
        path: The file, for messages.
        found: What stands in the field; ``None`` is no settings.
        field: The field's name.

    Returns:
        The settings; those with names that need no change, and unknown ones, as they
        are.

    Raises:
        SourceError: It is no table, or the same setting is there twice.
    """
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise SourceError.at(
            path,
            None,
            f"{field} is {found!r}, not a table of model settings",
            "write one setting a line, e.g. temperature: 0",
        )
    settings: dict[str, Any] = {}
    for name, value in found.items():
        sent = _NAMES.get(name, str(name))
        if sent in settings:
            raise SourceError.at(
                path, None, f"{field} has {sent!r} twice", "keep one of the two"
            )
        settings[sent] = value
    return settings
