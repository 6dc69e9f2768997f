"""A real LiteLLM proxy: an OpenAI-compatible server that we did not write.

It needs ``pip install -e '.[test,litellm]'``, and twenty seconds to start; without the
extra nothing here runs.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import run_within
from loopback import GOOD, Answer, Server, serving

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.providers import providers_from
from pytest_promptopt.records import Completion, Message, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

if importlib.util.find_spec("litellm") is None:
    pytest.skip("needs the extra litellm", allow_module_level=True)

KEY = "sk-litellm-test"
START_S = 90.0
OPTIONS = "--config config.yaml --host 127.0.0.1 --telemetry False"

# Its own retries and cache are off, as docs/models.md says.
CONFIG = """
model_list:
  - model_name: mocked
    litellm_params: {model: openai/any, api_key: none, mock_response: billing}
  - model_name: limited
    litellm_params:
      {model: openai/any, api_key: none, mock_response: litellm.RateLimitError}
  - model_name: through
    litellm_params: {model: openai/upstream, api_key: none, api_base: UPSTREAM}
general_settings: {master_key: KEY}
router_settings: {num_retries: 0, disable_cooldowns: true}
"""


@pytest.fixture(scope="module")
def running_upstream() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def upstream(running_upstream: Server) -> Server:
    running_upstream.renew()
    return running_upstream


@pytest.fixture(scope="module")
def proxy(
    running_upstream: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Start the proxy and return what it is reached by."""
    folder = tmp_path_factory.mktemp("litellm")
    text = CONFIG.replace("UPSTREAM", running_upstream.url).replace("KEY", KEY)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"}
    program = Path(sys.executable).parent / "litellm"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *f"{OPTIONS} --port {port}".split()],
            cwd=folder,
            env={**os.environ, **quiet},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/health/liveliness", process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(20)


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"LiteLLM does not answer at {address}")


def ask(proxy: str, name: str, **settings: Any) -> Completion:
    table = {"base_url": proxy, "api_key_env": "LITELLM_KEY"}
    model = OpenAIModel(name, providers_from({"litellm": table})["litellm"])
    message = Message(role="user", content="Where is my parcel?")

    async def once() -> Completion:
        try:
            return await model.complete(Request(messages=(message,), settings=settings))
        finally:
            await model.aclose()

    return asyncio.run(once())


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_a_prompt_test_runs_through_the_proxy(
    proxy: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\npromptopt_model = "litellm:mocked"\n'
        f'[tool.promptopt.providers.litellm]\nbase_url = "{proxy}"\n'
        'api_key_env = "LITELLM_KEY"\n'
    )
    (pytester.path / "sort.j2").write_text("Sort: {{ ticket }}", encoding="utf-8")
    pytester.makepyfile(
        test_sort="""
        import pytest

        CASES = [
            {"id": "a", "ticket": "A second charge", "expected": "billing"},
            {"id": "b", "ticket": "A late parcel", "expected": "shipping"},
        ]

        @pytest.mark.prompt("sort.j2", cases=CASES, min_score=0.1)
        def test_sort(case, completion):
            assert completion.model == "mocked" and completion.usage.prompt_tokens
            assert completion.text == case.expected
        """
    )

    result = run_within(pytester)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["sort.j2 (test_sort, litellm:mocked): *50.0%*"])


def test_settings_go_through_as_they_are_and_replies_come_back(
    proxy: str, upstream: Server
) -> None:
    call = {"name": "refund", "arguments": '{"order": "A-1"}'}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": call}],
    }
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    upstream.says(Answer(body={**GOOD, "choices": [choice]}))
    settings = {
        "temperature": 0,
        "seed": 3,
        "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": {"name": "refund"}}],
    }

    said = ask(proxy, "through", **settings)

    assert said.tool_calls == ({"id": "1", **call},)
    assert said.finish_reason == "tool_calls"
    (sent,) = upstream.sent
    assert {name: sent[name] for name in settings} == settings
    assert sent["messages"] == [{"role": "user", "content": "Where is my parcel?"}]


@pytest.mark.parametrize(
    ("model", "hint", "retryable"),
    [
        ("limited", "lower promptopt_concurrency, or run it again later", True),
        ("gone", "check the model's name and the provider's base_url", False),
    ],
)
def test_an_error_of_the_proxy_says_what_to_do(
    proxy: str, model: str, hint: str, *, retryable: bool
) -> None:
    with pytest.raises(ModelError, match=f"model 'litellm:{model}'") as caught:
        ask(proxy, model)

    assert caught.value.hint == hint
    assert caught.value.retryable is retryable
    assert KEY not in str(caught.value)
