"""Models by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models import no_model_error, providers_from, resolve_model
from pytest_promptopt.models.offline import OfflineModel
from pytest_promptopt.models.openai_model import OpenAIModel

PROVIDERS = providers_from({"local": {"base_url": "http://localhost:11434/v1/"}})


def test_a_provider_and_a_model_name_lead_to_the_openai_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    local = resolve_model("local:llama3:8b", providers=PROVIDERS)
    remote = resolve_model("openai:gpt-5-mini", providers=PROVIDERS)

    assert isinstance(local.chat, OpenAIModel)
    assert local.name == "local:llama3:8b"
    assert local.identity == "local:llama3:8b http://localhost:11434/v1"
    assert remote.identity == "openai:gpt-5-mini https://api.openai.com/v1"
    assert not remote.free


def test_the_endpoint_of_the_environment_is_part_of_the_identity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:secret@proxy.example/v1?key=s")

    model = resolve_model("openai:gpt-5-mini", providers=PROVIDERS)

    assert model.identity == "openai:gpt-5-mini https://proxy.example/v1"


def test_offline_leads_to_the_stand_in() -> None:
    model = resolve_model("offline:rules?slip=0", providers=PROVIDERS)

    assert isinstance(model.chat, OfflineModel)
    # It stands in for a paid model, so its unchanged prompt tests are carried over.
    assert not model.free
    assert model.stand_in


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "gpt-5-mini",
            "model 'gpt-5-mini' names no provider\n"
            "  hint: write PROVIDER:MODEL, for example 'openai:gpt-5-mini' or "
            "'offline:rules'",
        ),
        (
            "opnai:gpt-5-mini",
            "model 'opnai:gpt-5-mini': 'opnai' is no provider; known are local:, "
            "offline:, openai:\n"
            "  hint: did you mean 'openai'? Or add a table "
            "[tool.promptopt.providers.opnai] with its base_url to pyproject.toml",
        ),
        (
            "openai:",
            "model 'openai:' names no model\n"
            "  hint: write the model's name behind the colon: openai:MODEL",
        ),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(name: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        resolve_model(name, providers=PROVIDERS)

    assert str(caught.value) == message


def test_without_a_model_three_ready_lines_are_shown() -> None:
    assert str(no_model_error()) == (
        "no model is set: nothing is called without being told what\n"
        "  hint: put one of these lines into [tool.pytest.ini_options] of "
        "pyproject.toml (without the quotes in pytest.ini):\n"
        '    promptopt_model = "offline:rules"      '
        "# no key, no network; a stand-in, not an LLM\n"
        '    promptopt_model = "local:MODEL"        '
        "# your own server, with [tool.promptopt.providers.local]\n"
        "                                           "
        '# base_url = "http://localhost:11434/v1"\n'
        '    promptopt_model = "openai:gpt-5-mini"  '
        "# OpenAI, with OPENAI_API_KEY in the environment"
    )


def test_an_empty_name_is_no_model() -> None:
    with pytest.raises(SettingError, match="no model is set"):
        resolve_model("", providers=PROVIDERS)


def loaded_by(code: str) -> str:
    heavy = "{'openai', 'asyncio', 'sqlite3', 'pydantic'}"
    script = f"import sys\n{code}\nprint(sorted({heavy} & set(sys.modules)))"
    return subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout


def test_importing_models_loads_nothing_heavy() -> None:
    assert loaded_by("import pytest_promptopt.models") == "[]\n"


def test_resolving_a_name_reads_no_key_and_loads_no_client() -> None:
    said = loaded_by(
        "from pytest_promptopt.models import providers_from, resolve_model\n"
        "resolve_model('openai:gpt-5-mini', providers=providers_from({}))"
    )

    assert "openai" not in said
