"""From the places that a prompt test names to its prompt."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from pytest_promptopt.errors import SettingError, SourceError, TemplateError
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.format_fields import likely_fields
from pytest_promptopt.prompts.includes import search_folders
from pytest_promptopt.prompts.named import by_name, check_spellings, syntax_said
from pytest_promptopt.prompts.project_environment import PLAIN
from pytest_promptopt.prompts.prompt import Prompt
from pytest_promptopt.prompts.reading import read_sources
from pytest_promptopt.prompts.syntaxes import choose_syntax, refuse_undecided, syntax_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment
    from pytest_promptopt.prompts.source import Places, Source, SourceRole, Syntaxes
    from pytest_promptopt.records import Case

_ROLES = ("", "system", "user", "assistant")


def load_prompt(
    specs: Places,
    *,
    roots: Sequence[Path],
    files: Files = DISK,
    syntax: Syntaxes = "",
    environment: ProjectEnvironment = PLAIN,
    supply: Callable[[str], Any] | None = None,
) -> Prompt:
    """Read a prompt.

    Args:
        specs: Message role to place: ``{"": "prompts/triage.j2"}`` for one source,
            ``{"system": "a.j2", "user": "b.j2"}`` for several; a place is a path, a
            Python constant, ``"myapp.prompts:TRIAGE"``, which is read and never
            imported, or a value in a file, ``"prompts.yaml:triage.text"``. A system
            message comes first; a list of messages keeps its order. Of prompts with
            names, name to such a mapping.
        roots: Folders that relative paths and modules are tried in, in order.
        files: Where they are read: the disk, or a commit.
        syntax: What all sources are written in, or message role, or name of a prompt,
            to that; where it is not said, :func:`choose_syntax` finds out.
        environment: The project's Jinja environment.
        supply: Asked for the text behind a key that no file or module matches; returns
            an object with ``text``, or ``None``.

    Raises:
        SettingError: A role is unknown, or no source is given.
        SourceError: A source does not exist or cannot be read.
        TemplateError: A source is no template.
    """
    sources = []
    for name, role, key in _in_order(specs):
        for source in read_sources(role, key, roots, files, supply):
            said = syntax_said(syntax, name, role) or choose_syntax(source, environment)
            written = replace(source, syntax=said, name=name)
            folders = search_folders(source.path, roots, files)
            read = syntax_of(written, environment).includes(written, folders, files)
            sources.append(replace(written, includes=read))
    check_spellings(sources)
    return Prompt(sources, environment)


def check_syntaxes(
    specs: Places,
    *,
    roots: Sequence[Path],
    syntax: Syntaxes = "",
    environment: Callable[[], ProjectEnvironment] = lambda: PLAIN,
) -> None:
    """Refuse sources that look like templates of a syntax that nobody named.

    Nothing else about them is checked: a source that cannot be read is no fault here.

    Args:
        specs: As for :func:`load_prompt`.
        roots: The same.
        syntax: The same.
        environment: Gives the project's Jinja environment; asked only at need.

    Raises:
        TemplateError: There is one.
        SettingError: A role is unknown, or no source is given.
    """
    for source in _unsaid(specs, roots, syntax):
        if any(likely_fields(source.text)):
            refusal = refuse_undecided(source, environment())
            if refusal is not None:
                raise refusal


def _unsaid(specs: Places, roots: Sequence[Path], syntax: Syntaxes) -> Iterator[Source]:
    """Yield the sources of which nobody names the syntax, and that can be read."""
    for name, role, key in _in_order(specs):
        if not syntax_said(syntax, name, role):
            try:
                yield from read_sources(role, key, roots, DISK)
            except SourceError:
                continue


def check_inputs(prompt: Prompt, cases: Sequence[Case]) -> None:
    """Refuse cases whose inputs a prompt without variables leaves out.

    Raises:
        TemplateError: The prompt is literal, and a case has inputs.
    """
    if not all(source.syntax == "literal" for source in prompt.sources):
        return
    names = sorted({name for case in cases for name in case.inputs})
    if not names:
        return
    first = prompt.sources[0]
    hint = (
        f'give the input a message of its own: prompt(system="{first.key}", '
        f'user="NAME.j2", ...) with {{{{ {names[0]} }}}} in NAME.j2'
    )
    field = next(likely_fields(prompt.text), None)
    if field is not None and field.name in names:
        hint = f'write syntax="format" if {field.written} is meant as a field'
    elif any(f"{{{{ {name} }}}}" in prompt.text for name in names):
        hint = 'write syntax="jinja" if what stands in {{ }} is meant as a variable'
    raise TemplateError.at(
        first.path,
        first.line,
        "a literal prompt has no variables, so that every case would be the same "
        f"request: nothing uses {', '.join(map(repr, names))}",
        hint,
    )


def _in_order(specs: Places) -> Iterator[tuple[str, SourceRole, str]]:
    """Yield name of the prompt, role and place of each source."""
    named = by_name(specs)
    if not all(named.values()) or not named:
        raise SettingError("no prompt source is given", "name a template file")
    for name, places in named.items():
        _check_roles(places)
        ordered = sorted(places.items(), key=lambda spec: spec[0] != "system")
        for role, key in ordered:
            yield name, cast("SourceRole", role), key


def _check_roles(roles: Iterable[str]) -> None:
    for role in roles:
        if role not in _ROLES:
            close = difflib.get_close_matches(role, _ROLES[1:], n=1)
            raise SettingError(
                f"unknown message role {role!r}",
                f"did you mean {close[0]!r}?"
                if close
                else "use system, user or assistant",
            )
