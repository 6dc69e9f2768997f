"""Models behind the OpenAI protocol: one request in, one completion or error out."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_promptopt.models.complaints import Complaints, Sent
from pytest_promptopt.models.credentials import NO_KEY, Credentials
from pytest_promptopt.models.direct import OPENAI_URL, Direct, route_of
from pytest_promptopt.models.http1 import UnusualResponseError
from pytest_promptopt.models.wire import (
    NotACompletionError,
    completion_in,
    filtered_in,
    json_body,
    messages_body,
    settings_body,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_promptopt.models.credentials import Pass
    from pytest_promptopt.models.http1 import Response
    from pytest_promptopt.models.openai_client import OpenAIClient
    from pytest_promptopt.models.providers import Provider
    from pytest_promptopt.records import Completion, Request


_NO_SETTINGS = frozenset({"model", "messages", "input"})


class OpenAIModel:
    """One model of one provider, asked directly or through the OpenAI client.

    The client takes half a second to import and thirty times the CPU of a request, so
    it is asked only where it would do more than one plain request: see
    :mod:`pytest_promptopt.models.direct`. Nothing is opened before the first request.
    Retries are the engine's business.

    Args:
        name: The model's name as the provider has it.
        provider: Where it is.
    """

    wanted = "chat completion"
    """What the endpoint ought to send, for messages."""

    def __init__(self, name: str, provider: Provider) -> None:
        self._name = name
        self._provider = provider
        address = _shown_url(
            provider.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        )
        self._identity = provider.identity(name, address)
        self._complaints = Complaints(name, provider, address)
        self._credentials = Credentials(provider, self._complaints)
        self._direct: Direct | None = None
        self._client: OpenAIClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def account(self) -> str:
        """Whose limits hold: models of one provider share them."""
        return self._provider.name

    @property
    def requests_per_minute(self) -> float | None:
        """What the account allows."""
        return self._provider.requests_per_minute

    @property
    def tokens_per_minute(self) -> float | None:
        """What the account allows, sent and received."""
        return self._provider.tokens_per_minute

    @property
    def deadline_s(self) -> float:
        """Seconds for one call, with all its repetitions."""
        return self._provider.deadline_s

    @property
    def identity(self) -> str:
        """Where the model is, and with what settings: else other replies come."""
        return self._identity

    async def complete(self, request: Request) -> Completion:
        """Answer one request with one HTTP request.

        Raises:
            ModelError: No usable reply came, ``retryable`` if one may come later.
            SettingError: The request asks for something that is not supported.
        """
        body = self._body(request)
        allowed = await self._credentials.read()
        began = time.perf_counter()
        try:
            response = await self._post(body, allowed)
        except OSError as error:
            raise self._complaints.unreachable(
                error, timed_out=isinstance(error, TimeoutError)
            ) from None  # the text of its cause may hold a part of the key
        latency_s = time.perf_counter() - began
        return self._read(
            response, allowed, request=request, sent=body, latency_s=latency_s
        )

    def _body(self, request: Request) -> dict[str, Any]:
        """Return what is sent."""
        settings = settings_body(
            request,
            defaults=self._provider.request,
            send_seed=self._provider.send_seed,
            drop=self._provider.drop,
        )
        messages = messages_body(request.messages)
        return {"model": self._name, "messages": messages, **settings}

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        direct, client = self._direct, self._client
        self._direct = self._client = self._loop = None
        for way in (direct, client):
            if way is not None:
                await way.close()

    async def _post(self, body: Mapping[str, Any], allowed: Pass) -> Response:
        direct = self._ready()
        if direct is not None:
            try:
                return await direct.post(body, _headers(allowed))
            except UnusualResponseError:
                self._direct = None  # the client follows; so will the next requests
        return await self._opened_client().post(body, allowed)

    def _opened_client(self) -> OpenAIClient:
        """Return the client of this event loop, built at first need."""
        self._on_this_loop()
        if self._client is None:
            from pytest_promptopt.models.openai_client import OpenAIClient

            self._client = OpenAIClient(self._name, self._provider)
        return self._client

    def _ready(self) -> Direct | None:
        """Return the direct way, looked for once on each event loop."""
        if self._on_this_loop():
            route = route_of(self._provider, os.environ)
            self._direct = (
                None if route is None else Direct(route, self._provider.timeout_s)
            )
        return self._direct

    def _on_this_loop(self) -> bool:
        """Let go of what belongs to another event loop, and tell whether it did."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return False
        self._loop, self._client, self._direct = loop, None, None
        return True

    def _read(
        self,
        response: Response,
        allowed: Pass,
        *,
        request: Request,
        sent: Mapping[str, Any],
        latency_s: float,
    ) -> Completion:
        status, content = response.status, response.content
        body = json_body(content)
        if not 200 <= status < 300:
            filtered = filtered_in(status, body, latency_s=latency_s)
            if filtered is not None:
                return filtered
            complaint = self._complaints.refused(
                status, content, response.headers, _origins(sent, request)
            )
            if status == 401 and allowed.token:
                self._credentials.forget(allowed.token)
                # A printed token may have run out; a fresh one has not.
                complaint.retryable = allowed.reused
            raise complaint from None  # nothing of the response beside its words
        try:
            return self._reply(body, sent=sent, latency_s=latency_s)
        except NotACompletionError as error:
            raise self._complaints.malformed(
                str(error), content, _origins(sent, request), wanted=self.wanted
            ) from None

    def _reply(
        self,
        body: Any,
        *,
        sent: Mapping[str, Any],  # noqa: ARG002 - other endpoints need it
        latency_s: float,
    ) -> Completion:
        """Read the body of a response that is no refusal."""
        return completion_in(body, latency_s=latency_s)


def _origins(sent: Mapping[str, Any], request: Request) -> Sent:
    """Return where each setting that was sent comes from."""
    return {
        name: "trial"
        if name == "seed" and name not in request.settings and value == request.seed
        else "request"
        if name in request.settings
        else "provider"
        for name, value in sent.items()
        if name not in _NO_SETTINGS
    }


def _headers(allowed: Pass) -> dict[str, str]:
    """Return what opens the door; a header that the user set wins."""
    opened_by = allowed.token or allowed.key or NO_KEY
    own = {name.lower(): text for name, text in allowed.headers.items()}
    return {"authorization": f"Bearer {opened_by}", **own}


def _shown_url(url: str) -> str:
    """Return a URL without user, password, query and fragment: those may be secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
