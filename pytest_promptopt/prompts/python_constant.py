"""Prompts kept in Python constants: read through the syntax tree, never imported."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.bindings import assigned_value
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.finding import did_you_mean
from pytest_promptopt.prompts.literal import Literal, write_literal
from pytest_promptopt.prompts.source import Source, apply_changes
from pytest_promptopt.records import Edit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.source import Change, SourceRole

_PLACE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_LINE_END = re.compile(rb"\r\n|\r|\n")


def is_constant(key: str) -> bool:
    """Tell whether a place is ``module:NAME`` rather than a path."""
    return _PLACE.fullmatch(key) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """The place of a text that is a string literal in a Python file.

    Attributes:
        path: The file.
        file: Its text.
        name: The constant's name, dotted if it stands in a class.
        start: Offset of the literal's first byte.
        end: Offset behind its last byte.
        text: The string.
    """

    path: Path
    file: FileText
    name: str
    start: int
    end: int
    text: str

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """Return one edit, of the literal.

        Raises:
            SourceError: No literal can be written that reads as the new text.
        """
        new = apply_changes(self.text, changes)
        old = Literal.read(self.file.data[self.start : self.end].decode("utf-8"))
        written = write_literal(new, like=old)
        if written is not None:
            replacement = written.replace("\n", self.file.newline)
            data = self.file.data
            edited = data[: self.start] + replacement.encode() + data[self.end :]
            if self._reads_as(edited, new):
                return (
                    Edit(
                        path=str(self.path),
                        sha256=self.file.sha256,
                        start=self.start,
                        end=self.end,
                        replacement=replacement,
                    ),
                )
        raise SourceError.at(
            self.path,
            None,
            f"the new text of {self.name} cannot be written as a string literal",
            "leave out characters that UTF-8 cannot hold",
        )

    def _reads_as(self, data: bytes, text: str) -> bool:
        file = FileText.decode(data, self.path)
        try:
            return find_constant(self.path, file, self.name).text == text
        except SourceError:
            return False


def read_constant(
    role: SourceRole, key: str, roots: Sequence[Path], files: Files = DISK
) -> Source:
    """Read a Python constant.

    Args:
        role: Role of the message that it is; empty if its annotations say so.
        key: ``"myapp.prompts:TRIAGE"`` or ``"myapp.prompts:Prompts.TRIAGE"``.
        roots: Folders that have the module, in them or in their ``src`` folder.
        files: Where it is read.

    Raises:
        SourceError: The module or the constant does not exist, or it is not one
            plain string.
    """
    module, _, name = key.partition(":")
    path = _find_module(module, roots, files)
    data = files.read_bytes(path)
    _check_encoding(path, data)
    constant = find_constant(path, FileText.decode(data, path), name)
    literal = data[constant.start : constant.end]
    line = len(_LINE_END.findall(data, 0, constant.start)) + 1
    shape = Literal.read(literal.decode("utf-8"))
    return Source(
        role=role,
        key=key,
        path=path,
        text=constant.text,
        line=line + (1 if shape.continued else 0),
        straight=len(constant.text.split("\n")) == 1 or shape.line_by_line,
        place=constant,
    )


def _find_module(module: str, roots: Sequence[Path], files: Files) -> Path:
    folders = [folder for root in roots for folder in (root, root / "src")]
    inner = module.replace(".", "/")
    tried = []
    for folder in dict.fromkeys(folders):
        for name in (f"{inner}/__init__.py", f"{inner}.py"):
            path = folder / name
            if files.is_file(path):
                return files.resolve(path)
            tried.append(str(path))
    raise SourceError(
        f"module {module!r} does not exist: tried {', '.join(tried)}",
        did_you_mean(f"{inner}.py", roots, suffix=".py", files=files),
    )


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


def find_constant(path: Path, file: FileText, name: str) -> Constant:
    """Find the one assignment of a string to a name, at module or class level.

    Args:
        path: The Python file.
        file: Its text.
        name: The constant, dotted through classes.

    Raises:
        SourceError: The file does not parse, or the name does not stand for exactly
            one plain string.
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
    value = assigned_value(path, tree, name)
    _check_plain(path, value, name)
    text = ast.literal_eval(value)
    starts = [0, *(match.end() for match in _LINE_END.finditer(file.data))]
    bom = len(file.data) - len(file.data.removeprefix(b"\xef\xbb\xbf"))
    return Constant(
        path=path,
        file=file,
        name=name,
        start=_offset(starts, bom, value.lineno, value.col_offset),
        end=_offset(starts, bom, value.end_lineno or 0, value.end_col_offset or 0),
        text=text,
    )


def _offset(starts: Sequence[int], bom: int, line: int, column: int) -> int:
    # ast counts columns in UTF-8 bytes, on the first line behind the BOM.
    return starts[line - 1] + column + (bom if line == 1 else 0)


def _check_plain(path: Path, value: ast.expr, name: str) -> None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return
    what, hint = _refusal(value)
    raise SourceError.at(path, value.lineno, f"{name!r} is {what}", hint)


def _refusal(value: ast.expr) -> tuple[str, str]:
    plain = "write it as one plain string"
    if isinstance(value, ast.JoinedStr):
        return (
            "an f-string, whose text exists only when the program runs",
            "write a plain string with {{ variable }} where the values go",
        )
    if isinstance(value, ast.Constant) and isinstance(value.value, bytes):
        return "bytes, not text", "delete the b prefix"
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return (
            "joined with '+', so that no one literal holds it",
            "put the literals in parentheses without '+': they join by themselves",
        )
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mod):
        return "formatted with '%'", "write {{ variable }} where the values go"
    if isinstance(value, ast.Call):
        return (
            f"the result of the call {ast.unparse(value.func)[:40]!r}",
            f"{plain} and call where it is used",
        )
    if isinstance(value, ast.Constant):
        return f"{value.value!r}, not a string", plain
    return f"{ast.unparse(value)[:40]!r}, not a string", plain
