"""Models behind the OpenAI protocol; the only module that imports ``openai``."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_promptopt.models.complaints import Complaints
from pytest_promptopt.models.credentials import Credentials
from pytest_promptopt.models.providers import OPENAI
from pytest_promptopt.models.wire import (
    NotACompletionError,
    completion_in,
    filtered_in,
    json_body,
    messages_body,
    settings_body,
)

if TYPE_CHECKING:
    import openai

    from pytest_promptopt.models.credentials import Pass
    from pytest_promptopt.models.providers import Provider
    from pytest_promptopt.records import Completion, Request

NO_KEY = "no-key"  # the client insists on one


class OpenAIModel:
    """One model of one provider, asked through the OpenAI client.

    The client is imported and built with the first request, so that neither costs a
    run whose replies all come from the cache. Retries are the engine's business.

    Args:
        name: The model's name as the provider has it.
        provider: Where it is.
    """

    def __init__(self, name: str, provider: Provider) -> None:
        self._name = name
        self._provider = provider
        address = _shown_url(
            provider.base_url
            or os.environ.get("OPENAI_BASE_URL")
            or "https://api.openai.com/v1"
        )
        self._identity = provider.identity(name, address)
        self._complaints = Complaints(name, provider, address)
        self._credentials = Credentials(provider, self._complaints)
        self._client: openai.AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._token = ""

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
        body = settings_body(
            request,
            defaults=self._provider.request,
            send_seed=self._provider.send_seed,
        )
        allowed = await self._credentials.read()
        client = self._ready_client(allowed)
        import openai

        began = time.perf_counter()
        try:
            response = await client.chat.completions.with_raw_response.create(
                model=self._name,
                messages=messages_body(request.messages),  # type: ignore[arg-type]
                extra_body=body,
                extra_headers=self._headers(allowed),
            )
        except openai.APIStatusError as error:
            content, status = error.response.content, error.status_code
            filtered = filtered_in(
                status, json_body(content), latency_s=time.perf_counter() - began
            )
            if filtered is not None:
                return filtered
            complaint = self._complaints.refused(
                status, content, error.response.headers
            )
            if status == 401 and allowed.token:
                self._credentials.forget(allowed.token)
                # A printed token may have run out; a fresh one has not.
                complaint.retryable = allowed.reused
            raise complaint from None  # the client's text may hold a part of the key
        except openai.APIConnectionError as error:
            raise self._complaints.unreachable(
                error, timed_out=isinstance(error, openai.APITimeoutError)
            ) from None
        content = response.http_response.content
        latency_s = time.perf_counter() - began
        try:
            return completion_in(json_body(content), latency_s=latency_s)
        except NotACompletionError as error:
            raise self._complaints.malformed(str(error), content) from None

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _headers(self, allowed: Pass) -> dict[str, str]:
        headers = {
            _KNOWN.get(n.lower(), n): text for n, text in allowed.headers.items()
        }
        if allowed.token and self._provider.kind != "azure":
            headers.setdefault("Authorization", f"Bearer {allowed.token}")
        return headers

    def _ready_client(self, allowed: Pass) -> openai.AsyncOpenAI:
        self._token = allowed.token or NO_KEY
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client, self._loop = self._new_client(allowed), loop
        return self._client

    def _new_client(self, allowed: Pass) -> openai.AsyncOpenAI:
        import openai

        provider = self._provider
        if provider.kind == "azure":
            return self._new_azure_client(allowed)
        client = openai.AsyncOpenAI(
            api_key=allowed.key or NO_KEY,
            base_url=provider.base_url,
            timeout=provider.timeout_s,
            max_retries=0,
        )
        if provider.name != OPENAI.name:
            # Read from OPENAI_ORG_ID and OPENAI_PROJECT_ID: not for other companies.
            client.organization = client.project = None
        return client

    def _new_azure_client(self, allowed: Pass) -> openai.AsyncOpenAI:
        import openai

        provider = self._provider
        if allowed.key:
            opened_by: dict[str, Any] = {"api_key": allowed.key}
        else:
            # Asked for with every request, also where a header opens the door: a key
            # that is none would be sent beside it.
            opened_by = {"azure_ad_token_provider": lambda: self._token}
        client = openai.AsyncAzureOpenAI(
            azure_endpoint=provider.base_url or "",
            azure_deployment=provider.deployment_of(self._name),
            api_version=provider.api_version,
            timeout=provider.timeout_s,
            max_retries=0,
            **opened_by,
        )
        client.organization = client.project = None
        # Before openai 3, AZURE_OPENAI_AD_TOKEN and AZURE_OPENAI_API_KEY of the
        # environment are sent beside, or instead of, what the client was given.
        client._azure_ad_token = None  # noqa: SLF001
        client.api_key = allowed.key
        return client


_KNOWN = {"authorization": "Authorization", "api-key": "api-key"}
"""Headers that the client sends, spelt as it does: two spellings would be sent both."""


def _shown_url(url: str) -> str:
    """Return a URL without user, password, query and fragment: those may be secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
