"""From a project's own object that asks a model to a scorer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import PromptOptError, ScorerError
from pytest_promptopt.records import Request, Score, digest
from pytest_promptopt.scorers.asking import Asking, Question
from pytest_promptopt.scorers.calls import unusable_or_calls
from pytest_promptopt.scorers.grading import as_score, shown, unparsed, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Completion


def asks(spec: Any) -> bool:
    """Tell whether an object says what to ask and how to compare the replies."""
    return callable(getattr(spec, "requests", None)) and callable(
        getattr(spec, "compare", None)
    )


def own_asking(spec: Any) -> Asking:
    """Return an object of the project as a scorer that asks.

    Args:
        spec: It has ``requests(case, completion)``, which returns a list of
            :class:`~pytest_promptopt.Request`, and ``compare(case, completion,
            replies)``, which returns what a scorer returns. It may have ``model``, the
            name of the judge model; ``most_requests``, how many it asks at most about
            one reply, 1 by default; and ``fingerprint``, a text that changes with what
            decides its scores and is not in its module.

    Raises:
        ScorerError: One of these is not as it must be.
    """
    name = type(spec).__qualname__
    if isinstance(spec, type):
        raise ScorerError(
            f"scorer {spec.__qualname__!r} is a class", f"make one: {spec.__name__}()"
        )
    for method in (spec.requests, spec.compare):
        if inspect.iscoroutinefunction(method):
            raise ScorerError(
                f"scorer {name!r}: {method.__name__}() is an async function",
                "write it as an ordinary function; the requests are sent for it",
            )
    model, most = getattr(spec, "model", None), getattr(spec, "most_requests", 1)
    own = getattr(spec, "fingerprint", "")
    for attribute, value, fits, form in (
        ("model", model, model is None or isinstance(model, str), "the name of one"),
        (
            "most_requests",
            most,
            isinstance(most, int) and not isinstance(most, bool) and most >= 1,
            "a whole number from 1",
        ),
        ("fingerprint", own, isinstance(own, str), "a text"),
    ):
        if not fits:
            raise ScorerError(
                f"scorer {name!r}: {attribute}={shown(value)} is not {form}",
                f"set {attribute} to {form}, or leave it out",
            )
    return OwnAsking(spec=spec, name=name, model=model or "", most=most, own=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAsking(Asking):
    """A scorer of the project's own that asks a model.

    Attributes:
        spec: The project's object.
        name: What messages call it.
        model: Name of the judge model; empty for that of the run.
        most: How many questions one reply can take.
        own: Its own fingerprint; empty without one.
    """

    spec: Any
    name: str
    model: str
    most: int
    own: str

    @property
    def label(self) -> str:
        """What messages call the scorer."""
        return self.name

    @property
    def fingerprint(self) -> str:
        """Digest of its name and its own fingerprint; its module is watched."""
        return digest([self.name, self.own])

    @property
    def models(self) -> tuple[str, ...]:
        """The judge model."""
        return (self.model,)

    def most_questions(self, *, confirming: bool = False) -> int:
        """Return how many questions one reply can take."""
        del confirming
        return self.most

    def questions(
        self, case: Case, completion: Completion, *, confirming: bool = False
    ) -> tuple[Question, ...]:
        """Return what the object asks."""
        del confirming
        if unusable_or_calls(completion) is not None:
            return ()
        try:
            return self._asked(case, completion)
        except AssertionError:
            return ()  # compare() meets it again, and says so

    def compare(
        self,
        case: Case,
        completion: Completion,
        replies: Sequence[Completion | None],
        *,
        confirming: bool = False,
    ) -> Score:
        """Return what the object makes of the replies; unscored if one is missing."""
        del confirming
        reason = unusable_or_calls(completion)
        if reason is not None:
            return unparsed(reason)
        given = [reply for reply in replies if reply is not None]
        if len(given) < len(replies):
            return Score.unscored("a reply of the judge did not come")
        try:
            if not given:
                self._asked(case, completion)
            value = self._called(
                "compare", lambda: self.spec.compare(case, completion, given), case
            )
        except AssertionError as error:
            return wrong(str(error) or "an assertion failed")
        try:
            return as_score(value)
        except ScorerError as error:
            raise ScorerError(
                f"{case.place or case.id}: scorer {self.name!r}: {error.problem}",
                error.hint,
            ) from None

    def _asked(self, case: Case, completion: Completion) -> tuple[Question, ...]:
        value = self._called(
            "requests", lambda: self.spec.requests(case, completion), case
        )
        requests = tuple(value) if _is_list(value) else None
        if requests is None or not all(isinstance(r, Request) for r in requests):
            raise ScorerError(
                f"{case.place or case.id}: scorer {self.name!r}: requests() gave "
                f"{shown(value)}, not a list of requests",
                'return [Request(messages=(Message(role="user", content=...),))]',
            )
        if len(requests) > self.most:
            raise ScorerError(
                f"{case.place or case.id}: scorer {self.name!r}: requests() gave "
                f"{len(requests)} requests, more than its most_requests={self.most}",
                f"set most_requests = {len(requests)} on it, so that the budget can be "
                "kept",
            )
        return tuple(
            Question(model=self.model, request=_first_draw(request))
            for request in requests
        )

    def _called(self, method: str, call: Callable[[], Any], case: Case) -> Any:
        try:
            return call()
        except (AssertionError, PromptOptError):
            raise
        except Exception as error:
            raise ScorerError(
                f"{case.place or case.id}: scorer {self.name!r}: {method}() raised "
                f"{type(error).__name__}: {error}",
                "make it work for any reply; requests(case, completion) and "
                "compare(case, completion, replies) are called",
            ) from error


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, dict))


def _first_draw(request: Request) -> Request:
    # Without a number, a second draw could not be told from the first.
    return request if request.seed is not None else replace(request, seed=0)
