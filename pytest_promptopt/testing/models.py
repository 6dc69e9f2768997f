"""Chat models that answer from a script."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError
from pytest_promptopt.records import Completion, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Request

Script = Callable[["Request"], "str | Completion"] | Mapping[str, str]


class ScriptedModel:
    """A chat model that answers from a script.

    Args:
        script: A function from the request to the reply, or a mapping whose first key
            that occurs in the last message gives the reply.
        default: The reply where no key occurs; ``None`` makes that an error.

    Attributes:
        requests: Every request so far, in the order of arrival.
    """

    def __init__(self, script: Script, *, default: str | None = None) -> None:
        self._script = script
        self._default = default
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            ModelError: The script has no reply.
        """
        self.requests.append(request)
        reply = self._reply(request)
        return reply if isinstance(reply, Completion) else Completion(text=reply)

    def _reply(self, request: Request) -> str | Completion:
        if not isinstance(self._script, Mapping):
            return self._script(request)
        last = request.messages[-1].content
        for key, reply in self._script.items():
            if key in last:
                return reply
        if self._default is not None:
            return self._default
        raise ModelError(
            f"the script has no reply to {last[:80]!r}",
            "add a key that occurs in the message, or a default",
        )


class FailingModel:
    """A chat model that fails, for good or a few times.

    Args:
        error: What is raised.
        then: Answers after ``times`` failures; ``None``: it never does.
        times: How often it fails before.
    """

    def __init__(
        self, error: ModelError, *, then: ScriptedModel | None = None, times: int = 1
    ) -> None:
        self._error = error
        self._then = then
        self._left = times

    def complete(self, request: Request) -> Completion:
        """Fail, or answer once the failures are used up.

        Raises:
            ModelError: The one that was given.
        """
        if self._then is None or self._left > 0:
            self._left -= 1
            raise self._error
        return self._then.complete(request)


class ScriptedJudge:
    """A judge model whose faults are known: what it would say, and how often it errs.

    Every fault is drawn by the content of the request and its seed, so that the same
    question has the same reply in every run, and another seed is another draw.

    Args:
        script: A function from the request to the right verdict, or a mapping whose
            first key that occurs in the last message gives it.
        verdicts: What it can say; an error is one of the others.
        default: The verdict where no key occurs; ``None`` makes that an error.
        wrong: Share of its verdicts that are another one, in [0, 1].
        unreadable: Share of its replies in which no verdict can be read.
        biased: Share of its verdicts that are the first of ``verdicts``, whatever is
            right: with ``("first", "second", "tie")``, how often it takes the first
            text for its place.

    Raises:
        ValueError: A share is not in [0, 1], or there are fewer than two verdicts.
    """

    def __init__(
        self,
        script: Script,
        *,
        verdicts: Sequence[str] = ("fail", "pass"),
        default: str | None = None,
        wrong: float = 0.0,
        unreadable: float = 0.0,
        biased: float = 0.0,
    ) -> None:
        for name, share in [
            ("wrong", wrong),
            ("unreadable", unreadable),
            ("biased", biased),
        ]:
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{name}={share!r} is not in [0, 1]")
        if len(set(verdicts)) < 2:
            raise ValueError(f"verdicts={verdicts!r} are fewer than two")
        self._right = ScriptedModel(script, default=default)
        self._verdicts = tuple(verdicts)
        self._wrong, self._unreadable, self._biased = wrong, unreadable, biased

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order of arrival."""
        return self._right.requests

    def complete(self, request: Request) -> Completion:
        """Give a verdict on one request.

        Raises:
            ModelError: The script has none.
        """
        right = self._right.complete(request).text
        draws = random.Random(digest(request.to_json()))  # noqa: S311 - no secret
        unreadable, biased, wrong = (draws.random() for _ in range(3))
        others = [verdict for verdict in self._verdicts if verdict != right]
        verdict = right
        if wrong < self._wrong:
            verdict = draws.choice(others)
        if biased < self._biased:
            verdict = self._verdicts[0]
        if unreadable < self._unreadable:
            return Completion(text="I would rather not say.")
        return Completion(text=f"<verdict>{verdict}</verdict>")
