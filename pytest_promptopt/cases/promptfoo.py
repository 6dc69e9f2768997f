"""Promptfoo's tests as cases."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_promptopt.cases.assertions import expected_of_checks, read_check
from pytest_promptopt.cases.columns import tags_of_metadata
from pytest_promptopt.cases.fields import RESERVED
from pytest_promptopt.cases.rows import MOST_CASES, Row, fault, shown
from pytest_promptopt.cases.yaml_text import Entry

Linked = Callable[[str, str], "list[Row]"]
"""Reads the tests of a file that a configuration names: from the name and the place
where it stands to tests, each at its own place."""

_KEYS = ("assert", "description", "metadata", "options", "vars")

_NOT_TAKEN = {
    "assertScoringFunction": "write the scoring as a scorer or a test body",
    "prompts": "name the prompt on the marker; delete the key",
    "provider": "name the model on the marker; delete the key",
    "providerOutput": "delete the key: replies come from the model",
    "providers": "name the model on the marker; delete the key",
    "threshold": "delete the key: a case is right if all its checks hold",
}
"""Keys of a test that change what is sent or how it is graded."""


def looks_like_tests(value: Any) -> bool:
    """Tell whether a list holds tests of promptfoo: all have a mapping of ``vars``."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(entry, Mapping)
            and isinstance(entry.get("vars"), Mapping)
            and set(entry) <= {*_KEYS, *_NOT_TAKEN}
            for entry in value
        )
    )


def rows_of_tests(
    tests: Entry, default: Entry | None, file: str, linked: Linked
) -> list[Row]:
    """Read the tests of a configuration.

    A test's ``vars`` are the fields of its case, one case for each combination where a
    variable is a list; what it asserts is ``expected``; its metadata are tags.

    Args:
        tests: The list, or the name of a file, under ``tests``.
        default: What stands under ``defaultTest``.
        file: What messages call the file.
        linked: Reads a file that ``tests`` names.

    Raises:
        CaseFileError: A test has what has no counterpart here; names line and key.
    """
    shared = _default(default, file)
    found: list[Row] = []
    for row in _tests(tests, file, linked):
        for case in _cases_of(row, shared):
            found.append(case)
            if len(found) > MOST_CASES:
                return found  # refused by who asked
    return found


def _default(entry: Entry | None, file: str) -> Mapping[str, Any]:
    if entry is None or entry.value is None:
        return {}
    place = f"{file}:{entry.line}"
    if isinstance(entry.value, str):
        raise fault(
            place,
            f"defaultTest is {shown(entry.value)}, which is not read",
            "write the default test itself",
        )
    return _checked(Row(place=place, value=entry.value), "defaultTest")


def _tests(tests: Entry, file: str, linked: Linked) -> Iterator[Row]:
    if isinstance(tests.value, str):
        yield from linked(tests.value, f"{file}:{tests.line}")
        return
    if tests.value is None:
        return
    if not isinstance(tests.value, list):
        raise fault(
            f"{file}:{tests.line}",
            f"tests is {shown(tests.value)}, not a list",
            "begin each test with '- '; tests made by a program are not read",
        )
    for entry in tests.entries:
        if not isinstance(entry, Entry):
            continue
        place = f"{file}:{entry.line}"
        if isinstance(entry.value, str):
            yield from linked(entry.value, place)
        else:
            yield Row(place=place, value=entry.value)


def _checked(row: Row, name: str) -> Mapping[str, Any]:
    test, place = row.value, row.place
    if not isinstance(test, Mapping):
        raise fault(
            place,
            f"{name} is {shown(test)}, not a mapping",
            "write vars: and assert: below it",
        )
    for key, value in test.items():
        if key in _NOT_TAKEN:
            raise fault(
                place,
                f"{name} has {key}: {shown(value)}, which has no counterpart here",
                _NOT_TAKEN[key],
            )
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key), _KEYS, n=1)
            raise fault(
                place,
                f"{name} has the unknown key {shown(key)}",
                f"did you mean {close[0]!r}?" if close else "delete the key",
            )
    kinds = {"vars": Mapping, "metadata": Mapping, "options": Mapping, "assert": list}
    for key, kind in kinds.items():
        value = test.get(key)
        if value is not None and not isinstance(value, kind):
            raise fault(
                place,
                f"{name}: {key} is {shown(value)}, not a "
                f"{'list' if kind is list else 'mapping'}",
                "write it out in this file",
            )
    _check_options(test.get("options"), place, name)
    return test


def _check_options(options: Any, place: str, name: str) -> None:
    for key in options or {}:
        if key != "disableVarExpansion":
            raise fault(
                place,
                f"{name} has the option {shown(key)}, which has no counterpart here",
                "delete it; prefix and suffix belong in the prompt, transforms in a "
                "test body",
            )


def _cases_of(row: Row, shared: Mapping[str, Any]) -> Iterator[Row]:
    test = _checked(row, "the test")
    options = {**(shared.get("options") or {}), **(test.get("options") or {})}
    given = {**(shared.get("vars") or {}), **(test.get("vars") or {})}
    metadata = {**(shared.get("metadata") or {}), **(test.get("metadata") or {})}
    checks = [*(shared.get("assert") or []), *(test.get("assert") or [])]
    tags = tags_of_metadata(metadata, row.place)
    for variables in _combinations(
        given, expand=not options.get("disableVarExpansion")
    ):
        _check_files(variables, row.place)
        # A variable with the name of a field of ours can only be of use to checks.
        fields = {name: variables[name] for name in variables if name not in RESERVED}
        if checks:
            read = [read_check(check, row.place, variables) for check in checks]
            fields["expected"] = expected_of_checks(read)
        elif "expected" in variables:
            fields["expected"] = variables["expected"]
        if tags:
            fields["tags"] = tags
        yield Row(place=row.place, value=fields)


def _combinations(
    variables: Mapping[str, Any], *, expand: bool
) -> Iterator[dict[str, Any]]:
    choices = [
        value if expand and isinstance(value, list) else [value]
        for value in variables.values()
    ]
    for chosen in itertools.product(*choices):
        yield dict(zip(variables, chosen, strict=True))


def _check_files(variables: Mapping[str, Any], place: str) -> None:
    for name, value in variables.items():
        if isinstance(value, str) and value.startswith("file://"):
            raise fault(
                place,
                f"the variable {name!r} is {shown(value)}, a file, which is not read",
                "write its text here, or give the cases by a Python function",
            )
