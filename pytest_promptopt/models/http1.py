"""Plain HTTP/1.1 over asyncio: one POST at a time on connections that are kept.

What the OpenAI client does on the wire, without what it costs: 0.03 ms a request
instead of 0.9. Only what a chat-completions endpoint needs is here; whatever else a
server does is :class:`UnusualResponseError`, and the caller's to answer in another way.
Source: RFC 9112 (messages, chunked coding, persistence) and RFC 9110 section 15.2.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

KEPT_S = 4.0
"""For how long a connection without a request is kept: servers close theirs at 5 s."""

LONGEST_HEAD = 64 * 1024
LONGEST_BODY = 64 * 1024 * 1024
_WITHOUT_BODY = (204, 304)


class BrokenResponseError(ConnectionError):
    """What came is no whole HTTP/1.1 response; the text says why."""


class UnusualResponseError(Exception):
    """A response that this client does not follow; the text says which."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response.

    Attributes:
        status: Its status.
        headers: Its fields by lower-case name; of several of one name, the last.
        content: Its body, decoded.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    free_since: float = 0.0

    @property
    def is_usable(self) -> bool:
        return not (
            self.reader.at_eof()
            or self.writer.transport.is_closing()
            or time.monotonic() - self.free_since > KEPT_S
        )


class Connections:
    """Connections to one server, on one event loop.

    Args:
        host: Its name or address.
        port: Its port.
        tls: How its certificate is checked; ``None`` for plain HTTP.
        timeout_s: Longest time for a connection and a whole response, in seconds.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        timeout_s: float,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._timeout_s = timeout_s
        self._free: list[_Connection] = []

    async def post(self, head: bytes, body: bytes) -> Response:
        """Send a request and read the response.

        Args:
            head: The request line and all fields but ``content-length``, each with its
                line end.
            body: The body.

        Raises:
            TimeoutError: Nothing whole came in time.
            OSError: The connection failed, also in the middle of a response.
            UnusualResponseError: The response asks for something beyond one request.
        """
        loop = asyncio.get_running_loop()
        connection = self._kept() or await self._opened()
        late = _Late(connection)
        timer = loop.call_later(self._timeout_s, late.strike)
        try:
            connection.writer.write(
                b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body)
            )
            response, is_kept = await _response(connection.reader)
        except BaseException as error:
            # Half a response must not be taken for the next one.
            connection.writer.transport.abort()
            if late.struck and isinstance(error, OSError):
                raise _too_late(self._timeout_s) from None
            raise
        finally:
            timer.cancel()
        if is_kept:
            connection.free_since = time.monotonic()
            self._free.append(connection)
        else:
            connection.writer.close()
        return response

    async def close(self) -> None:
        """Close the connections that no request uses."""
        free, self._free = self._free, []
        for connection in free:
            connection.writer.transport.abort()
        await asyncio.sleep(0)  # lets the loop close the sockets

    def _kept(self) -> _Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.is_usable:
                return connection
            connection.writer.transport.abort()
        return None

    async def _opened(self) -> _Connection:
        opening = asyncio.open_connection(
            self._host,
            self._port,
            ssl=self._tls,
            limit=LONGEST_HEAD,
            happy_eyeballs_delay=0.25,
        )
        try:
            reader, writer = await asyncio.wait_for(opening, self._timeout_s)
        except asyncio.TimeoutError:  # no TimeoutError before Python 3.11
            raise _too_late(self._timeout_s) from None
        return _Connection(reader, writer)


@dataclass(slots=True)
class _Late:
    """Ends a request that takes too long, and remembers it."""

    connection: _Connection
    struck: bool = False

    def strike(self) -> None:
        self.struck = True
        self.connection.writer.transport.abort()
        self.connection.reader.feed_eof()


def _too_late(timeout_s: float) -> TimeoutError:
    return TimeoutError(f"no response within {timeout_s:g} s")


async def _response(reader: asyncio.StreamReader) -> tuple[Response, bool]:
    """Read a response, and tell whether its connection can be used again."""
    status = 100
    while 100 <= status < 200:  # interim responses come before the final one
        version, status, headers = _head(await _read_head(reader))
        if status == 101:
            raise UnusualResponseError("status 101, another protocol")
    if 300 <= status < 400 and "location" in headers:
        raise UnusualResponseError(f"status {status}, another address")
    content, whole = await _body(reader, status, headers)
    is_kept = (
        whole
        and version == b"HTTP/1.1"
        and "close" not in headers.get("connection", "").lower()
    )
    return Response(status, headers, _decoded(content, headers)), is_kept


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        what = "in the middle of a response" if error.partial else "without a response"
        raise BrokenResponseError(f"the server disconnected {what}") from None
    except asyncio.LimitOverrunError:
        raise BrokenResponseError("the head of the response is too long") from None


def _head(block: bytes) -> tuple[bytes, int, dict[str, str]]:
    first, *lines = block[:-4].split(b"\r\n")
    version, _, rest = first.partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/1.") or not code.isdigit():
        raise BrokenResponseError("the response is not HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, text = line.partition(b":")
        if not colon or name != name.strip():
            raise BrokenResponseError("a header of the response is malformed")
        key, value = name.decode("latin-1").lower(), text.strip().decode("latin-1")
        if key == "content-length" and headers.get(key, value) != value:
            raise BrokenResponseError("the response has two lengths")
        headers[key] = value
    return version, int(code), headers


async def _body(
    reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]
) -> tuple[bytes, bool]:
    """Read a body, and tell whether its end was marked."""
    if status in _WITHOUT_BODY:
        return b"", True
    coding = headers.get("transfer-encoding", "").strip().lower()
    try:
        if coding == "chunked":
            return await _chunks(reader), True
        if coding:
            raise BrokenResponseError(f"the transfer coding {coding!r} is not known")
        length = headers.get("content-length")
        if length is None:
            return await _until_the_end(reader), False
        if not (length.isascii() and length.isdigit()):
            raise BrokenResponseError(f"the length of the response is {length!r}")
        return await reader.readexactly(_bounded(int(length))), True
    except asyncio.IncompleteReadError:
        raise BrokenResponseError(
            "the server disconnected in the middle of a response"
        ) from None
    except asyncio.LimitOverrunError:
        raise BrokenResponseError("a chunk of the response is malformed") from None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        line = (await reader.readuntil(b"\r\n"))[:-2]
        size_text = line.partition(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError:
            size = -1
        if size < 0:
            raise BrokenResponseError("a chunk of the response is malformed")
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass  # trailers say nothing that is needed here
            return b"".join(parts)
        total = _bounded(total + size)
        parts.append(await reader.readexactly(size))
        if await reader.readexactly(2) != b"\r\n":
            raise BrokenResponseError("a chunk of the response is malformed")


async def _until_the_end(reader: asyncio.StreamReader) -> bytes:
    parts = []
    total = 0
    while part := await reader.read(LONGEST_HEAD):
        parts.append(part)
        total = _bounded(total + len(part))
    return b"".join(parts)


def _bounded(length: int) -> int:
    if length > LONGEST_BODY:
        raise BrokenResponseError(f"the response has more than {LONGEST_BODY:,} bytes")
    return length


def _decoded(content: bytes, headers: Mapping[str, str]) -> bytes:
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity") or not content:
        return content
    windows = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
    for window in windows.get(coding, ()):
        decoder = zlib.decompressobj(window)
        try:
            decoded = decoder.decompress(content, LONGEST_BODY)
        except zlib.error:
            continue
        if decoder.eof and not decoder.unconsumed_tail:
            return decoded
    raise BrokenResponseError(f"the content coding {coding!r} cannot be read")
