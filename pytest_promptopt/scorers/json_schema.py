"""The reply is JSON that keeps to a schema."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records.strict_json import read_json
from pytest_promptopt.scorers.deferred import Deferred
from pytest_promptopt.scorers.grading import (
    RIGHT,
    Scorer,
    case_fault,
    expected_of,
    graded,
    shown,
    unparsed,
    wrong,
)
from pytest_promptopt.scorers.reply_json import reply_json
from pytest_promptopt.scorers.schema import faults, need_library, validator_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.records import Case, Completion, Score
    from pytest_promptopt.scorers.deferred import Lookup

TOLD = 3
"""Faults that a reason lists."""

NAME = "json_schema"


def json_schema(
    schema: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    formats: bool = True,
    first_block: bool = False,
) -> Scorer:
    """Make a scorer for replies that must keep to a JSON Schema.

    The reply must be JSON and nothing else, with no key twice; nothing is repaired.
    Needs ``pip install 'pytest-promptopt[jsonschema]'``.

    Args:
        schema: The schema, or the path of a JSON file with it, looked up like a case
            file. By default each case's ``expected`` is a schema.
        formats: Whether ``format`` counts, for "date", "date-time", "time", "email",
            "ipv4", "ipv6" and "uuid"; others are never checked.
        first_block: Whether the first fenced code block of a reply counts instead of
            the whole reply, if there is one.

    Raises:
        ScorerError: The schema cannot be used, or ``jsonschema`` is not installed.
    """
    need_library(NAME)
    form = _Form(formats=formats, first_block=first_block)
    if schema is None:
        return form.of_cases()
    if isinstance(schema, (str, os.PathLike)):
        return SchemaFile(path=os.fspath(schema), form=form)
    return form.of(schema, place=NAME)


def compare_json_schema(validator: Any, text: str, *, first_block: bool) -> Score:
    """Hold a reply, read as JSON, against a schema.

    Args:
        validator: The schema, as ``schema.validator_of`` returns it.
        text: The reply.
        first_block: Whether the first fenced code block counts, if there is one.
    """
    try:
        got = reply_json(text, first_block=first_block)
    except ValueError as error:
        return unparsed(f"the reply is not JSON ({error}): {shown(text)}")
    found = faults(validator, got)
    if not found:
        return RIGHT
    more = [f"{len(found) - TOLD} more faults"] if len(found) > TOLD else []
    return wrong("; ".join([*found[:TOLD], *more]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    formats: bool
    first_block: bool

    def of(self, schema: Any, *, place: str) -> Scorer:
        try:
            validator = validator_of(schema, formats=self.formats, trusted=True)
        except ScorerError as error:
            raise ScorerError(
                f"{place}: cannot use the schema: {error.problem}", error.hint
            ) from None
        return self._scorer(lambda _: validator)

    def of_cases(self) -> Scorer:
        return self._scorer(self._of_case)

    def _scorer(self, validator_for: Any) -> Scorer:
        first_block = self.first_block

        def score(case: Case, completion: Completion) -> Score:
            validator = validator_for(case)
            return graded(
                case,
                completion,
                lambda text: compare_json_schema(
                    validator, text, first_block=first_block
                ),
            )

        return score

    def _of_case(self, case: Case) -> Any:
        expected = expected_of(case, NAME)
        try:
            return validator_of(expected, formats=self.formats, trusted=False)
        except ScorerError as error:
            raise case_fault(
                case, NAME, f"cannot use its schema: {error.problem}", error.hint
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFile(Deferred):
    """A scorer whose schema is in a file.

    Attributes:
        path: The path as it is written.
        form: How replies are read.
    """

    path: str
    form: _Form

    @property
    def label(self) -> str:
        """What messages and parts call the scorer."""
        return NAME

    def files(self) -> tuple[str, ...]:
        """Return the path of the schema."""
        return (self.path,)

    def resolved(self, lookup: Lookup) -> Scorer:
        """Return the scorer with the schema of the file."""
        return self.form.of(
            _schema_in(lookup.file(self.path), self.path),
            place=f"{NAME}: {self.path}",
        )


def _schema_in(path: Path, name: str) -> Any:
    try:
        return read_json(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is not UTF-8"
    except ValueError as error:
        why = f"is not JSON: {error}"
    raise ScorerError(
        f"{NAME}: {name} {why}", "name a JSON file with a JSON Schema in it"
    )
