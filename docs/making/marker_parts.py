"""The arguments of the ``prompt`` marker."""

from __future__ import annotations

from dataclasses import fields

from docstrings import entries, sections
from table_parts import default_of
from tabled import code, table, value

from pytest_promptopt.items.marker import ARGUMENTS, ROLES, PromptMark


def marker_parts() -> str:
    """Return the table of the marker's arguments."""
    told = entries(sections(PromptMark)["Attributes"])
    defaults = {field.name: default_of(field) for field in fields(PromptMark)}
    roles = ", ".join(f"`{role}=`" for role in ROLES)
    rows = [
        [
            f"the source, or {roles}",
            "required",
            "The place of the prompt, or of each of its messages; several prompts by "
            "name in a dict. See [sources](sources.md), [pipelines](pipelines.md).",
        ]
    ]
    others = sorted(set(ARGUMENTS) - {*ROLES, "cases"})
    for name in ("cases", *others):
        default = "required" if name == "cases" else value(defaults[name])
        rows.append([code(f"{name}="), default, told[name]])
    head = ["argument", "default", "is"]
    return (
        '## The marker\n\n`@pytest.mark.prompt("prompts/triage.j2", '
        'cases="cases/triage.jsonl")`, with\n\n' + table(head, rows)
    )
