"""Endpoints that speak the OpenAI protocol, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pytest_promptopt.models.provider_keys import check_keys, kind_of, wrong
from pytest_promptopt.records import digest

RESERVED = "offline"
AZURE_KEY = "AZURE_OPENAI_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One endpoint and how it is spoken to.

    Attributes:
        name: The prefix of its models' names: ``NAME:MODEL``.
        kind: ``"azure"`` puts the deployment and the API version into the address.
        base_url: Where its API starts, e.g. ``"http://localhost:11434/v1"``, or the
            address of an Azure resource; ``None`` leaves it to the OpenAI client.
        api_version: Azure's, e.g. ``"2024-10-21"``; else empty.
        deployment: Azure's, for all models; empty if a model's name is its own.
        api_key_env: Environment variable that holds the key, if there is one.
        token_env: Environment variable that holds a bearer token instead.
        token_command: Program and arguments that print a bearer token instead.
        key_required: Whether nothing is sent without a key.
        headers: Sent with every request; ``${NAME}`` stands for an environment
            variable. No part of any key or record.
        request: Model settings that hold where a request says nothing.
        send_seed: Whether the trial index is sent as ``seed``.
        drop: Names of model settings that are never sent, whoever sets them.
        timeout_s: Seconds to wait for a connection and for a reply.
        deadline_s: The same for one call with all its repetitions.
        requests_per_minute: What the account allows, for all models of this provider
            together; ``None``: not known.
        tokens_per_minute: The same of tokens, sent and received.
    """

    name: str
    kind: Literal["openai", "azure"] = "openai"
    base_url: str | None = None
    api_version: str = ""
    deployment: str = ""
    api_key_env: str | None = None
    token_env: str | None = None
    token_command: tuple[str, ...] = ()
    key_required: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    send_seed: bool = True
    drop: tuple[str, ...] = ()
    timeout_s: float = 60.0
    deadline_s: float = 600.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None

    @property
    def table(self) -> str:
        """The table of the settings that describes it, for messages."""
        return f"[tool.promptopt.providers.{self.name}]"

    @property
    def address_key(self) -> str:
        """The key of that table that says where it is, for messages."""
        return "endpoint" if self.kind == "azure" else "base_url"

    def deployment_of(self, model: str) -> str:
        """Return Azure's deployment for a model, fit for an address."""
        return quote(self.deployment or model, safe="")

    def identity(self, model: str, address: str) -> str:
        """Return what beside a model's name decides its replies; never a secret.

        Args:
            model: The model's name as the provider has it.
            address: Where the API is, fit to be shown.
        """
        parts = [address]
        if self.kind == "azure":
            where = f"{address}/openai/deployments/{self.deployment_of(model)}"
            parts = [f"{where}?api-version={self.api_version}"]
        if self.request:
            parts.append(f"request={digest(dict(self.request))[:16]}")
        if dropped := sorted({*self.drop} - {"seed"}):  # which says nothing of replies
            parts.append(f"drop={','.join(dropped)}")
        return " ".join(parts)


OPENAI = Provider(name="openai", api_key_env="OPENAI_API_KEY", key_required=True)


def providers_from(table: Mapping[str, Any]) -> dict[str, Provider]:
    """Read the ``[tool.promptopt.providers]`` table.

    Args:
        table: Provider name to its table: ``kind``; ``base_url``, or for Azure
            ``endpoint``, ``api_version`` and ``deployment``; one of ``api_key_env``,
            ``token_env`` (Azure) and ``token_command``; ``key_required`` (by default
            whether one of these is there, and no header that does the same, and the
            host is another computer); ``default_headers``, ``request``, ``send_seed``,
            ``drop``, ``timeout_s``, ``deadline_s``, ``requests_per_minute`` and
            ``tokens_per_minute``.

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
        raise wrong(
            place,
            f"{name!r} cannot name a provider",
            f"choose a name without a colon that is not {RESERVED!r}",
        )
    if not isinstance(entry, Mapping):
        raise wrong(
            place,
            f"{entry!r} is not a table",
            f'write {place} and below it base_url = "http://localhost:11434/v1"',
        )
    kind = kind_of(place, entry)
    check_keys(place, entry, kind)
    builtin = OPENAI if name == OPENAI.name else Provider(name=name)
    base_url = _address(place, entry, builtin, kind)
    ways = {
        key: entry[key]
        for key in ("api_key_env", "token_env", "token_command")
        if key in entry
    }
    if len(ways) > 1:
        raise wrong(
            place,
            f"{' and '.join(ways)} are two ways to authenticate",
            "keep one of them",
        )
    headers = dict(entry.get("default_headers", {}))
    if not ways and kind == "azure":
        ways = {"api_key_env": AZURE_KEY}
    elif not ways and builtin.api_key_env is not None:
        ways = {"api_key_env": builtin.api_key_env}
    by_header = {"authorization", "api-key"} & {name.lower() for name in headers}
    needs_key = bool(ways) and not by_header and not _is_loopback(base_url)
    return Provider(
        name=name,
        kind=kind,
        base_url=base_url,
        api_version=entry.get("api_version", ""),
        deployment=entry.get("deployment", ""),
        api_key_env=ways.get("api_key_env"),
        token_env=ways.get("token_env"),
        token_command=tuple(ways.get("token_command", ())),
        key_required=entry.get("key_required", needs_key),
        headers=headers,
        request=dict(entry.get("request", {})),
        send_seed=entry.get("send_seed", builtin.send_seed),
        drop=tuple(entry.get("drop", ())),
        timeout_s=float(entry.get("timeout_s", builtin.timeout_s)),
        deadline_s=float(entry.get("deadline_s", builtin.deadline_s)),
        requests_per_minute=entry.get("requests_per_minute"),
        tokens_per_minute=entry.get("tokens_per_minute"),
    )


def _address(
    place: str, entry: Mapping[str, Any], builtin: Provider, kind: str
) -> str | None:
    if kind == "azure":
        for key, example in (
            ("endpoint", "https://RESOURCE.openai.azure.com"),
            ("api_version", "2024-10-21"),
        ):
            if key not in entry:
                raise wrong(
                    place,
                    f"{key} is missing",
                    f'add {key} = "{example}" as the Azure portal shows it',
                )
        return str(entry["endpoint"])
    base_url: str | None = entry.get("base_url", builtin.base_url)
    if base_url is None and builtin is not OPENAI:
        raise wrong(
            place,
            "base_url is missing",
            'add base_url = "https://..." as the endpoint\'s documentation has it',
        )
    return base_url


def _is_loopback(base_url: str | None) -> bool:
    import ipaddress

    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
