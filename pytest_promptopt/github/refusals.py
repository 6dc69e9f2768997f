"""What GitHub's refusals say, and what to do about each."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.report.plain import plain

if TYPE_CHECKING:
    import urllib.error
    from email.message import Message

_LONGEST = 400
_MOST_BYTES = 64 * 1024
_MINUTE_S = 60


class GitHubError(PromptOptError):
    """GitHub gave no answer, or refused.

    Attributes:
        status: HTTP status of the refusal; ``None`` if there was no answer.
        retryable: Whether the same request may succeed later.
    """

    status: int | None = None
    retryable: bool = False


def refusal(asked: str, error: urllib.error.HTTPError) -> GitHubError:
    """Say what a refusal means.

    Args:
        asked: Method and path of the request, for the message.
        error: The answer, whose body has not been read.
    """
    status = error.code
    said = _said(error)
    wait_s = _wait_s(status, error.headers, said)
    shown = f"GitHub refuses {asked} with status {status}" + (
        f": {said}" if said else ""
    )
    if wait_s is not None:
        made = GitHubError(shown, f"a rate limit is used up: {_when(wait_s)}")
    else:
        made = GitHubError(shown, _hint(status, error.headers, said))
    made.status = status
    made.retryable = wait_s is not None or status >= 500
    return made


def no_answer(asked: str, api_url: str, error: Exception) -> GitHubError:
    """Say that there was no answer, or half of one.

    Args:
        asked: Method and path of the request, for the message.
        api_url: Where it was sent.
        error: What went wrong.
    """
    reason = getattr(error, "reason", None) or error
    said = getattr(reason, "strerror", None) or reason
    shown = _one_line(str(said)) or type(error).__name__
    made = GitHubError(
        f"{asked}: no answer from {urlsplit(api_url).netloc}: {shown}",
        "check the network and GITHUB_API_URL, and run the same command again",
    )
    made.retryable = True
    return made


def _said(error: urllib.error.HTTPError) -> str:
    """Return what the body says, on one line; empty if it says nothing."""
    try:
        found = json.loads(error.read(_MOST_BYTES))
    except (OSError, ValueError):
        return ""
    if not isinstance(found, dict):
        return ""
    parts = [str(found.get("message") or "").rstrip(".")]
    details = found.get("errors")
    if isinstance(details, list):
        parts += [_detail(entry) for entry in details]
    return _one_line("; ".join(part for part in parts if part))


def _detail(entry: Any) -> str:
    """Return one error of a list: a sentence, or which field is how."""
    if not isinstance(entry, dict):
        return str(entry)
    if entry.get("message"):
        return str(entry["message"])
    names = (entry.get(name) for name in ("resource", "field", "code"))
    return " ".join(str(name) for name in names if name)


def _one_line(text: str) -> str:
    shown = plain(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _wait_s(status: int, headers: Message, said: str) -> float | None:
    """Return how long a rate limit asks to wait; ``None`` if none was met."""
    if status not in (403, 429):
        return None
    after = _number(headers.get("Retry-After"))
    if after is not None:
        return after
    if headers.get("X-RateLimit-Remaining") == "0":
        reset = _number(headers.get("X-RateLimit-Reset"))
        return _MINUTE_S if reset is None else max(1.0, reset - time.time())
    # A secondary limit may come without a header; a minute is what GitHub asks for.
    limited = status == 429 or re.search(r"\brate limit\b", said, re.IGNORECASE)
    return _MINUTE_S if limited else None


def _number(value: str | None) -> float | None:
    return (
        float(value) if value is not None and re.fullmatch(r"\d{1,12}", value) else None
    )


def _when(wait_s: float) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() + wait_s))
    return f"run the same command again after {at}, in {wait_s:,.0f} s"


def _hint(status: int, headers: Message, said: str) -> str:
    if status == 401:
        return "set GITHUB_TOKEN to a token that is valid and has not expired"
    if status == 403:
        return _permission(headers, said)
    if status in (301, 302, 303, 307, 308):
        return (
            "the repository was renamed or moved: set GITHUB_REPOSITORY to its present "
            "OWNER/NAME, and GITHUB_API_URL to the API's own address"
        )
    if status in (404, 410):
        return (
            "check GITHUB_REPOSITORY; a repository that the token may not read is "
            "refused in the same way"
        )
    if status == 422:
        return "GitHub understands the request and does not accept it: see its reason"
    if status >= 500:
        return "GitHub has a fault of its own: run the same command again later"
    return "see GitHub's reason"


def _permission(headers: Message, said: str) -> str:
    if "not permitted to create or approve pull requests" in said:
        return (
            "allow it in the repository's Settings, Actions, General: Allow GitHub "
            "Actions to create and approve pull requests; or give GITHUB_TOKEN another "
            "token"
        )
    # Names such as "pull_requests=write", one or several.
    needed = headers.get("X-Accepted-GitHub-Permissions", "")
    if re.fullmatch(r"[a-z_]+=[a-z]+(?:[,;] ?[a-z_]+=[a-z]+)*", needed):
        return f"give the token the permission {needed}; in a workflow: permissions:"
    return "give the token write permission for this; in a workflow: permissions:"
