"""The keys of a provider's table: which there are, and what each may hold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.wire import check_settings
from pytest_promptopt.records import digest
from pytest_promptopt.settings import did_you_mean

Kind = Literal["openai", "azure"]

KINDS = ("azure", "openai")
SECRETS = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "ocp-apim-subscription-key",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
    }
)
"""Headers that hold nothing but secrets, by lower-case name."""

KEPT = ("messages", "model")
"""No request goes without these."""

VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
"""How a header's text names an environment variable."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def wrong(place: str, problem: str, hint: str) -> SettingError:
    """Return the error for a provider's table."""
    return SettingError(f"{place}: {problem}", hint)


def kind_of(place: str, entry: Mapping[str, Any]) -> Kind:
    """Return what kind of endpoint a table describes.

    Raises:
        SettingError: There is no such kind.
    """
    kind = entry.get("kind", "openai")
    if kind not in KINDS:
        raise wrong(
            place,
            f"kind = {kind!r} cannot be used",
            'write kind = "azure", or leave it out for any OpenAI-compatible endpoint',
        )
    return cast("Kind", kind)


def check_keys(place: str, entry: Mapping[str, Any], kind: Kind) -> None:
    """Refuse keys that a table of this kind does not have, and unusable values.

    Raises:
        SettingError: There is one.
    """
    checks = {**_CHECKS, **_OF_KIND[kind]}
    other = _OF_KIND["openai" if kind == "azure" else "azure"]
    for key, value in entry.items():
        if key in other:
            raise wrong(place, *_of_other_kind(key, kind))
        if key not in checks:
            raise wrong(place, f"unknown key {key!r}", did_you_mean(key, checks))
        check, wanted = checks[key]
        if not check(value):
            # What stands in the place of a variable's name is often the key itself.
            shown = key if key in _SILENT else f"{key} = {value!r}"
            raise wrong(place, f"{shown} cannot be used", f"give {wanted}")
    _check_endpoint(place, entry.get("endpoint", ""))
    _check_headers(place, entry.get("default_headers", {}))
    _check_request(place, entry.get("request", {}))


def _of_other_kind(key: str, kind: Kind) -> tuple[str, str]:
    if kind == "azure":
        return (
            f"{key} is no key of an Azure endpoint",
            'write endpoint = "https://RESOURCE.openai.azure.com"; for an address that '
            'ends in /openai/v1 remove kind = "azure"',
        )
    return f"{key} is a key of Azure endpoints only", 'add kind = "azure"'


def _check_endpoint(place: str, endpoint: str) -> None:
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    if path.endswith("/openai/v1"):
        raise wrong(
            place,
            f"endpoint = {endpoint!r} is an address of the v1 API, which knows no "
            "deployments in addresses",
            f'remove kind, endpoint and api_version, and write base_url = "{endpoint}"',
        )
    if "/openai/deployments" in path or path.endswith("/openai") or parts.query:
        raise wrong(
            place,
            f"endpoint = {endpoint!r} is more than the address of the resource",
            "write the part before /openai only; deployment and api_version are keys "
            "of their own",
        )


def _check_headers(place: str, headers: Mapping[str, str]) -> None:
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise wrong(
                place,
                f"default_headers: {name!r} is no name of a header",
                'write a name such as "X-Team"',
            )
        if name.lower() in SECRETS and not VARIABLE.search(text):
            raise wrong(
                place,
                f"default_headers: {name} holds a secret, which is committed here",
                "put it into an environment variable and write "
                f'{name} = "${{VARIABLE}}", with the variable\'s name',
            )
        rest = VARIABLE.sub("", text)
        if "${" in rest or not (rest.isascii() and (rest.isprintable() or not rest)):
            raise wrong(
                place,
                f"default_headers: {name} = {text!r} cannot be sent",
                'write plain text, with "${VARIABLE}" for an environment variable',
            )


def _check_request(place: str, request: Mapping[str, Any]) -> None:
    try:
        check_settings(request)
        digest(dict(request))
    except SettingError as error:
        raise wrong(place, f"request: {error.problem}", error.hint) from None
    except (TypeError, ValueError):
        raise wrong(
            place,
            f"request = {request!r} is nothing that JSON can hold",
            "use text, finite numbers, booleans, lists and tables only",
        ) from None


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises if it is no number
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_variable(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_command(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value:
        return False
    return _is_text(value[0]) and all(isinstance(part, str) for part in value)


Check = tuple[Callable[[Any], bool], str]

_SILENT = frozenset({"api_key_env", "token_env"})
_CHECKS: Mapping[str, Check] = {
    "kind": (_is_text, '"azure" or "openai"'),
    "api_key_env": (
        _is_variable,
        'the name of an environment variable such as "HOUSE_API_KEY", not the key',
    ),
    "token_command": (
        _is_command,
        'the program and its arguments, such as ["house-login", "print-token"]',
    ),
    "key_required": (_is_bool, "true or false"),
    "default_headers": (
        lambda value: (
            isinstance(value, Mapping)
            and all(isinstance(text, str) for pair in value.items() for text in pair)
        ),
        'a table of texts such as {"X-Team" = "support"}',
    ),
    "request": (
        lambda value: isinstance(value, Mapping),
        "a table of model settings such as {temperature = 0}",
    ),
    "send_seed": (_is_bool, "true or false"),
    "drop": (
        lambda value: (
            isinstance(value, (list, tuple))
            and all(_is_text(name) and name not in KEPT for name in value)
        ),
        'names of model settings, such as ["temperature", "seed"]',
    ),
    "timeout_s": (
        lambda value: _is_number(value) and 0 < value <= 86_400,
        "a number of seconds above 0",
    ),
    "deadline_s": (
        lambda value: _is_number(value) and 0 < value <= 86_400,
        "a number of seconds above 0",
    ),
    "requests_per_minute": (
        lambda value: _is_number(value) and 0 < value < math.inf,
        "a number above 0, as the provider's page on rate limits says",
    ),
    "tokens_per_minute": (
        lambda value: _is_number(value) and 0 < value < math.inf,
        "a number above 0, as the provider's page on rate limits says",
    ),
}
_OF_KIND: Mapping[Kind, Mapping[str, Check]] = {
    "openai": {"base_url": (_is_url, 'a URL such as "http://localhost:11434/v1"')},
    "azure": {
        "endpoint": (_is_url, 'a URL such as "https://RESOURCE.openai.azure.com"'),
        "api_version": (_is_text, 'a version such as "2024-10-21"'),
        "deployment": (_is_text, "the deployment's name in the Azure portal"),
        "token_env": (
            _is_variable,
            'the name of an environment variable such as "AZURE_OPENAI_AD_TOKEN", '
            "not the token",
        ),
    },
}
