"""Whatever the data hold, the HTML report shows it as text and nothing else."""

from __future__ import annotations

import re

import pytest
from html_hostile import HOSTILE, MARKUP, UNSEEN, hostile
from html_reading import elements, named
from html_reports import failing, report, trial, worse
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.prompts.hidden import hidden_characters
from pytest_promptopt.report.html import page
from pytest_promptopt.report.html.assets import script, style
from pytest_promptopt.report.html.markup import tag
from pytest_promptopt.report.html.visible import MOST, attribute, visible

ELEMENTS = """
    html head meta style title link body a header p h1 h2 h3 h4 span ul li code nav div
    table caption thead tbody tr th td svg rect line circle path g text desc figure i b
    figcaption form label input select option button output main section details pre
    summary dl dt dd ins del footer script
"""
ATTRIBUTES = """
    lang charset http-equiv content name rel href class id role aria-label for type
    aria-labelledby aria-describedby aria-hidden tabindex scope viewbox width height
    preserveaspectratio rx x y x1 x2 y1 y2 cx cy r d transform text-anchor value hidden
    open autocomplete data-outcome data-g data-w
"""


@pytest.fixture(scope="module")
def poisonous() -> str:
    return page(hostile())


def test_no_element_and_no_attribute_comes_from_data(poisonous: str) -> None:
    found = elements(poisonous)

    assert {one.name for one in found} <= set(ELEMENTS.split())
    used = {name for one in found for name in one.attributes}
    assert used <= set(ATTRIBUTES.split())
    assert [one.text for one in found if one.name == "script"] == [script()]
    assert [one.text for one in found if one.name == "style"] == [style()]


def test_no_link_leads_out_of_the_page_and_no_name_is_made_of_data(
    poisonous: str,
) -> None:
    found = elements(poisonous)
    leading = {
        one.attributes[name]
        for one in found
        for name in ("href", "src", "action", "srcset", "xlink:href")
        if name in one.attributes
    }
    names = {
        one.attributes[name]
        for one in found
        for name in ("id", "class", "for", "data-g", "data-w", "data-outcome", "role")
        if name in one.attributes
    }

    assert leading == {"#main", "#t1", "#t2", "data:,"}
    assert all(re.fullmatch("[a-z0-9 -]*", name) for name in names), names


def test_the_data_are_there_to_be_read(poisonous: str) -> None:
    """A page that dropped them would pass the tests above, too."""
    (body,) = named(poisonous, "body")

    assert body.text.count(MARKUP) > 40
    for place in ("pre", "dd", "h2", "h4", "summary", "option", "title"):
        assert any(MARKUP[:50] in one.text for one in named(poisonous, place)), place


def test_nothing_that_cannot_be_seen_is_left_in_the_page(poisonous: str) -> None:
    assert not hidden_characters(poisonous)
    assert poisonous.encode("utf-8")
    escapes = {one.text for one in named(poisonous, "span", "esc")}
    assert {"\\u202e", "\\u200b", "\\x1b", "\\x00", "\\U000e0041", "\\ud800"} <= escapes


def test_a_text_of_a_megabyte_is_cut_and_the_page_says_how_much_is_not_shown() -> None:
    long = worse(
        "c",
        before=(trial("a " * 500_000),),
        after=(trial("<b>" * 350_000, 0.0, "x" * 1_000_000),),
        inputs={"t" * 1_000_000: "y" * 1_000_000},
        expected="z" * 1_000_000,
        place="p" * 1_000_000,
        tags=("g" * 1_000_000,),
    )
    test = failing(
        nodeid="n" * 1_000_000, prompt="q" * 1_000_000, model="m" * 1_000_000
    )

    html = page(report((test, [long]), drift="d" * 1_000_000))

    assert len(html) < 500_000
    told = [one.text for one in named(html, "span", "cut")]
    assert f"{1_000_000 - MOST:,} more characters not shown" in told


@given(st.text() | st.text(alphabet=HOSTILE))
def test_a_visible_text_is_the_text_with_what_is_hidden_as_escapes(text: str) -> None:
    (body, *marks) = elements(f"<body>{visible(text)}</body>")

    hidden = hidden_characters(text)
    assert {one.name for one in marks} <= {"span"}
    assert not hidden_characters(body.text)
    expected = "".join(_escape(one) if one in hidden else one for one in text)
    assert body.text == expected


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@given(st.text() | st.text(alphabet=HOSTILE))
def test_an_attribute_ends_where_we_end_it(text: str) -> None:
    (element,) = elements(f'<p title="{attribute(text)}"></p>')

    assert list(element.attributes) == ["title"]
    assert not hidden_characters(element.attributes["title"])
    if not hidden_characters(text):
        assert element.attributes["title"] == text


def test_a_text_within_an_element_is_escaped_and_markup_of_ours_is_not() -> None:
    assert tag("p", "<b>", tag("b", "&")) == "<p>&lt;b&gt;<b>&amp;</b></p>"
    assert tag("p", class_="a", open=True, hidden=False, id=None) == (
        '<p class="a" open></p>'
    )


def test_an_escape_differs_from_the_same_characters_typed() -> None:
    assert visible("\u202e") == '<span class="esc">\\u202e</span>'
    assert visible("\\u202e") == "\\u202e"


def test_an_emoji_keeps_what_joins_it() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f"

    assert visible(family) == family
    assert "\\u200d" in visible("a\u200db")


def test_every_unseen_character_of_the_tests_counts_as_hidden() -> None:
    assert hidden_characters(UNSEEN) == set(UNSEEN) - set("[31m")
