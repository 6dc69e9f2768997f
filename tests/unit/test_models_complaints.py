"""What an endpoint did wrong, as an engineer reads it."""

from __future__ import annotations

import json
import ssl

import pytest

from pytest_promptopt.models.complaints import Complaints
from pytest_promptopt.models.providers import Provider

HOUSE = Provider(name="house", base_url="https://llm.example/v1", api_key_env="KEY")


def complaints(*secrets: str) -> Complaints:
    made = Complaints("m", HOUSE, "https://llm.example/v1")
    made.secrets.update(secrets)
    return made


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    cause = ConnectionError("Connection error.")
    cause.__cause__ = ssl.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")

    error = complaints().unreachable(cause, timed_out=False)

    assert not error.retryable
    assert error.hint == (
        "set SSL_CERT_FILE to a file with the certificate of its authority"
    )


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (
            400,
            "Invalid model name passed in model=gpt-x",
            "check the model's name and the provider's base_url",
        ),
        (400, "Too long", "correct the request settings or the prompt"),
        (403, "No", "check that KEY holds a key that may use this model"),
    ],
)
def test_a_refusal_says_what_to_correct(status: int, said: str, hint: str) -> None:
    body = json.dumps({"error": {"message": said}}).encode()

    error = complaints().refused(status, body, {})

    assert str(error) == (
        f"model 'house:m': https://llm.example/v1 answered with status {status}: "
        f"{said}\n  hint: {hint}"
    )


def test_secrets_are_taken_out_longest_first_and_short_words_stay() -> None:
    body = b'{"message": "bad key abcdef-ghi of abcdef for eu, Bearer xyz"}'

    error = complaints("abcdef", "abcdef-ghi", "eu").refused(400, body, {})

    assert error.problem.endswith("status 400: bad key *** of *** for eu, Bearer ***")
