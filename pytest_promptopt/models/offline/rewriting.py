"""New texts from old ones: what the offline model does when it plays the optimizer.

It is meant to be as unreliable as a language model: some rewrites add what examples and
scores teach, some change nothing, many do harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.draft import (
    describe,
    described,
    has_demand,
    insert,
    list_out,
    trimmed,
)
from pytest_promptopt.models.offline.evidence import Attempt, Evidence
from pytest_promptopt.models.offline.explaining import hints
from pytest_promptopt.models.offline.facts import expected_keys, fits, key_facts, merged
from pytest_promptopt.models.offline.instructions import read_instructions
from pytest_promptopt.models.offline.labelling import rank
from pytest_promptopt.models.offline.lessons import (
    Kind,
    Lesson,
    answer_kind,
    lessons,
    same_name,
    telling_words,
)
from pytest_promptopt.models.offline.phrasing import paraphrased, retouched
from pytest_promptopt.models.offline.spoiling import spoiled
from pytest_promptopt.models.offline.text import (
    all_stems,
    fold,
    name_stems,
    stem,
    words,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

SPOILED_SHARE = 0.22
NO_OP_SHARE = 0.15
# Notes an answer's description may have before old ones give way.
MOST_NOTES = 20
DEMANDS = {
    "label": (
        "Answer with only the label, nothing else.",
        "Reply with exactly one of the labels and no other text.",
        "Return the label only, without any explanation.",
        "Output just the label.",
    ),
    "letter": (
        "Reply with only the letter of the right option, in brackets.",
        "Answer with the letter in brackets and nothing else.",
    ),
    "number": (
        "Reply with only the number.",
        "Return the number and nothing else.",
    ),
    "text": (
        "Reply with the answer only, without any explanation.",
        "Give just the answer and nothing else.",
    ),
}
KEY_HEADS = (
    "Return only a JSON object with exactly these keys, no other text:",
    "Reply with only JSON, nothing else. Use exactly these keys:",
    "Output just one JSON object with the following keys, no prose:",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What the evidence says, weighed once per request.

    Attributes:
        kind: What kind of answer is expected.
        lessons: The examples.
        attempts: The texts with scores; those without have ``score=None``.
        names: The answers that texts and examples name; for JSON the expected keys.
        notes: For each name, every note that some text gives it, with its worth: how
            much better texts with it score, in points, drawn towards 0.
        hints: Answers with words to mind, from an explanation given earlier.
    """

    kind: Kind
    lessons: tuple[Lesson, ...]
    attempts: tuple[Attempt, ...]
    names: tuple[str, ...]
    notes: Mapping[str, Mapping[str, float]]
    hints: tuple[tuple[str, str], ...] = ()


def learn(evidence: Evidence) -> Knowledge:
    """Weigh the evidence of a request."""
    kind = answer_kind(evidence.examples)
    shown = tuple(lessons(evidence.examples))
    if kind == "json":
        shown = tuple(lesson for lesson in shown if fits(lesson))
    attempts = evidence.attempts + tuple(
        Attempt(text=text) for text in evidence.currents
    )
    names: dict[str, str] = {}
    for attempt in reversed(attempts):
        told = read_instructions(attempt.text)
        for name in (*(a.name for a in told.answers), *(k.name for k in told.keys)):
            names.setdefault(fold(name), name)
    if kind == "json":
        names = {fold(name): name for name in expected_keys(shown)}
    if kind == "label":
        for lesson in shown:
            names.setdefault(fold(lesson.expected), lesson.expected)
    listed = tuple(names.values())
    return Knowledge(
        kind=kind,
        lessons=shown,
        attempts=attempts,
        names=listed,
        notes=_note_worth(attempts, listed),
        hints=tuple(hints(evidence)),
    )


def _note_worth(
    attempts: Sequence[Attempt], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Weigh every note by the scores of the texts with and without it."""
    tables = [described(attempt.text, names) for attempt in attempts]
    scored = [
        (table, attempt.score)
        for table, attempt in zip(tables, attempts, strict=True)
        if attempt.score is not None
    ]
    worth: dict[str, dict[str, float]] = {name: {} for name in names}
    for name in names:
        for table in tables:
            for note in table.get(name, ()):
                if note not in worth[name]:
                    worth[name][note] = _difference(scored, name, note)
    return worth


def _difference(
    scored: Sequence[tuple[Mapping[str, Sequence[str]], int]], name: str, note: str
) -> float:
    inside = [score for table, score in scored if note in table.get(name, ())]
    outside = [score for table, score in scored if note not in table.get(name, ())]
    if not inside or not outside:
        return 0.0
    gap = sum(inside) / len(inside) - sum(outside) / len(outside)
    fewer = min(len(inside), len(outside))
    return gap * fewer / (fewer + 2.0)


def choose_base(attempts: Sequence[Attempt], rng: random.Random) -> str:
    """Pick the text to build on: the best of a few, if the scores are shown."""
    if not attempts:
        return ""
    drawn = [attempts[int(rng.random() * len(attempts))] for _ in range(4)]
    best = max(drawn, key=lambda attempt: attempt.score or 0)
    return best.text


def rewrite(base: str, evidence: Evidence, rng: random.Random) -> str:
    """Write one text from an old one and the evidence: better, worse or the same."""
    known = learn(evidence)
    fate = rng.random()
    if fate < NO_OP_SHARE and base:
        return retouched(base, rng)
    if fate < NO_OP_SHARE + SPOILED_SHARE and base:
        text = spoiled(base, known.names, known.lessons, rng)
    elif known.kind == "" and not known.attempts:
        text = paraphrased(base, rng)
    else:
        text = improved(base, known, rng)
    text = within(text, known, evidence.word_limit)
    too_long = evidence.word_limit and len(text.split()) > evidence.word_limit
    return base if too_long and base else text


def within(text: str, known: Knowledge, limit: int | None) -> str:
    """Keep a text inside the word limit by shortening its descriptions."""
    if limit is None or len(text.split()) <= limit:
        return text
    return trimmed(text, described(text, known.names), limit)


def improved(base: str, known: Knowledge, rng: random.Random) -> str:
    """Add what the evidence teaches to a text."""
    text = base or "Read the text and decide which answer fits it."
    if known.kind == "label":
        text = _with_names(text, known)
    if known.kind in DEMANDS and not has_demand(text) and rng.random() < 0.85:
        options = DEMANDS[known.kind]
        text = insert(text, options[int(rng.random() * len(options))])
    if known.kind == "label" or known.hints:
        text = _with_notes(text, known, rng)
    if known.kind == "json" and known.names:
        text = _with_keys(text, known, rng)
    if text == base or rng.random() < 0.15:
        text = paraphrased(text, rng)
    return text


def _with_names(text: str, known: Knowledge) -> str:
    """Name the answers that examples expect and the text leaves out."""
    present = [answer.name for answer in read_instructions(text).answers]
    if not present:
        return insert(
            text, "\n".join(["Labels:", *(f"- {name}" for name in known.names)])
        )
    listed = described(text, present)
    for lesson in known.lessons:
        if listed and not any(same_name(name, lesson.expected) for name in present):
            text = describe(text, lesson.expected, ())
            present.append(lesson.expected)
    return text


def _spelled(name: str, names: Sequence[str]) -> str:
    return next((known for known in names if same_name(known, name)), name)


def _with_notes(text: str, known: Knowledge, rng: random.Random) -> str:
    """Extend the descriptions by what examples and other texts say."""
    names = [answer.name for answer in read_instructions(text).answers]
    text = list_out(text, names)
    notes = {name: list(own) for name, own in described(text, names).items()}
    before = {name: tuple(own) for name, own in notes.items()}
    _learn_words(text, known, names, notes, rng)
    for name, word in known.hints:
        if any(same_name(name, entry) for entry in names) and rng.random() < 0.7:
            own = notes.setdefault(_spelled(name, names), [])
            own += [word] if word not in own else []
    _borrow_notes(known, names, notes, rng)
    for name, own in notes.items():
        while len(own) > MOST_NOTES:
            own.remove(
                min(own, key=lambda note: known.notes.get(name, {}).get(note, 0.1))
            )
        if tuple(own) != before.get(name, ()):
            text = describe(text, name, own)
    return text


def _learn_words(
    text: str,
    known: Knowledge,
    names: Sequence[str],
    notes: dict[str, list[str]],
    rng: random.Random,
) -> None:
    """Add telling words of the examples, rather of those that the text gets wrong."""
    told = read_instructions(text)
    for lesson in known.lessons:
        name = _spelled(lesson.expected, names)
        luck, count = rng.random(), 3 + int(rng.random() * 4)
        if name not in names or not told.answers:
            continue
        _reconsider(lesson, name, notes, rng)
        seen = [False] * len(told.answers)
        first = rank(lesson.data, told.answers, (), overlooked=seen, key="guess")[0]
        is_clear = told.answers[first].name == name
        if lesson.got:
            is_clear = fold(name) in fold(lesson.got)
        if luck > (0.5 if is_clear else 0.9):
            continue
        taken = {key: tuple(own) for key, own in notes.items()}
        found = telling_words(lesson, name, taken, rng, count=count)
        if found:
            own = notes.setdefault(name, [])
            telling = [word for word in found if stem(word) in name_stems(name)]
            own[:0] = telling
            own.extend(word for word in found if word not in telling)


def _reconsider(
    lesson: Lesson, name: str, notes: dict[str, list[str]], rng: random.Random
) -> None:
    """Hold single words against an example: confirmed ones move up, refuted ones go."""
    present = all_stems(lesson.data)
    for other, own in notes.items():
        for note in [entry for entry in own if len(words(entry)) == 1]:
            if stem(words(note)[0]) not in present:
                continue
            luck = rng.random()
            if other == name and luck < 0.7:
                own.remove(note)
                own.insert(0, note)
            elif (
                other != name
                and luck < 0.5
                and stem(words(note)[0]) not in name_stems(other)
            ):
                own.remove(note)


def _borrow_notes(
    known: Knowledge,
    names: Sequence[str],
    notes: dict[str, list[str]],
    rng: random.Random,
) -> None:
    """Take over notes that better texts have; drop those that worse texts have."""
    for name in names:
        own = notes.get(name, [])
        for note, worth in known.notes.get(name, {}).items():
            luck = rng.random()
            if note in own and worth < -0.5 and luck < 0.5:
                own.remove(note)
            elif note not in own and worth > 0.3 and luck < 0.6:
                notes[name] = merged(own, note)
                own = notes[name]


def _with_keys(text: str, known: Knowledge, rng: random.Random) -> str:
    """List the expected keys and say of each what the examples show."""
    if not has_demand(text) or len(described(text, known.names)) < 2:
        text = _with_key_list(text, known, rng)
    if len(described(text, known.names)) < 2:
        return text
    notes = {name: list(own) for name, own in described(text, known.names).items()}
    before = {name: tuple(own) for name, own in notes.items()}
    for name in known.names:
        for fact in key_facts(name, known.lessons, rng):
            if rng.random() < 0.75:
                notes[name] = merged(notes.get(name, []), fact)
    _borrow_notes(known, known.names, notes, rng)
    for name, own in notes.items():
        if tuple(own) != before.get(name, ()):
            text = describe(text, name, own)
    return text


def _with_key_list(text: str, known: Knowledge, rng: random.Random) -> str:
    luck = rng.random()
    if luck < 0.1:
        return text
    listed = bool(described(text, known.names))
    head = KEY_HEADS[int(rng.random() * len(KEY_HEADS))]
    if listed:
        return insert(text, "Return only the JSON object, nothing else.")
    return insert(text, "\n".join([head, *(f"- {name}" for name in known.names)]))
