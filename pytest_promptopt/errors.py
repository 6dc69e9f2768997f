"""The errors this package raises on purpose: always a problem plus a hint.

PromptOptError
├── SettingError        an option, ini key, marker argument or table entry
├── PlacedError         something in a file, with path and line
│   ├── SourceError     a prompt source cannot be read or edited
│   │   └── TemplateError   it does not parse or does not render
│   ├── CaseFileError   eval cases cannot be used as written
│   └── BaselineError   a committed record cannot be used
├── ScorerError         a scorer is unknown or was given the wrong arguments
├── MessageError        a chat message that an application sends is none
├── ModelError          no usable reply; says nothing about the prompt
│   ├── BudgetExhausted what this run may spend is spent
│   └── ProviderOutage  a model gave no reply for so long that it is given up
├── StrategyError       an optimisation strategy broke its contract
├── SearchRefused       a search could not lead to a confirmed proposal
│   └── NoHeadroom      there is less to gain than could be confirmed
├── JournalError        a search cannot be replayed from its journal
├── PatchError          an edit would not apply byte-exactly
├── PublishError        a proposal cannot become a pull request as it stands
└── GitHubError         GitHub refused or gave no answer; see github/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self


class PromptOptWarning(UserWarning):
    """A warning about a prompt test, so that ``-W`` can name it."""


class PromptOptError(Exception):
    """Base of every error this package raises on purpose.

    Only plain strings go to ``args``, so that every subclass survives the trip
    between threads and pytest-xdist processes.

    Args:
        problem: What is wrong, where, with the offending value in it.
        hint: What to do about it, as one instruction.
    """

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem}\n  hint: {self.hint}"


class SettingError(PromptOptError):
    """An option, ini key, marker argument or table entry cannot be used."""


class PlacedError(PromptOptError):
    """Something in a file; ``path`` and ``line`` say where, if it is known."""

    path: Path | None = None
    line: int | None = None

    @classmethod
    def at(cls, path: Path, line: int | None, problem: str, hint: str) -> Self:
        """Point the error at one line, 1-based, of one file."""
        place = f"{path}:{line}" if line is not None else f"{path}"
        error = cls(f"{place}: {problem}", hint)
        error.path, error.line = path, line
        return error


class SourceError(PlacedError):
    """A prompt source cannot be found, read or edited."""


class TemplateError(SourceError):
    """A prompt template does not parse or does not render."""


class CaseFileError(PlacedError):
    """Eval cases cannot be used as written."""


class BaselineError(PlacedError):
    """A committed baseline record cannot be used as it stands."""


class ScorerError(PromptOptError):
    """A scorer is unknown or was given arguments that it cannot use."""


class MessageError(PromptOptError):
    """What an application sends is no list of chat messages."""


class ModelError(PromptOptError):
    """No usable reply came from a model; it says nothing about the prompt.

    Args:
        problem: What failed, naming the model or endpoint.
        hint: What to do about it, as one instruction.
        retryable: Whether the same request may succeed later.

    Attributes:
        retry_after_s: Seconds that the endpoint asked to wait, if it did.
        status: HTTP status that the endpoint refused with, if it did.
        parameter: Name of the model setting that the endpoint does not take.
    """

    retry_after_s: float | None = None
    status: int | None = None
    parameter: str | None = None

    def __init__(self, problem: str, hint: str, *, retryable: bool = False) -> None:
        super().__init__(problem, hint)
        self.retryable = retryable


class BudgetExhausted(ModelError):  # noqa: N818 - a condition, not a defect
    """What this run may spend on calls is spent, or would not do.

    Attributes:
        passing: Whether calls on their way may leave enough, once they have ended.
    """

    passing = False


class ProviderOutage(ModelError):  # noqa: N818 - a condition, not a defect
    """A model gave no reply for so long that nothing more is sent to it."""


class StrategyError(PromptOptError):
    """An optimisation strategy broke its contract."""


class SearchRefused(PromptOptError):  # noqa: N818 - a decision, not a defect
    """A search was not started because no proposal could be confirmed."""


class NoHeadroom(SearchRefused):
    """There is less to gain than the hold-out cases could confirm."""


class JournalError(PromptOptError):
    """A candidate cannot be rebuilt from the journal of a search."""


class PatchError(PromptOptError):
    """An edit would not apply byte-exactly, so that no diff is written."""


class PublishError(PromptOptError):
    """A proposal cannot become a pull request as it stands."""


class ReplyNotJsonError(AssertionError):
    """A reply was read as JSON and is none: a wrong answer, not an error."""
