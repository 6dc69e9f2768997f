"""Model settings that stand in a Python constant: read, never imported."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError, SourceError
from pytest_promptopt.models.project_values import DEEPEST, Modules, ModuleValues
from pytest_promptopt.prompts.bindings import assigned_value, bound_values
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.key_form import is_constant
from pytest_promptopt.prompts.key_path import read_steps
from pytest_promptopt.prompts.python_constant import PythonDocument
from pytest_promptopt.prompts.python_value import step_into
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.files import Files


def request_settings(
    given: Mapping[str, Any] | str, roots: Sequence[Path], files: Files = DISK
) -> Mapping[str, Any]:
    """Return the model settings that a marker gives, or names.

    Args:
        given: The settings, or the place of a constant that holds them.
        roots: Folders that have its module, in them or in their ``src`` folder.
        files: Where it is read.

    Raises:
        SettingError: The place is none.
        SourceError: Nothing usable stands there.
    """
    return request_named(given, roots, files) if isinstance(given, str) else given


def request_named(
    place: str, roots: Sequence[Path], files: Files = DISK
) -> dict[str, Any]:
    """Read model settings from a dict that a Python file assigns to a name.

    The dict is written out: texts, numbers, ``True``, ``False``, ``None``, lists,
    dicts, and names of other constants of the project, also ``**NAME``, ``A | B`` and
    ``dict(key=value)``.

    Args:
        place: ``"myapp.llm:TRIAGE"``, or an entry, ``"myapp.llm:REQUESTS[triage]"``.
        roots: Folders that have the module, in them or in their ``src`` folder.
        files: Where it is read.

    Returns:
        The settings, tuples as lists.

    Raises:
        SettingError: The place is spelt wrongly.
        SourceError: The module or the constant does not exist, or what it holds is
            computed or is nothing that JSON can hold.
    """
    if not is_constant(place):
        raise SettingError(
            f"request={place!r} is no place of model settings",
            'write request="myapp.llm:TRIAGE", or a dict: request={"temperature": 0}',
        )
    module, _, name = place.partition(":")
    constant, bracket, steps = name.partition("[")
    modules = Modules(roots, files)
    document = _document(modules, module, constant)
    node = document.assigned
    way = read_steps(bracket + steps) or ()
    for at in range(len(way)):
        node = step_into(document, node, way[: at + 1])
    value = ModuleValues(modules, module, document.path, document.tree).value(
        node, DEEPEST
    )
    if not isinstance(value, dict):
        raise SourceError.at(
            document.path,
            node.lineno,
            f"{name} is {value!r}, not a dict of model settings",
            f'write {constant} = {{"temperature": 0}}',
        )
    return value


def _document(modules: Modules, module: str, constant: str) -> PythonDocument:
    """Return a module with the one assignment of a constant in it."""
    path, file, tree = modules.module(module)
    try:
        assigned = assigned_value(path, tree, constant)
    except SourceError as error:
        raise _about_settings(error, path, tree, constant) from None
    return PythonDocument(
        path=path, file=file, constant=constant, tree=tree, assigned=assigned
    )


def _about_settings(
    error: SourceError, path: Path, tree: ast.Module, constant: str
) -> SourceError:
    """Return the error of a reader of prompts in the words of this one."""
    bound = bound_values(tree.body)
    if "." in constant:
        return error
    if constant not in bound:
        dicts = [
            name
            for name, values in bound.items()
            if len(values) == 1 and isinstance(values[0], ast.Dict)
        ]
        return SourceError.at(
            path,
            None,
            f"no constant {constant!r} is assigned",
            did_you_mean(constant, dicts)
            if dicts
            else f'assign it there: {constant} = {{"temperature": 0}}',
        )
    first, *more = bound[constant]
    if more or isinstance(first, ast.expr):
        return error
    return SourceError.at(
        path,
        first.lineno,  # type: ignore[attr-defined]
        f"{constant!r} is not assigned a dict there, but bound in another way",
        "name the module and the constant where the dict stands",
    )
