"""How a project writes its Jinja templates: delimiters and white space."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment
    from typing_extensions import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The options of a Jinja environment that decide how a text is read.

    Attributes have Jinja's names and Jinja's defaults.
    """

    block_start_string: str = "{%"
    block_end_string: str = "%}"
    variable_start_string: str = "{{"
    variable_end_string: str = "}}"
    comment_start_string: str = "{#"
    comment_end_string: str = "#}"
    line_statement_prefix: str | None = None
    line_comment_prefix: str | None = None
    trim_blocks: bool = False
    lstrip_blocks: bool = False
    keep_trailing_newline: bool = False

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Return the options of an environment."""
        return cls(
            **{each.name: getattr(environment, each.name) for each in fields(cls)}
        )

    def options(self) -> dict[str, Any]:
        """Return all of them, as arguments of an environment."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to_json(self) -> dict[str, Any]:
        """Return those that are not Jinja's defaults."""
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild the options of a record.

        Raises:
            TemplateError: One is unknown, or of the wrong type.
        """
        known = {each.name: each.default for each in fields(cls)}
        for name, value in data.items():
            # The two prefixes have no default and are text.
            kind = bool if isinstance(known.get(name), bool) else str
            if name not in known or not isinstance(value, kind):
                raise TemplateError(
                    f"the recorded Jinja option {name!r} is {value!r}, which this "
                    "pytest-promptopt does not know",
                    "update pytest-promptopt, or record the baseline anew",
                )
        return cls(**data)

    def spelt(self, hint: str) -> str:
        """Return a hint with this dialect's comments in place of Jinja's."""
        return hint.replace("{#", self.comment_start_string).replace(
            "#}", self.comment_end_string
        )


JINJA = Dialect()
"""Jinja as it is without any option."""
