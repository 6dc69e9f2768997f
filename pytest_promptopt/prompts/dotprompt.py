"""Dotprompt files (``.prompt``): read, scored and gated, not rewritten.

Source:
    https://google.github.io/dotprompt/reference/frontmatter
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.handlebars import read_handlebars
from pytest_promptopt.prompts.model_settings import model_settings
from pytest_promptopt.prompts.source import Source
from pytest_promptopt.prompts.splice import ReadOnly

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.prompts.source import SourceRole

_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(?P<yaml>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)


def read_dotprompt(
    role: SourceRole, key: str, path: Path, file: FileText
) -> tuple[Source, ...]:
    """Read the messages of a file, with its model and model settings.

    Args:
        role: Role of the message that it is; a file that starts messages has roles of
            its own.
        key: The path as the user wrote it.
        path: The file.
        file: Its text.

    Returns:
        One source a message. None of them can be rewritten.

    Raises:
        SourceError: It is no such file, or is empty.
        TemplateError: It has something of Handlebars that has no exact counterpart.
    """
    front = _FRONT_MATTER.match(file.text)
    body_start = front.end() if front else 0
    before = file.text.count("\n", 0, body_start)
    data = _settings(path, front["yaml"] if front else "")
    turns = read_handlebars(path, file.text[body_start:], lambda line: line + before)
    if not turns:
        raise SourceError.at(
            path, before + 1, "the prompt is empty", "write a prompt into it"
        )
    if role and (len(turns) > 1 or turns[0].role not in ("", role)):
        raise SourceError.at(
            path,
            before + turns[0].line,
            "the file starts messages with {{role}}, and is given as the "
            f"{role} message",
            "give it without a role",
        )
    request = {
        **model_settings(path, data.get("config"), "config"),
        **_response_format(data.get("output")),
    }
    model = data.get("model")
    return tuple(
        Source(
            role=role or cast("SourceRole", turn.role),
            key=key if len(turns) == 1 else f"{key}[{at}]",
            path=path,
            text=turn.text,
            line=before + turn.line,
            place=_place(path),
            syntax="jinja",
            request=request,
            model=model if isinstance(model, str) else "",
        )
        for at, turn in enumerate(turns)
    )


def _place(path: Path) -> ReadOnly:
    return ReadOnly(
        path=path,
        line=None,
        problem="a Dotprompt file is read and never rewritten, so that there is "
        "nothing to search for: its Handlebars text has no exact way back",
        hint="score and gate it as it is, or keep its text in a .j2 file or a "
        ".prompt.yml file to have it rewritten",
    )


def _settings(path: Path, front: str) -> dict[str, Any]:
    if not front.strip():
        return {}
    from pytest_promptopt.prompts.extras import require

    require("yaml", extra="yaml", path=path)
    from pytest_promptopt.prompts.yaml_plain import plain_table

    # The first line is that of the dashes.
    return plain_table(path, FileText.decode(f"\n{front}".encode(), path))


def _response_format(output: Any) -> dict[str, Any]:
    if isinstance(output, dict) and output.get("format") == "json":
        return {"response_format": {"type": "json_object"}}
    return {}
