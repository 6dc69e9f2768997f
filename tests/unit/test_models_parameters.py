"""A parameter that an endpoint does not take: found in its words, told with a cure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.complaints import Complaints
from pytest_promptopt.models.engine import Call, Engine
from pytest_promptopt.models.parameters import refused_parameter
from pytest_promptopt.models.providers import Provider
from pytest_promptopt.models.wire import error_in, settings_body
from pytest_promptopt.records import Completion, Message, Request

SENT = (
    "temperature",
    "top_p",
    "seed",
    "n",
    "max_tokens",
    "response_format",
    "logprobs",
    "tools",
    "reasoning_effort",
    "frequency_penalty",
)


def error(message: Any, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        pytest.param(
            error(
                "Unsupported value: 'temperature' does not support 0.2 with this "
                "model. Only the default (1) value is supported.",
                param="temperature",
                code="unsupported_value",
            ),
            "temperature",
            id="OpenAI, a value",
        ),
        pytest.param(
            error(
                "Unsupported parameter: 'max_tokens' is not supported with this "
                "model. Use 'max_completion_tokens' instead.",
                code="invalid_request_body",
            ),
            "max_tokens",
            id="Copilot, without param",
        ),
        pytest.param(
            error(
                "Invalid parameter: 'response_format' of type 'json_schema' is not "
                "supported with this model.",
                param=None,
            ),
            "response_format",
            id="OpenAI, a format",
        ),
        pytest.param(
            error("Invalid value", param="response_format.json_schema.strict"),
            "response_format",
            id="a part of one",
        ),
        pytest.param(
            error("Unrecognized request argument supplied: seed", param=None),
            "seed",
            id="Azure",
        ),
        pytest.param(
            error("property 'logprobs' is unsupported", type="invalid_request_error"),
            "logprobs",
            id="Groq",
        ),
        pytest.param(
            error("'n' : number must be at most 1, n > 1 is not supported"),
            "n",
            id="a name of one letter",
        ),
        pytest.param(
            {
                "object": "error",
                "message": {
                    "detail": [
                        {
                            "type": "extra_forbidden",
                            "loc": ["body", "seed"],
                            "msg": "Extra inputs are not permitted",
                            "input": 1,
                        }
                    ]
                },
            },
            "seed",
            id="Mistral",
        ),
        pytest.param(
            [
                error(
                    "Invalid JSON payload received. Unknown name "
                    '"frequency_penalty": Cannot find field.\nInvalid JSON payload '
                    'received. Unknown name "seed": Cannot find field.',
                    status="INVALID_ARGUMENT",
                )
            ],
            "frequency_penalty",
            id="Gemini",
        ),
        pytest.param(
            error("`temperature` and `top_p` cannot both be specified for this model."),
            "temperature",
            id="Anthropic",
        ),
        pytest.param(
            error("litellm.UnsupportedParamsError: anthropic does not support "
                  "parameters: ['seed'], for model=claude. To drop these, set "
                  "`litellm.drop_params=True`"),
            "seed",
            id="LiteLLM",
        ),
        pytest.param(
            error("gpt-5-nano doesn't support temperature=0.1 while reasoning"),
            "temperature",
            id="LiteLLM, a value",
        ),
        pytest.param(
            {"detail": "reasoning_effort is not supported by this model"},
            "reasoning_effort",
            id="without quotes",
        ),
    ],
)  # fmt: skip
def test_the_refused_parameter_is_found_in_real_wordings(
    body: Any, parameter: str
) -> None:
    found = refused_parameter(400, error_in(body), json.dumps(body), SENT)

    assert found == parameter


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, error("max_tokens is too large: 200000")),
        (400, error("The prompt is too long")),
        (400, error("'max_tokens' is too large: 900", param="max_tokens")),
        (400, error("Unknown parameter: 'top_k'", param="top_k")),
        (401, error("temperature is not supported")),
        (500, error("temperature is not supported")),
        (400, error("This model is not supported for planting a seedling")),
    ],
)
def test_other_complaints_name_no_parameter(status: int, body: Any) -> None:
    found = refused_parameter(status, error_in(body), json.dumps(body), SENT)

    assert found is None


def test_litellm_may_say_it_with_a_status_that_would_pass() -> None:
    body = error("ollama does not support parameters: {'seed': 1}, for model=llama3")

    assert refused_parameter(500, error_in(body), json.dumps(body), SENT) == "seed"


@pytest.mark.parametrize(
    ("parameter", "origin", "words", "message"),
    [
        (
            "temperature",
            "request",
            "Unsupported value: 'temperature'",
            "does not take 'temperature' (set by request= on the marker, the prompt's "
            "own file, a table [tool.promptopt.request] or optimizer_request, or the "
            "search's strategy): status 400: Unsupported value: 'temperature'\n"
            '  hint: set drop = ["temperature"] in [tool.promptopt.providers.house]: '
            "then it is not sent",
        ),
        (
            "seed",
            "trial",
            "Unknown parameter: 'seed'",
            "does not take 'seed' (the number of the trial, sent with every request): "
            "status 400: Unknown parameter: 'seed'\n"
            "  hint: set send_seed = false in [tool.promptopt.providers.house]: then "
            "it is not sent",
        ),
        (
            "max_tokens",
            "provider",
            "Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "does not take 'max_tokens' (set by request in "
            "[tool.promptopt.providers.house]): status 400: Unsupported: 'max_tokens'. "
            "Use 'max_completion_tokens' instead.\n"
            "  hint: write 'max_completion_tokens' in its place, or set "
            'drop = ["max_tokens"] in [tool.promptopt.providers.house]: then it is not '
            "sent",
        ),
    ],
)
def test_the_error_says_who_set_it_and_which_setting_drops_it(
    parameter: str, origin: Any, words: str, message: str
) -> None:
    complaints = Complaints("m", Provider(name="house"), "http://house")
    body = json.dumps(error(words)).encode()

    told = complaints.refused(400, body, {}, {parameter: origin})

    assert str(told) == f"model 'house:m': http://house {message}"
    assert (told.parameter, told.retryable, told.status) == (parameter, False, 400)


def test_what_a_provider_drops_is_never_sent_whoever_set_it() -> None:
    request = Request(messages=(), settings={"temperature": 0, "top_p": 1}, seed=3)

    body = settings_body(
        request, defaults={"n": 1}, send_seed=True, drop=("temperature", "seed", "n")
    )

    assert body == {"top_p": 1}


def test_dropping_a_setting_makes_other_replies_but_for_the_seed() -> None:
    plain = Provider(name="p", base_url="http://p")
    dropping = Provider(name="p", base_url="http://p", drop=("temperature", "seed"))
    seedless = Provider(name="p", base_url="http://p", drop=("seed",))

    identities = [each.identity("m", "a") for each in (plain, dropping, seedless)]

    assert identities == ["a", "a drop=temperature", "a"]


class Picky:
    """An endpoint that does not take a parameter."""

    def __init__(self) -> None:
        self.asked = 0

    async def complete(self, request: Request) -> Completion:
        self.asked += 1
        complaints = Complaints("m", Provider(name="house"), "http://house")
        body = json.dumps(error("Unsupported parameter: 'temperature'")).encode()
        raise complaints.refused(400, body, {}, {"temperature": "request"})


def test_a_parameter_that_is_not_taken_is_tried_by_no_further_request() -> None:
    model = Picky()
    calls = [
        Call(
            model=NamedModel("house:m", model),
            request=Request(
                messages=(Message(role="user", content=str(number)),),
                settings={"temperature": 0},
            ),
            purpose="gate",
        )
        for number in range(50)
    ]

    with Engine(4) as engine:
        errors = {str(each.exception(10)) for each in engine.start_all(calls)}

    assert len(errors) == 1
    assert model.asked <= 4
