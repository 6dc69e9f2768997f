"""An error without what cases, replies and endpoints have said in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.errors import (
    BaselineError,
    BudgetExhausted,
    ModelError,
    PatchError,
    PlacedError,
    ProviderOutage,
    SearchRefused,
    SettingError,
    SourceError,
    TemplateError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.errors import PromptOptError

WITHHELD = "its text is withheld, as promptopt_show_data=ids says"
"""Said in the place of what may quote a case or a reply."""

LOOK = "see it in a run of your own, or with --promptopt-show-data=full"

_OF_THE_PROJECT = (
    BaselineError,
    BudgetExhausted,
    PatchError,
    SearchRefused,
    SettingError,
    SourceError,
)
"""Errors that quote files of the repository, settings and figures alone."""

_HINTS: Mapping[int, str] = {
    401: "check the key",
    403: "check the key and what it may do",
    404: "check the model's name and the provider's base_url",
    429: "lower promptopt_concurrency, or run it again later",
}


def bare_error(error: BaseException) -> str:
    """Return what may be told of an error wherever anybody can read it.

    Args:
        error: Any exception.

    Returns:
        All of it where it can only hold what stands in the repository; else its kind
        and its place, with a hint on a line of its own.
    """
    if isinstance(error, _OF_THE_PROJECT) and not isinstance(error, TemplateError):
        return str(error)
    if isinstance(error, ModelError):
        return f"{_of_a_model(error)}\n  hint: {_way_out(error)}"
    place = ""
    if isinstance(error, PlacedError) and error.path is not None:
        place = f" at {error.path}" + (f":{error.line}" if error.line else "")
    return f"{type(error).__name__}{place}: {WITHHELD}\n  hint: {LOOK}"


def bare_problem(error: PromptOptError) -> str:
    """Return the same on one line, without the hint."""
    return bare_error(error).partition("\n")[0]


def _of_a_model(error: ModelError) -> str:
    if isinstance(error, ProviderOutage):
        return f"the model gave no reply for so long that it is given up; {WITHHELD}"
    if error.status is not None:
        return f"the endpoint answered with status {error.status}; {WITHHELD}"
    return f"no usable reply came from the model; {WITHHELD}"


def _way_out(error: ModelError) -> str:
    if error.status is not None and error.status in _HINTS:
        return _HINTS[error.status]
    if error.retryable:
        return "run it again later: replies that came are in the cache"
    return LOOK
