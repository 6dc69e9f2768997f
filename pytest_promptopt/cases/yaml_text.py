"""YAML as plain values with lines: no surprises in the scalars, no bombs."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases.optional import optional
from pytest_promptopt.cases.rows import Row, fault, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CHARACTERS = 2_000_000
"""Longest YAML text: PyYAML needs about ten seconds for it."""

MOST_VALUES = 100_000
"""Values of one document, each use of an alias counted: stops a bomb of aliases."""

DEEPEST = 100

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(
    _TAG + name
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value of a YAML text.

    Attributes:
        line: The line where it begins, from 1.
        value: Plain JSON values.
        entries: Of a list, its entries; of a mapping, its values by key; else empty.
    """

    line: int
    value: Any
    entries: Sequence[Entry] | dict[str, Entry] = ()


def read_yaml(text: str, file: str) -> Entry | None:
    """Read one YAML document.

    A scalar without quotes is ``true``, ``false``, ``null`` or a number if JSON would
    write it so, and text otherwise: ``yes``, ``no``, ``on``, ``off``, ``2024-05-01``,
    ``1:30``, ``007``, ``1_000`` and ``1e3`` stay as they are written. Aliases and
    merge keys (``<<``) are followed.

    Args:
        text: The file's text, without a byte order mark.
        file: What messages call the file.

    Returns:
        ``None`` if the text has no document.

    Raises:
        CaseFileError: PyYAML is not installed; the text is no YAML, has several
            documents, a tag such as ``!!python/object``, a key twice, too many values
            or too many levels.
    """
    yaml = optional("yaml", extra="yaml", file=file)
    if len(text) > MOST_CHARACTERS:
        raise fault(
            file,
            f"has {len(text)} characters, more than {MOST_CHARACTERS} of YAML",
            "write that many cases as JSON lines or CSV, which read far faster",
        )
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise _syntax_fault(error, text, file) from None
    except RecursionError:
        raise fault(
            file, "bad YAML: nested too deeply", "write flatter values"
        ) from None
    if not nodes:
        return None
    if len(nodes) > 1:
        line = _line(nodes[1], text)
        raise fault(
            f"{file}:{line}",
            "a second YAML document begins here",
            "put all cases in one document: delete the lines that are only ---",
        )
    return _Reading(text, file).entry(nodes[0], 0)


def _syntax_fault(error: Any, text: str, file: str) -> Exception:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    index = mark.index if mark is not None else getattr(error, "position", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None)
    place = file
    if isinstance(index, int):
        place = f"{file}:{text.count(chr(10), 0, index) + 1}"
    return fault(
        place,
        f"bad YAML: {problem or 'it cannot be read'}",
        "check indentation and quotes; a text with ': ' or ' #' in it needs quotes",
    )


def _line(node: Any, text: str) -> int:
    return text.count("\n", 0, node.start_mark.index) + 1


def _joined(text: str) -> str:
    """Join both halves of a surrogate pair, as JSON escapes it: YAML leaves them."""
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return text  # half a pair, refused where the field is known


class _Reading:
    """One walk over the nodes of a document, with its count of values.

    Args:
        text: The file's text, to count lines in.
        file: What messages call the file.
    """

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._values = 0
        self._ends = [at for at, letter in enumerate(text) if letter == "\n"]

    def entry(self, node: Any, depth: int) -> Entry:
        line = self._line(node)
        self._count(line, depth)
        if type(node).__name__ == "ScalarNode":
            return Entry(line=line, value=self._scalar(node, line))
        if node.tag not in {f"{_TAG}seq", f"{_TAG}map"}:
            raise self._tagged(node, line)
        if node.tag == f"{_TAG}seq":
            listed = [self.entry(each, depth + 1) for each in node.value]
            return Entry(
                line=line, value=[each.value for each in listed], entries=listed
            )
        fields = self._fields(node, depth)
        values = {name: each.value for name, each in fields.items()}
        return Entry(line=line, value=values, entries=fields)

    def _line(self, node: Any) -> int:
        return bisect_left(self._ends, node.start_mark.index) + 1

    def _count(self, line: int, depth: int) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise fault(
                f"{self._file}:{line}",
                f"has more than {MOST_VALUES} values, aliases counted at each use",
                "write the cases out without aliases of aliases",
            )
        if depth > DEEPEST:
            raise fault(
                f"{self._file}:{line}",
                f"nested deeper than {DEEPEST} levels, or an alias within itself",
                "flatten the value",
            )

    def _scalar(self, node: Any, line: int) -> Any:
        if node.tag not in _PLAIN_TAGS:
            raise self._tagged(node, line)
        written = _joined(node.value)
        if node.style is not None or node.tag == f"{_TAG}str":
            return written
        if written in _WORDS:
            return _WORDS[written]
        if not _NUMBER.fullmatch(written):
            return written
        try:
            return int(written) if _INTEGER.fullmatch(written) else float(written)
        except ValueError:  # more digits than Python takes
            raise fault(
                f"{self._file}:{line}",
                f"the number {shown(written)} is too long",
                "write it in quotes, as text",
            ) from None

    def _fields(self, node: Any, depth: int) -> dict[str, Entry]:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            line = self._line(key)
            if key.tag == f"{_TAG}merge":
                for name, entry in self._merged(value, depth).items():
                    merged.setdefault(name, entry)
                continue
            name = _joined(key.value)
            if type(key).__name__ != "ScalarNode" or key.tag not in _PLAIN_TAGS:
                raise fault(
                    f"{self._file}:{line}", "a key is no text", "write a text as key"
                )
            if name in own:
                raise fault(
                    f"{self._file}:{line}",
                    f"the key {shown(name)} appears twice in one mapping",
                    "write each key once",
                )
            own[name] = self.entry(value, depth + 1)
        return {**merged, **own}

    def _merged(self, node: Any, depth: int) -> dict[str, Entry]:
        self._count(self._line(node), depth)
        if type(node).__name__ == "MappingNode":
            return self._fields(node, depth + 1)
        if type(node).__name__ == "SequenceNode":
            found: dict[str, Entry] = {}
            for each in node.value:
                for name, entry in self._merged(each, depth + 1).items():
                    found.setdefault(name, entry)
            return found
        raise fault(
            f"{self._file}:{self._line(node)}",
            "the merge key << is given no mapping",
            "write << : *name, where &name stands at a mapping",
        )

    def _tagged(self, node: Any, line: int) -> Exception:
        tag = node.tag.replace(_TAG, "!!")
        return fault(
            f"{self._file}:{line}",
            f"the tag {tag!r} is not read",
            "delete the tag and write plain text, numbers, lists and mappings",
        )


def rows_of_list(entry: Entry, file: str, *, of: str, fix: str) -> list[Row]:
    """Return the entries of a list as rows, each with its line.

    Args:
        entry: What ought to be a list.
        file: What messages call the file.
        of: What it is a list of: ``"cases"``.
        fix: What to do if it is none.

    Raises:
        CaseFileError: It is no list.
    """
    if not isinstance(entry.value, list):
        where = f"{file}:{entry.line}"
        raise fault(where, f"holds {shown(entry.value)}, not a list of {of}", fix)
    return [
        Row(place=f"{file}:{each.line}", value=each.value)
        for each in entry.entries
        if isinstance(each, Entry)
    ]
