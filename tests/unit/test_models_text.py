"""Foreign text made fit to be kept and shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.models.text import one_line, well_formed


@given(st.text())
def test_well_formed_text_is_unchanged(text: str) -> None:
    assert well_formed(text) == text


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_becomes_encodable_and_stays_so(text: str) -> None:
    once = well_formed(text)

    once.encode("utf-8")
    assert well_formed(once) == once


def test_a_lone_surrogate_is_replaced_and_a_split_pair_joined() -> None:
    assert well_formed("a\ud83d.\ud83d\ude00") == "a\ufffd.\U0001f600"


def test_a_message_part_is_one_line_without_control_characters() -> None:
    assert one_line("a\n\n b\x1b[31mc\x00d\u2028e ") == "a b [31mc d e"


def test_a_long_message_part_is_cut() -> None:
    assert one_line("x" * 50, longest=10) == "xxxxxxx..."
