"""The stand-in optimizer learns from evidence, and fails as models do."""

from __future__ import annotations

import random
import re
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.models.offline import OfflineModel
from pytest_promptopt.models.offline.demands import find_demand
from pytest_promptopt.models.offline.draft import describe, described, list_out
from pytest_promptopt.models.offline.facts import merged
from pytest_promptopt.records import Message, Request

MODEL = OfflineModel(slip=0.0)
HURRIED = "Sort the note. Labels: alpha, beta, gamma"
WORDS = {
    "alpha": "apple pear plum quince cherry fig grape melon".split(),  # noqa: SIM905
    "beta": "hammer saw nail wrench drill chisel pliers clamp".split(),  # noqa: SIM905
    "gamma": "puppy kitten foal lamb chick calf piglet cub".split(),  # noqa: SIM905
}
OUT = re.compile(r"<out>\n(.*?)\n</out>", re.DOTALL)


def notes(count: int, seed: int) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        name = rng.choice(sorted(WORDS))
        first, second = rng.sample(WORDS[name], 2)
        made.append((f"Somebody brought a {first} and a {second} along", name))
    return made


def ask(content: str, seed: int = 0) -> str:
    message = Message(role="user", content=content)
    return MODEL.reply(Request(messages=(message,), seed=seed)).text


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def request(
    attempts: list[tuple[int | None, str]],
    examples: list[tuple[str, str]],
    verb: str = "Write a new text that scores higher",
) -> str:
    parts = [f"{verb}, at most 200 words, between <out> and </out>."]
    for score, text in attempts:
        shown = "" if score is None else f"score: {score}\n"
        parts.append(f"<a>\n{shown}text:\n{indented(text)}\n</a>")
    parts += [
        f"<b>\ninput:\n  <HERE>\n  Note: {note}\nexpected: {name}\n</b>"
        for note, name in examples
    ]
    return "\n\n".join(parts)


def accuracy(text: str, cases: list[tuple[str, str]]) -> float:
    hits = 0
    for note, name in cases:
        reply = ask(f"{text}\nNote: {note}")
        hits += [entry for entry in WORDS if entry in reply] == [name]
    return hits / len(cases)


def search(
    seed: int, *, scores: bool = True, examples: bool = True, mixed: bool = False
) -> float:
    """Run a small search and return its gain on other cases."""
    rng = random.Random(seed)
    train, other = notes(40, 1), notes(60, 2)
    labels = [name for _, name in train]
    if mixed:
        rng.shuffle(labels)
    history = [(accuracy(HURRIED, train), HURRIED)]
    for step in range(4):
        best = sorted(history)[-20:]
        shown = [(round(100 * score) if scores else None, text) for score, text in best]
        drawn = rng.sample(range(40), 3) if examples else []
        content = request(shown, [(train[i][0], labels[i]) for i in drawn])
        for draw in range(6):
            found = OUT.findall(ask(content, step * 10 + draw))
            if len(found) == 1:
                history.append((accuracy(found[0], train), found[0]))
    return accuracy(max(history)[1], other) - accuracy(HURRIED, other)


@pytest.fixture(scope="module")
def gain() -> float:
    return statistics.median(search(seed) for seed in range(3))


def test_a_search_gains(gain: float) -> None:
    assert gain >= 0.15


def test_without_examples_nothing_is_learned(gain: float) -> None:
    assert statistics.median(search(s, examples=False) for s in range(3)) < gain / 2


def test_mixed_up_answers_teach_less(gain: float) -> None:
    assert statistics.median(search(s, mixed=True) for s in range(3)) < gain / 2


def test_the_reply_depends_on_the_seed_and_on_nothing_else() -> None:
    content = request([(40, HURRIED)], notes(3, 5))

    assert ask(content, 1) == ask(content, 1)
    assert len({ask(content, seed) for seed in range(20)}) > 10


def test_the_failures_have_their_shares() -> None:
    content = request([(40, HURRIED), (55, f"{HURRIED}\nOnly the label.")], notes(3, 5))
    kinds: Counter[str] = Counter()
    for seed in range(600):
        found = OUT.findall(ask(content, seed))
        if len(found) != 1 or not found[0].strip():
            kinds["malformed"] += 1
        elif " ".join(re.findall(r"\w+", found[0].lower().replace("please", ""))) in (
            " ".join(re.findall(r"\w+", text.lower()))
            for text in (HURRIED, f"{HURRIED}\nOnly the label.")
        ):
            kinds["same"] += 1

    assert 6 <= kinds["malformed"] <= 36
    assert 60 <= kinds["same"] <= 140


def test_the_bare_answer_is_demanded_if_examples_show_labels() -> None:
    content = request([(0, HURRIED)], notes(3, 5))

    texts = [text for seed in range(20) for text in OUT.findall(ask(content, seed))]

    assert sum(find_demand(text).only for text in texts) >= 8


def test_better_texts_are_built_on() -> None:
    good, poor = f"{HURRIED}\nThe good one.", f"{HURRIED}\nThe poor one."
    replies = [
        ask(request([(20, poor), (90, good)], notes(3, 5)), s) for s in range(60)
    ]
    blind = [
        ask(request([(None, poor), (None, good)], notes(3, 5)), s) for s in range(60)
    ]

    assert sum("poor" in reply for reply in replies) < 12
    assert sum("poor" in reply for reply in blind) > 15


def test_keys_and_kinds_are_learned_from_objects() -> None:
    examples = [
        (
            f"Send {count} kites to {name}",
            f'{{"count": {count}, "to": "{name}", "by": null}}',
        )
        for count, name in [(3, "Ann"), (12, "Bo"), (7, "Cy")]
    ]
    start = "Extract count, to and by as JSON."
    content = request([(10, start)], examples)

    texts = [text for seed in range(20) for text in OUT.findall(ask(content, seed))]
    learned = [described(text, ("count", "to", "by")) for text in texts]

    assert any("a whole number" in table.get("count", ()) for table in learned)
    assert any("null if absent" in table.get("by", ()) for table in learned)


def test_objects_that_do_not_fit_their_inputs_teach_nothing() -> None:
    examples = [
        (f"Send {count} kites", f'{{"count": {count + 1}, "to": "Zed"}}')
        for count in (3, 7, 5)
    ]
    content = request([(10, "Extract count and to as JSON.")], examples)

    assert not any("- count" in ask(content, seed) for seed in range(20))


def test_the_word_limit_is_kept() -> None:
    told = f"Sort the note. Labels:\n- alpha: {', '.join(WORDS['alpha'])}\n- beta: saw"
    content = request([(40, told)], notes(3, 5)).replace("200 words", "20 words")

    for seed in range(20):
        for text in OUT.findall(ask(content, seed)):
            assert len(text.split()) <= 20 or text.strip(".") == told


@pytest.mark.parametrize("seed", range(12))
def test_template_parts_survive(seed: int) -> None:
    parts = ["{{ note }}", "{% if hint %}", "{{ hint }}", "{% endif %}", "{# why #}"]
    text = (
        "{# why #}\nSort the note. Labels: alpha, beta, gamma. Only the label.\n"
        "{% if hint %}\n- {{ hint }}\n{% endif %}\n\nNote: {{ note }}"
    )

    for fresh in OUT.findall(ask(request([(40, text)], notes(3, 5)), seed)):
        assert sorted(re.findall(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", fresh)) == sorted(
            parts
        )
        assert fresh.rstrip(".").endswith("Note: {{ note }}")


def test_no_long_run_of_an_example_is_quoted() -> None:
    note = "purple dragons devour enormous marble castles beside frozen silver lakes"
    content = request([(40, HURRIED)], [(note, "alpha")] * 3)
    words = note.split()
    runs = {" ".join(words[at : at + 5]) for at in range(len(words) - 4)}

    for seed in range(40):
        told = " ".join(re.findall(r"\w+", ask(content, seed).lower()))
        assert not any(run in told for run in runs)


def test_two_texts_are_merged() -> None:
    one = (
        "Sort the note. Labels:\n- alpha: apple, pear\n- beta\n- gamma\nOnly the label."
    )
    two = "Sort the note. Labels:\n- alpha\n- beta: saw, nail\n- gamma\nOnly the label."
    content = request([(None, one), (None, two)], [], "Merge the two texts into one")

    replies = [ask(content, seed) for seed in range(20)]

    assert any("apple" in reply and "nail" in reply for reply in replies)


def test_an_explanation_names_words_that_a_later_rewrite_takes_up() -> None:
    shown = [("A quince fell", "alpha")]
    why = ask(request([(None, HURRIED)], shown, "Explain why the text fails"), 1)
    content = request(
        [(None, f"{HURRIED}. Only the label.")], [], f"{why}\n\nRewrite the text"
    )

    assert "'alpha': mind words such as " in why
    assert any("quince" in "".join(OUT.findall(ask(content, s))) for s in range(20))


def test_the_best_of_several_texts_is_chosen_mostly() -> None:
    content = request(
        [(20, "A"), (90, "B"), (40, "C")], [], "Choose the best: its number"
    )

    chosen = Counter(ask(content, seed) for seed in range(40))

    assert sum(count for reply, count in chosen.items() if "2" in reply) >= 24


def test_a_blank_is_filled_from_examples() -> None:
    content = (
        "Fill in the blank with the instruction, between <out> and </out>.\n\n"
        "<c>\ntext: ____\n</c>\n\n" + request([], notes(3, 5)).split("\n\n", 1)[1]
    )

    filled = [text for seed in range(10) for text in OUT.findall(ask(content, seed))]

    assert all("____" not in text for text in filled)
    assert any("Labels:" in text for text in filled)


def test_lists_in_a_sentence_become_entries() -> None:
    text = "Sort into one of: alpha, beta or gamma. Only the label."

    listed = list_out(text, ("alpha", "beta", "gamma"))

    assert listed == "Sort into one of:\n- alpha\n- beta\n- gamma\nOnly the label."
    assert described(listed, ("beta",)) == {"beta": ()}
    assert "- beta: saw, nail" in describe(listed, "beta", ("saw", "nail"))


def test_facts_that_list_something_grow() -> None:
    notes_ = merged(["one of: low", "null if absent"], "one of: high (fire)")

    assert notes_ == ["one of: low, high (fire)", "null if absent"]
    assert merged(notes_, "null if absent") == notes_


@given(st.text(max_size=200), st.text(max_size=60), st.integers(0, 10**9))
def test_any_evidence_is_answered(text: str, expected: str, seed: int) -> None:
    plain = " ".join(expected.split()) or "x"

    assert isinstance(ask(request([(3, text)], [(text, plain)]), seed), str)
