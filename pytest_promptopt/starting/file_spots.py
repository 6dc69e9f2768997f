"""Prompts in files of their own, and among the values of YAML and TOML files."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.extras import require
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.key_form import is_dotprompt
from pytest_promptopt.prompts.key_path import read_steps, spelt
from pytest_promptopt.prompts.reading import is_prompt_yml
from pytest_promptopt.starting.signs import (
    in_prompt_folder,
    is_prompt_name,
    is_prompt_path,
    likeness,
)
from pytest_promptopt.starting.spot import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_promptopt.prompts.key_path import Steps

JINJA = (".j2", ".jinja", ".jinja2")
PLAIN = (".md", ".txt")
ENTRIES = (".yaml", ".yml", ".toml")
SUFFIXES = (*JINJA, *PLAIN, *ENTRIES, ".prompt")

_MOST_ENTRIES = 5_000
_UNNAMED_BYTES = 64 * 1024
"""YAML is slow to read: larger files are read only if they are called like prompts."""

# Templates of pages, settings and scripts are called by what they become.
_BECOMES_OTHER = re.compile(
    r"\.(?:html?|xml|ya?ml|conf|cfg|ini|toml|json|sh|sql|service|tf|js|ts|css|py|env|svg"
    r"|tex|csv|properties|go|rs|java|c|h|cpp|dockerfile)\.(?:j2|jinja2?)$|Dockerfile",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:readme|license|licence|changelog|contributing|requirements)\b.*", re.IGNORECASE
)
_SETTINGS = re.compile(
    r"(?:pyproject|cargo|ruff|tox|pytest|mkdocs|docker-compose.*|compose|poetry|uv"
    r"|pnpm-lock|environment|codecov)\.(?:toml|ya?ml)"
)
_KEY = re.compile(
    rb"^[ \t\"'-]*[\w.-]*(?:prompt|instruction|system|persona)[\w.-]*[\"']?[ \t]*[:=]"
    rb"|\brole[\"']?[ \t]*[:=][ \t]*[\"']?(?:system|user)|you are\b",
    re.IGNORECASE | re.MULTILINE,
)


def file_spots(file: str, path: Path, data: bytes) -> Iterator[Spot]:
    """Yield what looks like prompts in a file that is not Python.

    Args:
        file: Its path relative to the project's root; ends in one of
            :data:`SUFFIXES`.
        path: The same, absolute.
        data: Its bytes.
    """
    try:
        text = FileText.decode(data, path)
    except SourceError:
        return
    lower = file.lower()
    if is_dotprompt(lower) or is_prompt_yml(lower):
        yield _whole(file, text.text, sure=True)
    elif lower.endswith(JINJA):
        yield from _template(file, text.text)
    elif lower.endswith(PLAIN):
        name = file.rpartition("/")[2]
        named = in_prompt_folder(file) and not _ABOUT.fullmatch(name)
        if named and likeness(text.text, named=True) == "yes":
            yield _whole(file, text.text, sure=True)
    else:
        yield from _entries(file, path, text)


def _whole(file: str, text: str, *, sure: bool) -> Spot:
    return Spot(file=file, line=1, key=file, name=file, text=text, sure=sure)


def _template(file: str, text: str) -> Iterator[Spot]:
    name = file.rpartition("/")[2]
    if name.startswith("_"):  # by custom, a part that others include
        return
    named = is_prompt_path(file) or is_prompt_name(name) or "promptopt:" in text
    becomes_other = _BECOMES_OTHER.search(name) is not None
    found = likeness(text, named=named)
    if found == "yes" or (found == "perhaps" and not becomes_other):
        sure = found == "yes" and (named or not becomes_other)
        yield _whole(file, text, sure=sure)


def _entries(file: str, path: Path, text: FileText) -> Iterator[Spot]:
    name = file.rpartition("/")[2]
    named = is_prompt_path(file)
    if _SETTINGS.fullmatch(name.lower()) or not (named or _KEY.search(text.data)):
        return
    if not named and len(text.data) > _UNNAMED_BYTES:
        return
    try:
        data = _plain(path, text)
    except SourceError as error:
        if named:
            yield Spot(
                file=file,
                line=error.line or 1,
                key="",
                name=name,
                text="",
                sure=True,
                problem=error.problem.rpartition(f"{path}:")[2].strip(),
                hint=error.hint,
            )
        return
    for steps, content, is_chat in islice(_texts(data, ()), _MOST_ENTRIES):
        called = named or is_chat or any(map(is_prompt_name, steps))
        found = likeness(content, named=called)
        way = spelt(steps)
        if found != "no" and read_steps(way) == steps:
            yield Spot(
                file=file,
                line=1,
                key=f"{file}:{way}",
                name=way,
                text=content,
                sure=found == "yes",
            )


def _plain(path: Path, text: FileText) -> Any:
    if path.suffix.lower() == ".toml":
        return _toml(path, text)
    require("yaml", extra="yaml", path=path)
    from pytest_promptopt.prompts.yaml_plain import plain_table

    return plain_table(path, text)


def _toml(path: Path, text: FileText) -> Any:
    import tomli

    try:
        return tomli.loads(text.text)
    except (ValueError, RecursionError) as error:
        raise SourceError.at(
            path, None, f"the file is no TOML: {error}", "correct the TOML file"
        ) from None


def _texts(data: Any, steps: Steps) -> Iterator[tuple[Steps, str, bool]]:
    """Yield the texts among values, and whether each is a list of chat messages."""
    if isinstance(data, str):
        yield steps, data, False
    elif isinstance(data, dict):
        for name, value in data.items():
            if isinstance(name, str):
                yield from _texts(value, (*steps, name))
    elif isinstance(data, list):
        if data and all(map(_is_message, data)):
            yield steps, "\n".join(message["content"] for message in data), True
            return
        for at, value in enumerate(data):
            yield from _texts(value, (*steps, str(at)))


def _is_message(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "role" in value
        and isinstance(value.get("content"), str)
    )
