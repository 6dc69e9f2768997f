"""One repository in GitHub's REST API: requests, answers, and what went wrong.

The token goes to the host of the API and nowhere else: no redirect is followed, and no
message has it in it.
Source: docs.github.com/rest, "Getting started with the REST API" and "Rate limits for
the REST API".
"""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from pytest_promptopt.errors import SettingError
from pytest_promptopt.github.refusals import GitHubError, no_answer, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["GitHub", "GitHubError"]

PUBLIC_API = "https://api.github.com"
TIMEOUT_S = 30.0
PER_PAGE = 100
MOST_PAGES = 100

_LARGEST = 32 * 1024 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+")
_TOKEN = re.compile(r"[!-~]+")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_JSON = "application/vnd.github+json"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Makes a redirect an error: it may lead the token to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """One repository, as the REST API serves it.

    Attributes:
        api_url: Where the API is: ``"https://api.github.com"``, or
            ``"https://HOST/api/v3"`` of an own server. Without a slash at its end.
        token: What authorizes requests; empty for none.
        repository: ``"owner/name"``.

    Raises:
        SettingError: One of them cannot be used.
    """

    api_url: str = PUBLIC_API
    token: str = field(default="", repr=False)
    repository: str

    def __post_init__(self) -> None:
        check_api_url(self.api_url)
        name = self.repository.rpartition("/")[2]
        if not _REPOSITORY.fullmatch(self.repository) or name in (".", ".."):
            raise SettingError(
                f"{self.repository!r} is no GitHub repository",
                "set GITHUB_REPOSITORY to OWNER/NAME, such as example/shop",
            )
        if self.token and not _TOKEN.fullmatch(self.token):
            raise SettingError(
                "the token in GITHUB_TOKEN (or GH_TOKEN) has a space, a line end or "
                "another character that no token has",
                "set the variable to the token and nothing else",
            )

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, repository: str = ""
    ) -> GitHub:
        """Read what a GitHub workflow sets: API, token and repository.

        Args:
            environ: The environment variables: ``GITHUB_API_URL``, ``GITHUB_TOKEN``
                or else ``GH_TOKEN``, ``GITHUB_REPOSITORY``.
            repository: The repository where ``GITHUB_REPOSITORY`` is not set.

        Raises:
            SettingError: There is no token or no repository, or one cannot be used.
        """
        token = (environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or "").strip()
        if not token:
            raise SettingError(
                "neither GITHUB_TOKEN nor GH_TOKEN is set",
                "set GITHUB_TOKEN to a token for the repository; in a workflow: "
                "env: GITHUB_TOKEN: ${{ github.token }}",
            )
        named = environ.get("GITHUB_REPOSITORY") or repository
        if not named:
            raise SettingError(
                "it is not known which GitHub repository is meant: GITHUB_REPOSITORY "
                "is not set",
                "set GITHUB_REPOSITORY to OWNER/NAME, such as example/shop",
            )
        url = (environ.get("GITHUB_API_URL") or PUBLIC_API).rstrip("/")
        return cls(api_url=url, token=token, repository=named)

    def get(self, path: str, **query: str | int) -> Any:
        """Read something of the repository.

        Args:
            path: Below the repository: ``"pulls"``, ``"issues/7/comments"``; empty for
                the repository itself.
            query: What follows the question mark.

        Returns:
            The answer's JSON.

        Raises:
            GitHubError: There is no answer, or it is a refusal.
        """
        return self._send("GET", path, query=query)

    def each(self, path: str, **query: str | int) -> Iterator[Any]:
        """Yield what a list of the repository has, page by page.

        Args:
            path: As :meth:`get` takes it, of an endpoint that returns lists.
            query: The same; pages are asked for here.

        Yields:
            Entries, in the API's order; at most :data:`MOST_PAGES` pages of them.

        Raises:
            GitHubError: There is no answer, or it is a refusal or no list.
        """
        for page in range(1, MOST_PAGES + 1):
            found = self.get(path, **query, per_page=PER_PAGE, page=page)
            if not isinstance(found, list):
                raise GitHubError(
                    f"{self._asked('GET', path)}: the answer is no list",
                    "check GITHUB_API_URL",
                )
            yield from found
            if len(found) < PER_PAGE:
                return

    def post(self, path: str, body: Any) -> Any:
        """Create something in the repository; as :meth:`get`, with a JSON body."""
        return self._send("POST", path, body=body)

    def patch(self, path: str, body: Any) -> Any:
        """Change something in the repository; as :meth:`get`, with a JSON body."""
        return self._send("PATCH", path, body=body)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
    ) -> Any:
        asked = self._asked(method, path)
        request = self._request(method, path, query=query, body=body)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                content = answer.read(_LARGEST + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise self._without_token(refusal(asked, error)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._without_token(no_answer(asked, self.api_url, error)) from None
        return _parsed(asked, content)

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None,
        body: Any,
    ) -> urllib.request.Request:
        below = f"/{quote(path)}" if path else ""
        url = f"{self.api_url}/repos/{self.repository}{below}"
        if query:
            url += f"?{urlencode(query)}"
        data = None if body is None else json.dumps(body).encode("ascii")
        # The scheme was checked when this was made.
        request = urllib.request.Request(url, data=data, method=method)  # noqa: S310
        request.add_header("Accept", _JSON)
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        request.add_header("User-Agent", "pytest-promptopt")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        return request

    @property
    def _opener(self) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if urlsplit(self.api_url).scheme == "http":  # a proxy would read the token
            handlers.append(urllib.request.ProxyHandler({}))
        return urllib.request.build_opener(*handlers)

    def _asked(self, method: str, path: str) -> str:
        return f"{method} {'/'.join(filter(None, ('repos', self.repository, path)))}"

    def _without_token(self, error: GitHubError) -> GitHubError:
        """Return an error whose texts, which a server wrote, do not have the token."""
        if self.token:
            error.problem = error.problem.replace(self.token, "***")
            error.hint = error.hint.replace(self.token, "***")
            error.args = (error.problem, error.hint)
        return error


def check_api_url(url: str) -> None:
    """Refuse an address that a token must not be sent to.

    Raises:
        SettingError: It is none, is not encrypted, or has more in it than an address.
    """
    hint = "set GITHUB_API_URL to https://api.github.com, or https://HOST/api/v3"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SettingError(f"the API's address {url!r} is none", hint) from None
    # What hides behind these would be shown in messages, or be sent along.
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingError(
            "the API's address has a user, a query or a fragment in it", hint
        )
    if parts.scheme not in ("https", "http") or not host or not url.isprintable():
        raise SettingError(f"the API's address {url!r} is none", hint)
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise SettingError(
            f"the API's address {url!r} would send the token unencrypted", hint
        )


def _parsed(asked: str, content: bytes) -> Any:
    if not content:
        return None
    found: Any = None
    usable = len(content) <= _LARGEST
    if usable:
        try:
            found = json.loads(content)
        except ValueError:
            usable = False
    if not usable:
        raise GitHubError(
            f"{asked}: the answer is no JSON, or too long to be one",
            "check GITHUB_API_URL: it may be the address of a web page",
        )
    return found
