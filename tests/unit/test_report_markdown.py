"""Text of others within Markdown stays text, whatever it holds."""

from __future__ import annotations

import pytest
from github_markdown import HOSTILE, PARSER, structure_of_data, tokens
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.report.markdown import MARK, code, fenced, plain, visible

ANY = st.text() | st.lists(
    st.sampled_from([*HOSTILE, *"`|\\ \n@#<>[]()!*_~$:-+=.&1a\r\x1b\u202e"])
).map("".join)


def shown(text: str) -> str:
    """Return what is read in place of a text that is written as code."""
    (inline,) = [token for token in PARSER.parse(text) if token.type == "inline"]
    (span,) = inline.children or []
    assert span.type == "code_inline"
    return span.content


@given(ANY)
def test_a_code_span_is_one_span_with_the_visible_text(text: str) -> None:
    written = code(text)

    expected = " ".join(visible(text).split())
    if expected:
        assert shown(written) == expected
    else:
        assert written == "*empty*"


@given(ANY)
def test_a_code_span_in_a_cell_stays_in_its_cell(text: str) -> None:
    table = f"| a | b |\n| - | - |\n| {code(text, cell=True)} | end |\n"

    cells = [t for t in PARSER.parse(table) if t.type == "td_open"]
    inline = [t for t in PARSER.parse(table) if t.type == "inline"]
    assert len(cells) == 2
    assert inline[-1].content == "end"
    if visible(text).split():
        (span,) = inline[-2].children or []
        assert span.type == "code_inline"


@given(ANY)
def test_prose_is_one_paragraph_without_anything_that_github_would_link(
    text: str,
) -> None:
    written = plain(text)

    assert structure_of_data(written) == []
    assert {token.type for token in PARSER.parse(f"- {written}")} <= {
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
        *("paragraph_open", "paragraph_close", "inline"),
    }


@given(ANY)
def test_prose_says_what_the_text_said(text: str) -> None:
    read = "".join(
        token.content
        for token in tokens(plain(text))
        if token.type in ("text", "code_inline")
    )

    assert "".join(read.split()) == "".join(visible(text).split())


@given(ANY)
def test_a_fence_holds_the_text_and_ends(text: str) -> None:
    written = fenced(text, "text", most=100_000)

    blocks = PARSER.parse(f"{written}\n\nbehind")
    assert [block.type for block in blocks] == [
        *("fence", "paragraph_open", "inline", "paragraph_close")
    ]
    assert blocks[0].content.rstrip() == visible(text).rstrip()


@pytest.mark.parametrize("text", ["a\x1b[2J", "\u202eabc", "x\u200by", "\U000e0041"])
def test_nothing_hides(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(text) != text


def test_the_mark_of_a_report_cannot_come_from_data() -> None:
    for text in (MARK, f"x{MARK}y", MARK * 2):
        assert MARK not in visible(text)
        assert MARK not in fenced(text, "text", most=1_000)
        assert MARK not in code(text)
        assert MARK not in plain(text)


def test_ordinary_sentences_read_as_they_are_written() -> None:
    sentence = "the edited prompt is worse by 20.0 points (80 cases, 3 trials each)"

    assert plain(sentence) == sentence
    assert plain("p < 0.0001, must_pass cases: c7 -> c9") == (
        "p \\< 0.0001, `must_pass` cases: c7 -\\> c9"
    )
    assert plain("see (tests/a.py::t), hi!") == "see (`tests/a.py::t`), hi\\!"


def test_long_texts_are_cut_fast() -> None:
    long = "\x1b[31m`|" * 200_000

    assert len(code(long, most=100)) < 120
    assert len(plain(long)) < 4_000
    assert len(fenced(long, "text", most=1_000)) < 1_100
