"""What an endpoint did wrong, said as errors that hold no secret."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.parameters import refused_parameter
from pytest_promptopt.models.retry import is_passing
from pytest_promptopt.models.retry_after import asked_pause_s
from pytest_promptopt.models.text import one_line, without_keys
from pytest_promptopt.models.wire import error_in, json_body

if TYPE_CHECKING:
    from pytest_promptopt.models.providers import Provider

_MODEL_NAME = re.compile(r"\b(?:invalid|unknown) model\b", re.IGNORECASE)

Origin = Literal["trial", "request", "provider"]
"""Where a model setting comes from."""

Sent = Mapping[str, Origin]
"""The model settings of a request, by name."""

SHORTEST_SECRET = 6
"""Shorter texts are no secrets, and to take them out would spoil the message."""


class Complaints:
    """Makes the errors about one model of one provider.

    Args:
        model: The model's name as the provider has it.
        provider: Where it is.
        address: The same, fit to be shown.

    Attributes:
        secrets: Texts that no error may repeat.
    """

    def __init__(self, model: str, provider: Provider, address: str) -> None:
        self._name = f"{provider.name}:{model}"
        self._provider = provider
        self._address = address
        self.secrets: set[str] = set()

    def error(self, problem: str, hint: str, *, retryable: bool = False) -> ModelError:
        """Return an error about the model."""
        shown = self._redacted(problem)
        return ModelError(f"model {self._name!r}: {shown}", hint, retryable=retryable)

    def refused(
        self,
        status: int,
        content: bytes,
        headers: Mapping[str, str],
        sent: Sent = MappingProxyType({}),
    ) -> ModelError:
        """Return the error for a response that says there will be no reply.

        Args:
            status: Of the response.
            content: Its body.
            headers: Its headers, by lower-case name.
            sent: The model settings that were sent.
        """
        said = error_in(json_body(content))
        spent = "insufficient_quota" in {said.get("code"), said.get("type")}
        wanted = headers.get("x-should-retry")
        passing = is_passing(status) or wanted == "true"
        words = self._words(said, content)
        body = content.decode("utf-8", "replace")
        parameter = refused_parameter(status, said, body, sent)
        if parameter is not None:
            error = self._not_taken(parameter, sent[parameter], status, words)
            error.status, error.parameter = status, parameter
            return error
        error = self.error(
            f"{self._address} answered with status {status}: {words}",
            "top up the account, or set another key"
            if spent
            # LiteLLM answers so where OpenAI answers with 404.
            else self._hint(404, None)
            if status == 400 and _MODEL_NAME.search(words)
            else self._hint(status, said.get("param")),
            retryable=passing and not spent and wanted != "false",
        )
        error.status = status
        error.retry_after_s = asked_pause_s(headers, status=status, now=time.time())
        return error

    def _not_taken(
        self, parameter: str, origin: Origin, status: int, words: str
    ) -> ModelError:
        """Return the error for a model setting that the endpoint does not take."""
        table = self._provider.table
        where = {
            "trial": "the number of the trial, sent with every request",
            "request": "set by request= on the marker, the prompt's own file, a table "
            "[tool.promptopt.request] or optimizer_request, or the search's strategy",
            "provider": f"set by request in {table}",
        }[origin]
        drop = "send_seed = false" if origin == "trial" else f'drop = ["{parameter}"]'
        instead = (
            "write 'max_completion_tokens' in its place, or "
            if parameter == "max_tokens" and "max_completion_tokens" in words
            else ""
        )
        return self.error(
            f"{self._address} does not take {parameter!r} ({where}): status {status}: "
            f"{words}",
            f"{instead}set {drop} in {table}: then it is not sent",
        )

    def unreachable(self, cause: BaseException, *, timed_out: bool) -> ModelError:
        """Return the error for a request that no response came to."""
        provider = self._provider
        if timed_out:
            return self.error(
                f"no reply from {self._address} within {provider.timeout_s:g} s",
                f"raise timeout_s in {provider.table}",
                retryable=True,
            )
        why = one_line(self._redacted(_innermost(cause)))
        untrusted = "CERTIFICATE_VERIFY_FAILED" in why
        return self.error(
            f"cannot reach {self._address}: {why}",
            "set SSL_CERT_FILE to a file with the certificate of its authority"
            if untrusted
            else self._hint_about_address(),
            retryable=not untrusted,
        )

    def _hint_about_address(self) -> str:
        provider = self._provider
        if provider.base_url is None:
            return "check the network and the proxy settings"
        if provider.kind == "azure":
            return f"check the network, or correct endpoint in {provider.table}"
        return f"start the server, or correct base_url in {provider.table}"

    def malformed(
        self,
        why: str,
        content: bytes,
        sent: Sent = MappingProxyType({}),
        *,
        wanted: str = "chat completion",
    ) -> ModelError:
        """Return the error for a successful response that is not what was wanted."""
        said = error_in(json_body(content))
        code = said.get("code")
        if isinstance(code, int) and 400 <= code < 600:
            # An error in the envelope of a success, as some gateways send it.
            return self.refused(code, content, {}, sent)
        return self.error(
            f"{self._address} sent no {wanted} ({why}): {self._words(said, content)}",
            f"check that {self._provider.address_key} leads to an OpenAI-compatible "
            "API",
            retryable=True,
        )

    def _words(self, said: Mapping[str, Any], content: bytes) -> str:
        # Secrets are taken out before the text is cut: half a key is one too.
        return one_line(self._redacted(str(said.get("message") or ""))) or _page(
            self._redacted(content.decode("utf-8", "replace"))
        )

    def _redacted(self, text: str) -> str:
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return without_keys(text)

    def _hint(self, status: int, parameter: Any) -> str:
        provider = self._provider
        if status in {401, 403}:
            return self._hint_about_key(status)
        if status == 404 and provider.kind == "azure":
            return (
                f"check endpoint, api_version and deployment in {provider.table}; "
                "without deployment the model's name is the deployment's"
            )
        if status == 404:
            return "check the model's name and the provider's base_url"
        if status == 429:
            return "lower promptopt_concurrency, or run it again later"
        if is_passing(status):
            return "run it again later: replies that came are in the cache"
        if isinstance(parameter, str):
            return f"change or remove {one_line(parameter)!r} in the request settings"
        return "correct the request settings or the prompt"

    def _hint_about_key(self, status: int) -> str:
        provider = self._provider
        if provider.token_command:
            program = provider.token_command[0]
            return f"check that {program!r} prints a token that may use this model"
        variable = provider.api_key_env or provider.token_env
        if variable is None and status == 401:
            return (
                f"add api_key_env to {provider.table}, with the variable that holds "
                "the key"
            )
        kind = "token" if provider.token_env else "key"
        return (
            f"check that {variable or 'the key'} holds a {kind} that may use this model"
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
