"""What tells a prompt from the other texts of a repository."""

from __future__ import annotations

import re
from typing import Literal

from pytest_promptopt.prompts.format_fields import likely_fields

Likeness = Literal["yes", "perhaps", "no"]

_NAMES = frozenset(
    {"instruction", "instructions", "persona", "prompt", "prompts", "system"}
)
_FOLDERS = frozenset({"prompt", "prompts"})
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NOT_SENT = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|\{\w*\}", re.DOTALL)
_JINJA = re.compile(r"\{\{-?\s*[\w'\"(]|\{%")
_WORD = re.compile(r"[^\W\d_]{2,}")
# Scripts without spaces: two characters count as a word.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_ASKS = re.compile(
    r"\b(?:you are|you will|your (?:task|job|role)|answer|reply|respond|classify"
    r"|summari[sz]e|extract|translate|rewrite|paraphrase|decide|say whether|sort the"
    r"|judge|grade|write (?:a|an|the)|list the|given (?:the|a|an)|one of|labels?|json"
    r"|step by step|use only|(?:context|question|ticket|answer):)",
    re.IGNORECASE,
)
_IN_ROLE = re.compile(r"\s*you(?: are|'re) (?:a|an|the)\b", re.IGNORECASE)
_OTHER_KINDS = re.compile(
    r"\s*(?:select\s.+?\sfrom|insert into|update \S+ set|create (?:table|index|view)"
    r"|delete from|alter table|with \w+ as \(|usage:|<!doctype|<html|<\?xml|<svg|<mjml"
    r"|<div|<table|<p>|<h\d|#!|\w+://\S+\s*\Z|%\(asctime\))",
    re.IGNORECASE | re.DOTALL,
)
_TEMPLATE_FIELD = re.compile(r"\$\{[A-Za-z_]\w*\}")
_PERCENT_FIELD = re.compile(r"(?<!%)%(?:\([A-Za-z_]\w*\))?s\b")


def is_prompt_name(name: str) -> bool:
    """Tell whether a constant, a key or a file is called like a prompt."""
    return not _NAMES.isdisjoint(_parts(name))


def is_prompt_path(path: str) -> bool:
    """Tell whether a file, or a folder above it, is called like prompts."""
    return any(not _FOLDERS.isdisjoint(_parts(part)) for part in path.split("/"))


def in_prompt_folder(path: str) -> bool:
    """Tell whether a file lies below a folder for prompts."""
    folders = path.split("/")[:-1]
    return any(not _FOLDERS.isdisjoint(_parts(folder)) for folder in folders)


def _parts(name: str) -> set[str]:
    return {part.lower() for part in _NAME_PARTS.findall(name)}


def has_placeholder(text: str) -> bool:
    """Tell whether something is inserted into a text: ``{{ name }}``, ``{name}``."""
    return bool(_JINJA.search(text)) or any(likely_fields(text))


def words(text: str) -> int:
    """Count the words of a template, without what is inserted."""
    sent = _NOT_SENT.sub(" ", text)
    return len(_WORD.findall(_UNSPACED.sub(" ", sent))) + (
        len(_UNSPACED.findall(sent)) // 2
    )


def likeness(text: str, *, named: bool) -> Likeness:
    """Say how much a text looks like a prompt.

    Args:
        text: The text.
        named: Whether its name or its file's says that it is one.

    Returns:
        ``"perhaps"`` where only a placeholder among words speaks for it.
    """
    count = words(text)
    if named:
        # A user message may be nothing but its input.
        least = 0 if _JINJA.search(text) else 1 if has_placeholder(text) else 4
        return "yes" if count >= least else "no"
    if _OTHER_KINDS.match(text):
        return "no"
    if not has_placeholder(text):
        return "yes" if count >= 6 and _IN_ROLE.match(text) else "no"
    if count < 5:
        return "no"
    return "yes" if _ASKS.search(text) else "perhaps"


def foreign_field(text: str) -> tuple[str, str] | None:
    """Return a field of a syntax that prompt tests cannot read, and its name.

    Returns:
        What is written, and what it is a field of; ``None`` if there is none.
    """
    if _JINJA.search(text):
        return None
    found = _TEMPLATE_FIELD.search(text)
    if found is not None:
        return found[0], "string.Template"
    found = _PERCENT_FIELD.search(text)
    if found is not None and not any(likely_fields(text)):
        return found[0], "'%' formatting"
    return None


def asks_for_json(text: str) -> bool:
    """Tell whether a prompt speaks of JSON."""
    return re.search(r"\bJSON\b", text) is not None
