"""The short way to an endpoint sends and reads what the OpenAI client does."""

from __future__ import annotations

import gzip
import json
import shutil
import ssl
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from loopback import GOOD
from raw_server import CLOSE, SLOW, RawServer, answering

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.call import Call, Reply
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.direct import route_of
from pytest_promptopt.models.engine import Engine, RetryPolicy
from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.providers import Provider
from pytest_promptopt.records import Message, Request

BODY = json.dumps(GOOD).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
WHOLE = HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
CLIENT_ONLY = "OPENAI_LOG_SOMETHING"  # a variable of the client's that is not known


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def house(server: RawServer, **changes: Any) -> Provider:
    return Provider(name="house", base_url=server.url, timeout_s=5.0, **changes)


def ask(
    where: Provider, *requests: Request, at_once: int = 4, retries: int = 0
) -> list[Any]:
    model = NamedModel(f"{where.name}:m", OpenAIModel("m", where))
    calls = [
        Call(model=model, request=request, purpose="search", run=str(number))
        for number, request in enumerate(requests or [asked()])
    ]
    policy = RetryPolicy(retries=retries, first_wait_s=0.001)
    with Engine(at_once, retries=policy) as engine:
        return [
            future.exception(20) or future.result()
            for future in engine.start_all(calls)
        ]


def asked(text: str = "Where is my parcel?", **settings: Any) -> Request:
    return Request(messages=(Message(role="user", content=text),), settings=settings)


def told(outcome: Any) -> Any:
    """Return what a caller gets to know, without how long it took."""
    if isinstance(outcome, Reply):
        data = outcome.completion.to_json()
        assert data.pop("latency_s") > 0
        return data
    assert isinstance(outcome, ModelError), outcome
    return type(outcome), outcome.retryable, outcome.hint, outcome.retry_after_s


def parsed(request: bytes) -> tuple[bytes, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    fields = dict(line.decode("latin-1").split(": ", 1) for line in lines)
    return first, {name.lower(): text for name, text in fields.items()}, body


@pytest.fixture(params=["directly", "through the client"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "through the client":
        monkeypatch.setenv(CLIENT_ONLY, "1")
    return str(request.param)


REQUESTS = [
    asked(),
    asked("h\u00e9 \u2028 \U0001f600 \x00 \\ \" '", temperature=0, seed=7),
    asked(response_format={"type": "json_object"}, max_tokens=5, stop=["\n"]),
    asked("a" * 70_000, logit_bias={"50256": -100}, unknown={"x": [1, 2.5, None]}),
    Request(
        messages=(
            Message(role="system", content="Sort."),
            Message(role="user", content="x"),
        ),
        seed=3,
    ),
]


def test_both_ways_send_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", "sk-house")
    monkeypatch.setenv("TEAM", "blue")
    settings = {
        "api_key_env": "HOUSE_KEY",
        "headers": {"X-Team": "${TEAM}"},
        "request": {"top_p": 0.5},
    }
    with answering(WHOLE) as server:
        for request in REQUESTS:
            monkeypatch.delenv(CLIENT_ONLY, raising=False)
            ask(house(server, **settings), request)
            monkeypatch.setenv(CLIENT_ONLY, "1")
            ask(house(server, **settings), request)

        sent = [parsed(request) for request in server.requests]
    for (line, fields, body), (their_line, theirs, their_body) in zip(
        sent[::2], sent[1::2], strict=True
    ):
        assert line == their_line == b"POST /v1/chat/completions HTTP/1.1"
        assert json.loads(body) == json.loads(their_body)
        same_order = list(json.loads(body)) == list(json.loads(their_body))
        assert body == their_body or not same_order
        names = {name for name in theirs if not name.startswith("x-stainless-")}
        assert fields.keys() == names
        assert {name for name in names if fields[name] != theirs[name]} <= {
            "user-agent"
        }


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Basic eDp5"}, {"authorization": "Basic eDp5"}]
)
def test_a_header_of_the_users_own_wins_on_both_ways(
    way: str, headers: dict[str, str]
) -> None:
    with answering(WHOLE) as server:
        ask(house(server, headers=headers))

        _, fields, _ = parsed(server.requests[0])
    assert fields["authorization"] == "Basic eDp5"
    assert server.requests[0].lower().count(b"authorization:") == 1


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    chunks = b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailer


def coded(coding: bytes, body: bytes) -> bytes:
    lines = b"content-encoding: %s\r\ncontent-length: %d\r\n\r\n"
    return HEAD + lines % (coding, len(body)) + body


def failing(status: bytes, *lines: bytes) -> bytes:
    body = b'{"error": {"message": "Not now.", "code": "busy"}}'
    head = b"HTTP/1.1 " + status + b"\r\n" + b"".join(line + b"\r\n" for line in lines)
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


RESPONSES = {
    "a length": WHOLE,
    "chunks": chunked(BODY[:10], BODY[10:]) + b"\r\n",
    "chunks and a trailer": chunked(BODY, trailer=b"x-sum: 1\r\n") + b"\r\n",
    "up to the end": HEAD + b"\r\n" + BODY + CLOSE,
    "an old server": WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0") + CLOSE,
    "closing": WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1) + CLOSE,
    "an interim response": b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
    "gzip": coded(b"gzip", gzip.compress(BODY)),
    "deflate": coded(b"deflate", zlib.compress(BODY)),
    "in two parts": WHOLE[:90] + SLOW + WHOLE[90:],
    "too many requests": failing(b"429 Too Many Requests", b"Retry-After: 3"),
    "an error": failing(b"503 Service Unavailable"),
    "no such model": failing(b"404 Not Found"),
    "no key": failing(b"401 Unauthorized"),
    "no reason phrase": failing(b"500"),
    "an empty success": HEAD + b"content-length: 0\r\n\r\n",
    "nothing": None,
    "half a body": WHOLE[:-20] + CLOSE,
    "half a head": HEAD + CLOSE,
    "half a chunk": chunked(BODY)[:-30] + CLOSE,
    "no HTTP": b"220 mail.example.org ESMTP\r\n\r\n" + CLOSE,
}


@pytest.mark.parametrize("name", RESPONSES)
def test_both_ways_read_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(RESPONSES[name]) as server:
        (short,) = ask(house(server))
        monkeypatch.setenv(CLIENT_ONLY, "1")
        (long,) = ask(house(server))

    assert told(short) == told(long)
    assert len(server.requests) == 2


def test_a_reply_that_takes_too_long_is_told_alike(way: str) -> None:
    with answering(WHOLE[:90] + SLOW + WHOLE[90:]) as server:
        where = Provider(name="house", base_url=server.url, timeout_s=0.1)
        (error,) = ask(where)

    assert str(error) == (
        f"model 'house:m': no reply from {server.url} within 0.1 s\n"
        "  hint: raise timeout_s in [tool.promptopt.providers.house]"
    )
    assert error.retryable


def test_connections_are_used_again_and_never_more_than_requests_at_once() -> None:
    with answering(WHOLE) as server:
        replies = ask(
            house(server), *(asked(str(number)) for number in range(30)), at_once=3
        )

    assert all(isinstance(reply, Reply) for reply in replies)
    assert server.connections <= 3


def test_a_connection_that_the_server_closed_in_between_is_no_fault() -> None:
    with answering(WHOLE + CLOSE) as server:
        replies = ask(
            house(server),
            *(asked(str(number)) for number in range(6)),
            at_once=1,
            retries=2,  # the next request may be faster than the news of the end
        )

    assert all(isinstance(reply, Reply) for reply in replies)
    assert len(server.requests) == 6


def test_another_address_is_left_to_the_client() -> None:
    with answering(WHOLE) as server:
        moved = f"location: {server.url}/elsewhere".encode()
        with answering(failing(b"307 Temporary Redirect", moved)) as old:
            first, second = ask(house(old), asked("a"), asked("b"), at_once=1)

    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert {parsed(request)[0] for request in server.requests} == {
        b"POST /v1/elsewhere HTTP/1.1"
    }


PLAIN = Provider(name="house", base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        (PLAIN, {"HTTP_PROXY": "http://127.0.0.1:9"}),
        (PLAIN, {"all_proxy": "socks5://127.0.0.1:9"}),
        (PLAIN, {"OPENAI_CUSTOM_HEADERS": "x: y"}),
        (Provider(name="house", base_url="http://me:secret@127.0.0.1/v1"), {}),
        (Provider(name="house", base_url="http://127.0.0.1/v1?version=2"), {}),
        (Provider(name="house", kind="azure", base_url="http://127.0.0.1/"), {}),
        (Provider(name="house", base_url="unix:///var/run/model"), {}),
    ],
)
def test_what_the_client_would_do_beyond_one_request_is_left_to_it(
    provider: Provider, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)

    assert route_of(provider, variables) is None


def test_a_plain_endpoint_is_asked_directly() -> None:
    assert route_of(PLAIN, {"PATH": "/bin", "OPENAI_API_KEY": "sk-x"}) is not None


def test_the_built_in_provider_heeds_the_clients_variables() -> None:
    builtin = Provider(name="openai")
    route = route_of(
        builtin,
        {
            "OPENAI_BASE_URL": "http://gateway:8080/v1/",
            "OPENAI_ORG_ID": "org-own",
            "OPENAI_PROJECT_ID": "project-own",
        },
    )

    assert route is not None
    assert (route.host, route.port) == ("gateway", 8080)
    assert route.target == "/v1/chat/completions"
    assert route.fields["host"] == "gateway:8080"
    assert route.fields["openai-organization"] == "org-own"
    assert route.fields["openai-project"] == "project-own"


def test_the_client_is_not_imported_on_the_short_way() -> None:
    script = (
        "import sys, test_models_direct as t\n"
        "with t.answering(t.WHOLE) as server:\n"
        "    (reply,) = t.ask(t.house(server))\n"
        "print(reply.completion.text, 'openai' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=__file__.rpartition("/")[0],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "billing False\n"


def test_a_request_that_is_given_up_leaves_no_half_read_connection() -> None:
    with answering(WHOLE[:90] + SLOW + WHOLE[90:], WHOLE) as server:
        model = NamedModel("house:m", OpenAIModel("m", house(server)))
        with Engine(1, retries=RetryPolicy(retries=0)) as engine:
            engine.start(Call(model=model, request=asked("a"), purpose="search"))
        with Engine(1, retries=RetryPolicy(retries=0)) as engine:
            call = Call(model=model, request=asked("b"), purpose="search")
            reply = engine.start(call).result(20)

    assert reply.completion.text == "billing"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody knows, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    path = tmp_path / "own.pem"
    key = tmp_path / "key.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    named = "-days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*made.split(), *named.split(), "-keyout", str(key), "-out", str(path)],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + key.read_text())
    return path


def test_a_certificate_is_checked_on_both_ways(
    way: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with answering(WHOLE, tls=context) as server:
        where = house(server)
        (distrusted,) = ask(where)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        (trusted,) = ask(where)

    assert isinstance(trusted, Reply)
    assert "CERTIFICATE_VERIFY_FAILED" in distrusted.problem
    assert distrusted.hint.startswith("set SSL_CERT_FILE to ")
