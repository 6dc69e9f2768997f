"""Which lines of a prompt surely belong to its instructions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.lines import (
    DEFINITION,
    OPTION_LINE,
    STRONG,
    instruction_strength,
    is_head,
    is_list_line,
    states_form,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def anchors(lines: Sequence[str]) -> list[bool]:
    """Mark the lines that surely belong to the instructions."""
    marks = [
        (instruction_strength(line) >= STRONG or is_head(line))
        and not any(OPTION_LINE.match(below) for below in lines[index + 1 : index + 2])
        for index, line in enumerate(lines)
    ]
    under_head = False
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if is_list_line(line):
            # A list belongs to whatever announces it.
            marks[index] = under_head or _continues_list(lines, marks, index)
        elif under_head and (
            DEFINITION.match(line)
            or _is_bare_name(line)
            or line.startswith(("  ", "\t"))
        ):
            marks[index] = marks[index] or in_block(lines, index)
        elif not marks[index] and in_block(lines, index) and marks[index - 1]:
            marks[index] = _defines_known(lines, marks, index)
        under_head = marks[index] and (is_head(line) or under_head)
    return _without_stray(lines, marks)


def _without_stray(lines: Sequence[str], marks: list[bool]) -> list[bool]:
    """Drop marks behind the last sure one, outside the first paragraph.

    There a line such as "Return label missing" is more likely what is to be judged.
    """
    blank = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    sure = [
        mark
        and (index < blank or states_form(line) or is_head(line) or is_list_line(line))
        for index, (line, mark) in enumerate(zip(lines, marks, strict=True))
    ]
    if not any(sure):
        return marks
    end = max(index for index, line in enumerate(lines) if line.strip())
    weak = not (
        states_form(lines[end]) or is_head(lines[end]) or is_list_line(lines[end])
    )
    if weak and any(sure[:end]):
        # The last line of all is rather the input than one more instruction.
        sure[end] = False
    last = max(index for index, mark in enumerate(sure) if mark)
    return [mark and index <= last for index, mark in enumerate(marks)]


def _defines_known(lines: Sequence[str], marks: Sequence[bool], index: int) -> bool:
    """Whether a line defines a name that the instructions above have used."""
    defined = re.match(r"^\s*[\"'`*]*([\w-]+)[\"'`*]*\s*(?::|=|->)\s*\S", lines[index])
    if defined is None:
        return False
    name = re.compile(rf"(?<![\w-]){re.escape(defined.group(1))}(?![\w-])")
    return any(
        mark and name.search(line)
        for line, mark in zip(lines[:index], marks, strict=False)
    )


def _is_bare_name(line: str) -> bool:
    text = line.strip()
    return len(text) <= 40 and len(text.split()) <= 4 and text[-1] not in ".!?"


def in_block(lines: Sequence[str], index: int) -> bool:
    """Whether a line directly follows other lines, not a blank one."""
    return index > 0 and bool(lines[index - 1].strip())


def _continues_list(lines: Sequence[str], marks: Sequence[bool], index: int) -> bool:
    for before in range(index - 1, -1, -1):
        if lines[before].strip():
            return marks[before]
    return False
