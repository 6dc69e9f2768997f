r"""Text that goes to a terminal steers neither the terminal nor a CI job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.report.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two lines\n\tand a tab", "two lines\n\tand a tab"),
        ("\x1b[31mred\x07\r\x9b", "\\x1b[31mred\\x07\\x0d\\x9b"),
        ("a\u202eb\u2028c\ud800", "a\\u202eb\\u2028c\\ud800"),
        ("::error::x\n  ::set-output::y", "\\::error::x\n  \\::set-output::y"),
        ("a ##[error]x ##vso[task]y ## z", "a #\\#[error]x #\\#vso[task]y ## z"),
        ("test_a.py::test_b é 漢", "test_a.py::test_b é 漢"),
        ("a\u200bb\u2060c\ufeff", "a\\u200bb\\u2060c\\ufeff"),
        ("a\U000e0041b", "a\\U000e0041b"),
        ("a\u200db \u200c", "a\\u200db \\u200c"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
    ],
)
def test_controls_and_commands_are_shown_as_what_they_are(
    text: str, shown: str
) -> None:
    assert plain(text) == shown


@given(st.text(st.sampled_from("\u200c\u200d\u200b\x1b\n :#[aé\u0645")) | st.text())
def test_plain_text_stays_as_it_is(text: str) -> None:
    once = plain(text)

    assert plain(once) == once
    assert not any(line.lstrip().startswith("::") for line in once.split("\n"))
