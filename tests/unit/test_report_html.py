"""The HTML report says what a reviewer needs, in one file."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from html_reading import elements, named, text_of
from html_reports import (
    DIFF,
    detail,
    failing,
    full,
    large,
    report,
    searched,
    trial,
    worse,
)
from report_results import change, compared, result

from pytest_promptopt.records import CaseDetail, Needed, SourceChange, Verdict
from pytest_promptopt.report.html import page
from pytest_promptopt.report.html.page import MOST
from pytest_promptopt.report.html.section import MOST_OPEN
from pytest_promptopt.report.ids_only import ids_only, ids_only_detail
from pytest_promptopt.report.run_report import RunReport


@pytest.fixture(scope="module")
def whole() -> str:
    return page(full())


def test_the_first_line_counts_the_verdicts_and_the_title_says_the_same(
    whole: str,
) -> None:
    (head,) = named(whole, "h1")
    title = named(whole, "title")[0]

    assert head.text == "4 prompt tests: 1 fail, 1 error, 1 inconclusive, 1 pass"
    assert title.text == f"{head.text} - prompt report"


def test_a_run_without_prompt_tests_says_so() -> None:
    text = text_of(page(report(problems=("cannot write x",))))

    assert "No prompt test was run" in text
    assert "cannot write x" in text


def test_the_overview_has_a_row_with_a_link_for_each_prompt_test(whole: str) -> None:
    (nav,) = named(whole, "nav")
    rows = nav.children[0].children[0].children[2].children
    links = [one for one in named(whole, "a") if "nav" in one.parents]

    assert [" ".join(one.text.split()) for one in (rows[0], rows[2])] == [
        "prompts/triage.j2test_triagefail (worse)50.0%-20.0 pointsp = 0.001 (0.025)"
        "10.0 points480$0.0132",
        "prompts/order_system.j2test_orders[de]inconclusive (unclear)76.0%-4.0 points"
        "p = 0.12 (0.025)19.0 points480$0",
    ]
    assert [link.attributes["href"] for link in links] == ["#t1", "#t2", "#t3", "#t4"]
    sections = {one.attributes.get("id") for one in named(whole, "section")}
    assert sections >= {"t1", "t2", "t3", "t4"}


def test_a_failure_tells_its_grounds_and_what_to_do(whole: str) -> None:
    section = named(whole, "section")[0].text

    for said in (
        "The edited prompt is worse by 20.0 points: 50.0% against the baseline's 70.0%",
        "pattern: 6 of 7 broken cases have the tag 'late' (12 of all 80)",
        "must_pass broken: 1 case: vip-1",
        "compared with the baseline of 2026-11-08: 3 fresh trials of each case",
        "limit 0.025 = 5% / (2 looks x 1 edited prompt test)",
        "flaky (recorded trials disagree): 1 case: refund-3",
        "must_pass: the case vip-1 was broken",
        "pytest tests/test_prompts.py::test_triage --promptopt-case=vip-1",
        "openai:gpt-5-mini (api.openai.com), the task model",
    ):
        assert said in section


def test_the_worst_verdict_comes_first_and_equal_ones_in_their_order(
    whole: str,
) -> None:
    heads = [one.text for one in named(whole, "h2")]
    prompts = ("triage", "mail", "order_system", "tone")  # fail, error, unclear, pass
    assert heads == [f"prompts/{name}.j2" for name in prompts]


def test_an_error_says_that_it_says_nothing_about_the_prompt(whole: str) -> None:
    section = named(whole, "section")[1].text

    assert "HTTP 503 to 40 of 40 requests" in section
    assert "This says nothing about the prompt" in section


def test_accuracy_is_told_for_arms_trials_tags_and_limits(whole: str) -> None:
    tables = {
        one.children[0].text: one for one in named(whole, "table") if one.children
    }
    trials = [
        [cell.text for cell in row.children]
        for row in tables["Mean score of each trial"].children[2].children
    ]
    tags = [
        [cell.text for cell in row.children]
        for row in tables["Mean score of each tag"].children[2].children
    ]

    assert trials[0] == ["1", "97.5%", "88.8%", "80"]
    assert tags[0] == ["late", "12", "90.0%", "30.0%", "-60.0 points"]
    assert tags[-1] == ["refund", "28", "50.0%", "61.0%", "+11.0 points"]
    assert "tokens120161+10%exceeded" in tables["Parts held against a limit"].text


def test_a_trial_counts_each_case_with_its_weight() -> None:
    cases = [
        detail("a", weight=3.0, after=(trial("x", 1.0), trial("x", 0.0))),
        detail("b", after=(trial("x", 0.0), trial("", None))),
    ]

    rows = [one.text for one in named(page(report((failing(), cases))), "tr")]

    assert "1100.0%75.0%2" in rows
    assert "2100.0%0.0%2" in rows


def test_a_case_shows_both_arms_with_the_words_that_differ(whole: str) -> None:
    case = named(whole, "details", "case")[0]
    gone = [one.text for one in named(whole, "del") if "details" in one.parents]

    assert "worse vip-1 1.00 → 0.33 must_pass parcel late" in case.text
    assert "cases/triage.jsonl:7, weight 2" in case.text
    assert "ticketMy parcel vip-1 has not arrived since Monday." in case.text
    assert "expectedshipping" in case.text
    assert "2 of 3 trials, score 0.00" in case.text
    assert "expected 'shipping'" in case.text
    assert "shipping" in gone


def test_equal_replies_of_both_arms_are_shown_once_and_that_is_said() -> None:
    html = page(report((failing(), [detail("same")])))

    (case,) = named(html, "details", "case")
    assert "Both arms replied the same3 of 3 trials, score 1.00shipping" in case.text
    assert case.text.count("3 of 3 trials") == 1


def test_what_got_worse_comes_first_and_must_pass_cases_before_others() -> None:
    half = worse("half", now=0.9)
    cases = [
        detail("right"),
        half,
        worse("all"),
        worse("vital", must_pass=True, now=0.95),
    ]

    html = page(report((failing(), cases)))

    ids = [one.text for one in named(html, "span", "id") if "summary" in one.parents]
    assert ids[1:] == ["vital", "all", "half", "right"]
    states = [one.text for one in named(html, "h4") if "details" in one.parents]
    assert states[1:3] == ["Worse than before 3 cases", "Right 1 case"]


def test_without_details_the_cases_that_the_verdict_names_are_shown() -> None:
    verdict = compared(
        "fail",
        "worse",
        "worse",
        worse=(change("c-1", reason="too long", finish_reason="length"),),
        better=(change("c-2", was=0.0, now=1.0),),
    )

    html = page(report((result(verdict), [])))

    first, second = named(html, "details", "case")
    assert "worse c-1 1.00 → 0.00" in first.text
    assert "finish reason length" in first.text
    assert "too long" in first.text
    assert "trial" not in first.text  # how many said so is not known
    assert "better c-2" in second.text


def test_a_record_that_was_carried_over_has_no_replies_and_says_so() -> None:
    html = page(report((searched(), [detail("t", before=(), after=())])))

    (case,) = named(html, "details", "case")
    assert "No reply in this run: the recorded score is shown." in case.text
    (row,) = [one.text for one in named(html, "tr") if "this prompt, rec" in one.text]
    assert row == "this prompt, recorded 2026-11-0155.0%[44.0, 66.0]"


def test_a_case_that_was_not_scored_is_not_called_wrong(whole: str) -> None:
    (case,) = [c for c in named(whole, "details", "case") if "lost-1" in c.text]

    assert "unscored lost-1 1.00 → no score" in case.text
    assert "no replyHTTP 503 from api.openai.com" in case.text
    assert "data-w" not in case.attributes


def test_the_change_of_the_prompt_is_shown_with_its_place(whole: str) -> None:
    (block, proposed) = named(whole, "pre", "diff")
    heads = [one.text for one in named(whole, "h4")]

    assert block.text == DIFF
    assert "prompts/triage.j2:2" in heads
    marks = [one.text for one in block.children if one.name in ("ins", "del")]
    assert marks == [
        "-Answer with the label only.\n",
        "+Answer in a friendly sentence, and name the label somewhere in it.\n",
    ]
    assert proposed.text.startswith("--- a/prompts/tone.j2\n")


def test_a_source_without_a_diff_of_its_own_is_named_all_the_same() -> None:
    changed = SourceChange(label="TONE", path="src/prompts.py", line=7)

    html = page(report((failing(source_changes=(changed,)), [])))

    assert "TONE, src/prompts.py:7" in [one.text for one in named(html, "h4")]


def test_a_search_tells_its_proposal_its_steps_and_where_it_comes_from(
    whole: str,
) -> None:
    section = named(whole, "section")[3].text

    for said in (
        "opro, seed 3: proposed. It ended when all 6 steps were taken. 40 train cases",
        "hold-out 57.0% -> 81.0%: +24.0 points [12.0, 36.0], p = 0.0004 (limit 0.015)",
        "start: 55.0% on train",
        "step 5, rewrite: 84.0% on train",
        "679.0%6 of 8duplicate 1, too long 11,240$0.06",
        "tests/test_prompts.py::test_mail: pass (same): 90.0% -> 90.0%",
        "1,500 calls of the search, 48 of them to offline:rules, 100 replayed",
        "offline:rules is a deterministic stand-in, not an LLM",
    ):
        assert said in section


def test_stand_ins_and_withheld_texts_are_said_at_the_top() -> None:
    short = ids_only(replace(failing(), notes=("a stand-in",)))
    hidden = ids_only_detail(worse("c"))

    html = page(report((short, [hidden]), shows="ids"))

    text = text_of(html)
    assert text.index("The texts of cases and replies are withheld") < 300
    assert text.count("promptopt_show_data") == 1
    assert text.index("a stand-in") < text.index("Prompt tests of this run")
    (case,) = named(html, "details", "case")
    assert case.text == (
        "worse c 1.00 → 0.33 parcel late"
        "cases/triage.jsonl:7"
        "Before: 3 of 3 trials, score 1.00"
        "After: 2 of 3 trials, score 0.00; 1 of 3 trials, score 1.00"
        "Its texts are withheld."
    )


def test_no_text_of_a_case_that_is_withheld_is_shown_even_if_it_is_there() -> None:
    html = page(report((failing(), [worse("c", withheld=True)]), shows="ids"))

    (case,) = named(html, "details", "case")
    assert "Monday" not in case.text
    assert "billing" not in case.text


def test_what_would_settle_a_verdict_is_said() -> None:
    needed = Needed(cases=240, trials=9, cases_calls=1_920, trials_calls=1_440)
    open_ = compared("inconclusive", "unclear", "cannot tell")

    text = text_of(page(report((result(open_, needed=needed), []))))

    assert "to settle it: about 240 cases in all instead of 80 (1,920 calls)" in text


def test_where_very_many_tests_need_a_look_none_is_open() -> None:
    one = result(compared("fail", "worse", "w"))

    html = page(report(*[(one, list[CaseDetail]())] * (MOST_OPEN + 1)))

    found = named(html, "details", "test")
    assert len(found) == MOST_OPEN + 1
    assert not any("open" in one.attributes for one in found)


def test_the_calls_of_the_gate_are_told_apart_from_those_of_a_search() -> None:
    # The row above counts both.
    text = text_of(page(full()))

    assert "480 calls of the gate, $0" in text


def test_few_tests_are_open_and_of_many_those_that_need_a_look() -> None:
    fine = Verdict(outcome="pass", cause="same", accuracy=0.9)
    many = [result(fine, nodeid=f"t.py::test_{at}") for at in range(5)]

    html = page(report((failing(), []), *((one, []) for one in many)))

    assert ["open" in one.attributes for one in named(html, "details", "test")] == [
        True, *[False] * 5,
    ]  # fmt: skip


def test_headings_come_in_order_and_landmarks_are_there(whole: str) -> None:
    levels = [
        int(one.name[1]) for one in elements(whole) if re.match("h[1-6]$", one.name)
    ]
    names = [one.name for one in elements(whole)]

    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    for landmark in ("header", "nav", "main", "footer"):
        assert names.count(landmark) == 1
    assert named(whole, "body")[0].children[0].attributes["href"] == "#main"


def test_what_applies_the_proposals_is_said_where_there_are_any(whole: str) -> None:
    said = (
        "Apply the proposals with git apply --whitespace=nowarn promptopt.diff or open "
        "pull requests with promptopt pr"
    )

    assert said in text_of(whole)
    assert "Apply the proposals" not in text_of(page(report((failing(), []))))


def test_every_table_has_a_caption_and_every_head_cell_a_scope(whole: str) -> None:
    assert all(one.children[0].name == "caption" for one in named(whole, "table"))
    assert {one.attributes["scope"] for one in named(whole, "th")} == {"row", "col"}
    assert all(one.text for one in named(whole, "th"))


def test_ids_are_unique_and_what_refers_to_them_finds_them(whole: str) -> None:
    ids = [one.attributes["id"] for one in elements(whole) if "id" in one.attributes]
    wanted = [
        one.attributes[name]
        for one in elements(whole)
        for name in ("aria-labelledby", "aria-describedby", "for")
        if name in one.attributes
    ]

    assert len(ids) == len(set(ids))
    assert set(wanted) <= set(ids)


def test_only_the_script_and_the_style_of_the_page_are_allowed(whole: str) -> None:
    (policy,) = [
        one.attributes["content"] for one in named(whole, "meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip

    for name in ("script", "style"):
        (element,) = named(whole, name)
        digest = hashlib.sha256(element.text.encode()).digest()
        allowed = f"{name}-src 'sha256-{base64.b64encode(digest).decode()}'"
        assert allowed in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "style=" not in whole


def test_a_page_is_the_same_whenever_it_is_written() -> None:
    assert page(full()) == page(full())


@pytest.fixture(scope="module")
def vast() -> str:
    """Return the page of 10,000 cases."""
    return page(large(10_000))


def test_the_page_of_ten_thousand_cases_is_not_too_large(vast: str) -> None:
    assert 5_000_000 < len(vast.encode()) <= MOST


def test_a_page_that_would_be_too_large_says_what_was_left_out(
    vast: str,
) -> None:
    html = vast

    assert "texts of cases are cut at" in html
    assert "cases that are as right as before are counted only" in html
    left = re.search(r"Left out, [^:]*: ([\d,]+) cases that are as right", html)
    assert left is not None
    shown = html.count('<details class="case ')
    assert shown + int(left[1].replace(",", "")) == 10_000


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (920_000, {"wrong", "worse", "better", "right"}),
        (450_000, {"wrong", "worse", "better"}),
        (200_000, {"worse", "better"}),
        (80_000, {"worse"}),
        (60_000, set()),
    ],
)
def test_less_and_less_is_shown_as_less_fits(most: int, kept: set[str]) -> None:
    html = page(large(300, words=100), most=most)

    assert len(html.encode()) <= most
    states = {
        one.attributes["class"].split()[1] for one in named(html, "details", "case")
    }
    assert states == kept
    assert "To keep this page below its largest size" in html


def test_of_too_many_cases_the_ones_that_lost_most_stay() -> None:
    cases = [worse(f"little-{at}", now=0.9) for at in range(500)]
    cases[400] = worse("most", now=0.0)

    html = page(report((failing(), cases)), most=90_000)

    assert len(html.encode()) <= 90_000
    assert "most" in named(html, "details", "case")[0].text
    assert re.search(r"Left out, .*: \d+ other cases", html)


def test_of_very_many_searches_and_diffs_the_largest_parts_are_left_out() -> None:
    long = SourceChange(label="p.j2", diff="+word\n" * 2_000)
    run = report(
        *(
            (searched(nodeid=f"t.py::test_{at}", source_changes=(long,)), [detail("c")])
            for at in range(20)
        )
    )

    whole, short = page(run), page(run, most=600_000)

    assert whole.count('<svg viewBox="0 0 720 300"') == 20
    assert len(whole.encode()) > 600_000
    assert len(short.encode()) <= 600_000
    assert '<svg viewBox="0 0 720 300"' not in short
    assert "Diffs are cut at 1,000 characters, and the curves of searches" in short
    assert short.count('<details class="case ') == 20


def test_cases_take_no_memory_but_that_of_the_page() -> None:
    def cases() -> Iterator[CaseDetail]:
        for at in range(100):
            told = [f"{at} {arm} " + "long " * 20_000 for arm in range(2)]
            yield detail(
                f"c-{at}",
                inputs={"ticket": told[0]},
                before=(trial(told[0]),),
                after=(trial(told[1], 0.0),),
                now=0.0,
            )

    run = RunReport(results=(failing(),), details=lambda _: cases())
    tracemalloc.start()
    try:
        html = page(run)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(html) > 700_000
    assert peak < 6 * len(html) + 30_000_000
