"""The offline model itself: one request in, one reply out, nothing remembered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.offline.evidence import read_evidence
from pytest_promptopt.models.offline.optimizer import optimizer_reply
from pytest_promptopt.models.offline.task import task_reply
from pytest_promptopt.models.offline.text import draw, words
from pytest_promptopt.records import Completion, Usage

if TYPE_CHECKING:
    from pytest_promptopt.records import Request

RULES_VERSION = 1
DEFAULT_SLIP = 0.03
STAND_IN = (
    "offline:rules is a deterministic stand-in, not an LLM: its scores say whether the "
    "set-up works, not how good a prompt is."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineModel:
    """A deterministic stand-in for a language model; the package says by what rules.

    Attributes:
        slip: Share of replies that are deliberately second best, in [0, 1].
    """

    slip: float = DEFAULT_SLIP

    @property
    def stand_in(self) -> str:
        """What every report must say about this model."""
        return STAND_IN

    @property
    def identity(self) -> str:
        """What decides the replies beside the request."""
        return f"rules-{RULES_VERSION} slip={self.slip:g}"

    async def complete(self, request: Request) -> Completion:
        """Answer a request: a pure function of its messages, its seed and the slip."""
        return self.reply(request)

    def reply(self, request: Request) -> Completion:
        """Answer a request, without a loop."""
        joined = "\x1e".join(f"{m.role}\x1f{m.content}" for m in request.messages)
        key = hashlib.blake2b(
            joined.encode("utf-8", "surrogatepass"), digest_size=16
        ).hexdigest()
        evidence = read_evidence("\n".join(m.content for m in request.messages))
        if evidence is not None:
            text = optimizer_reply(evidence, key=f"{key}:{request.seed or 0}")
        else:
            # Without a slip a seed must not matter to a task reply.
            slipped = self.slip > 0 and draw("slip", key, request.seed or 0) < self.slip
            text = task_reply(request.messages, key=key, slip=slipped)
        return Completion(
            text=text,
            model=f"offline-rules-{RULES_VERSION}",
            usage=Usage(
                prompt_tokens=sum(len(words(m.content)) for m in request.messages),
                completion_tokens=len(words(text)),
            ),
        )


def offline_model(name_rest: str) -> OfflineModel:
    """Build the model that a setting names after ``offline:``.

    Args:
        name_rest: ``"rules"``, or with a slip rate ``"rules?slip=0.1"``.

    Raises:
        SettingError: Another rule set, another parameter, or a slip outside [0, 1].
    """
    rules, _, query = name_rest.partition("?")
    if rules != "rules":
        raise SettingError(
            f"offline model: unknown rule set {rules!r}", "write offline:rules"
        )
    slip = DEFAULT_SLIP
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name != "slip":
            raise SettingError(
                f"offline:{name_rest}: unknown parameter {name!r}",
                "the one parameter is slip, as in offline:rules?slip=0",
            )
        slip = _slip(value, name_rest)
    return OfflineModel(slip=slip)


def _slip(value: str, name_rest: str) -> float:
    try:
        slip = float(value)
    except ValueError:
        slip = -1.0
    if not 0.0 <= slip <= 1.0:
        raise SettingError(
            f"offline:{name_rest}: slip {value!r} is not a number from 0 to 1",
            "write for example offline:rules?slip=0.03",
        )
    return slip
