"""The text of a file, and the way from its characters back to its bytes."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.files import DISK

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.prompts.files import Files

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    r"""A UTF-8 file, decoded.

    Attributes:
        data: The bytes of the file.
        raw: They decoded, without a byte order mark.
        text: The same with every line end as ``\n``: what Jinja2 and Python read.
        newline: The line end that most lines have; ``"\n"`` if there is none.
    """

    data: bytes
    raw: str
    text: str
    newline: str

    @classmethod
    def read(cls, path: Path, files: Files = DISK) -> FileText:
        """Read a file.

        Raises:
            SourceError: It cannot be read, or is not UTF-8.
        """
        return cls.decode(bytes_of(path, files), path)

    @classmethod
    def decode(cls, data: bytes, path: Path) -> FileText:
        """Decode a file's bytes.

        Raises:
            SourceError: They are not UTF-8.
        """
        try:
            raw = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        except UnicodeDecodeError as error:
            bom = len(data) - len(data.removeprefix(codecs.BOM_UTF8))
            offset = error.start + bom
            raise SourceError.at(
                path,
                data.count(b"\n", 0, offset) + 1,
                f"byte {offset} ({data[offset : offset + 1]!r}) is not UTF-8",
                "save the file as UTF-8",
            ) from None
        return cls(
            data=data,
            raw=raw,
            text=_LINE_END.sub("\n", raw),
            newline=_dominant(raw),
        )

    @property
    def sha256(self) -> str:
        """Digest of the file's bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def byte_offset(self, offset: int) -> int:
        """Turn an offset in ``text``, in characters, into one in ``data``."""
        # Each \r\n before it is one character in the text and two in the file.
        shift = 0
        for match in _LINE_END.finditer(self.raw):
            if match.start() - shift >= offset:
                break
            shift += len(match[0]) - 1
        return self.byte_of_raw(offset + shift)

    def byte_of_raw(self, offset: int) -> int:
        """Turn an offset in ``raw``, in characters, into one in ``data``."""
        bom = len(self.data) - len(self.data.removeprefix(codecs.BOM_UTF8))
        return bom + len(self.raw[:offset].encode("utf-8"))

    def line_of_raw(self, offset: int) -> int:
        """Turn an offset in ``raw``, in characters, into a line, from 1."""
        return len(_LINE_END.findall(self.raw, 0, offset)) + 1


def bytes_of(path: Path, files: Files = DISK) -> bytes:
    """Return a file's bytes.

    Raises:
        SourceError: It cannot be read.
    """
    try:
        return files.read_bytes(path)
    except OSError as error:
        raise SourceError.at(
            path, None, f"cannot be read: {error.strerror}", "make it readable"
        ) from None


def _dominant(raw: str) -> str:
    ends = _LINE_END.findall(raw)
    if not ends:
        return "\n"
    # Of equally frequent ones, the first in the file.
    most: str = max(dict.fromkeys(ends), key=ends.count)
    return most
