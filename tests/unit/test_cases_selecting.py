from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.cases import load_cases, select_cases, selection_note
from pytest_promptopt.errors import CaseFileError
from pytest_promptopt.records import Case

LAW = settings(max_examples=60, deadline=None, database=None)


def made(numbers: Sequence[int]) -> tuple[Case, ...]:
    return load_cases([{"n": n, "expected": n} for n in numbers], roots=[], label="C")


def sampled(cases: Sequence[Case], size: int) -> set[int]:
    chosen = select_cases(cases, limit=None, sample=size, label="C")
    return {case.inputs["n"] for case in chosen}


numbers = st.lists(st.integers(), min_size=1, max_size=30, unique=True)


@LAW
@given(numbers, st.integers(1, 40), st.randoms(use_true_random=False))
def test_a_sample_does_not_depend_on_the_order(
    values: list[int], size: int, rng: random.Random
) -> None:
    shuffled = rng.sample(values, len(values))

    assert sampled(made(values), size) == sampled(made(shuffled), size)
    assert len(sampled(made(values), size)) == min(size, len(values))


@LAW
@given(numbers, st.integers(1, 40))
def test_a_new_case_displaces_one_at_most(values: list[int], size: int) -> None:
    before = sampled(made(values[:-1]), size) if values[:-1] else set()
    after = sampled(made(values), size)

    assert len(before - after) <= 1
    assert after - before <= {values[-1]}


@LAW
@given(numbers, st.integers(1, 40))
def test_a_smaller_sample_is_part_of_a_larger_one(values: list[int], size: int) -> None:
    assert sampled(made(values), size) <= sampled(made(values), size + 1)


def test_ids_and_weights_do_not_change_who_is_in_a_sample() -> None:
    named = [
        {"n": n, "expected": n, "id": f"c{-n}", "weight": 1 + n % 3} for n in range(30)
    ]

    assert sampled(made(range(30)), 5) == sampled(
        load_cases(named, roots=[], label="C"), 5
    )


def test_a_limit_takes_the_first_and_a_sample_is_drawn_from_them() -> None:
    cases = made(range(30))

    first = select_cases(cases, limit=4, sample=None, label="C")
    drawn = select_cases(cases, limit=4, sample=2, label="C")

    assert first == cases[:4]
    assert len(drawn) == 2
    assert all(case in first for case in drawn)


def test_must_pass_cases_always_belong_to_the_sample() -> None:
    entries = [{"n": n, "must_pass": n >= 28} for n in range(30)]
    cases = load_cases(entries, roots=[], label="C")

    assert {28, 29} <= sampled(cases, 3)
    with pytest.raises(CaseFileError) as caught:
        sampled(cases, 1)
    assert str(caught.value) == (
        "C: sample=1 leaves no room for the 2 must_pass cases, which always belong to "
        "the sample\n  hint: write sample=2 or more"
    )


def test_the_note_says_how_many_of_how_many() -> None:
    assert selection_note(300, 20, limit=None, sample=20) == (
        "20 of 300 cases are used (sample=20)"
    )
    assert selection_note(300, 5, limit=9, sample=5) == (
        "5 of 300 cases are used (limit=9, sample=5)"
    )
    assert selection_note(20, 20, limit=50, sample=None) == ""
