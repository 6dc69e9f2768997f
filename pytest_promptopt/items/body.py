"""Running a prompt test's body for one reply, and what its outcome is worth."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.errors import (
    ModelError,
    PromptOptError,
    ReplyNotJsonError,
    ScorerError,
)
from pytest_promptopt.items.delivery.way import AS_ARGUMENT
from pytest_promptopt.items.returned import reply_of
from pytest_promptopt.records import Completion, Score, unshared
from pytest_promptopt.scorers import as_score
from pytest_promptopt.scorers.asking import Asking
from pytest_promptopt.scorers.calls import unusable_or_calls
from pytest_promptopt.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_promptopt.items.delivery.way import Delivery
    from pytest_promptopt.items.handle import PromptHandle
    from pytest_promptopt.records import Case
    from pytest_promptopt.scorers import Scorer


@dataclass(frozen=True, slots=True)
class Judged:
    """What a body made of one reply.

    Attributes:
        score: The score.
        raised: What the body raised, with its traceback; ``None`` if nothing.
        broken: Whether that was no check but a fault of the test or the application.
        output: The text that was judged, where the body produced it itself.
        ungraded: The reply that a judge has yet to be asked about; the score does not
            count then.
        empty: Whether the body returned nothing for a scorer to grade.
    """

    score: Score
    raised: BaseException | None = None
    broken: bool = False
    output: str | None = None
    ungraded: Completion | None = None
    empty: bool = False


_NOTHING = Judged(
    Score(value=0.0, reason="the body returned None"), output="None", empty=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A prompt test's function, ready to be run once per reply.

    Attributes:
        function: The user's function, bound if it is a method.
        names: Injected names in its signature.
        fixtures: Its ordinary arguments, set up once per item.
        scorer: Decides the score, if the marker names one.
        runs: Whether there is a body to run, beside the scorer.
        clearing: Called before each case; clears caplog and capsys.
        delivery: How the text of an arm gets into the application.
    """

    function: Callable[..., Any]
    names: tuple[str, ...]
    fixtures: Mapping[str, Any]
    scorer: Scorer | None
    runs: bool
    clearing: Callable[[], None]
    delivery: Delivery = AS_ARGUMENT

    @property
    def calls_itself(self) -> bool:
        """Whether the body calls the model itself, or an application that does."""
        return "prompt" in self.names or self.delivery.calls_application

    def judge(
        self, case: Case, completion: Completion | None, handle: PromptHandle | None
    ) -> Judged:
        """Score one reply, in the calling thread."""
        refused = self._before(completion)
        if refused is not None:
            return refused
        try:
            value = self._call(case, completion, handle) if self.runs else None
        except BaseException as error:  # noqa: BLE001 - re-raised or converted
            return self._outcome(error)
        return self._after(case, completion, value)

    async def judge_async(
        self, case: Case, completion: Completion | None, handle: PromptHandle | None
    ) -> Judged:
        """Score one reply with an ``async`` body, on the loop that runs it."""
        refused = self._before(completion)
        if refused is not None:
            return refused
        try:
            value = await self._call(case, completion, handle) if self.runs else None
        except BaseException as error:
            if type(error).__name__ in ("CancelledError", "Cancelled"):
                raise
            return self._outcome(error)
        return self._after(case, completion, value)

    def _before(self, completion: Completion | None) -> Judged | None:
        self.clearing()
        if completion is None:
            return None
        reason = unusable_or_calls(completion)
        if reason is not None:
            return Judged(Score(value=0.0, reason=reason, parsed=False))
        return None

    def _call(
        self, case: Case, completion: Completion | None, handle: PromptHandle | None
    ) -> Any:
        values: dict[str, Any] = {
            "case": own_copy(case),
            "output": completion.text if completion is not None else None,
            "completion": completion,
            "prompt": handle,
        }
        injected = {name: values[name] for name in self.names}
        return self.function(**{**self.fixtures, **injected})

    def _after(self, case: Case, completion: Completion | None, value: Any) -> Judged:
        output = None
        if inspect.isawaitable(value):
            return _unawaited(value)
        if self.scorer is not None and completion is None:
            # A body with the live handle returns the reply that the scorer grades.
            if value is None and not (case.has_expected and case.expected is None):
                return _NOTHING
            try:
                completion = reply_of(value)
            except ScorerError as error:
                return Judged(Score.unscored(str(error)), error, broken=True)
            output, value = completion.text, None
        try:
            graded = None if value is None else as_score(value)
        except PromptOptError as error:
            return Judged(Score.unscored(str(error)), error, broken=True)
        if isinstance(self.scorer, Asking) and completion is not None:
            decided = graded is not None and graded.value == 0.0
            asked = None if decided else completion
            return Judged(graded or Score(value=1.0), output=output, ungraded=asked)
        if self.scorer is not None and completion is not None:
            scored = self.scorer(own_copy(case), completion)
            if graded is None or graded.value != 0.0:
                graded = scored
        return Judged(graded or Score(value=1.0), output=output)

    def _outcome(self, error: BaseException) -> Judged:
        if _ends_the_run(error):
            raise error
        if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
            return Judged(Score.unscored(first_line(error)), error)
        if isinstance(error, (AssertionError, pytest.fail.Exception)):
            parsed = not isinstance(error, ReplyNotJsonError)
            reason = first_line(error)
            return Judged(Score(value=0.0, reason=reason, parsed=parsed), error)
        if isinstance(error, (ModelError, ScorerError)):
            raise error
        reason = _said_by(error)
        if self.calls_itself:
            return Judged(Score.unscored(reason), error, broken=True)
        return Judged(Score(value=0.0, reason=reason), error, broken=True)


def _said_by(error: BaseException) -> str:
    name, line = type(error).__name__, first_line(error)
    return name if line == name else f"{name}: {line}"


def _ends_the_run(error: BaseException) -> bool:
    if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)):
        return True
    # ExceptionGroup is new in Python 3.11; anything may have such an attribute.
    return not isinstance(error, Exception) and any(
        _ends_the_run(entry)
        for entry in getattr(error, "exceptions", ())
        if isinstance(entry, BaseException)
    )


def own_copy(case: Case) -> Case:
    """Return a case that a body may change without changing the next body's."""
    inputs, expected = unshared(dict(case.inputs)), unshared(case.expected)
    return replace(case, inputs=inputs, expected=expected)


def _unawaited(value: Any) -> Judged:
    if inspect.iscoroutine(value):
        value.close()  # else Python warns that nobody awaited it
    error = ScorerError(
        f"the body returned a {type(value).__name__} that nobody awaits",
        "write it, and what decorates it, as 'async def'",
    )
    return Judged(Score.unscored(str(error)), error, broken=True)
