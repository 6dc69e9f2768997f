"""From a project's own function to a scorer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from pytest_promptopt.errors import PromptOptError, ReplyNotJsonError, ScorerError
from pytest_promptopt.scorers.grading import (
    Scorer,
    as_score,
    unparsed,
    unusable,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_promptopt.records import Case, Completion, Request, Score


class AsksModel(Protocol):
    """An object of a project that grades by asking a model.

    Beside the two methods it may have ``model``, ``most_requests`` and ``fingerprint``:
    see :func:`~pytest_promptopt.scorers.own_asking.own_asking`.
    """

    def requests(self, case: Case, completion: Completion, /) -> Iterable[Request]:
        """Return what to ask about a reply; the plugin sends it."""

    def compare(
        self, case: Case, completion: Completion, replies: list[Completion], /
    ) -> Any:
        """Return what :func:`as_score` takes, from one reply for each request."""


AnyScorer = Callable[..., Any] | AsksModel
"""A function ``(case, completion)`` that gives what :func:`as_score` takes, or an
object that asks."""


def adapted(function: Callable[..., Any]) -> Scorer:
    """Return a function of the project as a scorer that always gives a score.

    Raises:
        ScorerError: It cannot be called with a case and a reply, or is async.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    _check_form(function, name)

    def score(case: Case, completion: Completion) -> Score:
        try:
            value = function(case, completion)
        except AssertionError as error:
            # As in a test body; completion.json raises one for a reply that is none.
            reason = str(error) or unusable(completion) or "an assertion failed"
            unread = isinstance(error, ReplyNotJsonError) or unusable(completion)
            return unparsed(reason) if unread else wrong(reason)
        except PromptOptError:
            raise
        except Exception as error:
            raise ScorerError(
                f"{case.place or case.id}: scorer {name!r} raised "
                f"{type(error).__name__}: {error}",
                "make the scorer return a score for any reply; it is called as "
                "scorer(case, completion)",
            ) from error
        try:
            return as_score(value)
        except ScorerError as error:
            raise ScorerError(
                f"{case.place or case.id}: scorer {name!r}: {error.problem}",
                error.hint,
            ) from None

    return score


def _check_form(function: Callable[..., Any], name: str) -> None:
    call = getattr(function, "__call__", None)  # noqa: B004 - objects with async calls
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call):
        raise ScorerError(
            f"scorer {name!r} is an async function",
            "write it as an ordinary function",
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        raise ScorerError(
            f"scorer {name!r} cannot be called with (case, completion): {error}",
            "give it exactly these two arguments",
        ) from None
    except ValueError:
        pass  # some built-ins have no signature; the first call will tell
