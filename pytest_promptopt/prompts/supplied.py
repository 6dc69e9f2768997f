"""Prompts that a project's own hook supplies: from a registry or a database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import PromptOptError, SourceError
from pytest_promptopt.prompts.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_promptopt.prompts.source import SourceRole

_LINE_END = re.compile(r"\r\n|\r")
_NO_FILE_NAME = re.compile(r"[^\w.-]+", re.ASCII)


def read_supplied(
    role: SourceRole, key: str, supply: Callable[[str], Any]
) -> Source | None:
    """Ask for a prompt by its name.

    Args:
        role: Role of the message that it is; empty if its annotations say so.
        key: The name as the user wrote it.
        supply: Returns an object with ``text``, and if it likes ``fingerprint``, or
            ``None`` if it does not know the name.

    Returns:
        A source without a place; ``None`` if the name is unknown.

    Raises:
        SourceError: The hook raised, or gave no text.
    """
    try:
        found = supply(key)
    except PromptOptError:
        raise
    except Exception as error:
        raise SourceError(
            f"prompt {key!r}: pytest_promptopt_source raised "
            f"{type(error).__name__}: {error}",
            "correct the hook, or what it reads from",
        ) from error
    if found is None:
        return None
    text = getattr(found, "text", None)
    version = getattr(found, "fingerprint", None)
    if not isinstance(text, str) or not isinstance(version, (str, type(None))):
        raise SourceError(
            f"prompt {key!r}: pytest_promptopt_source returned {found!r:.80}, which "
            "has no 'text' that is a str, or a 'fingerprint' that is none",
            "return an object with text, or None for a name that it does not know",
        )
    return Source(
        role=role,
        key=key,
        path=Path(key),
        text=_LINE_END.sub("\n", text.removeprefix("\ufeff")),
        label=key,
        version=version or "",
    )


def proposal_file(label: str) -> str:
    """Return the name of the file that a new text of a supplied prompt is written to.

    Args:
        label: :attr:`Source.label`.

    Returns:
        ``"promptopt.triage.txt"`` for ``"registry:triage"``; never a path.
    """
    name = label.partition(":")[2] or label
    return f"promptopt.{_NO_FILE_NAME.sub('-', name).strip('-.') or 'prompt'}.txt"
