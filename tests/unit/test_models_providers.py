"""Endpoints by name."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.providers import Provider, providers_from

OPENAI = Provider(
    name="openai",
    base_url=None,
    api_key_env="OPENAI_API_KEY",
    key_required=True,
    send_seed=True,
    timeout_s=60.0,
)


def test_openai_is_built_in() -> None:
    assert providers_from({}) == {"openai": OPENAI}


def test_a_table_describes_an_endpoint() -> None:
    table = {
        "base_url": "https://llm.example/v1",
        "api_key_env": "HOUSE_KEY",
        "send_seed": False,
        "timeout_s": 5,
    }

    providers = providers_from({"house": table})

    assert providers == {
        "openai": OPENAI,
        "house": Provider(
            name="house",
            base_url="https://llm.example/v1",
            api_key_env="HOUSE_KEY",
            key_required=True,
            send_seed=False,
            timeout_s=5.0,
        ),
    }


@pytest.mark.parametrize(
    ("table", "required"),
    [
        ({"base_url": "https://llm.example/v1"}, False),
        ({"base_url": "https://llm.example/v1", "api_key_env": "K"}, True),
        ({"base_url": "http://localhost:1/v1", "api_key_env": "K"}, False),
        ({"base_url": "http://127.0.0.2:1/v1", "api_key_env": "K"}, False),
        ({"base_url": "http://[::1]:1/v1", "api_key_env": "K"}, False),
        ({"base_url": "http://10.0.0.1:1/v1", "api_key_env": "K"}, True),
        (
            {
                "base_url": "http://localhost:1/v1",
                "api_key_env": "K",
                "key_required": True,
            },
            True,
        ),
    ],
)
def test_a_key_is_required_where_one_is_named_for_another_computer(
    table: dict[str, Any], *, required: bool
) -> None:
    assert providers_from({"p": table})["p"].key_required is required


def test_a_table_named_openai_replaces_single_values() -> None:
    providers = providers_from({"openai": {"timeout_s": 9.5}})

    assert providers["openai"] == Provider(
        name="openai", api_key_env="OPENAI_API_KEY", key_required=True, timeout_s=9.5
    )


URL = {"base_url": "http://localhost:1/v1"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"p": {**URL, "base_ulr": "x"}},
            "[tool.promptopt.providers.p]: unknown key 'base_ulr'\n"
            "  hint: did you mean 'base_url'?",
        ),
        (
            {"p": {**URL, "zzz": 1}},
            "[tool.promptopt.providers.p]: unknown key 'zzz'\n"
            "  hint: use one of: api_key_env, base_url, deadline_s, default_headers, "
            "drop, key_required, kind, request, requests_per_minute, send_seed, "
            "timeout_s, token_command, tokens_per_minute",
        ),
        (
            {"p": {}},
            "[tool.promptopt.providers.p]: base_url is missing\n"
            '  hint: add base_url = "https://..." as the endpoint\'s documentation '
            "has it",
        ),
        (
            {"p": "http://localhost"},
            "[tool.promptopt.providers.p]: 'http://localhost' is not a table\n"
            "  hint: write [tool.promptopt.providers.p] and below it "
            'base_url = "http://localhost:11434/v1"',
        ),
        (
            {"p": {"base_url": "localhost:1"}},
            "[tool.promptopt.providers.p]: base_url = 'localhost:1' cannot be used\n"
            '  hint: give a URL such as "http://localhost:11434/v1"',
        ),
        (
            {"p": {"base_url": "http://h:port/"}},
            "[tool.promptopt.providers.p]: base_url = 'http://h:port/' "
            "cannot be used\n"
            '  hint: give a URL such as "http://localhost:11434/v1"',
        ),
        (
            {"p": {**URL, "timeout_s": True}},
            "[tool.promptopt.providers.p]: timeout_s = True cannot be used\n"
            "  hint: give a number of seconds above 0",
        ),
        (
            {"p": {**URL, "deadline_s": 0}},
            "[tool.promptopt.providers.p]: deadline_s = 0 cannot be used\n"
            "  hint: give a number of seconds above 0",
        ),
        (
            {"p": {**URL, "requests_per_minute": "500"}},
            "[tool.promptopt.providers.p]: requests_per_minute = '500' cannot be used\n"
            "  hint: give a number above 0, as the provider's page on rate limits says",
        ),
        (
            {"p": {**URL, "tokens_per_minute": 0}},
            "[tool.promptopt.providers.p]: tokens_per_minute = 0 cannot be used\n"
            "  hint: give a number above 0, as the provider's page on rate limits says",
        ),
        (
            {"p": {**URL, "send_seed": "no"}},
            "[tool.promptopt.providers.p]: send_seed = 'no' cannot be used\n"
            "  hint: give true or false",
        ),
        (
            {"offline": URL},
            "[tool.promptopt.providers.offline]: 'offline' cannot name a provider\n"
            "  hint: choose a name without a colon that is not 'offline'",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(
    table: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        providers_from(table)

    assert str(caught.value) == message


def test_a_key_in_the_place_of_its_variable_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingError) as caught:
        providers_from({"p": {**URL, "api_key_env": "sk-very-secret"}})

    assert str(caught.value) == (
        "[tool.promptopt.providers.p]: api_key_env cannot be used\n"
        "  hint: give the name of an environment variable such as "
        '"HOUSE_API_KEY", not the key'
    )


AZURE = {
    "kind": "azure",
    "endpoint": "https://house.openai.azure.com",
    "api_version": "2024-10-21",
}


def test_an_azure_table_describes_a_resource() -> None:
    table = {
        **AZURE,
        "deployment": "triage",
        "token_command": ["az", "account", "get-access-token"],
        "default_headers": {"X-Team": "support"},
        "request": {"temperature": 0},
    }

    assert providers_from({"az": AZURE, "full": table}) == {
        "openai": OPENAI,
        "az": Provider(
            name="az",
            kind="azure",
            base_url="https://house.openai.azure.com",
            api_version="2024-10-21",
            api_key_env="AZURE_OPENAI_API_KEY",
            key_required=True,
        ),
        "full": Provider(
            name="full",
            kind="azure",
            base_url="https://house.openai.azure.com",
            api_version="2024-10-21",
            deployment="triage",
            token_command=("az", "account", "get-access-token"),
            key_required=True,
            headers={"X-Team": "support"},
            request={"temperature": 0},
        ),
    }


def test_a_header_that_opens_the_door_makes_the_key_optional() -> None:
    header = {"default_headers": {"Api-Key": "${HOUSE_KEY}"}}

    providers = providers_from({"az": {**AZURE, **header}, "openai": header})

    assert not providers["az"].key_required
    assert not providers["openai"].key_required


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"kind": "aws"},
            "kind = 'aws' cannot be used\n"
            '  hint: write kind = "azure", or leave it out for any OpenAI-compatible '
            "endpoint",
        ),
        (
            {"base_url": "https://house.example/v1"},
            "base_url is no key of an Azure endpoint\n"
            '  hint: write endpoint = "https://RESOURCE.openai.azure.com"; for an '
            'address that ends in /openai/v1 remove kind = "azure"',
        ),
        (
            {"kind": "openai"},
            'endpoint is a key of Azure endpoints only\n  hint: add kind = "azure"',
        ),
        (
            {"endpoint": "https://house.openai.azure.com/openai/v1/"},
            "endpoint = 'https://house.openai.azure.com/openai/v1/' is an address of "
            "the v1 API, which knows no deployments in addresses\n"
            "  hint: remove kind, endpoint and api_version, and write base_url = "
            '"https://house.openai.azure.com/openai/v1/"',
        ),
        (
            {"endpoint": "https://h.example/openai/deployments/m/chat/completions"},
            "endpoint = 'https://h.example/openai/deployments/m/chat/completions' is "
            "more than the address of the resource\n"
            "  hint: write the part before /openai only; deployment and api_version "
            "are keys of their own",
        ),
        (
            {"endpoint": None},
            "endpoint = None cannot be used\n"
            '  hint: give a URL such as "https://RESOURCE.openai.azure.com"',
        ),
        (
            {"token_env": "TOKEN", "api_key_env": "KEY"},
            "api_key_env and token_env are two ways to authenticate\n"
            "  hint: keep one of them",
        ),
        (
            {"token_command": "az account get-access-token"},
            "token_command = 'az account get-access-token' cannot be used\n"
            "  hint: give the program and its arguments, such as "
            '["house-login", "print-token"]',
        ),
        (
            {"token_env": "eyJ0eXAi.secret"},
            "token_env cannot be used\n"
            "  hint: give the name of an environment variable such as "
            '"AZURE_OPENAI_AD_TOKEN", not the token',
        ),
        (
            {"default_headers": {"Authorization": "Bearer eyJ0eXAi"}},
            "default_headers: Authorization holds a secret, which is committed here\n"
            "  hint: put it into an environment variable and write "
            'Authorization = "${VARIABLE}", with the variable\'s name',
        ),
        (
            {"default_headers": {"X-Team": "${TEAM"}},
            "default_headers: X-Team = '${TEAM' cannot be sent\n"
            '  hint: write plain text, with "${VARIABLE}" for an environment variable',
        ),
        (
            {"default_headers": {"X Team": "a"}},
            "default_headers: 'X Team' is no name of a header\n"
            '  hint: write a name such as "X-Team"',
        ),
        (
            {"default_headers": {"X-Team": 5}},
            "default_headers = {'X-Team': 5} cannot be used\n"
            '  hint: give a table of texts such as {"X-Team" = "support"}',
        ),
        (
            {"request": {"temperature": float("nan")}},
            "request = {'temperature': nan} is nothing that JSON can hold\n"
            "  hint: use text, finite numbers, booleans, lists and tables only",
        ),
    ],
)
def test_an_azure_table_that_cannot_be_used_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        providers_from({"az": {**AZURE, **changes}})

    assert str(caught.value) == f"[tool.promptopt.providers.az]: {message}"


@pytest.mark.parametrize(
    ("key", "example"),
    [("endpoint", "https://RESOURCE.openai.azure.com"), ("api_version", "2024-10-21")],
)
def test_azure_needs_an_endpoint_and_a_version(key: str, example: str) -> None:
    with pytest.raises(SettingError) as caught:
        providers_from({"az": {name: AZURE[name] for name in AZURE if name != key}})

    assert str(caught.value) == (
        f"[tool.promptopt.providers.az]: {key} is missing\n"
        f'  hint: add {key} = "{example}" as the Azure portal shows it'
    )
