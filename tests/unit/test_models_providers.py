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
            "  hint: use one of: api_key_env, base_url, default_headers, key_required, "
            "kind, request, send_seed, timeout_s, token_command",
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
