"""Eval cases from wherever the user keeps them."""

from __future__ import annotations

import functools
import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases.fields import case_from
from pytest_promptopt.cases.files import (
    check_size,
    find_case_file,
    read_case_text,
    shown_path,
)
from pytest_promptopt.cases.json_rows import rows_of_json_lines, rows_of_json_list
from pytest_promptopt.cases.rows import MOST_CASES, Row, fault, shown
from pytest_promptopt.errors import CaseFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_promptopt.records import Case

CaseSource = (
    str
    | os.PathLike[str]
    | Iterable[Mapping[str, Any]]
    | Callable[[], Iterable[Mapping[str, Any]]]
)
"""What ``cases=`` takes: a file, the cases themselves, or a function giving them."""

EXTENSIONS = (
    *(".csv", ".json", ".jsonl", ".ndjson", ".parquet"),
    *(".toml", ".tsv", ".yaml", ".yml"),
)


def load_cases(
    spec: CaseSource, *, roots: Sequence[Path], label: str
) -> tuple[Case, ...]:
    """Read and check the cases of one prompt test.

    Args:
        spec: A file with one of :data:`EXTENSIONS`, a sequence of mappings, or a
            function without arguments that returns or yields them. What such a
            function raises is the user's own and passes through.
        roots: Folders that a relative path is tried in, in this order; the first is
            the one that places are shown relative to.
        label: What messages call cases that are no file, as in ``label[3]``.

    Returns:
        The cases in their order, at least one, with unique ids.

    Raises:
        CaseFileError: A file is missing or unreadable, a case is not as it must be, or
            an id is used twice; with ``file:line`` where there is a line.
    """
    if isinstance(spec, (str, os.PathLike)):
        rows, origin = _rows_of_file(os.fspath(spec), roots)
    else:
        rows, origin = _rows_of_python(spec, label), label
    if not rows:
        raise fault(origin, "has no cases", "write at least one case")
    if len(rows) > MOST_CASES:
        raise fault(
            origin,
            f"has more than {MOST_CASES} cases",
            "give fewer; see that a generator of cases comes to an end",
        )
    cases = tuple(case_from(row) for row in rows)
    _check_unique(cases, rows)
    return cases


def _rows_of_file(spec: str, roots: Sequence[Path]) -> tuple[list[Row], str]:
    extension = PurePath(spec).suffix.lower()
    if extension not in EXTENSIONS:
        raise CaseFileError(
            f"cases {spec!r} has the extension {PurePath(spec).suffix!r}, "
            "which no reader takes",
            f"use one of {', '.join(EXTENSIONS)}, or pass a Python list",
        )
    path = find_case_file(spec, roots)
    file = shown_path(path, roots)
    if extension == ".parquet":
        from pytest_promptopt.cases.parquet_rows import rows_of_parquet

        check_size(path, file)
        return rows_of_parquet(path, file), file
    text = read_case_text(path, file)
    if extension in (".jsonl", ".ndjson"):
        return rows_of_json_lines(text, file), file
    if extension == ".json":
        return rows_of_json_list(text, file), file
    if extension in (".csv", ".tsv"):
        from pytest_promptopt.cases.columns import rows_of_csv

        return rows_of_csv(text, file), file
    if extension == ".toml":
        from pytest_promptopt.cases.toml_rows import rows_of_toml

        return rows_of_toml(text, file), file
    from pytest_promptopt.cases.linked import rows_of_linked
    from pytest_promptopt.cases.yaml_rows import rows_of_yaml

    linked = functools.partial(rows_of_linked, folder=path.parent, roots=roots)
    return rows_of_yaml(text, file, linked), file


def _rows_of_python(spec: Any, label: str) -> list[Row]:
    value = _called(spec, label) if callable(spec) else spec
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        if inspect.iscoroutine(value):
            value.close()  # or Python warns that nobody awaited it
        raise fault(
            label,
            f"cases are {shown(value)}, not a list of mappings",
            'give a list such as [{"ticket": "...", "expected": "..."}]',
        )
    # One more than there may be: a generator need not come to an end.
    return [
        Row(place=f"{label}[{index}]", value=entry)
        for index, entry in enumerate(itertools.islice(value, MOST_CASES + 1))
    ]


def _called(source: Callable[..., Any], label: str) -> Any:
    try:
        inspect.signature(source).bind()
    except TypeError as error:
        raise fault(
            label,
            f"cases are given by {shown(source)}, which cannot be called without "
            f"arguments: {error}",
            "give a function without arguments that returns a list of mappings",
        ) from None
    except ValueError:
        pass  # some built-ins have no signature; the call will tell
    return source()


def _check_unique(cases: Sequence[Case], rows: Sequence[Row]) -> None:
    first: dict[str, tuple[Case, bool]] = {}
    for case, row in zip(cases, rows, strict=True):
        named = "id" in row.value
        if case.id not in first:
            first[case.id] = case, named
            continue
        earlier, earlier_named = first[case.id]
        if named or earlier_named:
            raise fault(
                case.place,
                f"id {case.id!r} is already used at {earlier.place}",
                "give each case an id of its own",
            )
        raise fault(
            case.place,
            f"the same case stands at {earlier.place}, and neither has an id",
            "delete one of the two, or give each an id if the repetition is meant",
        )
