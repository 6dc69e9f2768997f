"""The short way to an endpoint: the OpenAI client's request without the client.

It is taken only where both are the same. Whatever the client would do beyond one plain
request (a proxy, another certificate store, headers from its own environment variables,
a redirect, Azure's addresses) is left to the client.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_promptopt.models.http1 import Connections

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from pytest_promptopt.models.http1 import Response
    from pytest_promptopt.models.providers import Provider

OPENAI_URL = "https://api.openai.com/v1"
PATH = "/chat/completions"

_READ_HERE = frozenset(
    {"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"}
)
"""Variables of the client that are heeded here as well; of others nothing is known."""

_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})

_FIELDS = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
    "content-type": "application/json",
    "user-agent": "pytest-promptopt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one provider's requests go without the client.

    Attributes:
        host: The server.
        port: Its port.
        target: Path of the request line.
        tls: How the certificate is checked; ``None`` for plain HTTP.
        fields: Header fields of every request, by lower-case name.
    """

    host: str
    port: int
    target: str
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)


def route_of(provider: Provider, environ: Mapping[str, str]) -> Route | None:
    """Return the short way to a provider; ``None`` where the client has to be asked.

    Args:
        provider: The endpoint.
        environ: Environment variables.
    """
    builtin = provider.name == "openai"
    default = (environ.get("OPENAI_BASE_URL") or OPENAI_URL) if builtin else ""
    url = urlsplit(provider.base_url or default)
    ours = {name for name in environ if name.startswith("OPENAI_")} <= _READ_HERE
    plain = url.hostname and not (url.username or url.query or url.fragment)
    if provider.kind != "openai" or not (ours and plain) or _is_proxied(environ):
        return None
    secure = url.scheme == "https"
    tls = _trust(environ) if secure else None
    if url.scheme not in ("http", "https") or (secure and tls is None):
        return None
    fields = {**_FIELDS, "host": url.netloc}
    if builtin:
        fields.update(_organisation(environ))
    return Route(
        host=url.hostname or "",
        port=url.port or (443 if secure else 80),
        target=(url.path.rstrip("/") + PATH).replace(" ", "%20"),
        tls=tls,
        fields=fields,
    )


def _organisation(environ: Mapping[str, str]) -> dict[str, str]:
    named = {
        "openai-organization": environ.get("OPENAI_ORG_ID"),
        "openai-project": environ.get("OPENAI_PROJECT_ID"),
    }
    return {name: text for name, text in named.items() if text}


def _is_proxied(environ: Mapping[str, str]) -> bool:
    """Return whether any proxy is set; the client knows for which hosts it holds."""
    if any(name.lower() in _PROXIES and text for name, text in environ.items()):
        return True
    if sys.platform not in ("darwin", "win32"):
        return False
    # Their settings name proxies, too. Elsewhere this import would be for nothing.
    from urllib.request import getproxies

    return bool({"http", "https", "all"} & getproxies().keys())


def _trust(environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return the certificate check that the installed client makes, if it is known."""
    import ssl

    if named := environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=named)
    if named := environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=named)
    if not (sys.platform == "linux" and _client_trusts_the_system()):
        return None  # certifi's list, or the store of the operating system
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None:  # as it is where there is no such file
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(paths.cafile)
    return context


def _client_trusts_the_system() -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return int(version("openai").partition(".")[0]) >= 3
    except (PackageNotFoundError, ValueError):
        return False


class Direct:
    """Sends requests over a route, on one event loop.

    Args:
        route: Where to.
        timeout_s: Longest time for a connection and for a reply, in seconds.
    """

    def __init__(self, route: Route, timeout_s: float) -> None:
        self._route = route
        self._connections = Connections(
            route.host, route.port, tls=route.tls, timeout_s=timeout_s
        )

    async def post(
        self, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Response:
        """Send a body as JSON and read the response.

        Args:
            body: The request.
            headers: Fields of this request, such as the key; they win.

        Raises:
            OSError: No whole response came; ``TimeoutError`` if not in time.
            UnusualResponseError: The client has to be asked.
        """
        own = {name.lower(): text for name, text in headers.items()}
        fields = {**self._route.fields, **own}
        lines = [f"POST {self._route.target} HTTP/1.1"]
        lines += [f"{name}: {text}" for name, text in fields.items()]
        head = "\r\n".join([*lines, ""]).encode("latin-1")
        return await self._connections.post(head, encoded(body))

    async def close(self) -> None:
        """Close the connections that no request uses."""
        await self._connections.close()


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return a request's body as the client writes it.

    Raises:
        ValueError: It holds a number that JSON does not have.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")
