"""The scripted optimizer needs its evidence, and scrambling takes it away."""

from __future__ import annotations

import importlib
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.optimize import Complete, Evaluate, NextStep
from pytest_promptopt.optimize.registry import BUILT_IN
from pytest_promptopt.records import Candidate, Message, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize import Moves, Task

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DRAWS = 200
ASK = "Rewrite the text so that more come out right. Put it between <t> and </t>."

pytestmark = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="a source distribution has no benchmarks"
)


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


def module(name: str) -> Any:
    return importlib.import_module(name)


def replies(content: str, count: int = DRAWS) -> list[str]:
    reply = module("scripted_optimizer").optimizer_reply
    message = Message(role="user", content=content)
    return [
        reply(Request(messages=(message,), seed=seed)).text for seed in range(count)
    ]


def texts(content: str) -> list[str]:
    found = [
        re.findall(r"<t>\n(.*?)\n</t>", told, re.DOTALL) for told in replies(content)
    ]
    return [each[0] for each in found if len(each) == 1]


def block(tag: str, **fields: str) -> str:
    lines = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return f"<{tag}>\n{lines}\n</{tag}>"


def mean_worth(blocks: Sequence[str], kind: str = "plain", seed: int = 0) -> float:
    """Return the mean worth of what is answered to some evidence."""
    landscape = module("terrains").charted(kind, seed)
    worth = module("landscapes").worth
    found = texts("\n\n".join([*blocks, ASK]))
    total: float = sum(worth(landscape, Candidate(texts={"p": text})) for text in found)
    return total / len(found)


def failures(seed: int = 0, *, without: str = "") -> list[str]:
    """Show failures of the start on a landscape, with or without one of the fields."""
    landscape = module("terrains").charted("plain", seed)
    start = Candidate(texts={"p": "Answer the request."})
    shown = []
    for number, case in enumerate(landscape.cases[:6]):
        fields = {
            "input": str(case.inputs["request"]),
            "expected": str(case.expected),
            "got": "Answer spoilt",
            "why": landscape.blame(start, number, 0.99),
        }
        fields.pop(without, None)
        shown.append(block("example", **fields))
    return [block("current", text="Answer the request."), *shown]


def attempts(*, scores: str) -> list[str]:
    """Show attempts, some of which say what many cases need, with their scores."""
    landscape = module("terrains").charted("plain", 0)
    worth = module("landscapes").worth
    luck = random.Random(3)
    needs = sorted({need for hidden in landscape.hidden for need in hidden.needs})
    written = []
    for _ in range(12):
        said = [need if luck.random() < 0.5 else need.opposite for need in needs[:5]]
        text = " ".join(
            f"{'Keep' if s.wanted else 'Omit'} the {s.topic}." for s in said
        )
        score = round(100 * worth(landscape, Candidate(texts={"p": text})))
        written.append((text, score))
    order = [score for _, score in written]
    if scores == "shuffled":
        luck.shuffle(order)
    return [
        block("attempt", score=str(score), text=text)
        for (text, _), score in zip(written, order, strict=True)
    ]


def test_the_optimizer_makes_more_of_failures_whose_reasons_it_is_shown() -> None:
    shown = mean_worth(failures())
    without_reasons = mean_worth(failures(without="why"))
    without_anything = mean_worth(failures()[:1])

    assert shown > without_reasons + 0.02
    assert without_reasons > without_anything + 0.005


def test_the_optimizer_makes_more_of_attempts_with_their_own_scores() -> None:
    own = mean_worth(attempts(scores="own"))
    shuffled = mean_worth(attempts(scores="shuffled"))

    assert own > shuffled + 0.02


def test_the_optimizer_reads_evidence_in_any_order_and_under_any_tag() -> None:
    usual = failures()
    other = [shown.replace("example>", "problem>") for shown in reversed(usual)]

    assert mean_worth(other) == pytest.approx(mean_worth(usual), abs=0.02)


def test_the_optimizer_fails_as_often_as_it_says() -> None:
    current = "Answer the request. Keep the tolls. Omit the taxes."
    told = replies("\n\n".join([block("current", text=current), ASK]), 1000)

    readable = [re.findall(r"<t>\n(.+?)\n</t>", each, re.DOTALL) for each in told]
    malformed = sum(len(each) != 1 for each in readable) / len(told)
    unchanged = sum(each == [current] for each in readable) / len(told)

    assert malformed == pytest.approx(0.03, abs=0.015)
    assert 0.04 < unchanged < 0.15  # as many again are the same in other words


def test_the_optimizer_keeps_to_the_words_it_may_have_and_change() -> None:
    ask = ASK + " It has at most 20 words. 10 changed words are the limit."
    language = module("instruction_language")
    found = texts("\n\n".join([*failures(), ask]))

    assert max(len(text.split()) for text in found) <= 20
    assert max(len(language.topics(text)) for text in found) <= 2


def test_the_optimizer_knows_no_strategy() -> None:
    names = {name.removesuffix("-paper") for name in BUILT_IN} - {"examples", "reflect"}
    for name in ("scripted_optimizer", "optimizer_knowledge", "rewording"):
        source = (BENCHMARKS / f"{name}.py").read_text(encoding="utf-8").casefold()
        assert not [name for name in names if re.search(rf"\b{name}\b", source)]
        assert "optimize import" not in source
        assert "pytest_promptopt.optimize" not in source


class Watched:
    """Scores three texts, asks with their scores, and keeps what it is told."""

    name = "watched"

    def __init__(self) -> None:
        self.told: tuple[Any, ...] = ()

    def search(self, task: Task) -> Moves:
        (region,) = task.regions
        words = ("Keep the tolls.", "Omit the taxes.", "Keep the streets.")
        candidates = tuple(
            task.rewritten(task.incumbent, region.address, text) for text in words
        )
        yield NextStep()
        self.told = yield Evaluate(candidates=candidates, cases=task.cases)
        shown = [
            block("attempt", score=score, text=text)
            for score, text in (("40", words[0]), ("50", words[1]), ("60", words[2]))
        ]
        content = "\n\n".join([*shown, ASK])
        yield Complete(
            requests=tuple(
                Request(messages=(Message(role="user", content=content),), seed=seed)
                for seed in range(9)
            )
        )


def searched(*channels: str) -> tuple[Watched, list[str]]:
    runs, scrambling = module("search_runs"), module("scrambling")
    landscape = module("terrains").charted("plain", 1)
    asked: list[str] = []
    reply = module("scripted_optimizer").optimizer_reply

    def listened(request: Request) -> Any:
        asked.append(request.messages[0].content)
        return reply(request)

    watched = Watched()
    scrambled = scrambling.Scrambled(watched, seed=5, channels=channels)
    runs.run(landscape, scrambled, reply=listened, steps=2)
    return watched, asked


def test_scrambled_scores_belong_to_other_candidates() -> None:
    plain, _ = searched()
    scrambled, asked = searched("scores")

    own = {entry.candidate.key: dict(entry.scores) for entry in plain.told}
    told = {entry.candidate.key: dict(entry.scores) for entry in scrambled.told}

    assert own.keys() == told.keys()
    assert own != told
    assert all(scores in own.values() for scores in told.values())
    assert all("text: Keep the tolls." in content for content in asked)


def test_scrambled_parents_are_exchanged_and_their_scores_are_not() -> None:
    _, (content, *others) = searched()
    _, (scrambled, *_) = searched("parents")

    def shown(name: str, text: str) -> list[str]:
        return re.findall(rf"^{name}: (.*)", text, re.MULTILINE)

    assert others == [content] * 8
    assert shown("score", scrambled) == shown("score", content)
    assert shown("text", scrambled) != shown("text", content)
    assert sorted(shown("text", scrambled)) == sorted(shown("text", content))
    assert scrambled.endswith(ASK)


def test_scrambled_reasons_name_other_topics_and_nothing_else_changes() -> None:
    plain, _ = searched()
    scrambled, asked = searched("reasons")

    pairs = [
        (old.reasons[case], new.reasons[case])
        for old, new in zip(plain.told, scrambled.told, strict=True)
        for case in old.reasons
    ]
    language = module("instruction_language")
    named = [(old, new) for old, new in pairs if language.complaints(old)]

    assert [entry.mean for entry in plain.told] == [
        entry.mean for entry in scrambled.told
    ]
    assert sum(old != new for old, new in named) > 0.9 * len(named)
    assert all(
        [c.kind for c in language.complaints(old)]
        == [c.kind for c in language.complaints(new)]
        for old, new in named
    )
    assert all("text: Keep the tolls." in content for content in asked)


def test_a_table_has_a_line_for_each_cell_and_for_each_null_world() -> None:
    strategies, false = module("strategies"), module("false_proposals")

    lines = list(
        strategies.table(["paraphrase the best"], ["plain", "churn"], 1, 1, proposals=3)
    )
    rows = [false.Row(world=false.World(kind="churn"), runs=2, most=6.0)]
    shown = list(false.lines(rows, 1))

    assert [line.split("  ")[1] for line in lines[1:-1]] == ["paraphrase the best"] * 2
    assert lines[-1].endswith("nothing can be learned: 0 of 1")
    assert shown[1].split()[:5] == ["churn,", "mean", "75%,", "s", "="]
    assert false.worst(shown) == "0.0"
