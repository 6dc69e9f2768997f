"""Files that hold several values: what stands where, and which of it is a prompt."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

from pytest_promptopt.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.prompts.key_path import Steps
    from pytest_promptopt.prompts.source import Source, SourceRole

_ROLES = ("system", "user", "assistant")
_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a file holds at one place.

    Attributes:
        kind: ``"other"`` is anything that is no text, list or table.
        line: Line of the file, from 1, if it is known.
        text: Of a text, the text.
        names: Of a table, the names of its entries, in order; each once.
        length: Of a list, the number of its entries.
        said: Of another, what messages call it: ``"the number 3"``.
        hint: Of another, what makes it a text.
    """

    kind: Literal["text", "list", "table", "other"]
    line: int | None
    text: str = ""
    names: tuple[str, ...] = ()
    length: int = 0
    said: str = ""
    hint: str = ""


class Document(Protocol):
    """A file, parsed."""

    @property
    def path(self) -> Path:
        """The file, for messages."""
        ...

    def value(self, steps: Steps) -> Value:
        """Return what stands at a place.

        Raises:
            SourceError: Nothing does, or what stands there cannot be followed.
        """
        ...

    def source(self, role: SourceRole, key: str, steps: Steps) -> Source:
        """Return the source that the text at a place is."""
        ...

    def name(self, steps: Steps) -> str:
        """Return what follows the colon of the key of a place."""
        ...


def read_value(
    document: Document, role: SourceRole, key: str, steps: Steps
) -> tuple[Source, ...]:
    """Read the prompt at a place: a text, a chat message or a list of messages.

    Args:
        document: The file.
        role: Role of the message that the text is; empty if nothing is said.
        key: The place as the user wrote it.
        steps: The same, read.

    Returns:
        One source a message. The messages of a list have the list's key with their
        position in brackets.

    Raises:
        SourceError: What stands there is no prompt.
    """
    value = document.value(steps)
    if value.kind == "text":
        return (document.source(role, key, steps),)
    if _is_message(value):
        return (_message(document, role, key, steps),)
    if value.kind == "list" and _holds_messages(document, steps, value):
        if role:
            raise _roles_clash(document, value, steps, role)
        return tuple(
            _message(document, role, f"{key}[{at}]", (*steps, str(at)))
            for at in range(value.length)
        )
    raise no_text(document, value, steps)


def no_text(document: Document, value: Value, steps: Steps) -> SourceError:
    """Return the error that what stands at a place is no prompt."""
    name = document.name(steps)
    if value.kind == "other":
        problem, hint = f"{name!r} is {value.said}", value.hint
    elif value.kind == "list":
        problem = f"{name!r} is a list of {value.length}, neither text nor messages"
        hint = "name one entry: " + _some(
            document, steps, tuple(map(str, range(value.length)))
        )
    else:
        problem = f"{name!r} is a table of several values, not text"
        hint = "name one of them: " + _some(document, steps, value.names)
    return SourceError.at(document.path, value.line, problem, hint)


def missing(
    document: Document, value: Value, steps: Steps, step: str, extra: str = ""
) -> SourceError:
    """Return the error that a table or list has no such entry.

    Args:
        document: The file.
        value: The table or list, or what stands in its stead.
        steps: Its place.
        step: The entry that it has not.
        extra: What to do, if that is known better.
    """
    owner = repr(document.name(steps)) if document.name(steps) else "the file"
    if value.kind == "list":
        problem = f"{owner} is a list of {value.length} and has no entry {step!r}"
        hint = "count from 0: " + _some(
            document, steps, tuple(map(str, range(value.length)))
        )
    elif value.kind == "table":
        problem = f"{owner} has no entry {step!r}"
        close = difflib.get_close_matches(step, value.names, n=1)
        hint = (
            f"did you mean {document.name((*steps, close[0]))!r}?"
            if close
            else "it has: " + _some(document, steps, value.names)
        )
    else:
        said = "a text" if value.kind == "text" else value.said
        problem = f"{owner} is {said}, so that it has no entry {step!r}"
        hint = f"write {owner} alone" if value.kind == "text" else value.hint
    return SourceError.at(document.path, value.line, problem, extra or hint)


def _some(document: Document, steps: Steps, names: tuple[str, ...]) -> str:
    shown = [repr(document.name((*steps, name))) for name in names[:_SHOWN]]
    more = len(names) - _SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") or "none"


def _is_message(value: Value) -> bool:
    return value.kind == "table" and "role" in value.names and "content" in value.names


def _holds_messages(document: Document, steps: Steps, value: Value) -> bool:
    entries = [document.value((*steps, str(at))) for at in range(value.length)]
    return bool(entries) and all(
        entry.kind == "table" and {"role", "content"} & set(entry.names)
        for entry in entries
    )


def _message(document: Document, role: SourceRole, key: str, steps: Steps) -> Source:
    value = document.value(steps)
    name = document.name(steps)
    for field in ("role", "content"):
        if field not in value.names:
            raise SourceError.at(
                document.path,
                value.line,
                f"message {name!r} has no {field!r}",
                "write role and content into every message",
            )
    for field in value.names:
        if field not in ("role", "content"):
            raise SourceError.at(
                document.path,
                value.line,
                f"message {name!r} has {field!r}, which a prompt test does not send",
                "leave it out, or name the texts one by one: "
                f"user={_text_key(document, key, steps)!r}",
            )
    own = _role(document, (*steps, "role"))
    if role not in ("", own):
        raise _roles_clash(document, value, steps, role)
    content = (*steps, "content")
    found = document.value(content)
    if found.kind != "text":
        raise no_text(document, found, content)
    return document.source(own, key, content)


def _role(document: Document, steps: Steps) -> SourceRole:
    value = document.value(steps)
    if value.kind != "text" or value.text not in _ROLES:
        shown = repr(value.text) if value.kind == "text" else value.said or value.kind
        raise SourceError.at(
            document.path,
            value.line,
            f"{document.name(steps)!r} is {shown}, which is no role of a message",
            "write system, user or assistant",
        )
    return cast("SourceRole", value.text)


def _text_key(document: Document, key: str, steps: Steps) -> str:
    file, colon, _ = key.partition(":")
    return f"{file}{colon or ':'}{document.name((*steps, 'content'))}"


def _roles_clash(
    document: Document, value: Value, steps: Steps, role: str
) -> SourceError:
    what = "a list of messages" if value.kind == "list" else "a message"
    return SourceError.at(
        document.path,
        value.line,
        f"{document.name(steps)!r} is {what} with roles of its own, and is given as "
        f"the {role} message",
        "give it without a role, or name the text of one message",
    )
