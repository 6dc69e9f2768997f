"""Lines on a terminal are broken where a reader can go on; a log keeps them whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.report.plain import plain
from pytest_promptopt.report.screen import Screen, columns

NARROW = Screen(width=60, wraps=True)
SENTENCE = (
    "  the edited prompt is worse by 25.7 points: 0.0% against the baseline's 25.7% "
    "(208 cases, 2 trials each), p < 0.0001, limit 0.02"
)


def test_a_log_keeps_lines_whole() -> None:
    assert Screen(width=40).lines(SENTENCE) == [SENTENCE]


def test_the_rest_of_a_line_stands_further_right() -> None:
    assert NARROW.lines(SENTENCE) == [
        "  the edited prompt is worse by 25.7 points: 0.0% against",
        "      the baseline's 25.7% (208 cases, 2 trials each),",
        "      p < 0.0001, limit 0.02",
    ]


@pytest.mark.parametrize(
    "command",
    [
        "  to see one case:      pytest tests/test_a.py::test_a[x] --promptopt-case=c0",
        "  to accept the change: pytest tests/test_a.py --promptopt-update-baseline",
        "apply the proposals with: git apply --whitespace=nowarn folder/promptopt.diff",
        "or open pull requests with: promptopt pr and so on, and on, and on, and on",
    ],
)
def test_a_command_stays_on_one_line(command: str) -> None:
    assert NARROW.lines(command) == [command]


def test_no_word_is_broken_however_long_it_is() -> None:
    path = "a/very/long/path/" * 6

    assert NARROW.lines(f"written: {path} and more") == [
        "written:",
        f"    {path}",
        "    and more",
    ]


@pytest.mark.parametrize(
    "together",
    [
        "[51.6, 72.3]",
        "p = 0.031",
        "p < 0.0001",
        "80 cases",
        "-5.0 points",
        "1.00 -> 0.00",
    ],
)
def test_what_belongs_together_is_not_parted(together: str) -> None:
    for before in range(45, 62):
        lines = NARROW.lines(f"{'x' * before} {together} end")
        assert any(together in line for line in lines)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "caf\u00e9 \u6f22 \u2192"),
        ("cp1252", "caf\u00e9 \\u6f22 \\u2192"),
        ("ascii", "caf\\xe9 \\u6f22 \\u2192"),
    ],
)
def test_what_an_encoding_cannot_write_is_an_escape(encoding: str, shown: str) -> None:
    assert Screen(encoding=encoding).shown("caf\u00e9 \u6f22 \u2192") == shown


TEXTS = st.text(
    st.sampled_from("ab \n\t:#[]=<0\x00\x1b\u200d\u6f22\u0301\u202e"), max_size=120
)


@given(st.text() | TEXTS, st.integers(1, 100))
def test_whatever_is_shown_steers_nothing_and_loses_nothing(
    text: str, width: int
) -> None:
    lines = Screen(width=width, wraps=True, encoding="ascii").lines(text)

    assert not any(line.lstrip().startswith(("::", "##[")) for line in lines)
    assert all(line.isascii() and "\x1b" not in line for line in lines)
    whole = plain(text).encode("ascii", "backslashreplace").decode()
    # A line that now begins with "::" is told as such.
    kept = "".join("".join(lines).split()).replace("\\::", "::")
    assert kept == "".join(whole.split()).replace("\\::", "::")


@given(
    st.lists(st.sampled_from(["word", "\u6f22\u5b57", "longer_one", "x"]), min_size=1)
)
def test_no_line_of_short_words_is_wider_than_the_screen(words: list[str]) -> None:
    lines = NARROW.lines(f"  {' '.join(words)}")

    assert max(map(columns, lines)) <= 60
    assert " ".join(line.strip() for line in lines) == " ".join(words)


def test_a_megabyte_is_broken_in_no_time() -> None:
    lines = NARROW.lines("word " * 200_000)

    assert max(map(len, lines)) <= 60
