"""One scripted optimizer model for every strategy and baseline of the benchmark.

It sees the text of the messages and nothing else, and knows no strategy. It reads the
evidence grammar in any order and uses what is there as a middling model does: it
builds on better attempts, mends what failures complain about, merges parents, fills
blanks; and it fails: 3 % of its replies are malformed, 15 % change nothing, and 40 %
are careless rewrites, which are worse more often than not. Without evidence it can
only paraphrase, and its paraphrases drift.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from instruction_language import TOPICS, WAFFLE, Complaint, Instruction, sentences
from optimizer_knowledge import (
    Knowledge,
    additions,
    best_of,
    learn,
    removals,
    told_by,
)
from rewording import crossed, in_stages, reworded, stage_tags, with_, without

from pytest_promptopt.models.offline.evidence import Evidence, read_evidence
from pytest_promptopt.records import Completion, Usage

if TYPE_CHECKING:
    from pytest_promptopt.records import Request

MALFORMED, UNCHANGED, CARELESS = 0.03, 0.15, 0.40
"""Shares of the replies that go wrong."""

DRIFT = 0.5
"""How often a paraphrase means something else."""

WORDS_EACH = 5
"""Words that one more instruction takes, at most."""

OPENING = "Answer the request."

_TAGS = re.compile(r"<([A-Za-z][\w.-]*)>[^<>\n]*</\1>")
_EDITS = re.compile(
    r"(?i)\b(\d+) changed words|\bchang\w+ (?:at most|no more than|up to) (\d+) words"
)


def optimizer_reply(request: Request) -> Completion:
    """Answer a request: a pure function of its messages and its seed."""
    content = "\n".join(message.content for message in request.messages)
    key = hashlib.blake2b(f"{content}\x1f{request.seed}".encode(), digest_size=16)
    random = Random(key.hexdigest())
    text = _reply(*_understood(content), random)
    return Completion(
        text=text,
        model="scripted",
        usage=Usage(
            prompt_tokens=len(content.split()), completion_tokens=len(text.split())
        ),
    )


@lru_cache(maxsize=64)
def _understood(content: str) -> tuple[Evidence, Knowledge]:
    """Read a request; most are sent several times."""
    evidence = read_evidence(content) or Evidence()
    return evidence, learn(evidence)


def _reply(evidence: Evidence, known: Knowledge, random: Random) -> str:
    *before, tag = dict.fromkeys(_TAGS.findall(evidence.prose)) or [evidence.reply_tag]
    if evidence.verb == "explain":
        body = _explanation(evidence, known, random)
    elif evidence.verb == "choose":
        body = _choice(evidence, random)
    else:
        stages, text = _text(evidence, known, random)
        body = _within(text, evidence.word_limit)
        if random.random() < MALFORMED:
            return _malformed(body, tag, random)
        # What is asked for before the text is an explanation.
        told = {name: _explanation(evidence, known, random) for name in before}
        return "".join(
            f"<{name}>\n{shown}\n</{name}>\n"
            for name, shown in {**told, **stages, tag: body}.items()
        )
    return f"<{tag}>\n{body}\n</{tag}>" if tag else body


def _malformed(body: str, tag: str, random: Random) -> str:
    """Break the reply in one of the ways that models do."""
    whole = f"<{tag}>\n{body}\n</{tag}>"
    return random.choice(
        [body, f"{whole}\n\n{whole}", f"<{tag}>\n</{tag}>", f"<{tag}>\n{body}", ""]
    )


def _text(
    evidence: Evidence, known: Knowledge, random: Random
) -> tuple[dict[str, str], str]:
    """Write a text: as the evidence suggests, or carelessly, or the old one.

    Returns:
        The stages that were asked for, by their tags, and the text.
    """
    base = _base(evidence, random)
    tags = stage_tags(evidence.prose)
    fate = random.random()
    if fate < UNCHANGED and base:
        return {}, base if random.random() < 0.5 else reworded(base, random)
    stages: dict[str, str] = {}
    if tags and len(evidence.texts) > 1:
        stages, text = in_stages(tags, evidence.texts, random)
    elif evidence.verb == "merge" and len(evidence.texts) > 1:
        text = _mended(crossed(evidence.texts, random), evidence, known, random)
    elif base and known.empty:
        text = _drifted(reworded(base, random), random)
    elif base and fate < UNCHANGED + CARELESS:
        return {}, _careless(base, random)
    else:
        return {}, _mended(base, evidence, known, random)
    return stages, _careless(text, random) if fate < UNCHANGED + CARELESS else text


def _base(evidence: Evidence, random: Random) -> str:
    """Pick the text to build on; without one, it is written from the examples."""
    if evidence.verb == "fill":
        return ""
    if evidence.currents:
        return random.choice(evidence.currents)
    return best_of(evidence.attempts, random) if evidence.attempts else ""


def _mended(text: str, evidence: Evidence, known: Knowledge, random: Random) -> str:
    """Do what the evidence suggests, as far as the number of edits allows."""
    poor, good = removals(text, known, random), additions(text, known, random)
    limit = _EDITS.search(evidence.prose)
    if limit is not None:
        most = int(limit.group(1) or limit.group(2)) // WORDS_EACH
        poor = poor[: most // 2]
        good = good[: most - len(poor)]
    changed = with_(without(text, poor) or OPENING, good, random)
    if not text and random.random() < CARELESS:
        return _careless(changed, random)
    return changed


def _careless(text: str, random: Random) -> str:
    """Change something without looking at the evidence."""
    told = told_by(text)
    luck = random.random()
    if told and luck < 0.35:
        return without(text, [random.choice(told)])
    if told and luck < 0.5:
        turned = random.choice(told)
        return with_(without(text, [turned]), [turned.opposite], random)
    if luck < 0.85:
        return with_(text, [_fancy(random)], random)
    return " ".join([text.strip(), *random.sample(WAFFLE, 2)])


def _drifted(text: str, random: Random) -> str:
    return _careless(text, random) if random.random() < DRIFT else text


def _fancy(random: Random) -> Instruction:
    return Instruction(random.choice(TOPICS), random.random() < 0.6)


def _within(text: str, limit: int | None) -> str:
    """Shorten a text to so many words, from its end."""
    parts = sentences(text)
    while limit is not None and len(parts) > 1:
        if sum(len(part.split()) for part in parts) <= limit:
            break
        parts.pop()
    return " ".join(parts) or OPENING


def _explanation(evidence: Evidence, known: Knowledge, random: Random) -> str:
    """Say what is wrong with the replies, as far as it can be seen."""
    base = _base(evidence, random)
    missing = additions(base, known, random, most=4)
    said = [
        Complaint("lacks" if entry.wanted else "has", entry.topic) for entry in missing
    ]
    said += [Complaint("spoilt", topic) for topic in sorted(known.unwanted)]
    shown = [f"Often {complaint}." for complaint in said]
    return " ".join(shown) or "The replies are not careful enough."


def _choice(evidence: Evidence, random: Random) -> str:
    pool = [*evidence.attempts]
    if not pool:
        return str(1 + random.randrange(max(1, len(evidence.currents))))
    order = sorted(range(len(pool)), key=lambda at: -(pool[at].score or 0))
    return str(1 + order[1 if random.random() < 0.2 and len(order) > 1 else 0])
