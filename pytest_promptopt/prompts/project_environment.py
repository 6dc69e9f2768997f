"""The project's own Jinja environment: what of it the sandbox takes over.

The environment is trusted code of the project, the templates are not: they are
rendered in the sandbox all the same, with these filters, tests and globals in it.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, TemplateNotFound
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from pytest_promptopt.errors import SettingError, TemplateError
from pytest_promptopt.prompts.dialect import JINJA, Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jinja2.ext import Extension

KEY = "promptopt_environment"
_EXAMPLE = f'write {KEY} = "myapp.llm:env"'


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEnvironment:
    """What a Jinja environment has beside Jinja's own.

    Attributes:
        name: Where it is, ``"myapp.llm:env"``; empty for plain Jinja.
        dialect: Its delimiters and white space options.
        filters: Its filters by name; those that Jinja has alike are left out.
        tests: The same of its tests.
        globals: The same of its globals.
        extensions: The classes of its extensions.
        finalize: What every inserted value goes through.
        load: Finds a template that is included and is not beside the prompt: the
            ``get_source`` of its loader.
        module: File of the module that it is in; ``None`` for plain Jinja.
    """

    name: str = ""
    dialect: Dialect = JINJA
    filters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    tests: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    globals: Mapping[str, Any] = field(default_factory=dict)
    extensions: tuple[type[Extension], ...] = ()
    finalize: Callable[..., Any] | None = None
    load: Callable[[str], tuple[str, str | None, Any]] | None = None
    module: Path | None = None

    def with_dialect(self, dialect: Dialect) -> ProjectEnvironment:
        """Return the same code with the options of a record."""
        return replace(self, dialect=dialect)

    def find(self, name: str) -> tuple[str, Path] | None:
        """Look up a template through the loader; nothing is written.

        Returns:
            Its text and its file, of which the name is made if the loader names none;
            ``None`` if there is no loader, or none of that name.

        Raises:
            TemplateError: The loader fails.
        """
        if self.load is None:
            return None
        try:
            text, path, _ = self.load(name)
        except TemplateNotFound:
            return None
        except Exception as error:
            raise TemplateError(
                f"template {name!r}: the loader of {self.name} raised "
                f"{type(error).__name__}: {error}",
                "mend the loader, or put the template beside the prompt",
            ) from error
        return text.replace("\r\n", "\n").replace("\r", "\n"), Path(path or name)

    def files(self) -> tuple[Path, ...]:
        """Return the files that its code is in, sorted; what C has done has none."""
        code = (*self.filters.values(), *self.tests.values(), *self.globals.values())
        found = {_file_of(value) for value in (*code, *self.extensions, self.finalize)}
        return tuple(sorted(path for path in {*found, self.module} if path is not None))


PLAIN = ProjectEnvironment()
"""Jinja without anything of a project's own."""


def _file_of(value: Any) -> Path | None:
    if value is None:
        return None
    try:
        source = inspect.getsourcefile(inspect.unwrap(value))
    except TypeError:  # an object, a partial, or written in C
        return None
    return None if source is None else Path(source)


def environment_named(name: str) -> ProjectEnvironment:
    """Import the project's environment.

    Args:
        name: ``"myapp.llm:env"``: module, colon, a name in it, dotted if it is an
            attribute; a ``jinja2.Environment``, or a function that returns one. Blank:
            plain Jinja.

    Raises:
        SettingError: It cannot be imported, is none, or is one whose prompts the
            sandbox would render differently.
    """
    if not name.strip():
        return PLAIN
    module_name, colon, attribute = name.strip().partition(":")
    if not (module_name and colon and attribute):
        raise _wrong(f"{name!r} does not name a module and what is in it", _EXAMPLE)
    module = _imported(name, module_name)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            there = sorted(_environments(module))
            raise _wrong(
                f"{module_name} has no {attribute!r}",
                f"did you mean '{module_name}:{there[0]}'?"
                if there
                else "name a jinja2.Environment; the module itself has none",
            )
        found = getattr(found, part)
    if not isinstance(found, Environment) and callable(found):
        found = _made(name, found)
    if not isinstance(found, Environment):
        raise _wrong(
            f"{name!r} is {_shown(found)}, not a jinja2.Environment",
            "name the environment that renders the prompts, or a function without "
            "arguments that returns it",
        )
    return _taken(name, found, getattr(module, "__file__", None))


def _wrong(problem: str, hint: str) -> SettingError:
    return SettingError(f"ini key {KEY}: {problem}", hint)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _environments(module: Any) -> Iterator[str]:
    for name, value in vars(module).items():
        if isinstance(value, Environment):
            yield name


def _imported(name: str, module_name: str) -> Any:
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        top = module_name.split(".", maxsplit=1)[0]
        if error.name is not None and error.name.split(".")[0] == top:
            raise _wrong(
                f"{name!r} cannot be imported: there is no module {error.name!r}",
                "add the folder that has it to the ini key pythonpath: "
                'pythonpath = ["."]',
            ) from error
        raise _failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise _failed(name, error) from error


def _failed(name: str, error: BaseException) -> SettingError:
    return _wrong(
        f"{name!r} cannot be imported: {type(error).__name__}: {error}",
        "make the module importable without a running application",
    )


def _made(name: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:
        raise _wrong(
            f"{name!r} is no jinja2.Environment, and calling it raised "
            f"{type(error).__name__}: {error}",
            "name an environment, or a function without arguments that returns one",
        ) from error


def _taken(name: str, found: Environment, file: str | None) -> ProjectEnvironment:
    if found.autoescape is True:
        raise _wrong(
            f"{name!r} has autoescape=True, so that the model would read &lt; for <",
            "name an environment with autoescape=False",
        )
    loader = found.loader
    return ProjectEnvironment(
        name=name,
        dialect=Dialect.of(found),
        filters=_own(found.filters, FILTERS),
        tests=_own(found.tests, TESTS),
        globals=_own(found.globals, DEFAULT_NAMESPACE),
        extensions=tuple(type(each) for each in found.extensions.values()),
        finalize=found.finalize,
        load=None if loader is None else functools.partial(loader.get_source, found),
        module=None if file is None else Path(file),
    )


def _own(found: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from Jinja's own: the sandbox bounds some of that."""
    missing = object()
    return {
        name: value
        for name, value in found.items()
        if defaults.get(name, missing) is not value
    }
