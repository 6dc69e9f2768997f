"""What a line of a prompt is: an instruction, a list entry, a heading or a cue."""

from __future__ import annotations

import re
from functools import lru_cache

from pytest_promptopt.models.offline.demands import ONLY

LIST_ITEM = re.compile(r"^\s*(?:[-*\u2022+\u2013]|\(?\d{1,2}[.)]|[a-z]\))\s+(?=\S)")


OPTION_LINE = re.compile(r"^\s*(?:\(([A-Z]|\d)\)|([A-H])[.)])\s+\S")


_IMPERATIVE = re.compile(
    r"(?i)^\W{0,6}(?:then|next|first|finally|also|now|always|never|only|please|just|and|or|"
    r"your (?:task|job|goal)|you (?:are|will|must|should|have to|need to)|the (?:task|"
    r"goal|answer|reply|output)|for each|do not|don't|make sure|be sure|if in doubt|"
    r"given)?\W{0,6}\s*\b"
    r"(?:classif\w+|sort|categori[sz]e|label|tag|route|assign|decide|determine|"
    r"identify|"
    r"extract|pick|choose|select|return|reply|respond|answer|output|write|give|print|"
    r"produce|read|use|judge|rate|detect|find|pull|list|fill|state|say|name|tell|mark|"
    r"put|map|convert|parse|turn|think|consider|ignore|base|include|keep|copy|treat|"
    r"prefer|match|look|focus|work|triage|predict|analy[sz]e|complete|follow|go|check|"
    r"summari[sz]e|translate|quote|leave|omit|set|write|end|start|begin|count)\b"
)


_ABOUT = re.compile(
    r"(?i)\b(?:labels?|categor(?:y|ies)|class(?:es)?|json|keys|fields|intents?|"
    r"(?:the|this|each|every|following|above|below|customer'?s?|user'?s?|given|a|an) "
    r"(?:\w+ ){0,2}"
    r"(?:message|ticket|text|mails?|e-?mails?|input|question|sentence|review|document|"
    r"request|query|utterance|comment|post|tweet|passage|article|paragraph|note|"
    r"conversation|transcript|report|order|customer|user|label|answer|option|choice))\b"
)


_FORMAT = re.compile(
    r"(?i)\bone of\b|\bonly\b.{0,40}\b(?:label|category|name|word|answer|json|letter|"
    r"number|option|class)|\bnothing else\b|\bno (?:prose|explanation|other|extra)\b|"
    r"\b(?:valid|a|single|as|in|of|only|the) json\b|\byes or no\b|\btrue or false\b|"
    r"^\W{0,6}(?:labels?|categories|classes|options|intents?|answers|choices|keys|fields|"
    r"rules|notes|guidelines|hints?|definitions?|instructions?|task|output|format|"
    r"examples?|allowed \w+|possible \w+|output format|steps)\b[^:]{0,30}:"
)


HEAD_WORDS = re.compile(
    r"(?i)\b(?:labels?|categor(?:y|ies)|class(?:es)?|options?|choices?|answers?|keys?|"
    r"fields?|rules?|notes?|hints?|guidelines?|definitions?|instructions?|examples?|"
    r"format|intents?|meanings?|task|following|these|values?|output|steps?)\b"
)


DEFINITION = re.compile(
    r"^\s*[\"'`*]*[\w][\w &/'-]{0,40}[\"'`*]*\s*(?::|=|->| - | \u2014 | \u2013 )\s*\S"
)


STANDING_RULE = re.compile(
    r"(?i)^\W{0,6}(?:always|never|do not|don't|make sure|be sure|"
    r"you (?:must|should|may)|"
    r"remember|keep in mind|go by|take your time|avoid|beware|note that)\b"
)


CONTAINER_CUE = re.compile(
    r"(?i)^\W{0,6}(?:this is (?:the|a) |here is (?:the|a) |the |customer |user |"
    r"new )?(?:message|text|input|ticket|e-?mail|mail|question|"
    r"review|sentence|document|comment|post|request|query|case|utterance|passage|"
    r"article|"
    r"transcript|conversation|note|q|content|body)(?:\W{0,6}:|\s*#*$)"
)


_QUESTION = re.compile(
    r"(?i)^\W{0,6}(?:is|are|does|do|did|was|which|what|who|how|should|can|has|have)\b.*\?"
)


HEADING = re.compile(r"^\s*#{1,6}\s+\S")


STRONG = 2


# A longer line is an input pasted in one piece; its end is not read.
_LONGEST = 2000


@lru_cache(maxsize=16384)
def states_form(line: str) -> bool:
    """Whether a line says what form the answer has: the surest mark of a task."""
    line = line[:_LONGEST]
    return bool(_FORMAT.search(line) or ONLY.search(line)) or bool(
        re.match(r"(?i)^\W{0,6}(?:end|finish|conclude)\b.*[\"'`<]", line)
    )


@lru_cache(maxsize=16384)
def instruction_strength(line: str) -> int:
    """Say how much a line talks about a text instead of being one, from 0 to 5."""
    line = line[:_LONGEST]
    if not line.strip():
        return 0
    strength = 2 if states_form(line) else 0
    if _IMPERATIVE.match(line) or _QUESTION.match(line):
        strength += 1
    if _ABOUT.search(line):
        strength += 1
    return strength + (1 if re.search(r'\{\s*"\w+"\s*:', line) else 0)


@lru_cache(maxsize=16384)
def is_list_line(line: str) -> bool:
    """Whether a line is an entry of a list, lettered options excepted."""
    return bool(LIST_ITEM.match(line) and not OPTION_LINE.match(line))


@lru_cache(maxsize=16384)
def is_head(line: str) -> bool:
    """Whether a line announces a list, such as ``Labels:`` or ``Use one of:``."""
    text = line.strip().rstrip("*#: ")
    announces = (line.rstrip("*# ").endswith(":") or HEADING.match(line)) and text
    return bool(announces) and (
        bool(HEAD_WORDS.search(text)) or instruction_strength(line) >= STRONG
    )
