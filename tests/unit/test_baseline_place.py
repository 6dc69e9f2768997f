"""Every prompt test has a file of its own, on every operating system."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.baseline import looks_path_for, path_for

TEST_FILE = Path("shop/tests/test_prompts.py")
FOLDER = Path("shop/tests/__prompt_baselines__/test_prompts")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("test_triage", "test_triage.json"),
        ("TestShop.test_triage[gpt-small]", "TestShop.test_triage[gpt-small].json"),
        ("test_a[x/y]", "test_a[x%2Fy].json"),
        ("test_a[50%]", "test_a[50%25].json"),
        ("test_a[GPT]", "test_a[%47%50%54].json"),
        ("test_a[é b]", "test_a[%C3%A9%20b].json"),
        ("test_a[..\\..]", "test_a[..%5C..].json"),
        ("nul.test", "%6Eul.test.json"),
        (".hidden", "%2Ehidden.json"),
        ("dots.", "dots%2E.json"),
    ],
)
def test_a_baseline_lies_beside_its_test_file(name: str, file: str) -> None:
    assert path_for(TEST_FILE, name) == FOLDER / file


def test_looks_lie_beside_the_baseline() -> None:
    assert looks_path_for(TEST_FILE, "test_a") == FOLDER / "test_a.looks.jsonl"


def test_a_long_name_is_cut_and_told_apart_by_its_hash() -> None:
    first = path_for(TEST_FILE, "test_a[" + "x" * 300 + "1]")
    second = path_for(TEST_FILE, "test_a[" + "x" * 300 + "2]")

    assert first != second
    assert len(first.name) == len(second.name) == 105


@given(st.lists(st.text(min_size=1, max_size=150), min_size=2, max_size=2, unique=True))
@settings(max_examples=150, deadline=None)
def test_different_names_have_different_safe_files(names: list[str]) -> None:
    first, second = (path_for(TEST_FILE, name).name for name in names)

    assert first != second
    for name in (first, second):
        assert set(name) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,=+@[]%~"
        )
        assert len(name) <= 105
        assert not name.startswith(".")


@given(st.text(min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_parameters_that_differ_in_case_only_have_different_files(text: str) -> None:
    upper, lower = f"test_a[{text.upper()}]", f"test_a[{text.lower()}]"

    first, second = (path_for(TEST_FILE, name).name for name in (upper, lower))

    assert (first.lower() == second.lower()) == (upper == lower)
