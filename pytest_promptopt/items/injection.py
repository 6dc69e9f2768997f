"""What a prompt test's body asks for by name: ``case``, ``output``, and so on.

The names are taken from the function's own signature and hidden from fixtures: pytest
sees a parameter set without an id, whose values raise if anything but the body uses
them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.items import marker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INJECTED = ("case", "output", "completion", "prompt")


class OutsideBody:
    """Stands for an injected argument wherever the body is not running.

    Args:
        name: The argument's name.
        test: Name of the test function.
    """

    def __init__(self, name: str, test: str) -> None:
        self.__dict__["_name"] = name
        self.__dict__["_test"] = test

    def __repr__(self) -> str:
        return f"<{self._name!r}: only inside the body of {self._test}>"

    def _refuse(self, *_: Any) -> NoReturn:
        __tracebackhide__ = True  # the user's line is the one to look at
        raise SettingError(
            f"{self._name!r} was used outside the body of {self._test}",
            f"use {self._name!r} in the test function itself: fixtures are set up once "
            "per prompt test, not once per case",
        )

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name.startswith("__"):  # what pytest and copy probe for
            raise AttributeError(name)
        self._refuse()

    __call__ = __getitem__ = __iter__ = __len__ = __bool__ = __setattr__ = _refuse
    __contains__ = __add__ = __lt__ = __gt__ = __format__ = _refuse


def own_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the injected names that a function's own signature asks for."""
    parameters = inspect.signature(function).parameters
    return tuple(
        name
        for name in INJECTED
        if name in parameters and _is_asked_for(parameters[name])
    )


def _is_asked_for(parameter: inspect.Parameter) -> bool:
    # As with fixtures: what has a default, or cannot be given by name, is not.
    return parameter.default is parameter.empty and parameter.kind in (
        parameter.POSITIONAL_OR_KEYWORD,
        parameter.KEYWORD_ONLY,
    )


def inject(metafunc: pytest.Metafunc) -> None:
    """Hide the injected names behind one parameter set, or refuse the test.

    Fails the collection, without a traceback, with what is wrong and the fix.
    """
    names = own_names(metafunc.function)
    refusal = _refusal(metafunc, names)
    if refusal is not None:
        from pytest_promptopt.items.marker_place import marker_place

        place = marker_place(metafunc.definition)
        name = metafunc.function.__qualname__
        pytest.fail(f"{place}: {name}: {refusal}", pytrace=False)
    if names:
        values = [OutsideBody(name, metafunc.function.__name__) for name in names]
        metafunc.parametrize(
            names, [pytest.param(*values, id=pytest.HIDDEN_PARAM)], scope="function"
        )


def _refusal(
    metafunc: pytest.Metafunc, names: tuple[str, ...]
) -> PromptOptError | None:
    try:
        for mark in _marks(metafunc):
            mark_read = marker.read(mark)
            _check_places(metafunc, mark_read)
            _check_body(metafunc.function, mark_read)
            _check_names_known(names, mark_read)
        _check_names(metafunc, names)
    except PromptOptError as error:
        return error
    return None


def _marks(metafunc: pytest.Metafunc) -> Iterator[pytest.Mark]:
    definition = metafunc.definition
    own = [mark for mark in definition.own_markers if mark.name == "prompt"]
    if len(own) > 1:
        raise SettingError(
            "two prompt markers on one function",
            "name all sources in one marker, or write two test functions",
        )
    inherited = definition.get_closest_marker("prompt")
    if inherited is not None:
        yield inherited
    for mark in definition.iter_markers("parametrize"):
        values = mark.kwargs.get("argvalues", mark.args[1] if mark.args[1:] else ())
        for value in values if isinstance(values, (list, tuple)) else ():
            for each in getattr(value, "marks", ()):
                if each.name == "prompt":
                    yield each.mark if hasattr(each, "mark") else each


def _check_names(metafunc: pytest.Metafunc, names: tuple[str, ...]) -> None:
    for mark in metafunc.definition.iter_markers("parametrize"):
        given = mark.kwargs.get("argnames", mark.args[0] if mark.args else ())
        listed = given.split(",") if isinstance(given, str) else given
        for name in (part.strip() for part in listed):
            if name in names:
                raise SettingError(
                    f"parametrize over the injected argument {name!r}",
                    f"give the parameter another name than {name!r}",
                )
    if "subtests" in inspect.signature(metafunc.function).parameters:
        raise SettingError(
            "'subtests' in a prompt test",
            "drop 'subtests': the body already runs once per case",
        )
    fixtures: dict[str, Any] = getattr(metafunc, "_arg2fixturedefs", {})
    for fixture, definitions in fixtures.items():
        for definition in definitions or ():
            asked = [n for n in names if n in getattr(definition, "argnames", ())]
            if asked:
                raise SettingError(
                    f"fixture {fixture!r} asks for {asked[0]!r}",
                    "fixtures are set up once per prompt test; pass "
                    f"{asked[0]!r} to a function that the fixture returns",
                )


def _check_places(metafunc: pytest.Metafunc, mark: marker.PromptMark) -> None:
    from pytest_promptopt.items.places import check_existence, check_syntax, roots

    check_existence(mark, metafunc.config, metafunc.definition.path)
    if mark.deliver != "argument":
        from pytest_promptopt.items.delivery.deliverable import check_keys

        check_keys(mark, roots(metafunc.config, metafunc.definition.path))
    check_syntax(mark, metafunc.config, metafunc.definition.path)


def _check_body(function: Callable[..., Any], mark: marker.PromptMark) -> None:
    names = own_names(function)
    if "prompt" in names and ("output" in names or "completion" in names):
        raise SettingError(
            "the body asks for 'prompt' and for a reply",
            "take 'output' or 'completion' to score the plugin's calls, or 'prompt' to "
            "call the application yourself",
        )
    kind = _body_kind(function)
    if mark.deliver != "argument":
        _check_delivered(names, kind, mark)
    if kind == "checks":
        _check_sight(names, mark)
        return
    if kind == "empty" and mark.scorer is not None:
        return
    if mark.scorer is not None and kind == "unchecked":
        return
    raise SettingError(
        "the body checks nothing, so every reply would be right",
        "assert something about the reply, return a score, or name a scorer: "
        'scorer="exact"',
    )


def _check_delivered(
    names: tuple[str, ...], kind: str, mark: marker.PromptMark
) -> None:
    """Refuse a body that cannot run the application on what is delivered to it."""
    replies = [name for name in ("output", "completion") if name in names]
    if replies:
        raise SettingError(
            f"deliver={mark.deliver!r}, and the body takes {replies[0]!r}: the plugin "
            "makes no call, so there is no reply",
            f"drop {replies[0]!r} and call the application in the body",
        )
    if mark.deliver == "file" and "prompt" not in names:
        raise SettingError(
            "deliver=\"file\", and the body does not take 'prompt', which says where "
            "the edited copy of the project is",
            "take 'prompt' and run the application there: subprocess.run(..., "
            "cwd=prompt.tree, env=prompt.env)",
        )
    if kind == "empty":
        raise SettingError(
            f"deliver={mark.deliver!r}, and the body is empty: nothing calls the "
            "application",
            "call it in the body, and assert something about its reply or return it",
        )


def _check_names_known(names: tuple[str, ...], mark: marker.PromptMark) -> None:
    """Refuse a body that cannot say which of several prompts is to be sent."""
    if mark.names and "prompt" not in names and mark.deliver == "argument":
        raise SettingError(
            f"the prompts {', '.join(map(repr, mark.names))} are sent by the body, "
            "which does not take 'prompt'",
            "take 'prompt' and send each by its name: "
            f'prompt["{mark.names[0]}"].complete(...)',
        )


def _check_sight(names: tuple[str, ...], mark: marker.PromptMark) -> None:
    """Refuse a body that cannot see a reply, since any prompt would do."""
    if mark.deliver != "argument":
        return  # the application gives the reply
    if mark.scorer is None and not {"output", "completion", "prompt"} & set(names):
        raise SettingError(
            "the body takes no reply, so every prompt would get the same score",
            "take 'output' or 'completion' to judge a reply, or 'prompt' to call the "
            "application; an ordinary test must not have the prompt marker",
        )


def _body_kind(function: Callable[..., Any]) -> str:
    """Say whether a body is ``"empty"``, ``"unchecked"`` or ``"checks"`` something."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return "checks"  # no source to look at: take the author's word
    definition = tree.body[0]
    statements = getattr(definition, "body", [])
    if all(_says_nothing(statement) for statement in statements):
        return "empty"
    found = any(
        _checks(node) for statement in statements for node in ast.walk(statement)
    )
    return "checks" if found else "unchecked"


def has_body(function: Callable[..., Any]) -> bool:
    """Return whether there is anything to run, beside a docstring or ``...``."""
    return _body_kind(function) != "empty"


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _checks(node: ast.AST) -> bool:
    if isinstance(node, (ast.Assert, ast.Raise)):
        return True
    if isinstance(node, ast.Return):
        return node.value is not None
    if isinstance(node, ast.Call):  # a call may check, printing does not
        return not (isinstance(node.func, ast.Name) and node.func.id == "print")
    return False
