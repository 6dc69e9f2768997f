"""Requests through the OpenAI client; the only module that imports ``openai``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.credentials import NO_KEY
from pytest_promptopt.models.http1 import Response
from pytest_promptopt.models.providers import OPENAI

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    import openai

    from pytest_promptopt.models.credentials import Pass
    from pytest_promptopt.models.providers import Provider


class OpenAIClient:
    """The OpenAI client of one model on one event loop, built with the first request.

    Args:
        name: The model's name as the provider has it.
        provider: Where it is.
    """

    def __init__(self, name: str, provider: Provider) -> None:
        self._name = name
        self._provider = provider
        self._client: openai.AsyncOpenAI | None = None
        self._token = ""

    async def post(self, body: Mapping[str, Any], allowed: Pass) -> Response:
        """Send a body and read the response, whatever its status is.

        Args:
            body: The request, with model and messages.
            allowed: What opens the door.

        Raises:
            OSError: No whole response came; ``TimeoutError`` if not in time.
        """
        client = self._ready_client(allowed)
        settings = dict(body)
        model, messages = settings.pop("model"), settings.pop("messages")
        return await _response_to(
            client.chat.completions.with_raw_response.create(
                model=model,
                messages=messages,
                extra_body=settings,
                extra_headers=self._headers(allowed),
            )
        )

    async def embed(self, body: Mapping[str, Any], allowed: Pass) -> Response:
        """Ask for vectors and read the response, whatever its status is.

        Args:
            body: The request, with model and input.
            allowed: What opens the door.

        Raises:
            OSError: No whole response came; ``TimeoutError`` if not in time.
        """
        client = self._ready_client(allowed)
        return await _response_to(
            client.embeddings.with_raw_response.create(
                model=body["model"],
                input=body["input"],
                # Else the client asks for base64, which not all endpoints know.
                encoding_format="float",
                extra_headers=self._headers(allowed),
            )
        )

    async def close(self) -> None:
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
        if self._client is None:
            self._client = self._new_client(allowed)
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


async def _response_to(request: Awaitable[Any]) -> Response:
    """Send what the client has prepared and return what comes back.

    Raises:
        OSError: No whole response came; ``TimeoutError`` if not in time.
    """
    import openai

    try:
        raw = await request
    except openai.APIStatusError as error:
        return Response(
            error.status_code, error.response.headers, error.response.content
        )
    except openai.APITimeoutError as error:
        raise TimeoutError(str(error)) from error
    except openai.APIConnectionError as error:
        raise ConnectionError(str(error)) from error
    return Response(
        raw.http_response.status_code, raw.headers, raw.http_response.content
    )
