"""Who survives, who becomes a parent, and which stages contradict each other."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.optimize import Evaluated
from pytest_promptopt.optimize.strategies.population import (
    beats,
    fittest,
    roulette,
    tournament,
)
from pytest_promptopt.optimize.strategies.stages import (
    DIFFERING,
    crossing_fault,
    differing_fault,
    shown_stages,
)
from pytest_promptopt.records import Candidate


def entry(
    text: str, mean: float, scores: dict[str, float | None] | None = None
) -> Evaluated:
    return Evaluated(
        candidate=Candidate(texts={"a": text}),
        mean=mean,
        scores=scores or {"1": mean},
        reasons={},
        outputs={},
        is_whole=scores is None,
    )


def texts(entries: tuple[Evaluated, ...]) -> list[str]:
    return [one.candidate.texts["a"] for one in entries]


def drawn(means: list[float], *, shifted: bool) -> list[float]:
    """Return the share of each candidate in many draws."""
    entries = [entry(f"text {number}", mean) for number, mean in enumerate(means)]
    found = roulette(entries, random.Random(1), count=4000, shifted=shifted)
    counted = Counter(one.candidate.key for one in found)
    return [round(counted[one.candidate.key] / 4000, 2) for one in entries]


def test_of_equal_scores_the_shorter_survives_then_the_older() -> None:
    entries = [
        entry("older", 0.5),
        entry("newer", 0.5),
        entry("long one", 0.5),
        entry("best", 0.6),
        entry("s", 0.5),
    ]

    assert texts(fittest(entries, 4)) == ["best", "s", "older", "newer"]


def test_a_candidate_survives_once() -> None:
    entries = [entry("one", 0.5), entry("two", 0.4), entry("one", 0.5)]

    assert texts(fittest(entries, 9)) == ["one", "two"]


def test_a_plain_roulette_goes_by_the_score() -> None:
    assert drawn([0.6, 0.3, 0.1], shifted=False) == pytest.approx(
        [0.6, 0.3, 0.1], abs=0.03
    )


def test_a_shifted_roulette_goes_by_the_lead_and_leaves_the_worst_a_chance() -> None:
    shares = drawn([0.92, 0.90, 0.89], shifted=True)

    # Weights .04, .02 and .01: the lead over .89, and a third of the spread.
    assert shares == pytest.approx([4 / 7, 2 / 7, 1 / 7], abs=0.03)
    assert drawn([0.92, 0.90, 0.89], shifted=False) == pytest.approx(
        [0.34, 0.33, 0.33], abs=0.03
    )


@pytest.mark.parametrize("shifted", [True, False])
@pytest.mark.parametrize("mean", [0.0, 0.7, 1.0])
def test_equal_scores_draw_evenly(mean: float, *, shifted: bool) -> None:
    assert drawn([mean] * 4, shifted=shifted) == pytest.approx([0.25] * 4, abs=0.03)


@settings(max_examples=50, deadline=None)
@given(
    means=st.lists(st.floats(0, 1), min_size=1, max_size=12),
    shifted=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_scores_can_be_drawn_from(
    means: list[float],
    shifted: bool,  # noqa: FBT001
    seed: int,
) -> None:
    entries = fittest([entry(f"{n}", mean) for n, mean in enumerate(means)], 99)

    found = roulette(entries, random.Random(seed), count=10, shifted=shifted)

    assert len(found) == 10
    assert tournament(entries, random.Random(seed)) in entries


def test_a_tie_beats_nobody() -> None:
    weights = {"1": 1.0}

    assert beats(entry("a", 0.6), entry("b", 0.5), weights)
    assert not beats(entry("a", 0.5), entry("b", 0.5), weights)
    assert not beats(entry("a", 0.1 + 0.2), entry("b", 0.3), weights)


def test_who_left_a_race_is_compared_on_the_cases_of_both() -> None:
    weights = {"1": 1.0, "2": 3.0, "3": 1.0}
    left = entry("a", 0.9, {"1": 1.0, "2": 0.0, "3": None})
    whole = entry("b", 0.2, {"1": 0.0, "2": 0.0, "3": 1.0})

    assert beats(left, whole, weights)
    assert not beats(left, entry("c", 0.1, {"2": 0.5}), weights)
    # Without a case in common the estimates are all there is.
    assert beats(left, entry("d", 0.8, {"3": 1.0}), weights)


PARENTS = ("Sort the ticket by team.", "Read the mail and name its label.")


@pytest.mark.parametrize(
    ("crossed", "text", "fault"),
    [
        (None, "Anything.", None),
        ("Sort the mail and name its team.", "Sort this mail, name its team.", None),
        ("Utterly other words here.", "Sort it.", "crossed from other words"),
        ("Sort the ticket by team.", "Sort it.", "crossed from one text only"),
        ("Sort the mail by label.", "Be kind!", "not made of the crossed text"),
    ],
)
def test_a_crossover_is_held_against_its_parents(
    crossed: str | None, text: str, fault: str | None
) -> None:
    stages = {} if crossed is None else {"crossed": crossed}

    found = crossing_fault(stages, PARENTS, text)

    assert found == (fault and f"stages contradict: {fault}")


def test_equal_parents_have_nothing_of_their_own_to_pass_on() -> None:
    assert (
        crossing_fault({"crossed": "Sort it."}, ("Sort it.", "sort  it"), "It.") is None
    )


FOUR = (*PARENTS, "Give one label only.", "Think of the customer.")
FITTING = {
    "differ": "by team\nits label",
    "changed": "after its group\nwhat kind it has",
    "merged": "Give one label only, after its group.",
}
FINAL = "Think of the customer, and give one label after its group."


@pytest.mark.parametrize(
    ("changes", "text", "fault"),
    [
        ({}, FINAL, None),
        ({"differ": None, "changed": None, "merged": None}, "Anything.", None),
        ({"differ": "the the"}, FINAL, "no difference named"),
        ({"changed": "By team\n\nits label"}, FINAL, "no part altered"),
        (
            {"merged": "Never heard of anything alike."},
            FINAL,
            "merged from other words",
        ),
        ({"merged": "Give one label only."}, FINAL, "altered parts left out"),
        ({}, "Wholly unrelated wording.", "not made of the merged text"),
    ],
)
def test_a_differential_mutation_is_held_against_its_parents(
    changes: dict[str, str | None], text: str, fault: str | None
) -> None:
    merged = {**FITTING, **changes}
    stages = {tag: body for tag, body in merged.items() if body is not None}

    found = differing_fault(stages, FOUR, text)

    assert found == (fault and f"stages contradict: {fault}")


def test_the_worked_examples_of_the_meta_prompts_do_not_contradict_themselves() -> None:
    from pytest_promptopt.optimize.evidence import meta_prompt

    for name, count in (("evoprompt_ga.j2", 2), ("evoprompt_de.j2", 4)):
        for job in ("titles", "verses"):
            shown = meta_prompt(
                name, texts=(), other_job=job, steps="", keep="", word_limit=9, tag="t"
            )
            worked = "\n".join(
                line[2:]
                for line in shown.split("This is how")[1].splitlines()
                if line[:2] == "  "
            )
            order = ("first", "second", "third", "fourth")[:count]
            parents = [worked.split(f"{at}: ")[1].split("\n")[0] for at in order]
            text = shown_stages(worked, ("t",))["t"]
            if count == 2:
                stages = shown_stages(worked, ("crossed",))
                assert stages
                assert crossing_fault(stages, parents, text) is None
            else:
                stages = shown_stages(worked, DIFFERING)
                assert len(stages) == 3
                assert differing_fault(stages, parents, text) is None


def test_a_stage_that_is_there_twice_or_half_is_not_shown() -> None:
    reply = "<differ>a</differ> <differ>b</differ> <changed>c <merged>d</merged>"

    assert shown_stages(reply, DIFFERING) == {"merged": "d"}


@settings(max_examples=60, deadline=None)
@given(
    stages=st.dictionaries(st.sampled_from(DIFFERING), st.text(max_size=30)),
    parents=st.lists(st.text(max_size=30), min_size=4, max_size=4),
    text=st.text(max_size=30),
)
def test_any_stages_can_be_checked(
    stages: dict[str, str], parents: list[str], text: str
) -> None:
    for found in (
        crossing_fault(stages, parents[:2], text),
        differing_fault(stages, parents, text),
    ):
        assert found is None or found.startswith("stages contradict: ")
