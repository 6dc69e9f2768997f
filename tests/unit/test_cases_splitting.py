from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.cases import Split, split_cases
from pytest_promptopt.cases.fields import case_from
from pytest_promptopt.cases.rows import Row
from pytest_promptopt.errors import CaseFileError

if TYPE_CHECKING:
    from pytest_promptopt.records import Case

LAW = settings(max_examples=80, deadline=None, database=None)


def cases_of(*rows: dict[str, Any]) -> list[Case]:
    return [
        case_from(Row(place=f"c.jsonl:{line}", value={"id": line, **fields}))
        for line, fields in enumerate(rows, start=1)
    ]


def numbered(count: int) -> list[Case]:
    return cases_of(*({"ticket": f"ticket {number}"} for number in range(count)))


def held(split: Split) -> set[str]:
    return {case.id for case in split.holdout}


rows = st.fixed_dictionaries(
    {"ticket": st.sampled_from([f"text {number}" for number in range(25)])},
    optional={"group": st.sampled_from(["a", "b", "c", "d"])},
)


@pytest.mark.parametrize(
    ("count", "holdout"),
    [(1, 1), (2, 1), (10, 6), (50, 30), (80, 48), (81, 40), (120, 60), (160, 80)],
)
def test_the_holdout_gets_half_or_three_fifths_of_few(count: int, holdout: int) -> None:
    split = split_cases(numbered(count))

    assert len(split.holdout) == holdout
    assert len(split.train) == count - holdout


def test_no_cases_give_two_empty_sides() -> None:
    assert split_cases([]) == Split(train=(), holdout=())


def test_the_split_is_the_same_on_every_machine() -> None:
    split = split_cases(numbered(12))

    assert held(split) == {"1", "2", "6", "7", "8", "11", "12"}


def test_letter_case_and_white_space_do_not_move_a_case() -> None:
    plain = cases_of({"t": "where is it"}, {"t": "no light"}, {"t": "lost", "n": [1]})
    shouted = cases_of(
        {"t": " Where  IS\nit "}, {"t": "No Light"}, {"t": "LOST", "n": [1]}
    )

    assert held(split_cases(plain)) == held(split_cases(shouted))


def test_expected_answers_do_not_move_a_case() -> None:
    plain = cases_of(*({"t": number} for number in range(40)))
    told = cases_of(*({"t": number, "expected": "x"} for number in range(40)))

    assert held(split_cases(plain)) == held(split_cases(told))


def test_a_new_case_moves_few_others() -> None:
    before = held(split_cases(numbered(160)))
    after = held(split_cases(numbered(161)))

    assert len(before ^ after) <= 2


@LAW
@given(st.lists(rows, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(
    fields: list[dict[str, Any]], random: Any
) -> None:
    cases = cases_of(*fields)
    shuffled = list(cases)
    random.shuffle(shuffled)

    split, other = split_cases(cases), split_cases(shuffled)

    assert held(split) == held(other)
    assert split.holdout == tuple(case for case in cases if case in other.holdout)


@LAW
@given(st.lists(rows, min_size=1, max_size=60))
def test_every_case_is_on_one_side_with_its_group_and_its_likes(
    fields: list[dict[str, Any]],
) -> None:
    cases = cases_of(*fields)

    split = split_cases(cases)

    assert sorted(case.id for case in split.train + split.holdout) == sorted(
        case.id for case in cases
    )
    for one in split.train:
        for other in split.holdout:
            assert one.inputs != other.inputs
            assert one.group is None or one.group != other.group


@LAW
@given(st.lists(st.integers(1, 4), min_size=1, max_size=60))
def test_whole_groups_meet_the_share_within_half_a_group(sizes: list[int]) -> None:
    cases = cases_of(
        *(
            {"t": f"{group} {member}", "group": group}
            for group, size in enumerate(sizes)
            for member in range(size)
        )
    )

    split = split_cases(cases)

    share = 0.6 if len(cases) <= 80 else 0.5
    assert abs(len(split.holdout) - round(share * len(cases))) <= max(sizes) / 2


def test_split_fields_are_honoured_and_the_others_fill_up() -> None:
    pinned = [{"t": n, "split": "train" if n < 5 else "holdout"} for n in range(10)]
    free = [{"t": n} for n in range(10, 30)]

    split = split_cases(cases_of(*pinned, *free))

    assert {case.id for case in split.train} >= {"1", "2", "3", "4", "5"}
    assert held(split) >= {"6", "7", "8", "9", "10"}
    assert len(split.holdout) == 18


def test_split_fields_on_all_cases_decide_alone() -> None:
    fields = [{"t": n, "split": "holdout" if n < 3 else "train"} for n in range(20)]

    assert held(split_cases(cases_of(*fields))) == {"1", "2", "3"}


def test_a_split_field_takes_its_whole_group_along() -> None:
    pinned = {"t": "a", "group": "g", "split": "holdout"}
    others = [{"t": n, "group": "g"} for n in range(5)]

    assert held(split_cases(cases_of(pinned, *others, {"t": "b"}))) == {
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
    }


def test_split_fields_that_tear_a_group_apart_are_refused() -> None:
    cases = cases_of(
        {"t": "a", "group": "g", "split": "train"},
        {"t": "b", "group": "g", "split": "holdout"},
    )

    with pytest.raises(CaseFileError) as caught:
        split_cases(cases)

    assert str(caught.value) == (
        "c.jsonl:2: case '2' has split 'holdout', but case '1' at c.jsonl:1 has split "
        "'train', and they share group 'g'\n"
        "  hint: put both on the same side, or the hold-out would leak into the search"
    )


def test_split_fields_that_put_one_input_on_both_sides_are_refused() -> None:
    cases = cases_of({"t": "a b", "split": "train"}, {"t": "A  b", "split": "holdout"})

    with pytest.raises(CaseFileError, match="they share inputs that hang together"):
        split_cases(cases)
