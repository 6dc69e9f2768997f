"""Pull requests of a repository: find one by its branch, open one, change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.github.refusals import GitHubError

if TYPE_CHECKING:
    from pytest_promptopt.github.api import GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request.

    Attributes:
        number: Its number in the repository.
        url: Its page.
        base: Branch that it merges into.
    """

    number: int
    url: str
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a pull request says.

    Attributes:
        title: One line.
        body: Markdown of at most 65,536 characters.
        head: Branch that it merges, of the same repository.
        base: Branch that it merges into.
    """

    title: str
    body: str
    head: str
    base: str


def open_of(github: GitHub, branch: str) -> PullRequest | None:
    """Return the open pull request of a branch, if there is one.

    Raises:
        GitHubError: GitHub refuses, or does not answer.
    """
    owner = github.repository.partition("/")[0]
    found = github.get("pulls", state="open", head=f"{owner}:{branch}", per_page=100)
    for entry in found if isinstance(found, list) else []:
        # A server that ignores the filter must not have another one overwritten.
        if _branch(entry, github) == branch:
            return _read(entry)
    return None


def open_new(github: GitHub, text: Draft, *, draft: bool) -> PullRequest:
    """Open a pull request.

    Args:
        github: The repository.
        text: What it says.
        draft: Whether it is not ready for review.

    Raises:
        GitHubError: GitHub refuses, or does not answer.
    """
    body = {
        "title": text.title,
        "head": text.head,
        "base": text.base,
        "body": text.body,
        "draft": draft,
    }
    return _read(github.post("pulls", body))


def change(github: GitHub, found: PullRequest, text: Draft) -> PullRequest:
    """Give an open pull request another title and text, and its base if that differs.

    Raises:
        GitHubError: GitHub refuses, or does not answer.
    """
    body = {"title": text.title, "body": text.body}
    if text.base != found.base:
        body["base"] = text.base
    return _read(github.patch(f"pulls/{found.number}", body))


def _branch(entry: Any, github: GitHub) -> str:
    try:
        head = entry["head"]
        full_name = str(head["repo"]["full_name"])
        same = full_name.lower() == github.repository.lower()
        return str(head["ref"]) if same else ""
    except (KeyError, TypeError):  # the repository of a fork may be gone
        return ""


def _read(entry: Any) -> PullRequest:
    try:
        number, url, base = entry["number"], entry["html_url"], entry["base"]["ref"]
    except (KeyError, TypeError):
        number, url, base = None, None, None
    if not (isinstance(number, int) and isinstance(url, str) and isinstance(base, str)):
        raise GitHubError("GitHub's answer is no pull request", "check GITHUB_API_URL")
    return PullRequest(number=number, url=url, base=base)
