"""GitHub's ``.prompt.yml`` files: messages, a model and its parameters.

Source:
    https://docs.github.com/en/github-models/use-github-models/storing-prompts-in-github-repositories
"""

from __future__ import annotations

import difflib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.document import read_value
from pytest_promptopt.prompts.model_settings import model_settings
from pytest_promptopt.prompts.yaml_plain import plain_table
from pytest_promptopt.prompts.yaml_value import YamlDocument

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.prompts.file_text import FileText
    from pytest_promptopt.prompts.source import Source, SourceRole

_FIELDS = (
    "name",
    "description",
    "model",
    "modelParameters",
    "responseFormat",
    "jsonSchema",
    "messages",
    "testData",
    "evaluators",
)
_FORMATS = ("text", "json_object", "json_schema")


def read_prompt_yml(
    role: SourceRole, key: str, path: Path, file: FileText
) -> tuple[Source, ...]:
    """Read the messages of a file, with its model and model settings.

    Args:
        role: Empty: its messages have roles of their own.
        key: The path as the user wrote it.
        path: The file.
        file: Its text.

    Returns:
        One source a message; ``prompt.yml:messages[0]`` is the key of the first.

    Raises:
        SourceError: It is no such file.
    """
    document = YamlDocument.parse(path, file)
    data = plain_table(path, file)
    _check_fields(path, document, data)
    steps = ("messages",)
    value = document.value(steps)
    if value.kind != "list" or not value.length:
        said = value.said or (f"a {value.kind}" if value.kind != "list" else "empty")
        raise SourceError.at(
            path,
            value.line,
            f"'messages' is {said}, not a list of messages",
            "write '- role: user' and 'content: ...' for each",
        )
    sources = read_value(document, role, f"{key}:messages", steps)
    request = {
        **model_settings(path, data.get("modelParameters"), "modelParameters"),
        **_response_format(path, document, data),
    }
    model = data.get("model")
    return tuple(
        replace(
            source,
            syntax="jinja",
            request=request,
            model=model if isinstance(model, str) else "",
        )
        for source in sources
    )


def _check_fields(path: Path, document: YamlDocument, data: Mapping[str, Any]) -> None:
    for name in data:
        close = difflib.get_close_matches(name, _FIELDS, n=1, cutoff=0.75)
        if name not in _FIELDS and close:
            raise SourceError.at(
                path,
                document.value((name,)).line,
                f"unknown field {name!r}, of which nothing would be sent",
                f"did you mean {close[0]!r}?",
            )


def _response_format(
    path: Path, document: YamlDocument, data: Mapping[str, Any]
) -> dict[str, Any]:
    kind = data.get("responseFormat")
    if kind is None:
        return {}
    line = document.value(("responseFormat",)).line
    if kind not in _FORMATS:
        raise SourceError.at(
            path,
            line,
            f"responseFormat is {kind!r}",
            f"write one of: {', '.join(_FORMATS)}",
        )
    if kind != "json_schema":
        return {"response_format": {"type": kind}}
    try:
        schema = json.loads(data.get("jsonSchema") or "")
    except (TypeError, ValueError) as error:
        raise SourceError.at(
            path,
            document.value(("jsonSchema",)).line if "jsonSchema" in data else line,
            f"jsonSchema is no JSON: {error}",
            "write the schema as JSON, with its name and schema, in a | block",
        ) from None
    return {"response_format": {"type": kind, "json_schema": schema}}
