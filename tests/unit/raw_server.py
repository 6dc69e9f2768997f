"""A server on loopback that answers with bytes, byte for byte as a test gives them."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class RawServer:
    """Answers every request with the next reply, the last one again and again.

    A reply of ``None`` closes the connection without a word; one that ends with
    ``CLOSE`` closes it behind the reply; ``SLOW`` waits before the bytes behind it.
    """

    port: int
    scheme: str = "http"
    replies: list[bytes | None] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/v1"

    def next_reply(self) -> bytes | None:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


CLOSE = b"<close>"
SLOW = b"<slow>"


@contextmanager
def answering(
    *replies: bytes | None, tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        listening = plain
        scheme = "http"
        if tls is not None:
            listening = tls.wrap_socket(
                plain, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        server = RawServer(listening.getsockname()[1], scheme, list(replies))
        threading.Thread(target=_accept, args=(listening, server), daemon=True).start()
        yield server
        with suppress(OSError):  # wakes the thread that accepts
            listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, server: RawServer) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_serve, args=(connection, server), daemon=True).start()


def _serve(connection: socket.socket, server: RawServer) -> None:
    with connection, suppress(OSError):
        while request := _request(connection):
            server.requests.append(request)
            reply = server.next_reply()
            if reply is None:
                return
            first, slow, rest = reply.partition(SLOW)
            connection.sendall(first.removesuffix(CLOSE))
            if slow:
                time.sleep(0.3)
                connection.sendall(rest.removesuffix(CLOSE))
            if reply.endswith(CLOSE):
                return


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head = data.partition(b"\r\n\r\n")[0]
    found = _LENGTH.search(head)
    whole = len(head) + 4 + (int(found[1]) if found else 0)
    while len(data) < whole:
        data += connection.recv(65536)
    return data
