"""Models behind the OpenAI protocol; the only module that imports ``openai``."""

from __future__ import annotations

import asyncio
import os
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_promptopt.errors import ModelError, SettingError
from pytest_promptopt.models.providers import OPENAI
from pytest_promptopt.models.retry import parse_retry_after
from pytest_promptopt.models.text import one_line
from pytest_promptopt.models.wire import (
    NotACompletionError,
    completion_in,
    error_in,
    json_body,
    messages_body,
    settings_body,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openai

    from pytest_promptopt.models.providers import Provider
    from pytest_promptopt.records import Completion, Request

NO_KEY = "no-key"  # the client insists on one
KEY_LIKE = re.compile(r"\bsk-[\w*.-]{4,}|(?<=Bearer )\S+")
PASSING = frozenset({408, 409, 425, 429})


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
        self._endpoint = _shown_url(
            provider.base_url
            or os.environ.get("OPENAI_BASE_URL")
            or "https://api.openai.com/v1"
        )
        self._client: openai.AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._key = ""

    @property
    def identity(self) -> str:
        """Where the model is; another endpoint's replies are other replies."""
        return self._endpoint

    async def complete(self, request: Request) -> Completion:
        """Answer one request with one HTTP request.

        Raises:
            ModelError: No usable reply came, ``retryable`` if one may come later.
            SettingError: The request asks for something that is not supported.
        """
        if request.settings.get("stream"):
            raise SettingError(
                f"model setting 'stream' = {request.settings['stream']!r} "
                "is not supported: replies are read whole",
                "remove it from the request settings",
            )
        client = self._ready_client()
        import openai

        began = time.perf_counter()
        try:
            response = await client.chat.completions.with_raw_response.create(
                model=self._name,
                messages=messages_body(request.messages),  # type: ignore[arg-type]
                extra_body=settings_body(request, send_seed=self._provider.send_seed),
            )
        except openai.APIStatusError as error:
            raise self._refused(
                error.status_code, error.response.content, error.response.headers
            ) from None  # the client's own text may hold a part of the key
        except openai.APIConnectionError as error:
            raise self._unreachable(
                error, timed_out=isinstance(error, openai.APITimeoutError)
            ) from None
        content = response.http_response.content
        latency_s = time.perf_counter() - began
        try:
            return completion_in(json_body(content), latency_s=latency_s)
        except NotACompletionError as error:
            raise self._malformed(str(error), content) from None

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _ready_client(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if self._client is not None and self._loop is loop:
            return self._client
        self._key = self._read_key()
        import openai

        client = openai.AsyncOpenAI(
            api_key=self._key or NO_KEY,
            base_url=self._provider.base_url,
            timeout=self._provider.timeout_s,
            max_retries=0,
        )
        if self._provider.name != OPENAI.name:
            # Read from OPENAI_ORG_ID and OPENAI_PROJECT_ID: not for other companies.
            client.organization = client.project = None
        self._client, self._loop = client, loop
        return client

    def _read_key(self) -> str:
        variable = self._provider.api_key_env
        key = os.environ.get(variable, "").strip() if variable else ""
        if not key and self._provider.key_required:
            raise self._error(
                f"an API key is needed, and the environment variable {variable} is "
                "not set",
                "set it, or try without a key: promptopt_model = offline:rules",
            )
        if not (key.isascii() and key.isprintable()):
            raise self._error(
                f"the value of the environment variable {variable} holds characters "
                "that no API key has",
                "set it again, without quotes or line ends in it",
            )
        return key

    def _error(self, problem: str, hint: str, *, retryable: bool = False) -> ModelError:
        name = f"{self._provider.name}:{self._name}"
        shown = self._redacted(problem)
        return ModelError(f"model {name!r}: {shown}", hint, retryable=retryable)

    def _redacted(self, text: str) -> str:
        if self._key:
            text = text.replace(self._key, "***")
        return KEY_LIKE.sub("***", text)

    def _refused(
        self, status: int, content: bytes, headers: Mapping[str, str]
    ) -> ModelError:
        said = error_in(json_body(content))
        spent = "insufficient_quota" in {said.get("code"), said.get("type")}
        wanted = headers.get("x-should-retry")
        passing = status in PASSING or status >= 500 or wanted == "true"
        # The key is taken out before the text is cut: half a key is a secret too.
        words = one_line(self._redacted(str(said.get("message") or ""))) or _page(
            self._redacted(content.decode("utf-8", "replace"))
        )
        error = self._error(
            f"{self._endpoint} answered with status {status}: {words}",
            "top up the account, or set another key"
            if spent
            else self._hint(status, said.get("param")),
            retryable=passing and not spent and wanted != "false",
        )
        error.retry_after_s = parse_retry_after(headers, now=time.time())
        return error

    def _hint(self, status: int, parameter: Any) -> str:
        provider = self._provider
        table = f"[tool.promptopt.providers.{provider.name}]"
        if parameter == "seed" and provider.send_seed:
            return f"set send_seed = false in {table}"
        if status == 401 and provider.api_key_env is None:
            return f"add api_key_env to {table}, with the variable that holds the key"
        if status in {401, 403}:
            variable = provider.api_key_env or "the key"
            return f"check that {variable} holds a key that may use this model"
        if status == 404:
            return "check the model's name and the provider's base_url"
        if status == 429:
            return "lower promptopt_concurrency, or run it again later"
        if status in PASSING or status >= 500:
            return "run it again later: replies that came are in the cache"
        if isinstance(parameter, str):
            return f"change or remove {one_line(parameter)!r} in the request settings"
        return "correct the request settings or the prompt"

    def _unreachable(self, error: BaseException, *, timed_out: bool) -> ModelError:
        table = f"[tool.promptopt.providers.{self._provider.name}]"
        if timed_out:
            return self._error(
                f"no reply from {self._endpoint} within {self._provider.timeout_s:g} s",
                f"raise timeout_s in {table}",
                retryable=True,
            )
        why = one_line(self._redacted(_innermost(error)))
        return self._error(
            f"cannot reach {self._endpoint}: {why}",
            "check the network and the proxy settings"
            if self._provider.base_url is None
            else f"start the server, or correct base_url in {table}",
            retryable=True,
        )

    def _malformed(self, why: str, content: bytes) -> ModelError:
        body = json_body(content)
        said = error_in(body)
        code = said.get("code")
        if isinstance(code, int) and 400 <= code < 600:
            # An error in the envelope of a success, as some gateways send it.
            return self._refused(code, content, {})
        words = one_line(self._redacted(str(said.get("message") or ""))) or _page(
            self._redacted(content.decode("utf-8", "replace"))
        )
        return self._error(
            f"{self._endpoint} sent no chat completion ({why}): {words}",
            "check that base_url leads to an OpenAI-compatible API",
            retryable=True,
        )


def _page(text: str) -> str:
    """Return a body for the inside of a message."""
    if re.match(r"\s*<(!doctype|html)", text, re.IGNORECASE):
        return "an HTML page"
    return one_line(text, longest=200) or "an empty body"


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


def _shown_url(url: str) -> str:
    """Return a URL without user, password, query and fragment: those may be secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
