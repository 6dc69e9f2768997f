"""What a run may spend, as it is written and read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.amounts import FORMS, Amounts, read_amounts
from pytest_promptopt.errors import SettingError


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("500", Amounts(calls=500)),
        ("500-calls", Amounts(calls=500)),
        ("1-call", Amounts(calls=1)),
        ("500 calls", Amounts(calls=500)),
        ("12k-calls", Amounts(calls=12_000)),
        ("200k-tokens", Amounts(tokens=200_000)),
        ("1.5M-tokens", Amounts(tokens=1_500_000)),
        ("2.50usd", Amounts(dollars=2.5)),
        ("3 USD", Amounts(dollars=3.0)),
        ("90s", Amounts(seconds=90.0)),
        ("10m", Amounts(seconds=600.0)),
        ("1.5h", Amounts(seconds=5400.0)),
        ("500-calls,2usd", Amounts(calls=500, dollars=2.0)),
        (" 500 ,\n 10m\n", Amounts(calls=500, seconds=600.0)),
        ("none", Amounts()),
    ],
)
def test_each_form_is_read(text: str, amounts: Amounts) -> None:
    assert read_amounts(text) == amounts


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ",", "0", "0-calls", "0.00usd", "-5", "2.5", "1.0005k-calls"),
        *("5 apples", "usd", "$2.50", ".50", "10k", "2.5.usd", "1e3", "nan", "infusd"),
        *("none,500", "10m-calls-tokens", "9" * 13, "10 m i n", "\u0661\u0660"),
    ],
)
def test_what_is_no_budget_is_refused_with_the_value_and_the_forms(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_amounts(text)

    assert str(caught.value) == f"{text!r} is no budget\n  hint: {FORMS}"


def test_a_unit_that_is_limited_twice_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        read_amounts("12,500")

    assert str(caught.value) == (
        "'12,500' limits calls twice\n"
        "  hint: write each limit once, and large numbers without a comma in them"
    )


def test_limits_are_told_in_words() -> None:
    told = str(Amounts(calls=1, tokens=200_000, dollars=2.5, seconds=600))

    assert told == "1 model call, 200,000 tokens, $2.50 and 10 minutes"
    assert str(Amounts()) == "no limit"


def limits() -> st.SearchStrategy[Amounts]:
    def some(value: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
        return st.none() | value

    return st.builds(
        Amounts,
        calls=some(st.integers(1, 10**6)),
        tokens=some(st.integers(1, 10**9)),
        dollars=some(st.integers(1, 10**6).map(lambda cents: cents / 100)),
        seconds=some(st.integers(1, 10**5).map(float)),
    )


@given(limits())
@settings(max_examples=50)
def test_what_is_written_is_read_again(amounts: Amounts) -> None:
    parts = {
        "-calls": amounts.calls,
        "-tokens": amounts.tokens,
        "usd": amounts.dollars,
        "s": amounts.seconds,
    }
    written = [f"{value}{unit}" for unit, value in parts.items() if value is not None]

    assert read_amounts(",".join(written) or "none") == amounts


def outcome(text: str) -> Amounts | SettingError:
    try:
        return read_amounts(text)
    except SettingError as error:
        return error


@given(st.text(max_size=12))
@settings(max_examples=100)
def test_any_text_is_read_or_refused(text: str) -> None:
    found = outcome(text)

    if isinstance(found, SettingError):
        assert repr(text) in found.problem
    else:
        assert found.is_limited == (text.strip(" ,\n").lower() != "none")


@given(limits(), limits())
@settings(max_examples=50)
def test_limits_within_limits_are_the_smaller(one: Amounts, other: Amounts) -> None:
    both = one.within(other)

    assert both == other.within(one) == both.within(one)
    for unit in ("calls", "tokens", "dollars", "seconds"):
        given = [getattr(one, unit), getattr(other, unit)]
        given = [value for value in given if value is not None]
        assert getattr(both, unit) == (min(given) if given else None)


@given(limits(), st.integers(1, 50))
@settings(max_examples=50)
def test_equal_shares_fit_into_the_whole(whole: Amounts, parts: int) -> None:
    share = whole.share(parts)

    for unit in ("calls", "tokens", "dollars", "seconds"):
        part, limit = getattr(share, unit), getattr(whole, unit)
        assert (part is None) == (limit is None)
        assert limit is None or part * parts <= limit * (1 + 1e-12)


def test_a_later_limit_takes_the_place_of_an_earlier_one_of_its_unit() -> None:
    first = Amounts(calls=500, dollars=2.0)

    assert first.followed_by(Amounts(calls=900)) == Amounts(calls=900, dollars=2.0)
    assert first.followed_by(Amounts()) == Amounts()


def test_a_limit_below_zero_cannot_be_kept() -> None:
    with pytest.raises(SettingError, match="a budget of -1 calls cannot be kept"):
        Amounts(calls=-1)
