"""How the prompt of a test differs from the one that it is held against."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.records import SourceChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.source import Include, Source

CONTEXT = 3
"""Lines around a change that a diff shows."""

MOST = 50_000
"""Characters of a diff; the rest is counted."""

_UNENDED = "\\ No newline at end of file\n"


def source_changes(
    before: Prompt | None, now: Prompt, root: Path
) -> tuple[SourceChange, ...]:
    """Return the sources and included files that an edit changed.

    Args:
        before: The prompt that a test is held against; ``None`` without one.
        now: The prompt as it is in the files.
        root: Pytest's root folder.

    Returns:
        Changed and new sources in the order of the prompt, then what is gone, then
        included files by name; none where the texts are the same.
    """
    if before is None or before.fingerprint == now.fingerprint:
        return ()
    pairs = _paired(before.sources, now.sources)
    taken = {id(old) for old, _ in pairs if old is not None}
    gone = [old for old in before.sources if id(old) not in taken]
    found = [
        _of_source(old, new, root)
        for old, new in pairs
        if old is None or old.text != new.text
    ]
    found += [_gone(old) for old in gone]
    found += _of_includes(_includes(before), _includes(now), root)
    return tuple({(each.label, each.diff): each for each in found}.values())


def _paired(
    before: Sequence[Source], now: Sequence[Source]
) -> list[tuple[Source | None, Source]]:
    """Give each source the one that it was: at the same place, else in its part."""
    left = list(before)
    found: dict[int, Source] = {}
    for same in (_place, _part):
        for at, new in enumerate(now):
            old = next((each for each in left if same(each) == same(new)), None)
            if at not in found and old is not None:
                found[at] = old
                left.remove(old)
    return [(found.get(at), new) for at, new in enumerate(now)]


def _place(source: Source) -> tuple[str, ...]:
    return source.name, source.role, source.key


def _part(source: Source) -> tuple[str, ...]:
    return source.name, source.role


def _of_source(old: Source | None, new: Source, root: Path) -> SourceChange:
    text = "" if old is None else old.text
    path = "" if new.label else _below(new.path, root)
    first = _FirstChange.between(text, new.text)
    return SourceChange(
        label=new.label or new.key,
        path=path,
        line=new.line_in_file(first.line) if path else 0,
        removed=first.removed,
        added=first.added,
        diff=unified(text, new.text),
    )


def _gone(old: Source) -> SourceChange:
    first = _FirstChange.between(old.text, "")
    label = old.label or old.key
    return SourceChange(label=label, removed=first.removed, diff=unified(old.text, ""))


def _includes(prompt: Prompt) -> dict[str, Include]:
    return {
        name: include
        for source in prompt.sources
        for name, include in source.includes.items()
    }


def _of_includes(
    before: Mapping[str, Include], now: Mapping[str, Include], root: Path
) -> Iterator[SourceChange]:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        was, text = old.text if old else "", new.text if new else ""
        if was == text:
            continue
        path = "" if new is None else _below(new.path, root)
        first = _FirstChange.between(was, text)
        yield SourceChange(
            label=path or name,
            path=path,
            line=first.line if path else 0,
            removed=first.removed,
            added=first.added,
            diff=unified(was, text),
        )


def _below(path: Path, root: Path) -> str:
    """Return a path from the root folder on; empty if it is not below it."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError):
        return ""


@dataclass(frozen=True, slots=True)
class _FirstChange:
    """The first line that differs.

    Attributes:
        line: Its number in the new text, from 1; the last line if text is gone at the
            end.
        removed: The line that was there; empty if none was.
        added: The line that is there now; empty if none is.
    """

    line: int = 1
    removed: str = ""
    added: str = ""

    @classmethod
    def between(cls, old: str, new: str) -> _FirstChange:
        """Find it."""
        was, now = _lines(old), _lines(new)
        matcher = difflib.SequenceMatcher(None, was, now)
        for tag, start, end, begin, stop in matcher.get_opcodes():
            if tag != "equal":
                return cls(
                    max(1, min(begin + 1, len(now))),
                    was[start].removesuffix("\n") if end > start else "",
                    now[begin].removesuffix("\n") if stop > begin else "",
                )
        return cls()


def unified(old: str, new: str) -> str:
    """Return a unified diff of two texts, without file names.

    Args:
        old: The text before.
        new: The text after.

    Returns:
        Lines that all end in a line feed, at most about :data:`MOST` characters; empty
        if the texts are the same.
    """
    # The first two lines name files.
    lines = list(difflib.unified_diff(_lines(old), _lines(new), n=CONTEXT))[2:]
    told: list[str] = []
    left = MOST
    for at, line in enumerate(lines):
        left -= len(line)
        if left < 0:
            told.append(f"\\ {len(lines) - at:,} more lines are left out\n")
            break
        told.append(line if line.endswith("\n") else f"{line}\n{_UNENDED}")
    return "".join(told)


def _lines(text: str) -> list[str]:
    r"""Return the lines of a text; only ``\n`` ends one, as in a file that git sees."""
    *whole, last = text.split("\n")
    return [*(f"{line}\n" for line in whole), *([last] if last else [])]
