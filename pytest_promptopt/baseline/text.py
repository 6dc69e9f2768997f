"""The text of a baseline file: written for reviewers, read with suspicion."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_promptopt.baseline.record import Baseline, BaselineCase
from pytest_promptopt.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VERSION = 1

ATTRIBUTES = "**/__prompt_baselines__/**/*.json -merge"
"""Line of a ``.gitattributes`` that has git leave two recordings unmixed."""

_UPDATE = "record it anew with: pytest ... --promptopt-update-baseline"
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |\r?$)")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "version": (int,),
    "date": (str,),
    "reason": (str, type(None)),
    "model": (str,),
    "model_ids": (list,),
    "request": (Mapping,),
    "run": (Mapping,),
    "fingerprint": (str,),
    "parts": (Mapping,),
    "prompt": (Mapping,),
    "cases": (list,),
}
_OPTIONAL = frozenset({"reason", "model_ids", "run", "parts"})
# Controls, format characters (bidi, zero width), surrogates, separators, private use.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co"})


def render(baseline: Baseline) -> str:
    r"""Return the file's text: one line per case, so that diffs and merges are small.

    Equal baselines give equal bytes. Text stays readable; only characters that a
    reviewer could not see are escaped.

    Returns:
        JSON with ``"\n"`` line ends and a final newline, encodable as UTF-8.
    """
    heads = {"version": VERSION, **baseline.to_json()}
    cases = heads.pop("cases")
    order = [name for name in _KINDS if name in heads]
    lines = [f'  "{name}": {readable_json(heads[name], indent=2)},' for name in order]
    rows = [f"    {readable_json(_short(case))}" for case in cases]
    body = "[\n" + ",\n".join(rows) + "\n  ]" if rows else "[]"
    return "\n".join(["{", *lines, f'  "cases": {body}', "}", ""])


def parse(text: str, path: Path) -> Baseline:
    """Read a file's text back: the inverse of :func:`render`.

    Args:
        text: The file's text.
        path: For messages only.

    Raises:
        BaselineError: Broken JSON, merge-conflict markers, an unknown version, a
            missing or unusable key, or an id that comes twice; with the line.
    """
    text = text.removeprefix("\ufeff")
    for number, line in enumerate(text.split("\n"), 1):
        if _CONFLICT.match(line):
            # Which side is right is not asked: the merged prompt is neither's.
            problem = (
                f"merge-conflict marker {line.rstrip()!r} in a baseline (git writes "
                f"none with the line {ATTRIBUTES!r} in .gitattributes)"
            )
            raise BaselineError.at(path, number, problem, _UPDATE)
    data = _object(text, path)
    _check(data, text, path)
    cases = _cases(data["cases"], text, path)
    heads = {key: value for key, value in data.items() if key in _KINDS}
    del heads["version"]
    return Baseline.from_json({**heads, "cases": [case.to_json() for case in cases]})


def _short(case: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what has its default, and write 1 for 1.0."""
    defaults = {"must_pass": False, "weight": 1.0, "finish_reasons": []}
    kept = {
        name: value
        for name, value in case.items()
        if name not in defaults or value != defaults[name]
    }
    kept["values"] = [_plain_number(value) for value in case["values"]]
    return kept


def _plain_number(value: float | None) -> float | None:
    return int(value) if value is not None and value == int(value) else value


def _object(text: str, path: Path) -> Mapping[str, Any]:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a number")

    try:
        data = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        problem = f"a baseline that is not JSON: {error.msg} (column {error.colno})"
        raise BaselineError.at(path, error.lineno, problem, _UPDATE) from None
    except (ValueError, RecursionError) as error:
        problem = f"a baseline that is not JSON: {error}"
        raise BaselineError.at(path, None, problem, _UPDATE) from None
    if not isinstance(data, Mapping):
        shown = type(data).__name__
        problem = f"a baseline is one JSON object, this is a {shown}"
        raise BaselineError.at(path, 1, problem, _UPDATE)
    return data


def _check(data: Mapping[str, Any], text: str, path: Path) -> None:
    version = data.get("version")
    if version != VERSION:
        hint = "update pytest-promptopt, or " + _UPDATE
        problem = (
            f"baseline of version {version!r}, this pytest-promptopt reads {VERSION}"
        )
        raise BaselineError.at(path, _line_of(text, '"version"'), problem, hint)
    for key in sorted(data.keys() - _KINDS):
        problem = f"baseline with an unknown key {key!r}"
        line = _line_of(text, f"{readable_json(key)}:")
        raise BaselineError.at(path, line, problem, _UPDATE)
    for key, kinds in _KINDS.items():
        if key not in data:
            if key in _OPTIONAL:
                continue
            raise BaselineError.at(path, None, f"baseline without {key!r}", _UPDATE)
        if not isinstance(data[key], kinds):
            problem = f"{key!r} cannot be {data[key]!r} in a baseline"
            raise BaselineError.at(path, _line_of(text, f'"{key}":'), problem, _UPDATE)


def _cases(entries: Sequence[Any], text: str, path: Path) -> list[BaselineCase]:
    cases: list[BaselineCase] = []
    seen: set[str] = set()
    for entry in entries:
        case_id = entry.get("id") if isinstance(entry, Mapping) else None
        if not isinstance(case_id, str):
            problem = f"a case without an id: {entry!r}"
            raise BaselineError.at(path, None, problem, _UPDATE)
        twice = case_id in seen
        try:
            cases.append(_case(entry))
            problem = f"case {case_id!r} comes twice" if twice else ""
        except KeyError as error:
            problem = f"case {case_id!r} without {error}"
        except (TypeError, ValueError) as error:
            problem = f"case {case_id!r} cannot be read: {error}"
        if problem:
            needle = f'"id": {readable_json(case_id)}'
            line = _line_of(text, needle, last=twice)
            raise BaselineError.at(path, line, problem, _UPDATE)
        seen.add(case_id)
    return cases


def _case(entry: Mapping[str, Any]) -> BaselineCase:
    if not isinstance(entry["hash"], str):
        raise TypeError(f"hash {entry['hash']!r} is no text")
    if not isinstance(entry["values"], list):
        raise TypeError(f"values {entry['values']!r} are no list")
    return BaselineCase.from_json(entry)


def _line_of(text: str, needle: str, *, last: bool = False) -> int | None:
    """Return the line, from 1, of a piece of text as :func:`render` writes it."""
    at = text.rfind(needle) if last else text.find(needle)
    return None if at < 0 else text.count("\n", 0, at) + 1


def readable_json(value: Any, *, indent: int | None = None) -> str:
    """Return JSON in which every character that can be seen stands for itself.

    The rest is escaped: it could hide from a reviewer, break a line or not be UTF-8.

    Args:
        value: Built-in types only.
        indent: Spaces per level, or ``None`` for one line. Lines after the first are
            indented by one level more, to stand inside an object.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    if indent:
        text = text.replace("\n", "\n" + " " * indent)
    return "".join(
        json.dumps(sign)[1:-1]
        if sign != "\n" and unicodedata.category(sign) in _UNSEEN
        else sign
        for sign in text
    )
