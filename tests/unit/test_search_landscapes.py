"""The landscapes of benchmarks/strategies.py are what they claim to be."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import pytest

from pytest_promptopt.optimize import Measure
from pytest_promptopt.records import Candidate, digest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PACKAGE = BENCHMARKS.parent / "pytest_promptopt"
KINDS = ("plain", "linked", "trapped", "crowded", "divided")

pytestmark = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="a source distribution has no benchmarks"
)


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


def module(name: str) -> Any:
    return importlib.import_module(name)


def landscape(kind: str, seed: int = 0) -> Any:
    if kind in KINDS:
        return module("terrains").charted(kind, seed)
    return module("null_landscapes").null(kind, seed)


def saying(landscape: Any, text: str) -> Candidate:
    first, *rest = landscape.files
    return Candidate(texts={first: text, **dict.fromkeys(rest, "")})


def text_of(file: str) -> str:
    return file.split("-#}\n")[1].split("\n{#", maxsplit=1)[0]


def start(landscape: Any) -> Candidate:
    return Candidate(
        texts={name: text_of(file) for name, file in landscape.files.items()}
    )


def helpful(landscape: Any) -> Candidate:
    """Say all that any case needs, in the first region."""
    needs = sorted({need for hidden in landscape.hidden for need in hidden.needs})
    sentences = [
        f"{'Keep the' if need.wanted else 'Omit the'} {need.topic}." for need in needs
    ]
    return saying(landscape, " ".join(sentences))


def test_the_landscapes_are_those_that_were_committed_before_the_strategies() -> None:
    told = [
        [
            found.files,
            [[case.inputs, case.expected, case.split] for case in found.cases],
            [round(chance, 9) for chance in found.chances(start(found))],
            [round(chance, 9) for chance in found.chances(saying(found, "Hello."))],
            found.blame(start(found), 3, 0.7),
        ]
        for kind in (*KINDS, "identical", "churn", "scattered")
        for found in (landscape(kind, 0), landscape(kind, 1))
    ]

    assert digest(told)[:12] == "83773728e557"


@pytest.mark.parametrize("kind", [*KINDS, "churn", "scattered"])
def test_the_worth_of_a_prompt_is_its_accuracy_in_simulation(kind: str) -> None:
    found = landscape(kind, 2)
    candidate = saying(found, "Keep the tolls. Omit the taxes. Be brief.")
    held = tuple(case for case in found.cases if case.split == "holdout")

    (trials,) = (
        module("scripted_task")
        .TaskModel(found)
        .measure(Measure(candidates=(candidate,), cases=held, indices=range(60)))
    )

    values = [trial.score.value for entry in trials.values() for trial in entry]
    truth = module("landscapes").worth(found, candidate)
    spread = math.sqrt(truth * (1 - truth) / len(values))
    assert sum(values) / len(values) == pytest.approx(truth, abs=4 * spread)


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_much_to_gain_on_an_informative_landscape(kind: str) -> None:
    worth = module("landscapes").worth
    found = [landscape(kind, seed) for seed in range(4)]

    gains = [worth(each, helpful(each)) - worth(each, start(each)) for each in found]

    # Where length costs much, saying everything is not the way.
    assert min(gains) > (0.15 if kind in ("plain", "trapped", "divided") else -0.1)
    assert max(gains) > 0.05


def test_contradictions_length_and_missing_partners_take_the_good_away() -> None:
    worth = module("landscapes").worth
    linked = landscape("linked", 1)
    (need, partner), *_ = linked.partners.items()
    alone = f"{'Keep' if need.wanted else 'Omit'} the {need.topic}."
    both = f"{alone} {'Keep' if partner.wanted else 'Omit'} the {partner.topic}."
    reversed_ = f"{'Omit' if need.wanted else 'Keep'} the {need.topic}."

    chances = [
        [
            chance
            for chance, hidden in zip(
                linked.chances(saying(linked, text)), linked.hidden, strict=True
            )
            if need in hidden.needs
        ]
        for text in ("Hello.", alone, both, f"{both} {reversed_}", reversed_)
    ]

    nothing, without_partner, together, contradicted, turned = map(sum, chances)
    assert turned < nothing == pytest.approx(without_partner, rel=0.2)
    assert contradicted < together
    full = helpful(linked)
    long = saying(linked, " ".join(full.texts.values()) + " Be brief." * 100)
    assert worth(linked, long) < worth(linked, full)


def test_no_prompt_is_better_than_the_start_where_nothing_can_be_learned() -> None:
    worth = module("landscapes").worth
    identical, churn = landscape("identical", 3), landscape("churn", 3)
    texts = [f"Keep the tolls. Be brief {number} times." for number in range(200)]

    same = {worth(identical, saying(identical, text)) for text in texts}
    gains = [
        worth(churn, saying(churn, text)) - worth(churn, start(churn)) for text in texts
    ]
    moved = [
        sum(
            map(
                float.__ne__,
                churn.chances(saying(churn, text)),
                churn.chances(start(churn)),
            )
        )
        for text in texts
    ]

    assert same == {worth(identical, start(identical))}
    assert min(gains) < -0.01
    assert max(gains) > 0.01
    assert max(moved) == 10


def test_scattered_prompts_are_mostly_worse_by_as_much_as_is_said() -> None:
    worth = module("landscapes").worth
    found = landscape("scattered", 3)
    gains = [
        worth(found, saying(found, f"Be brief {number} times."))
        - worth(found, start(found))
        for number in range(400)
    ]

    mean = sum(gains) / len(gains)
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / len(gains))

    assert mean == pytest.approx(-0.03, abs=0.01)
    assert 0.04 < spread < 0.06  # that of the redrawn cases comes to it


@pytest.mark.parametrize("spread", [True, False])
def test_one_better_prompt_is_better_by_the_gain_on_either_side(
    spread: bool,  # noqa: FBT001
) -> None:
    nulls = module("null_landscapes")
    null = nulls.null("churn", 5, mean=0.6)
    found = nulls.Better(null=null, mark="Be brief.", gain=0.12, spread=spread)

    better = found.chances(saying(found, "Be brief."))

    for side in ("train", "holdout"):
        gains = [
            new - old
            for new, old, case in zip(better, null.start, found.cases, strict=True)
            if case.split == side
        ]
        assert sum(gains) / len(gains) == pytest.approx(0.12)
        assert min(gains) >= 0.0
    assert found.chances(saying(found, "Other.")) == null.chances(
        saying(null, "Other.")
    )


def test_reasons_name_what_is_missing_unwanted_or_harmful() -> None:
    language = module("instruction_language")
    plain = landscape("plain", 4)
    empty, full = saying(plain, "Hello."), helpful(plain)
    number = next(i for i, hidden in enumerate(plain.hidden) if len(hidden.needs) == 1)

    (said,) = language.complaints(plain.blame(empty, number, 0.99))
    (need,) = plain.hidden[number].needs

    assert said.topic == need.topic
    assert said.kind == ("lacks" if need.wanted else "has")
    assert plain.blame(full, number, 0.99) != plain.blame(empty, number, 0.99)


def test_a_reply_is_the_same_whatever_is_asked_beside_it() -> None:
    found = landscape("plain", 6)
    model = module("scripted_task").TaskModel(found, seed=1)
    one, two = start(found), saying(found, "Keep the tolls.")
    cases = found.cases

    whole = model.measure(
        Measure(candidates=(one, two), cases=cases, indices=range(2))
    )[1]
    part = model.measure(
        Measure(candidates=(two,), cases=cases[5:9], indices=range(1, 2))
    )[0]

    assert {name: trials[0] for name, trials in part.items()} == {
        case.id: whole[case.id][1] for case in cases[5:9]
    }


def test_no_topic_is_a_word_of_a_meta_prompt() -> None:
    language = module("instruction_language")
    texts = [file.read_text() for file in PACKAGE.rglob("metaprompts/*.j2")]

    assert texts
    assert [language.topics(text) for text in texts] == [()] * len(texts)
