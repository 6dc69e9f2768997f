"""What a prompt demands of the form of the reply."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_promptopt.models.offline.text import sentences

_SAY = (
    r"(?:answers?|reply|replies|respond|responses?|return|output|write|give|print|say|"
    r"produce|provide|send|name|state|emit)"
)
_THING = (
    r"(?:labels?|categor(?:y|ies)|names?|class(?:es)?|answers?|words?|options?|"
    r"letters?|"
    r"numbers?|values?|intents?|tags?|topics?|types?|choices?|json|objects?|digits?|"
    r"array|list|these|those|them|it|phrase|token)"
)
ONLY = re.compile(
    rf"(?i)\b(?:only|just|solely|merely|nothing but|"
    rf"strictly)\b(?: \w+){{0,4}}? {_THING}\b|"
    rf"\b{_THING}\b(?: \w+){{0,3}} (?:only|alone|by itself|on its own)\b|"
    r"\bnothing (?:else|more|other|besides|before|after)\b|\b(?:one|single|a single|"
    r"1) word\b|"
    r"\bno (?:\w+ )?(?:prose|explanations?|other (?:text|words?)|extra (?:text|words?)|"
    r"additional (?:text|words?)|commentary|comments?|further text|preamble|"
    r"punctuation|"
    r"chatter|text (?:before|around|after))\b|"
    r"\bwithout (?:any )?(?:\w+ )?(?:prose|explan\w+|comment\w*|other|additional|extra|"
    r"further|"
    r"preamble|text|introduc\w+|surrounding)\b|"
    r"\b(?:do not|don't|never) (?:explain|add|write any|include any|give (?:a|"
    r"any) (?:reason|"
    r"expl)|say anything|comment|elaborate|write anything)\b|\bverbatim\b|"
    rf"\b(?:bare|exact) {_THING}\b|\bmust be (?:exactly )?(?:one of|the)\b|"
    rf"\b{_SAY}\b[^.\n]{{0,30}}\b(?:exactly|precisely) (?:one of|one|as)\b|"
    rf"\b(?:reply|respond|answer|output|return)(?: with)? (?:only|just|exactly)\b"
)
_ONLY_SENTENCE = re.compile(
    r"(?i)^\W{0,6}(?:only|just) (?:(?:the|a|an|one|your) )?\w+(?: \w+)?\W{0,6}$"
)
_CHOICE_ONLY = re.compile(
    r"(?i)\b(?:choose|pick|select|use|assign|has) (?:only|just) (?:one|a)\b"
)
_SOFT = re.compile(
    rf"(?i)\b{_SAY}\b(?: \w+){{0,2}} (?:with|the|in|as|using|one|a|"
    rf"either)\b[^.\n]{{0,40}}"
    rf"\b{_THING}\b|\b(?:answer|reply|respond|say)\b(?: with)? [\"'`]?\w+[\"'`]? (?:or|"
    rf"if)\b"
)
_EXPLAIN = re.compile(
    r"(?i)\b(?:explain|justify|step[- ]by[- ]step|reason(?:ing)?|think (?:aloud|"
    r"through)|"
    r"in a (?:full|complete|friendly|polite) sentence|in full sentences|be friendly|"
    r"give (?:a|your) reasons?|show your work)\b"
)
_NEGATED = re.compile(
    r"(?i)\b(?:no|not|don't|never|without|skip|avoid)\b[^.,;\n]{0,24}$"
)
_QUOTED_PREFIX = re.compile(
    r"[\"'`\u201c]\s*([A-Za-z#][\w #]{0,24}?(?::|####|"
    r"=))\s*([^\"'`\u201d\n]{0,40})[\"'`\u201d]"
)
_BARE_PREFIX = re.compile(
    r"(?i)\b(?:form|format|line|with|like|as|by)\b:?\s+([A-Z][\w ]{0,20}:)\s*"
    r"(?:<[^>\n]+>|\[[^\]\n]+\]|\{[^}\n]+\}|X\b|\.\.\.)"
)
_PREFIX_VERB = re.compile(
    r"(?i)\b(?:end|finish|conclude|start|begin|last line|final line|first line|"
    r"prefix\w*|"
    rf"format|form|line|{_SAY})\b"
)
_REPLY_TAG = re.compile(r"<([A-Za-z][\w-]*)>[^<>\n]*</\1>")
_JSON = re.compile(r"(?i)\bjson\b")
_SKELETON = re.compile(r"\{\s*[\"']\w[\w -]*[\"']\s*:")
_NUMBER = re.compile(
    rf"(?i)\b{_SAY}\b[^.\n]{{0,30}}\b(?:numbers?|integer|digits?|numeral|count)\b"
)
_CASE = re.compile(r"(?i)\b(lower|upper)[ -]?cased?\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What the reply shall look like.

    Attributes:
        only: The bare answer is demanded, nothing around it.
        soft: The answer is asked for without saying that nothing else may come.
        json: A JSON value is demanded.
        number: A number is demanded.
        prefix: What the answer's line starts with, such as ``"Answer:"``.
        tag: The tag that the answer goes into, without brackets.
        explain: Reasons or full sentences are asked for.
        case: ``"lower"``, ``"upper"`` or empty.
        conflicts: How many demands contradict another one.
    """

    only: bool = False
    soft: bool = False
    json: bool = False
    number: bool = False
    prefix: str = ""
    tag: str = ""
    explain: bool = False
    case: str = ""
    conflicts: int = 0

    @property
    def any(self) -> bool:
        """Whether the prompt says anything at all about the form."""
        return bool(
            self.only
            or self.soft
            or self.json
            or self.number
            or self.prefix
            or self.tag
        )


def _affirmed(pattern: re.Pattern[str], text: str) -> bool:
    return any(
        not _NEGATED.search(text[max(0, match.start() - 40) : match.start()])
        for match in pattern.finditer(text)
    )


def _prefixes(parts: list[str]) -> list[str]:
    found: dict[str, str] = {}
    for part in parts:
        if _PREFIX_VERB.search(part):
            for pattern in (_QUOTED_PREFIX, _BARE_PREFIX):
                for match in pattern.finditer(part):
                    found.setdefault(match.group(1).lower(), match.group(1))
    return list(found.values())


def _tags(parts: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for part in parts:
        if _PREFIX_VERB.search(part) or re.search(
            r"(?i)\b(?:between|inside|within|tags?)\b", part
        ):
            for match in _REPLY_TAG.finditer(part):
                found.setdefault(match.group(1))
            pair = re.search(r"<([A-Za-z][\w-]*)> and </\1>", part)
            if pair:
                found.setdefault(pair.group(1))
    return list(found)


def find_demand(text: str) -> Demand:
    """Read what an instruction text demands of the reply's form."""
    # A definition such as "refund: wants only the money" demands nothing.
    parts = sentences(text)
    joined = "\n".join(parts)
    only = any(
        _ONLY_SENTENCE.match(part)
        or (
            ONLY.search(part)
            and not (_CHOICE_ONLY.search(part) and not _only_again(part))
        )
        for part in parts
    )
    json = _affirmed(_JSON, joined) or bool(_SKELETON.search(text))
    prefixes, tags = _prefixes(parts), _tags(parts)
    explain = _affirmed(_EXPLAIN, joined)
    case = _CASE.search(joined)
    conflicts = max(0, len(prefixes) - 1) + max(0, len(tags) - 1)
    conflicts += int(json and bool(prefixes)) + int(bool(prefixes) and bool(tags))
    conflicts += int(explain and only and not prefixes and not tags)
    conflicts += int(json and bool(re.search(r"(?i)\bone word\b", joined)))
    return Demand(
        only=only,
        soft=bool(_SOFT.search(joined)),
        json=json,
        number=_affirmed(_NUMBER, joined),
        prefix=prefixes[0] if prefixes else "",
        tag=tags[0] if tags else "",
        explain=explain,
        case=case.group(1).lower() if case else "",
        conflicts=conflicts,
    )


def _only_again(part: str) -> bool:
    return bool(ONLY.search(_CHOICE_ONLY.sub(" ", part)))
