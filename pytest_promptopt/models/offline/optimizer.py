"""Answering an optimizer request: the six verbs, and the ways a reply goes wrong."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.draft import describe, described, has_demand
from pytest_promptopt.models.offline.evidence import BLANK, Attempt, Evidence
from pytest_promptopt.models.offline.explaining import explanation
from pytest_promptopt.models.offline.instructions import read_instructions
from pytest_promptopt.models.offline.rewriting import (
    Knowledge,
    choose_base,
    improved,
    learn,
    rewrite,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MALFORMED_SHARE = 0.03


def optimizer_reply(evidence: Evidence, *, key: str) -> str:
    """Answer an optimizer request.

    Args:
        evidence: The request, read.
        key: Stands for messages and seed; decides everything that is left to luck.
    """
    rng = random.Random(key)  # noqa: S311 - repeatable luck is the purpose
    body = _body(evidence, rng)
    if rng.random() < MALFORMED_SHARE:
        return _malformed(body, evidence.reply_tag, rng)
    return _tagged(body, evidence.reply_tag, rng)


def _body(evidence: Evidence, rng: random.Random) -> str:
    if evidence.verb == "explain":
        return explanation(evidence, rng)
    if evidence.verb == "choose":
        return _chosen(evidence, rng)
    if evidence.verb == "fill":
        return _filled(evidence, rng)
    if evidence.verb == "merge":
        return _merged(evidence, rng)
    if evidence.verb == "rewrite" and len(evidence.currents) == 1:
        return rewrite(evidence.currents[0], evidence, rng)
    pool = evidence.attempts or tuple(Attempt(text=text) for text in evidence.currents)
    return rewrite(choose_base(pool, rng), evidence, rng)


def _merged(evidence: Evidence, rng: random.Random) -> str:
    """Build on one of the texts and let the others give what it lacks."""
    pool = [*evidence.attempts, *(Attempt(text=text) for text in evidence.currents)]
    base = choose_base(pool, rng)
    text = rewrite(base, evidence, rng)
    return _crossed(text, learn(evidence), rng, evidence.word_limit)


def _crossed(text: str, known: Knowledge, rng: random.Random, limit: int | None) -> str:
    own = described(text, known.names)
    for name, notes in known.notes.items():
        if name in own and not own[name] and notes and rng.random() < 0.8:
            text = describe(text, name, [note for note in notes if rng.random() < 0.8])
    return within(text, known, limit)


def _filled(evidence: Evidence, rng: random.Random) -> str:
    """Write what stands in the blank, from the examples alone."""
    known = learn(evidence)
    holders = [text for text in evidence.texts if BLANK.search(text)]
    base = "" if holders or not evidence.texts else choose_base(known.attempts, rng)
    text = improved(base, known, rng)
    return within(text, known, evidence.word_limit)


def _chosen(evidence: Evidence, rng: random.Random) -> str:
    """Name the number of the best text, now and then of another one."""
    pool = [*evidence.attempts, *(Attempt(text=text) for text in evidence.currents)]
    if not pool:
        return "1"
    order = sorted(range(len(pool)), key=lambda index: -_promise(pool[index], pool))
    place = 1 if rng.random() < 0.2 and len(order) > 1 else 0
    if re.search(r"(?i)\b(?:number|which one|which of|index)\b", evidence.prose):
        return str(order[place] + 1)
    return pool[order[place]].text


def _promise(attempt: Attempt, pool: Sequence[Attempt]) -> float:
    if any(entry.score is not None for entry in pool):
        return float(attempt.score or 0)
    names = {name for entry in pool for name in _known_names(entry.text)}
    table = described(attempt.text, tuple(sorted(names)))
    return 2.0 * has_demand(attempt.text) + sum(bool(notes) for notes in table.values())


def _known_names(text: str) -> list[str]:
    return [answer.name for answer in read_instructions(text).answers]


def _tagged(body: str, tag: str, rng: random.Random) -> str:
    if not tag:
        return body
    opener = ("", "", "Here is my answer.\n\n", "I kept what worked.\n\n")
    return f"{opener[int(rng.random() * 4)]}<{tag}>\n{body}\n</{tag}>"


def _malformed(body: str, tag: str, rng: random.Random) -> str:
    """Break the reply in one of the ways that real models do."""
    if not tag:
        return ""
    luck = rng.random()
    if luck < 0.3:
        return body
    if luck < 0.6:
        return f"<{tag}>\n{body}\n</{tag}>\n\n<{tag}>\n{body.upper()}\n</{tag}>"
    if luck < 0.8:
        return f"<{tag}>\n\n</{tag}>"
    return f"<{tag}>\n{body}"
