"""The verdicts that a judge can give, and which of them a reply of it gives."""

from __future__ import annotations

import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records.strict_json import read_json, read_json_at
from pytest_promptopt.scorers.grading import shown
from pytest_promptopt.scorers.reply_json import fenced_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

Scale = Sequence[Any] | Mapping[Any, float]
"""Verdicts from worst to best, or verdict to its share in [0, 1]."""

KEYS = ("verdict", "score")
"""What marks a verdict in JSON or on a line; the second only where the first is not."""

REASON_CHARACTERS = 200
"""Longest reason of a judge; it goes into reports and to optimizer models."""

MOST_BRACES = 50
"""Places in a reply that are tried as the start of a JSON object."""

_OUTER = " \t\r\n.,;:!?\"'`*_()[]{}<>\u201c\u201d\u2018\u2019"
_TAG = re.compile(r"<verdict>(.{0,200}?)</verdict>", re.IGNORECASE | re.DOTALL)
_LINE = re.compile(
    r"[^\w\n]*(?:(?:my|the|final|overall)\s+)*(?P<key>verdict|score)\b"
    r"[\s*_`]*(?::|=|\bis\b)(?P<verdict>.+)",
    re.IGNORECASE,
)
_OF_BEST = re.compile(r"(?P<got>\d+)\s*(?:/|out of)\s*(?P<best>\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reply of a judge says.

    Attributes:
        verdict: One of the verdicts, as they are written; ``None`` if none can be read.
        fault: Why none can be read.
        reason: The judge's grounds, on one line; empty if it gives none.
    """

    verdict: str | None
    fault: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """The verdicts that a judge can give.

    Attributes:
        shares: Verdict to what it is worth, in [0, 1].
    """

    shares: Mapping[str, float]

    @classmethod
    def of(cls, scale: Scale, *, scorer: str) -> Verdicts:
        """Check what a user wrote as ``verdicts=``.

        Args:
            scale: The verdicts: texts, or whole numbers such as ``range(1, 6)``.
            scorer: What messages call the scorer.

        Raises:
            ScorerError: They are no verdicts, fewer than two, the same but for letter
                case and punctuation, or worth something that is not in [0, 1].
        """
        if isinstance(scale, Mapping):
            names = [_name(entry, scale, scorer) for entry in scale]
            shares = [_share(value, scale, scorer) for value in scale.values()]
        elif _is_list(scale):
            names = [_name(entry, scale, scorer) for entry in scale]
            steps = max(1, len(names) - 1)
            shares = [index / steps for index in range(len(names))]
        else:
            raise _wrong(scorer, scale, "neither a list nor a mapping of verdicts")
        _check_names(names, scale, scorer)
        if len(set(shares)) < 2:
            raise _wrong(scorer, scale, f"every one is worth {shares[0]:g}")
        return cls(shares=dict(zip(names, shares, strict=True)))

    @property
    def names(self) -> tuple[str, ...]:
        """The verdicts, in the order that they were given in."""
        return tuple(self.shares)

    @property
    def listed(self) -> str:
        """The verdicts for a message: ``'fail', 'pass'``."""
        return ", ".join(map(repr, self.names))

    def same_as(self, text: Any) -> str | None:
        """Return the verdict that a text is; ``None`` if it is none.

        Letter case, outer punctuation and the width of blanks do not count. Where the
        best verdict is a number, "4/5" and "4 out of 5" are the 4 of those up to 5.
        """
        if not isinstance(text, (str, int, float)):
            return None
        bare = _bare(text)
        by_bare = {_bare(name): name for name in self.names}
        found = _OF_BEST.fullmatch(bare)
        if bare not in by_bare and found is not None:
            best = max(self.shares, key=lambda name: self.shares[name])
            bare = found["got"] if found["best"] == _bare(best) else bare
        return by_bare.get(bare)

    def read(self, text: str) -> Reading:
        """Read the one verdict of a judge's reply.

        It stands in a JSON object, alone, fenced or at the end, under ``verdict`` or
        ``score``; in ``<verdict>X</verdict>``; on a first or last line ``verdict: X``;
        or it is the whole reply. Wherever one stands, it must be the same.

        Args:
            text: The reply.

        Returns:
            The verdict; or why there is none: two that differ, an unknown one, none.
        """
        places = list(_marked(text))
        marked = [entry for key in KEYS for entry in places if entry.key == key]
        marked = [entry for entry in marked if entry.key == marked[0].key]
        if not marked:
            whole = self.same_as(text)
            if whole is not None:
                return Reading(verdict=whole)
            return Reading(verdict=None, fault=f"no verdict in {shown(text.strip())}")
        given = [(entry, self.same_as(entry.text)) for entry in marked]
        for entry, verdict in given:
            if verdict is None:
                return Reading(
                    verdict=None,
                    fault=f"{shown(entry.text)} is none of {self.listed}",
                )
        verdicts = list(dict.fromkeys(verdict for _, verdict in given))
        if len(verdicts) > 1:
            both = " and ".join(map(repr, verdicts[:3]))
            return Reading(verdict=None, fault=f"two verdicts, {both}")
        reasons = (entry.reason for entry, _ in given if entry.reason)
        return Reading(verdict=verdicts[0], reason=_cut(next(reasons, "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marked:
    """A place in a reply that is marked as a verdict, and the grounds beside it."""

    key: str
    text: Any
    reason: str = ""


def _marked(text: str) -> Iterator[_Marked]:
    for data, before in _objects(text):
        given = {str(key).casefold(): value for key, value in data.items()}
        reason = given.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            reason = before
        for key in KEYS:
            if key in given:
                yield _Marked(key=key, text=given[key], reason=reason)
    for tag in _TAG.finditer(text):
        before = text[: tag.start()]
        yield _Marked(key=KEYS[0], text=tag[1].strip(), reason=before)
    yield from _marked_lines(text)


def _marked_lines(text: str) -> Iterator[_Marked]:
    """Yield the lines that name a verdict, if the first or the last one does.

    A line in the middle alone may be quoted from the reply that is judged.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    found = {index: _LINE.fullmatch(line) for index, line in enumerate(lines)}
    if not lines or not (found[0] or found[len(lines) - 1]):
        return
    for index, match in found.items():
        if match is not None and not _TAG.search(match["verdict"]):
            beside = lines[:index] if index else lines[1:]
            yield _Marked(
                key=match["key"].lower(),
                text=match["verdict"].strip(),
                reason=" ".join(beside),
            )


def _objects(text: str) -> Iterator[tuple[Mapping[Any, Any], str]]:
    """Yield the JSON objects of a reply, each with the text before it."""
    for block, before in fenced_blocks(text):
        data = _object(block)
        if data is not None:
            yield data, before
    bare = text.strip()
    if not bare.endswith("}"):
        return
    starts = [place.start() for place in re.finditer(r"\{", bare)]
    for start in starts[-MOST_BRACES:]:
        try:
            data, end = read_json_at(bare, start)
        except ValueError:
            continue
        if end == len(bare):
            yield data, bare[:start]
            return


def _object(text: str) -> Mapping[Any, Any] | None:
    try:
        data = read_json(text.strip())
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _bare(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).strip(_OUTER).casefold().split())


def _cut(text: str) -> str:
    # What a judge writes goes to terminals and logs.
    visible = "".join(sign if sign.isprintable() else " " for sign in text)
    line = " ".join(visible.split()).strip(" *_#-:")
    if len(line) <= REASON_CHARACTERS:
        return line
    return f"{line[: REASON_CHARACTERS - 3]}..."


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _name(value: Any, scale: Scale, scorer: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and _bare(value):
        return value.strip()
    raise _wrong(scorer, scale, f"{shown(value)} is no word and no number")


def _share(value: Any, scale: Scale, scorer: str) -> float:
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        share = float(value)
        if 0.0 <= share <= 1.0:  # also refuses NaN
            return share
    raise _wrong(scorer, scale, f"{shown(value)} is no share in [0, 1]")


def _check_names(names: Sequence[str], scale: Scale, scorer: str) -> None:
    if len(names) < 2:
        raise _wrong(scorer, scale, "fewer than two verdicts")
    seen: dict[str, str] = {}
    for name in names:
        same = seen.get(_bare(name))
        seen[_bare(name)] = name
        if same is not None:
            raise _wrong(
                scorer,
                scale,
                f"{same!r} and {name!r} are read as the same verdict",
            )


def _wrong(scorer: str, scale: Any, what: str) -> ScorerError:
    return ScorerError(
        f"{scorer}: verdicts={shown(scale)}: {what}",
        'write verdicts=("fail", "pass"), from worst to best, or '
        'verdicts={"bad": 0, "fair": 0.5, "good": 1}',
    )
