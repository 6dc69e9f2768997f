"""Prompts kept in Python constants: read through the syntax tree, never imported."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.bindings import assigned_value
from pytest_promptopt.prompts.concatenation import rewritten_parts
from pytest_promptopt.prompts.document import Value, read_value
from pytest_promptopt.prompts.file_text import FileText, bytes_of
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.finding import find_module
from pytest_promptopt.prompts.key_form import CONSTANT
from pytest_promptopt.prompts.key_path import in_brackets, read_steps
from pytest_promptopt.prompts.literal import Literal, write_literal
from pytest_promptopt.prompts.python_value import step_into, value_of
from pytest_promptopt.prompts.source import Source
from pytest_promptopt.prompts.splice import Splice
from pytest_promptopt.prompts.wrapping import Wrapped, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.key_path import Steps
    from pytest_promptopt.prompts.source import SourceRole

_LINE_END = re.compile(rb"\r\n|\r|\n")
_NO_MODULE = (
    "write the module as it is imported from one of these folders; the prompt of a "
    "registry comes from the hook pytest_promptopt_source"
)


def read_constant(
    role: SourceRole, key: str, roots: Sequence[Path], files: Files = DISK
) -> tuple[Source, ...]:
    """Read a Python constant, or an entry of one.

    Args:
        role: Role of the message that it is; empty if its annotations say so.
        key: ``"myapp.prompts:TRIAGE"``, ``"myapp.prompts:Prompts.TRIAGE"``,
            ``"myapp.prompts:PROMPTS[triage]"`` or ``"myapp.prompts:MESSAGES"``.
        roots: Folders that have the module, in them or in their ``src`` folder.
        files: Where it is read.

    Returns:
        One source; of a list of messages, one a message.

    Raises:
        SourceError: The module or the constant does not exist, or what it holds is
            not written out as plain strings.
    """
    match = CONSTANT.fullmatch(key)
    if match is None:
        raise SourceError(f"{key!r} is no constant", "write it as module:NAME")
    path = find_module(match["module"], roots, files, otherwise=_NO_MODULE)
    data = bytes_of(path, files)
    _check_encoding(path, data)
    file = FileText.decode(data, path)
    document = PythonDocument.parse(path, file, match["name"])
    return read_value(document, role, key, read_steps(match["steps"]) or ())


def _check_encoding(path: Path, data: bytes) -> None:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        FileText.decode(data, path)  # says which byte it is, if it is one
        encoding = "unknown"
    if encoding not in ("utf-8", "utf-8-sig"):
        raise SourceError.at(
            path,
            1,
            f"the file is declared to be in the encoding {encoding!r}, and edits are "
            "made in UTF-8",
            "save the file as UTF-8 and delete the coding line",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonDocument:
    """A Python file, and the constant in it that holds the prompt.

    Attributes:
        path: The file.
        file: Its text.
        constant: The constant's name, dotted if it stands in a class.
        tree: The file's syntax tree.
        assigned: What is assigned to the constant.
    """

    path: Path
    file: FileText
    constant: str
    tree: ast.Module
    assigned: ast.expr

    @classmethod
    def parse(cls, path: Path, file: FileText, constant: str) -> PythonDocument:
        """Parse a file and find the one assignment of the constant.

        Raises:
            SourceError: The file does not parse, or there is no such assignment.
        """
        try:
            tree = ast.parse(file.data, filename=str(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise SourceError.at(
                path,
                getattr(error, "lineno", None),
                f"the file does not parse: {getattr(error, 'msg', None) or error}",
                "correct the Python file",
            ) from None
        return cls(
            path=path,
            file=file,
            constant=constant,
            tree=tree,
            assigned=assigned_value(path, tree, constant),
        )

    def name(self, steps: Steps) -> str:
        """Return what follows the colon of the key of a place."""
        return self.constant + in_brackets(steps)

    def value(self, steps: Steps) -> Value:
        """Return what stands at a place.

        Raises:
            SourceError: Nothing does.
        """
        return value_of(self.tree, self._node(steps))

    def source(self, role: SourceRole, key: str, steps: Steps) -> Source:
        """Return the source that the text at a place is."""
        wrapped = self._text(steps)
        start, end = self._span(wrapped.literal)
        written = self.file.data[start:end].decode("utf-8")
        shape = Literal.read(written)
        line = wrapped.literal.lineno + (1 if shape.continued else 0)
        return Source(
            role=role,
            key=key,
            path=self.path,
            text=wrapped.text,
            line=line + wrapped.lines_cut,
            straight="\n" not in wrapped.text or shape.line_by_line,
            place=Splice(
                path=self.path,
                file=self.file,
                name=self.name(steps),
                start=start,
                end=end,
                text=wrapped.text,
                writings=partial(_writings, wrapped, written),
                reads_as=partial(self._reads_as, steps),
            ),
        )

    def _node(self, steps: Steps) -> ast.expr:
        node = self.assigned
        for at in range(len(steps)):
            node = step_into(self, node, steps[: at + 1])
        return node

    def _text(self, steps: Steps) -> Wrapped:
        wrapped = unwrapped(self.tree, self._node(steps))
        if wrapped is None:  # asked for only where value() has found a text
            raise SourceError(f"{self.name(steps)} is no text", "name a text")
        return wrapped

    def _span(self, literal: ast.Constant) -> tuple[int, int]:
        data = self.file.data
        starts = [0, *(match.end() for match in _LINE_END.finditer(data))]
        bom = len(data) - len(data.removeprefix(b"\xef\xbb\xbf"))
        return (
            _offset(starts, bom, literal.lineno, literal.col_offset),
            _offset(starts, bom, literal.end_lineno or 0, literal.end_col_offset or 0),
        )

    def _reads_as(self, steps: Steps, file: FileText, text: str) -> bool:
        try:
            again = PythonDocument.parse(self.path, file, self.constant)
            return again._text(steps).text == text  # noqa: SLF001 - the same class
        except SourceError:
            return False


def _offset(starts: Sequence[int], bom: int, line: int, column: int) -> int:
    # ast counts columns in UTF-8 bytes, on the first line behind the BOM.
    return starts[line - 1] + column + (bom if line == 1 else 0)


def _writings(wrapped: Wrapped, written: str, text: str) -> Iterator[str]:
    like = Literal.read(written)
    for string in wrapped.strings_for(text):
        for literal in (
            rewritten_parts(written.replace("\r\n", "\n"), string),
            write_literal(string, like=like),
        ):
            if literal is not None:
                yield literal
