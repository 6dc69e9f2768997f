"""Cases in YAML: a list of ours, promptfoo's tests, or a ``.prompt.yml``'s testData."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_promptopt.cases.promptfoo import looks_like_tests, rows_of_tests
from pytest_promptopt.cases.rows import Row, fault, shown
from pytest_promptopt.cases.yaml_text import Entry, read_yaml, rows_of_list

if TYPE_CHECKING:
    from pytest_promptopt.cases.promptfoo import Linked

LISTS = ("cases", "testData", "tests")
"""Keys that may hold the cases: ours, a ``.prompt.yml``'s, promptfoo's."""


def rows_of_yaml(text: str, file: str, linked: Linked) -> list[Row]:
    """Read the cases of a YAML text.

    They are a list, or stand under ``cases:``; under ``testData:`` in a file of GitHub
    Models, of which nothing else is read; or under ``tests:`` in a configuration of
    promptfoo, or are a list of its tests.

    Args:
        text: The file's text, without a byte order mark.
        file: What messages call the file.
        linked: Reads a file that a configuration names, relative to it.

    Raises:
        CaseFileError: It is no YAML, or has no list of cases.
    """
    document = read_yaml(text, file)
    if document is None or document.value is None:
        return []
    if isinstance(document.entries, dict):
        return _rows_of_mapping(document, document.entries, file, linked)
    if looks_like_tests(document.value):
        return rows_of_tests(document, None, file, linked)
    return _rows_of_list(document, file)


def _rows_of_mapping(
    document: Entry, fields: dict[str, Entry], file: str, linked: Linked
) -> list[Row]:
    found = [name for name in LISTS if name in fields]
    if not found:
        raise _no_list(document, file)
    if len(found) > 1:
        raise fault(
            f"{file}:{fields[found[1]].line}",
            f"has both {found[0]!r} and {found[1]!r}",
            "keep the cases under one of the two",
        )
    name = found[0]
    if name == "tests":
        _check_scenarios(fields, file)
        return rows_of_tests(fields[name], fields.get("defaultTest"), file, linked)
    if name == "cases":
        _check_alone(fields, file)
    return _rows_of_list(fields[name], file)


def _rows_of_list(entry: Entry, file: str) -> list[Row]:
    if entry.value is None:
        return []
    fix = "begin each case with '- ', and indent its fields below it"
    return rows_of_list(entry, file, of="cases", fix=fix)


def _no_list(document: Entry, file: str) -> Exception:
    names = list(document.value) if isinstance(document.value, Mapping) else []
    for name in names:
        close = difflib.get_close_matches(name, LISTS, n=1, cutoff=0.8)
        if close:
            return fault(
                f"{file}:{document.line}",
                f"has {name!r}, and none of {', '.join(LISTS)}",
                f"did you mean {close[0]!r}?",
            )
    hint = "put the cases in a list under cases:, or in a list alone"
    if file.endswith((".prompt.yml", ".prompt.yaml")):
        hint = "put the cases in a list under testData:, with input: and expected:"
    return fault(
        f"{file}:{document.line}",
        f"has none of {', '.join(LISTS)}, only {shown(names)}",
        hint,
    )


def _check_alone(fields: dict[str, Entry], file: str) -> None:
    others = [name for name in fields if name != "cases"]
    if others:
        raise fault(
            f"{file}:{fields[others[0]].line}",
            f"has {others[0]!r} beside 'cases', which no reader takes",
            "delete it, or move it into each case",
        )


def _check_scenarios(fields: dict[str, Entry], file: str) -> None:
    if "scenarios" in fields:
        raise fault(
            f"{file}:{fields['scenarios'].line}",
            "'scenarios' of promptfoo are not read, and their cases would be missing",
            "write them as tests, or delete them from this file",
        )
