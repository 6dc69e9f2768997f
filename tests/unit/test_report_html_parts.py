"""The parts of the HTML report: marked words, folded replies, the curve of a search."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from html_reading import elements, named
from html_reports import detail, scores, searched, trial, worse
from hypothesis import given
from hypothesis import strategies as st

import pytest_promptopt
from pytest_promptopt.records import CandidateScore, SearchResult, Step
from pytest_promptopt.report.html.brief_text import brief_text
from pytest_promptopt.report.html.case_view import of_detail
from pytest_promptopt.report.html.curve import best_so_far, curve, points
from pytest_promptopt.report.html.diff_block import MOST as MOST_DIFF
from pytest_promptopt.report.html.diff_block import diff_block
from pytest_promptopt.report.html.effort import MOST_PAIRS, Effort
from pytest_promptopt.report.html.reply import folded, telling_first
from pytest_promptopt.report.html.word_marks import marked

WORDS = st.lists(
    st.sampled_from(["a", "b", "c", "ab", ".", ",", "\n", "  "]), max_size=40
)


def texts(html: str, mark: str) -> tuple[str, str]:
    """Return a marked text as it is read, and without what is marked."""
    (whole, *marks) = elements(f"<div>{html}</div>")
    assert {one.name for one in marks} <= {mark}
    bare = re.sub(rf"<{mark}>.*?</{mark}>", "", str(html), flags=re.DOTALL)
    return whole.text, "".join(bare.split())


@given(WORDS.map(" ".join), WORDS.map(" ".join))
def test_marked_texts_read_as_before_and_agree_where_nothing_is_marked(
    before: str, after: str
) -> None:
    left, right = marked(before, after, Effort())

    old, kept_old = texts(left, "del")
    new, kept_new = texts(right, "ins")
    assert (old, new) == (before, after)
    assert kept_old == kept_new


def test_words_are_marked_and_not_letters_or_lone_signs() -> None:
    left, right = marked(
        "The label is billing.", "The label is shipping, sir.", Effort()
    )

    assert left == "The label is <del>billing</del>."
    assert right == "The label is <ins>shipping, sir</ins>."


def test_a_word_is_the_same_behind_another_gap_and_gaps_alone_are_marked_too() -> None:
    left, right = marked("account", "I say account", Effort())
    assert (left, right) == ("account", "<ins>I say</ins> account")

    left, right = marked("one two", "one\ntwo", Effort())
    assert (left, right) == ("one <del>two</del>", "one\n<ins>two</ins>")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            " ".join(f"s{at}" if at % 2 else f"p{at}" for at in range(1_490)),
            "x " + " ".join(f"s{at}" if at % 2 else f"q{at}" for at in range(1_490)),
        ),
        ("a b " * 4_000, "b a " * 4_000),
        ("a " * 100_000 + "x", "y" + " a" * 100_000),
    ],
    ids=["islands", "two words", "one word"],
)
def test_no_pair_of_replies_costs_more_than_its_share(before: str, after: str) -> None:
    effort = Effort()

    marked(before, after, effort)

    assert effort.pairs >= Effort().pairs - MOST_PAIRS


def test_the_comparisons_of_a_page_have_a_bound_together() -> None:
    effort = Effort(pairs=2_000)
    long = "one two three four five six seven eight nine ten " * 5

    for at in range(100):
        marked(f"{at} {long} x", f"y {long} {at} {long} z", effort)

    assert 0 <= effort.pairs < 1_000
    left, _ = marked("a b c d", "x b y d", Effort(pairs=0))
    assert left == "<del>a b c</del> d"  # only what both end with is kept


def test_equal_replies_are_folded_and_counted() -> None:
    wrong = trial("no", 0.0, "why")

    replies = folded([wrong, trial("yes"), wrong, trial("", None, "HTTP 503")])

    assert [(one.text, one.times, one.score) for one in replies] == [
        ("no", 2, 0.0), ("yes", 1, 1.0), ("", 1, None),
    ]  # fmt: skip
    assert replies[2].missing == "HTTP 503"
    assert [one.text for one in telling_first(replies, right=True)] == ["yes", "no", ""]
    assert [one.text for one in telling_first(replies, right=False)] == [
        "no",
        "yes",
        "",
    ]


def test_of_a_large_page_further_cases_are_told_in_one_piece() -> None:
    told = brief_text(of_detail(worse("c")), 30)

    assert told.split("\n") == [
        "ticket: My parcel c has not arrived si... (11 more characters not shown)",
        "expected: shipping",
        "before, 3 of 3 trials, score 1.00: This looks like a shipping mat... (14 more"
        " characters not shown)",
        "after, 2 of 3 trials, score 0.00: Thanks for writing! This looks..."
        " (41 more characters not shown) (because expected 'shipping')",
        "after, 1 of 3 trials, score 1.00: shipping",
    ]
    same = brief_text(of_detail(detail("c")), 100)
    assert same.endswith("both, 3 of 3 trials, score 1.00: shipping")


def test_what_is_laid_out_field_by_field_has_a_bound() -> None:
    effort = Effort(blocks=3, right=1)

    taken = [effort.lay_out(right=right) for right in (True, True, False, False, False)]

    assert taken == [True, False, True, True, False]


def test_the_line_of_the_best_never_falls_and_knows_no_hold_out() -> None:
    found = points(search(scores()))

    line = best_so_far(found)

    assert line == sorted(line)
    assert [mean for _, mean in line] == sorted(mean for _, mean in line)
    whole = [one.mean for one in found if one.kind == "train"]
    assert line[0][1] == whole[0]
    assert line[-1][1] == max(whole)


def search(scored: tuple[CandidateScore, ...] = (), **given: object) -> SearchResult:
    found = searched().search
    assert found is not None
    return replace(found, scored=scored, **given)  # type: ignore[arg-type]


def test_every_candidate_is_a_dot_within_the_drawing_and_hold_outs_are_marked() -> None:
    html = curve(search(scores(40)), name="c")

    drawings = named(f"<div>{html}</div>", "svg")
    assert [one.attributes["viewbox"] for one in drawings] == [
        "0 0 720 300",
        "0 0 340 260",
    ]
    for drawing in drawings:
        width, height = map(float, drawing.attributes["viewbox"].split()[2:])
        dots = [dot for group in drawing.children for dot in group.children]
        circles = [one.attributes for one in dots if one.name == "circle"]
        assert len(circles) == 40
        assert sum(one.attributes.get("class") == "holdout" for one in dots) == 2
        assert all(0 < float(one["cx"]) < width for one in circles)
        assert all(0 < float(one["cy"]) < height for one in circles)


def test_the_drawing_says_what_it_shows() -> None:
    drawing = named(f"<div>{curve(search(scores(40)), name='c')}</div>", "svg")[0]
    title, desc = drawing.children[:2]

    assert drawing.attributes["role"] == "img"
    assert drawing.attributes["aria-labelledby"] == title.attributes["id"]
    assert title.text == "Search curve: score by model calls"
    assert desc.text.startswith(
        "40 scores on train cases over 1,645 calls. The best so"
    )
    assert "2 scores on hold-out cases, 57.0% to 81.0%." in desc.text
    axes = [one.text for one in drawing.children if one.name == "text"]
    assert {"model calls", "score", "0", "100%"} <= set(axes)


def test_without_scores_the_steps_are_drawn() -> None:
    found = points(search())

    assert [point.calls for point in found] == [40 + 200 * at for at in range(7)]
    assert found[0].told == "start: best 55.0%"


@given(
    st.lists(
        st.builds(
            CandidateScore,
            key=st.just("0" * 12),
            step=st.integers(0, 50),
            mean=st.floats(0, 1),
            cases=st.integers(0, 100),
            calls=st.integers(0, 10**7),
            holdout=st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_scores_can_be_drawn(scored: list[CandidateScore]) -> None:
    html = curve(search(tuple(scored)), name="c")

    for drawing in named(f"<div>{html}</div>", "svg"):
        width, height = map(float, drawing.attributes["viewbox"].split()[2:])
        for group in drawing.children:
            for dot in group.children:
                if dot.name == "circle":
                    assert 0 <= float(dot.attributes["cx"]) <= width
                    assert 0 <= float(dot.attributes["cy"]) <= height


def test_one_step_is_drawn_and_none_is_not() -> None:
    step = Step(number=0, asked=0, scored=1, rejected={}, best=1.0, calls=0)

    assert "<svg" in curve(search(steps=(step,)), name="c")


def test_a_diff_is_shown_line_by_line_and_a_long_one_is_cut() -> None:
    (block, *lines) = elements(diff_block("@@ -1 +1 @@\n-a\n+b\n c\n", label="p.j2"))

    assert block.attributes["aria-label"] == "Diff of p.j2"
    assert [(one.name, one.text) for one in lines] == [
        ("span", "@@ -1 +1 @@\n"), ("del", "-a\n"), ("ins", "+b\n"), ("span", " c\n"),
    ]  # fmt: skip
    long = diff_block("+line\n" * 100_000, label="p.j2")
    assert len(long) < 5 * MOST_DIFF
    assert "more characters not shown" in long


COLOURS = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
PAIRS = [
    *[(ink, back) for ink in ("ink", "muted", "accent") for back in ("paper", "panel")],
    ("good", "good-back"), ("bad", "bad-back"), ("warn", "warn-back"),
    ("ink", "quiet-back"), ("new", "new-back"), ("gone", "gone-back"),
    ("warn", "paper"),
]  # fmt: skip


def schemes() -> dict[str, dict[str, str]]:
    folder = Path(pytest_promptopt.__file__).parent / "report" / "html"
    sheet = (folder / "style.css").read_text(encoding="utf-8")
    light, dark = sheet.split("@media screen and (prefers-color-scheme: dark)")
    first = dict(COLOURS.findall(light))
    return {"light": first, "dark": {**first, **dict(COLOURS.findall(dark))}}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(scheme: str) -> None:
    colours = schemes()[scheme]
    faint = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in PAIRS}

    assert min(faint.values()) >= 4.5, faint
    for drawn in ("now", "held"):  # 3 is enough for what is no text
        assert contrast(colours[drawn], colours["paper"]) >= 3.0


def test_dark_has_a_colour_of_its_own_for_every_one_of_light() -> None:
    both = schemes()

    assert all(both["dark"][name] != value for name, value in both["light"].items())
