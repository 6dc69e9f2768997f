"""Endpoints that speak the OpenAI protocol, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_promptopt.errors import SettingError
from pytest_promptopt.settings import did_you_mean

RESERVED = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One endpoint and how it is spoken to.

    Attributes:
        name: The prefix of its models' names: ``NAME:MODEL``.
        base_url: Where its API starts, e.g. ``"http://localhost:11434/v1"``; ``None``
            leaves it to the OpenAI client.
        api_key_env: Environment variable that holds the key, if there is one.
        key_required: Whether nothing is sent without a key.
        send_seed: Whether the trial index is sent as ``seed``.
        timeout_s: Seconds to wait for a connection and for a reply.
    """

    name: str
    base_url: str | None = None
    api_key_env: str | None = None
    key_required: bool = False
    send_seed: bool = True
    timeout_s: float = 60.0


OPENAI = Provider(name="openai", api_key_env="OPENAI_API_KEY", key_required=True)


def providers_from(table: Mapping[str, Any]) -> dict[str, Provider]:
    """Read the ``[tool.promptopt.providers]`` table.

    Args:
        table: Provider name to its table of ``base_url``, ``api_key_env``,
            ``key_required`` (by default whether there is an ``api_key_env`` and the
            host is another computer), ``send_seed`` and ``timeout_s``.

    Returns:
        The providers by name, with the built-in ``openai``, whose values a table of
        that name replaces one by one.

    Raises:
        SettingError: A name, key or value cannot be used.
    """
    providers = {OPENAI.name: OPENAI}
    for name, entry in table.items():
        providers[name] = _provider(name, entry)
    return providers


def _provider(name: str, entry: Any) -> Provider:
    place = f"[tool.promptopt.providers.{name}]"
    if name == RESERVED or not name or ":" in name:
        raise SettingError(
            f"{place}: {name!r} cannot name a provider",
            f"choose a name without a colon that is not {RESERVED!r}",
        )
    if not isinstance(entry, Mapping):
        raise SettingError(
            f"{place}: {entry!r} is not a table",
            f'write {place} and below it base_url = "http://localhost:11434/v1"',
        )
    for key, value in entry.items():
        if key not in _CHECKS:
            raise SettingError(
                f"{place}: unknown key {key!r}", did_you_mean(key, _CHECKS)
            )
        check, wanted = _CHECKS[key]
        if not check(value):
            # What stands in the place of a variable's name is often the key itself.
            shown = key if key == "api_key_env" else f"{key} = {value!r}"
            raise SettingError(f"{place}: {shown} cannot be used", f"give {wanted}")
    builtin = OPENAI if name == OPENAI.name else Provider(name=name)
    base_url = entry.get("base_url", builtin.base_url)
    if base_url is None and builtin is not OPENAI:
        raise SettingError(
            f"{place}: base_url is missing",
            'add base_url = "https://..." as the endpoint\'s documentation has it',
        )
    api_key_env = entry.get("api_key_env", builtin.api_key_env)
    needs_key = api_key_env is not None and not _is_loopback(base_url)
    return Provider(
        name=name,
        base_url=base_url,
        api_key_env=api_key_env,
        key_required=entry.get("key_required", needs_key),
        send_seed=entry.get("send_seed", builtin.send_seed),
        timeout_s=float(entry.get("timeout_s", builtin.timeout_s)),
    )


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises if it is no number
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_loopback(base_url: str | None) -> bool:
    import ipaddress

    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "base_url": (_is_url, 'a URL such as "http://localhost:11434/v1"'),
    "api_key_env": (
        lambda value: isinstance(value, str) and value.isidentifier(),
        'the name of an environment variable such as "HOUSE_API_KEY", not the key',
    ),
    "key_required": (lambda value: isinstance(value, bool), "true or false"),
    "send_seed": (lambda value: isinstance(value, bool), "true or false"),
    "timeout_s": (
        lambda value: _is_number(value) and 0 < value <= 86_400,
        "a number of seconds above 0",
    ),
}
