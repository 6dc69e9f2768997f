"""The offline model behind an OpenAI-compatible address on this machine.

It lets the real client be exercised over a real socket. A request is answered with
the very text that :class:`~pytest_promptopt.models.offline.model.OfflineModel` gives
for the same messages and seed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.models.offline.model import OfflineModel, offline_model
from pytest_promptopt.records import Message, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType, TracebackType

    from typing_extensions import Self

HOST = "127.0.0.1"
MODEL_ID = "rules"
_ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_LARGEST_BODY = 32 * 1024 * 1024


class BadRequest(Exception):  # noqa: N818 - becomes an HTTP status
    """A request that cannot be answered; its text goes to the client."""


def _content(value: Any) -> str:
    """Return a message's text; OpenAI allows a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [part for part in value if isinstance(part, dict)]
        # It sees no images.
        parts = [part for part in parts if part.get("type", "text") == "text"]
        texts = [part.get("text") for part in parts]
        if all(isinstance(text, str) for text in texts):
            return "".join(cast("list[str]", texts))
    if value is None:
        return ""
    raise BadRequest(f"message content {value!r} is neither text nor a list of texts")


def read_request(body: bytes) -> tuple[OfflineModel, Request, str]:
    """Read the body of a chat completion request.

    Returns:
        The model asked for, the request and the model's name as it was sent.

    Raises:
        BadRequest: It is no JSON object, has no messages or an unusable field.
    """
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadRequest("the body is not a JSON object")
    entries = data.get("messages")
    if not isinstance(entries, list) or not entries:
        raise BadRequest("'messages' is missing or empty")
    seed = data.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise BadRequest(f"'seed' {seed!r} is not an integer")
    if data.get("stream"):
        raise BadRequest("streaming is not supported; leave 'stream' out")
    name = data.get("model", MODEL_ID)
    try:
        model = offline_model(str(name).removeprefix("offline:"))
    except PromptOptError as error:
        raise BadRequest(f"{error.problem}; {error.hint}") from None
    return model, Request(messages=tuple(map(_message, entries)), seed=seed), str(name)


def _message(entry: Any) -> Message:
    if not isinstance(entry, dict) or entry.get("role") not in _ROLES:
        raise BadRequest(f"message {entry!r} has no usable role")
    role = cast("Any", _ROLES[entry["role"]])
    return Message(role=role, content=_content(entry.get("content")))


def completion_json(model: OfflineModel, request: Request, name: str) -> dict[str, Any]:
    """Answer a request in OpenAI's shape; equal requests give equal bytes."""
    reply = model.reply(request)
    usage = reply.usage
    return {
        "id": "chatcmpl-offline",
        "object": "chat.completion",
        "created": 0,
        "model": name,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": reply.text,
                    "refusal": None,
                },
                "logprobs": None,
                "finish_reason": reply.finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        },
    }


def _error_json(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    server_version = "promptopt-offline"
    # Replies are two small writes; without this each would wait for an ACK.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer ``/v1/models``."""
        if self.path.split("?")[0].rstrip("/") == "/v1/models":
            entry = {
                "id": MODEL_ID,
                "object": "model",
                "created": 0,
                "owned_by": "offline",
            }
            self._send(200, {"object": "list", "data": [entry]})
        else:
            self._send(
                404,
                _error_json(f"no such address: {self.path}", "invalid_request_error"),
            )

    def do_POST(self) -> None:
        """Answer ``/v1/chat/completions``."""
        body = self._body()
        if body is None:
            return
        if self.path.split("?")[0].rstrip("/") != "/v1/chat/completions":
            self._send(
                404,
                _error_json(f"no such address: {self.path}", "invalid_request_error"),
            )
            return
        try:
            answer = completion_json(*read_request(body))
        except BadRequest as error:
            self._send(400, _error_json(str(error), "invalid_request_error"))
            return
        self._send(200, answer)

    def _body(self) -> bytes | None:
        try:
            size = int(self.headers.get("Content-Length", ""))
        except ValueError:
            size = -1
        if not 0 <= size <= _LARGEST_BODY:
            self.close_connection = True
            self._send(
                411,
                _error_json(
                    "Content-Length is missing or too large", "invalid_request_error"
                ),
            )
            return None
        return self.rfile.read(size)

    def _send(self, status: int, data: Mapping[str, Any]) -> None:
        body = json.dumps(data).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
        """Stay silent: a test run's output is not ours."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that went away; let any other fault be seen."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class OfflineServer:
    """The server in a thread of this process, as a context manager.

    Args:
        port: Port on 127.0.0.1; 0 picks a free one.

    Attributes:
        base_url: What an OpenAI client takes as ``base_url``.
    """

    def __init__(self, port: int = 0) -> None:
        self._server = _Server((HOST, port), _Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            daemon=True,
        )
        self.base_url = f"http://{HOST}:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return port


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; write the address as one line to stdout.

    Returns:
        Exit status: 0 after a signal, 2 if the port cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pytest_promptopt.models.offline",
        description="Serve the offline model on 127.0.0.1 as an OpenAI-compatible API",
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="Port; 0 picks a free one"
    )
    options = parser.parse_args(arguments)
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    try:
        server = OfflineServer(options.port)
    except OSError as error:
        sys.stderr.write(f"cannot listen on {HOST}:{options.port}: {error.strerror}\n")
        return 2
    with server:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, on_signal)
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        # A wait without a limit would not see signals on every platform.
        while not stop.wait(0.5):
            pass
    return 0
