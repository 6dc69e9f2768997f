"""Accuracy per tag."""

from __future__ import annotations

from pytest_promptopt.baseline import BaselineCase
from pytest_promptopt.gate.comparison import Pair
from pytest_promptopt.gate.tags import tag_accuracy
from pytest_promptopt.records import Case, TagAccuracy


def pair(
    name: str,
    *tags: str,
    old: tuple[float, ...] = (1.0,),
    new: tuple[float, ...] = (1.0,),
    weight: float = 1.0,
) -> Pair:
    case = Case(id=name, inputs={}, expected="yes", tags=tags, weight=weight)
    record = BaselineCase(
        id=name, hash=case.hash, values=(1.0,), must_pass=False, weight=weight
    )
    return Pair(
        case=case, recorded=record, old=old, new=new, old_trials=(), new_trials=()
    )


def test_each_tag_has_the_accuracy_of_its_cases_in_both_arms_by_name() -> None:
    pairs = [
        pair("a", "german", old=(1.0, 1.0), new=(0.0, 1.0)),
        pair("b", "german", "billing", new=(0.0,)),
        pair("c", "billing"),
        pair("d"),
    ]

    assert tag_accuracy(pairs) == (
        TagAccuracy(tag="billing", cases=2, was=1.0, now=0.5),
        TagAccuracy(tag="german", cases=2, was=1.0, now=0.25),
    )


def test_the_accuracy_of_a_tag_is_weighted() -> None:
    pairs = [pair("a", "x", new=(0.0,)), pair("b", "x", weight=3.0)]

    assert tag_accuracy(pairs) == (TagAccuracy(tag="x", cases=2, was=1.0, now=0.75),)


def test_a_tag_named_twice_counts_once() -> None:
    pairs = [pair("a", "x", "x", new=(0.0,)), pair("b", "x")]

    assert tag_accuracy(pairs) == (TagAccuracy(tag="x", cases=2, was=1.0, now=0.5),)


def test_the_order_of_the_cases_does_not_matter() -> None:
    pairs = [pair(f"c{i}", "x", new=(i / 7,), weight=1 + i / 3) for i in range(7)]

    assert tag_accuracy(pairs) == tag_accuracy(pairs[::-1])


def test_without_tags_there_is_nothing_to_show() -> None:
    assert tag_accuracy([pair("a"), pair("b")]) == ()
    assert tag_accuracy([]) == ()
