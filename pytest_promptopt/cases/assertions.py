"""Promptfoo's assertions as an expected answer: what we can grade, and what not."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_promptopt.cases.rows import fault, shown

ONE_TEXT = ("contains", "equals", "icontains", "regex", "starts-with")
SEVERAL_TEXTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
NO_VALUE = ("is-json",)
TAKEN = (*ONE_TEXT, *SEVERAL_TEXTS, *NO_VALUE)
"""Assertion types that ``scorer="promptfoo"`` grades, ``not-`` before them or not."""

MISSPELT_SIMILARITY = 0.85
"""``difflib`` ratio from which a word before a colon counts as a misspelt type."""

_IN_BODY = "write the check as a test body: def test_it(case, output): assert ..."
_BY_JUDGE = "grade with a judge, scorer=judge('rubric.j2'): a scorer that asks a model"
_BY_LIMIT = "set a limit on the marker, such as limits={'latency': '<=2'}"
_BY_LIKENESS = "grade with a scorer that compares texts by likeness"

_INSTEAD = {
    _IN_BODY: """contains-html contains-json contains-sql contains-xml finish-reason
        is-html is-refusal is-sql is-valid-function-call is-valid-openai-function-call
        is-valid-openai-tools-call is-xml javascript python ruby tool-call-f1 webhook
        word-count perplexity perplexity-score guardrails moderation assert-set
        select-best max-score human""",
    _BY_JUDGE: """answer-relevance classifier context-faithfulness context-recall
        context-relevance conversation-relevance factuality g-eval llm-rubric
        model-graded-closedqa model-graded-factuality pi search-rubric""",
    _BY_LIMIT: "cost latency",
    _BY_LIKENESS: "bleu f-score gleu levenshtein meteor rouge-n similar",
}

NOT_TAKEN: Mapping[str, str] = {
    kind: instead for instead, kinds in _INSTEAD.items() for kind in kinds.split()
}
"""Promptfoo's other types, and what to do instead."""

_ALIASES = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
_WRITTEN = re.compile(r"([a-z][a-z0-9-]*)(?:\(([^()]*)\))?(?::(.*))?", re.DOTALL)
_SCRIPT = re.compile(r"file://.*\.(?:py|js|ts|mjs|cjs)(?::.*)?", re.DOTALL)
_KEYS = ("metric", "type", "value", "weight", "threshold")


def parse_check(text: str, place: str) -> dict[str, Any]:
    """Read an assertion of a table's cell: ``"contains: Paris"``, or a text alone.

    Args:
        text: The cell.
        place: Where it stands.

    Returns:
        Its ``type`` and, where the type has one, its ``value``.

    Raises:
        CaseFileError: It is of a type that is not graded here.
    """
    if _SCRIPT.fullmatch(text.strip()):
        script = "python" if ".py" in text else "javascript"
        raise _not_taken(script, text, place)
    found = _WRITTEN.fullmatch(text.strip())
    base = "" if found is None else _base(found[1])
    if found is None or base not in {*TAKEN, *NOT_TAKEN}:
        _check_spelling(base, text, place)
        return {"type": "equals", "value": text}
    kind, threshold, value = found[1], found[2], (found[3] or "").strip()
    if base in NOT_TAKEN:
        bare = text.strip() == kind
        raise _not_taken(kind, text, place, "equals: " if bare else "")
    if threshold is not None:
        raise fault(
            place,
            f"{shown(text)}: {kind!r} takes no threshold",
            f"write {kind}: without the brackets",
        )
    if base in SEVERAL_TEXTS:
        entries = [entry.strip() for entry in value.split(",")]
        return _made(kind, entries, place)
    return _made(kind, value or None, place)


def read_check(entry: Any, place: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Read an assertion of a configuration.

    Args:
        entry: ``{"type": ..., "value": ...}``.
        place: Where its test stands.
        variables: The test's variables, by which ``{{ name }}`` in a value is replaced.

    Raises:
        CaseFileError: It is of a type that is not graded here, or has settings that
            would change how it is graded.
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("type"), str):
        raise fault(
            place,
            f"assert holds {shown(entry)}, which names no type",
            "write each entry as type: contains and value: ... below it",
        )
    kind = entry["type"]
    base = _base(kind)
    if base in NOT_TAKEN:
        raise _not_taken(kind, kind, place)
    if base not in TAKEN:
        close = difflib.get_close_matches(kind, TAKEN, n=1)
        raise fault(
            place,
            f"assert has the unknown type {kind!r}",
            f"did you mean {close[0]!r}?" if close else f"use one of {_known()}",
        )
    _check_settings(entry, kind, place)
    return _made(kind, _filled(entry.get("value"), variables, place), place)


def expected_of_checks(checks: Sequence[Mapping[str, Any]]) -> Any:
    """Return what the checks of one case expect.

    Returns:
        The answer itself if it is only to be equal to one, which any scorer takes;
        else ``{"assert": [...]}``, which ``scorer="promptfoo"`` and test bodies take.
    """
    if len(checks) == 1 and checks[0]["type"] == "equals":
        return checks[0]["value"]
    return {"assert": [dict(check) for check in checks]}


def _base(kind: str) -> str:
    bare = kind.removeprefix("not-")
    return _ALIASES.get(bare, bare)


def _known() -> str:
    return ", ".join(sorted(TAKEN))


def _not_taken(kind: str, written: str, place: str, prefix: str = "") -> Exception:
    base = _base(kind)
    named = "" if base == written else f" in {shown(written)}"
    meant = f"; if it is the answer itself, write '{prefix}{kind}'" if prefix else ""
    return fault(
        place,
        f"the assertion type {base!r}{named} is not graded here",
        f"{NOT_TAKEN[base]}{meant}",
    )


def _check_spelling(base: str, text: str, place: str) -> None:
    """Refuse a text that begins with a misspelt type and a colon."""
    close = difflib.get_close_matches(base, TAKEN, n=1, cutoff=MISSPELT_SIMILARITY)
    if close and ":" in text:
        raise fault(
            place,
            f"{shown(text)} begins with {base!r}, which is no assertion type",
            f"did you mean {close[0]!r}? If it is the answer, write equals: before it",
        )


def _check_settings(entry: Mapping[str, Any], kind: str, place: str) -> None:
    for name, value in entry.items():
        harmless = name in {"metric", "type", "value"} or (
            name in {"weight", "threshold"} and value == 1
        )
        if not harmless:
            known = name in _KEYS or name in {"config", "provider", "transform"}
            raise fault(
                place,
                f"assertion {kind!r} has {name}: {shown(value)}, which would change "
                "how it is graded",
                "delete it, or write the check as a test body"
                if known
                else "delete it, or correct its name",
            )


def _made(kind: str, value: Any, place: str) -> dict[str, Any]:
    base = _base(kind)
    if base in NO_VALUE:
        if value is not None:
            raise fault(
                place,
                f"assertion {kind!r} has the value {shown(value)}; schemas are not "
                "read from it",
                "delete the value, or use scorer='json_schema' on the marker",
            )
        return {"type": kind}
    if base == "equals" and isinstance(value, (Mapping, list)):
        return {"type": kind, "value": value}
    if base in SEVERAL_TEXTS:
        entries = value if isinstance(value, list) else [value]
        return {"type": kind, "value": [_text(each, kind, place) for each in entries]}
    return {"type": kind, "value": _text(value, kind, place)}


def _text(value: Any, kind: str, place: str) -> str:
    if value is None:
        raise fault(
            place, f"assertion {kind!r} has no value", "write the text to compare with"
        )
    text = value if isinstance(value, str) else json.dumps(value)
    if isinstance(value, (Mapping, list)) or not text.strip():
        raise fault(
            place,
            f"assertion {kind!r} has the value {shown(value)}",
            "write the text to compare with",
        )
    if text.startswith("file://"):
        raise fault(
            place,
            f"assertion {kind!r} has the value {shown(value)}, a file",
            "write the text itself",
        )
    return text


_VARIABLE = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")


def _filled(value: Any, variables: Mapping[str, Any], place: str) -> Any:
    """Replace ``{{ name }}`` in texts by the test's variables, and nothing else."""
    if isinstance(value, list):
        return [_filled(entry, variables, place) for entry in value]
    if not isinstance(value, str):
        return value
    rest = _VARIABLE.sub("", value)
    unknown = [name for name in _VARIABLE.findall(value) if name not in variables]
    if unknown or "{{" in rest or "{%" in rest:
        raise fault(
            place,
            f"assertion value {shown(value)} "
            + (
                f"uses the variable {unknown[0]!r}, which the test does not have"
                if unknown
                else "is more than text and {{ name }}"
            ),
            "write the value itself in each test",
        )

    def said(found: re.Match[str]) -> str:
        given = variables[found[1]]
        return given if isinstance(given, str) else json.dumps(given)

    return _VARIABLE.sub(said, value)
