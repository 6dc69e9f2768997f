"""The section at the end of a run: one line per test, and what needs a look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from report_results import COMPARED, TEST, change, compared, result

from pytest_promptopt.records import (
    LimitCheck,
    Needed,
    Remark,
    SearchResult,
    Step,
    TagAccuracy,
    Verdict,
)
from pytest_promptopt.report import terminal
from pytest_promptopt.report.terminal import Line

TAIL = "p = 0.001 (limit 0.025), smallest drop it could show 10.0 points"
ARM = "50.0% [40.0, 60.0] of 80 cases, baseline 70.0% of 2026-11-08"
FIGURES = f"{ARM}, -20.0 points, {TAIL}"
AGED = f"{ARM} (24 days ago), -20.0 points, {TAIL}"

UNCHANGED = Verdict(
    outcome="pass",
    cause="unchanged",
    message="nothing changed",
    accuracy=0.72,
    interval=(0.631, 0.796),
    baseline_accuracy=0.72,
    baseline_interval=(0.631, 0.796),
    detectable=0.081,
    limit=0.025,
    cases=100,
    baseline_date="2026-11-20",
)


def shown(*results: Any, verbosity: int = 0, **given: Any) -> list[Line]:
    end = terminal.RunEnd(**given)
    return terminal.summary(results, end, verbosity=verbosity)


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (COMPARED, f"fail (worse): {AGED}"),
        (compared("pass", "same"), f"pass (same): {AGED}"),
        (compared("pass", "accepted"), f"pass (accepted): {AGED}"),
        (compared("pass", "report only"), f"pass (report only): {AGED}"),
        (compared("pass", "drift"), f"pass (drift): {AGED}"),
        (compared("inconclusive", "unclear"), f"inconclusive (unclear): {AGED}"),
        (
            compared("pass", "better", accuracy=0.9, p_value=0.999),
            "pass (better): 90.0% [40.0, 60.0] of 80 cases, baseline 70.0% of "
            "2026-11-08 (24 days ago), +20.0 points, p of a drop = 1 (limit 0.025), "
            "smallest drop it could show 10.0 points",
        ),
        (
            compared("inconclusive", "cases lost", removed=("a", "b"), missing=("c",)),
            f"inconclusive (cases lost): 2 cases removed, 1 case missing, {AGED}",
        ),
        (
            compared("inconclusive", "cases lost", unscored=("a", "b")),
            f"inconclusive (cases lost): 2 cases with unscored replies, {AGED}",
        ),
        (
            compared("fail", "must_pass", broken=("c3",)),
            f"fail (must_pass): must_pass case c3 broken, {AGED}",
        ),
        (
            compared("fail", "must_pass", broken=("c3", "c4")),
            f"fail (must_pass): 2 must_pass cases broken, {AGED}",
        ),
        (
            Verdict(
                outcome="pass",
                cause="recorded",
                accuracy=1.0,
                interval=(0.839, 1.0),
                cases=20,
            ),
            "pass (recorded): 100.0% [83.9, 100.0] of 20 cases",
        ),
        (
            Verdict(outcome="pass", cause="kept", message="it has a baseline"),
            "pass (kept): it has a baseline",
        ),
        (
            Verdict(outcome="error", cause="setup", message="no file\nhint: x"),
            "error (setup): no file",
        ),
        (Verdict(outcome="error", cause="test"), "error (test)"),
        (
            UNCHANGED,
            "pass (unchanged): 72.0% [63.1, 79.6] of 100 cases, recorded 2026-11-20 "
            "(12 days ago), an edit must drop 8.1 points to be seen (limit 0.025)",
        ),
    ],
)
def test_a_verdict_is_one_line_with_all_its_figures(
    verdict: Verdict, line: str
) -> None:
    assert terminal.one_line(result(verdict), today="2026-12-02") == line


def test_an_exceeded_limit_leads_its_line() -> None:
    check = LimitCheck(
        part="tokens",
        limit="+10%",
        was=120.0,
        now=160.5,
        p_value=0.001,
        held_against=0.01,
        state="exceeded",
    )
    verdict = compared("fail", "limit", limits=(check,))

    assert terminal.one_line(result(verdict)) == (
        f"fail (limit): tokens 120 -> 160.5 (limit +10%), {FIGURES}"
    )


def test_without_today_the_age_of_a_record_is_not_told() -> None:
    assert terminal.one_line(result(UNCHANGED)) == (
        "pass (unchanged): 72.0% [63.1, 79.6] of 100 cases, recorded 2026-11-20, "
        "an edit must drop 8.1 points to be seen (limit 0.025)"
    )


def test_an_unclear_comparison_says_what_would_settle_it() -> None:
    verdict = compared(
        "inconclusive",
        "unclear",
        "cannot tell; about 240 cases would settle it",
        look=2,
        pattern=("3 of 3 broken cases have the tag 'german'",),
        worse=(change("c3"),),
        changed=("c7",),
        added=("new",),
    )

    for verbosity in (0, -1):
        assert shown(result(verdict), verbosity=verbosity) == [
            Line(
                f"p.j2 (test_a, openai:x): inconclusive (unclear): {FIGURES}"
                "  [480 calls]",
                ("yellow",),
            ),
            Line("  cannot tell; about 240 cases would settle it"),
            Line("  pattern: 3 of 3 broken cases have the tag 'german'"),
            Line(
                "  compared with the baseline of 2026-11-08: 3 fresh trials of each "
                "case in both arms, not decided after look 2 of 2, on openai:x"
            ),
            Line("  limit 0.025 = 5% / (2 looks x 1 edited prompt test)"),
            Line("  changed: 1 case: c7"),
            Line("  added: 1 case: new"),
            Line(f"  to see one case: {TEST} --promptopt-case=c3"),
        ]


def test_lost_cases_are_named_with_the_command_that_accepts_it() -> None:
    verdict = compared(
        "inconclusive",
        "cases lost",
        "restore them",
        removed=tuple("abcdefg"),
        missing=("m",),
        reference="commit 1a2b3c4",
    )

    assert [line.text for line in shown(result(verdict))][1:] == [
        "  restore them",
        "  missing: 1 case: m",
        "  removed: 7 cases: a, b, c, d, e and 2 more",
        f"  to accept the change: {TEST} --promptopt-update-baseline "
        "--promptopt-reason='...'",
    ]


def test_a_missing_baseline_warns_with_the_command_that_records_it() -> None:
    verdict = Verdict(
        outcome="inconclusive",
        cause="no baseline",
        message="there is no baseline to compare 72.0% with",
        accuracy=0.72,
        interval=(0.6, 0.8),
        cases=50,
    )

    assert [line.text for line in shown(result(verdict, calls=50, cached=7))] == [
        "p.j2 (test_a, openai:x): inconclusive (no baseline): 72.0% [60.0, 80.0] of "
        "50 cases  [50 calls, 7 from the cache]",
        f"  to record a baseline: {TEST} --promptopt-update-baseline",
    ]


def unrecorded() -> Verdict:
    return Verdict(
        outcome="inconclusive",
        cause="no baseline",
        message="there is no baseline to compare 72.0% with",
        accuracy=0.72,
        interval=(0.6, 0.8),
        cases=50,
    )


def test_a_suite_without_any_baseline_is_told_once_how_to_record_them() -> None:
    lines = shown(*(result(unrecorded(), nodeid=f"t.py::test_{x}") for x in "abc"))

    assert [line.text.split(" ")[0] for line in lines[:4]] == [
        "test",
        "test_a",
        "test_b",
        "test_c",
    ]
    assert [line.text for line in lines[4:]] == [
        "",
        "to record the baselines: run the same again with --promptopt-update-baseline",
    ]


def test_beside_baselines_that_exist_each_missing_one_has_its_own_command() -> None:
    # Running everything again would record an edited prompt, too.
    tests = [
        result(unrecorded(), nodeid="t.py::test_a", selector="t.py::test_a"),
        result(compared("pass", "same"), nodeid="t.py::test_b"),
    ]

    texts = [line.text for line in shown(*tests)]

    command = "  to record a baseline: pytest t.py::test_a --promptopt-update-baseline"
    assert command in texts
    assert not any("run the same again" in text for text in texts)


def test_of_very_many_tests_only_those_that_need_a_look_have_rows() -> None:
    fine = [
        result(compared("pass", "same"), nodeid=f"t.py::test_{at}", calls=3)
        for at in range(1000)
    ]
    worse = result(COMPARED, nodeid="t.py::test_worse", calls=5)

    texts = [line.text for line in shown(*fine, worse)]
    every = [line.text for line in shown(*fine, worse, verbosity=1)]

    assert [text.split(" ")[0] for text in texts[:2]] == ["test", "test_worse"]
    assert texts[2] == "1,000 prompt tests more passed, with 3,000 calls; -v lists them"
    assert len(texts) < 10
    assert sum(text.startswith("test_") for text in every) == 1001


def test_very_many_tests_that_pass_are_one_line() -> None:
    fine = [
        result(compared("pass", "same"), nodeid=f"t.py::test_{at}", calls=0)
        for at in range(41)
    ]

    lines = [line.text for line in shown(*fine)]

    assert lines == ["41 prompt tests passed, with 0 calls; -v lists them"]


def test_earlier_replies_that_nobody_recorded_are_not_called_empty() -> None:
    verdict = replace(
        compared("pass", "same", worse=(change("t1", before=""),)), look=0
    )

    texts = [line.text for line in shown(result(verdict), verbosity=1)]

    (told,) = [text for text in texts if text.startswith("  worse: t1")]
    assert "got " in told
    assert "before" not in told


def test_an_inconclusive_verdict_without_figures_is_told_once() -> None:
    verdict = Verdict(
        outcome="inconclusive", cause="provider", message="no model\n  hint: set it"
    )

    assert [line.text for line in shown(result(verdict, calls=0))] == [
        "p.j2 (test_a, openai:x): inconclusive (provider): no model  [0 calls]",
        "    hint: set it",
    ]


@pytest.mark.parametrize("name", ["removed", "changed", "missing", "unscored"])
def test_a_pass_that_lost_cases_is_never_silent(name: str) -> None:
    lost: dict[str, Any] = {name: ("a", "b")}
    verdict = compared("pass", "same", **lost)

    for verbosity in (0, -1):
        assert [line.text for line in shown(result(verdict), verbosity=verbosity)] == [
            f"p.j2 (test_a, openai:x): pass (same): {FIGURES}  [480 calls]",
            f"  {name}: 2 cases: a, b",
        ]


def test_quiet_runs_show_only_what_needs_attention() -> None:
    fine = result(compared("pass", "same", added=("new",)))
    worse = result(COMPARED, nodeid="test_p.py::test_b")

    quiet = shown(fine, worse, verbosity=-1, written=["x"])

    assert [line.text.partition(",")[0] for line in quiet] == ["p.j2 (test_b"]


def test_remarks_are_yellow_lines_below_their_test_also_when_quiet() -> None:
    remark = Remark(kind="new prompt test", text="commit 1a2b3c4 has no baseline")
    passed = result(UNCHANGED, remarks=(remark,), calls=0)

    assert shown(passed, verbosity=-1)[1:] == [
        Line("  new prompt test: commit 1a2b3c4 has no baseline", ("yellow",))
    ]


def test_an_accepted_drop_shows_both_numbers_and_the_reason_in_yellow() -> None:
    message = "50.0% measured, 51.0% recorded: shorter replies"
    verdict = compared("pass", "accepted", message)
    line = Line(
        f"p.j2 (test_a, openai:x): pass (accepted): {FIGURES}  [480 calls]", ("yellow",)
    )

    alone = shown(result(verdict), verbosity=-1)
    remarked = result(verdict, remarks=(Remark(kind="accepted", text=message),))

    assert alone == [line, Line(f"  {message}")]
    assert shown(remarked) == [line, Line(f"  accepted: {message}", ("yellow",))]


def test_report_only_says_all_that_a_failure_would_have_said() -> None:
    verdict = compared(
        "pass", "report only", "would have been fail (worse): x", worse=(change("c0"),)
    )
    remark = Remark(kind="test changed", text="the module differs")

    assert shown(result(verdict, remarks=(remark,)), verbosity=-1) == [
        Line(
            f"p.j2 (test_a, openai:x): pass (report only): {FIGURES}  [480 calls]",
            ("yellow",),
        ),
        Line("  would have been fail (worse): x"),
        Line(
            "  compared with the baseline of 2026-11-08: 3 fresh trials of each case "
            "in both arms, look 1 of 2, on openai:x"
        ),
        Line("  limit 0.025 = 5% / (2 looks x 1 edited prompt test)"),
        Line("  cases: 1 of 80 got worse, 0 got better"),
        Line(
            "  worse: c0 (cases.jsonl:3) 1.00 -> 0.00: expected 'x', got 'y', "
            "before 'x'"
        ),
        Line(f"  to see one case:      {TEST} --promptopt-case=c0"),
        Line(f"  to accept the change: {TEST} --promptopt-update-baseline"),
        Line(f"  to find a better one: {TEST} --optimize-prompts"),
        Line("  test changed: the module differs", ("yellow",)),
    ]


def test_a_floor_without_a_baseline_passes_but_says_so() -> None:
    message = "72.0% reaches min_score 70.0%; there is no baseline"
    verdict = replace(UNCHANGED, cause="floor", message=message, detectable=None)

    assert [line.text for line in shown(result(verdict))][1:] == [f"  {message}"]


def test_drift_is_one_yellow_line_for_the_whole_suite() -> None:
    lines = shown(
        result(UNCHANGED), verbosity=-1, drift="not the prompts: the model changed"
    )

    assert lines == [Line("drift: not the prompts: the model changed", ("yellow",))]


def test_a_test_that_drifted_leaves_the_sentence_to_the_suite() -> None:
    drift = "not the prompts: the model changed"
    verdict = compared("pass", "drift", drift, look=0)

    lines = shown(result(verdict), drift=drift)

    assert lines == [
        Line(
            f"p.j2 (test_a, openai:x): pass (drift): {FIGURES}  [480 calls]",
            ("yellow",),
        ),
        Line(f"drift: {drift}", ("yellow",)),
    ]


def test_what_the_line_says_is_not_said_again_by_a_remark() -> None:
    text = "commit 1a2b3c4 has a baseline for it, and its file is gone"
    verdict = Verdict(outcome="pass", cause="removed", message=text)
    remark = Remark(kind="removed prompt test", text=text)

    lines = shown(result(verdict, model="", calls=0, remarks=(remark,)), verbosity=-1)

    assert lines == [
        Line(f"p.j2 (test_a): pass (removed): {text}  [0 calls]", ("yellow",))
    ]


def test_verbose_runs_show_cases_parts_and_all_tags_of_a_pass() -> None:
    kept = LimitCheck(
        part="tokens",
        limit="+10%",
        was=120.0,
        now=121.0,
        p_value=0.4,
        held_against=0.0125,
        state="kept",
    )
    tags = (
        TagAccuracy(tag="german", cases=11, was=0.8, now=0.8),
        TagAccuracy(tag="new", cases=1, was=None, now=0.5),
    )
    verdict = compared(
        "pass",
        "same",
        "no drop of 2.0 points or more",
        limits=(kept,),
        tags=tags,
        flaky=("c9",),
        worse=(change("c1"),),
        better=(change("c2", was=0.0, now=1.0),),
    )

    assert [line.text for line in shown(result(verdict), verbosity=1)][1:] == [
        "  no drop of 2.0 points or more",
        "  compared with the baseline of 2026-11-08: 3 fresh trials of each case in "
        "both arms, look 1 of 2, on openai:x",
        "  limit 0.025 = 5% / (2 looks x 1 edited prompt test)",
        "  worse: c1 (cases.jsonl:3) 1.00 -> 0.00: expected 'x', got 'y', before 'x'",
        "  better: c2 (cases.jsonl:3) 0.00 -> 1.00: expected 'x', got 'y', before 'x'",
        "  part tokens 120 -> 121 (limit +10%): kept, p = 0.4 held against 0.0125",
        "  tag 'german': 80.0% -> 80.0% (+0.0 points, 11 cases)",
        "  tag 'new': 50.0% of 1 case",
        "  flaky (recorded trials disagree): 1 case: c9",
    ]


def test_the_section_ends_with_what_was_written_and_what_to_type() -> None:
    noted = result(UNCHANGED, notes=("a stand-in",), calls=0)

    lines = shown(
        noted,
        written=["promptopt.diff"],
        remarks=["left out"],
        problems=["not written"],
        apply_command="git apply x",
    )

    assert lines[1:] == [
        Line("note: a stand-in"),
        Line("written: promptopt.diff"),
        Line("left out", ("yellow",)),
        Line("not written", ("red",)),
        Line("apply the proposals with: git apply x", ("bold",)),
        Line("or open pull requests with: promptopt pr", ("bold",)),
    ]


def test_rows_of_several_tests_stand_above_what_there_is_to_say_of_them() -> None:
    unclear = compared("inconclusive", "unclear", "cannot tell", look=2)

    lines = shown(
        result(COMPARED, nodeid="t.py::test_a"),
        result(UNCHANGED, nodeid="t.py::test_b", calls=0),
        result(unclear, nodeid="t.py::test_c"),
    )

    assert [line.text.split("  ")[0] for line in lines[:5]] == [
        *("test", "test_a", "test_b", "test_c", "")
    ]
    assert lines[5].text.startswith("p.j2 (test_c, openai:x): inconclusive (unclear)")
    # A failure has a text of its own, and of an unchanged prompt there is no more.
    assert not [line for line in lines if line.text.startswith("p.j2 (test_a")]
    assert not [line for line in lines if line.text.startswith("p.j2 (test_b")]


def test_a_look_at_one_case_has_no_row() -> None:
    looks = [
        result(
            Verdict(outcome="pass", cause="one case", message=f"case {name}"),
            nodeid=f"t.py::test_{name}",
        )
        for name in "ab"
    ]

    assert shown(*looks) == [Line("case a"), Line("case b")]
    assert terminal.one_line(looks[0]) == "case a"


@pytest.mark.parametrize(
    ("needed", "told"),
    [
        (
            Needed(
                cases=240,
                trials=9,
                cases_calls=1920,
                trials_calls=1440,
                cases_cost=0.12,
                trials_cost=0.09,
            ),
            "to settle it: about 240 cases in all instead of 80 (1,920 calls, $0.12), "
            "or 9 trials of each case instead of 3 (1,440 calls, $0.09)",
        ),
        (
            Needed(cases=240, trials=None, cases_calls=1920),
            "to settle it: about 240 cases in all instead of 80 (1,920 calls); no "
            "number of trials would, with the cases there are",
        ),
        (
            Needed(cases=None, trials=9),
            "to settle it: 9 trials of each case instead of 3",
        ),
    ],
)
def test_what_would_settle_a_verdict_is_told_with_its_price(
    needed: Needed, told: str
) -> None:
    verdict = compared("inconclusive", "unclear", "cannot tell", look=2)

    lines = shown(result(verdict, needed=needed))

    assert lines[2].text == f"  {told}"


@pytest.mark.parametrize(
    ("accuracy", "why"),
    [
        (
            0.685,
            "a drop of at least 1.0 point is too large to pass, and one below 2.0 "
            "points too small to fail",
        ),
        (
            0.678,
            "that is worth naming would settle it: the drop is too close to the "
            "tolerance of 2.0 points",
        ),
    ],
)
def test_that_nothing_would_settle_a_verdict_is_told_with_the_reason(
    accuracy: float, why: str
) -> None:
    verdict = compared("inconclusive", "unclear", accuracy=accuracy, look=2)

    told = shown(result(verdict, needed=Needed(cases=None, trials=None)))[1].text

    assert told.startswith("  no number of cases or trials ")
    assert told.endswith(why)


@pytest.mark.parametrize("verbosity", [0, -1])
def test_withheld_texts_are_said_once_with_the_reason_and_the_way_out(
    verbosity: int,
) -> None:
    hidden = [
        result(COMPARED, nodeid=f"t.py::test_{name}", shows="ids") for name in "ab"
    ]

    lines = shown(*hidden, verbosity=verbosity, since="the repository is public")

    assert [line.text for line in lines if "withheld" in line.text] == [
        "withheld: texts of cases and replies, since the repository is public; "
        "promptopt_show_data = full shows them"
    ]


def test_where_nothing_would_be_shown_nothing_is_said_to_be_withheld() -> None:
    fine = result(UNCHANGED, shows="ids")

    assert shown(fine, verbosity=-1, since="x") == []
    assert len(shown(fine, since="x")) == 1


def test_workers_have_their_hosts_told_at_the_end() -> None:
    lines = shown(result(UNCHANGED), hosts=["openai:x (api.openai.com): task model"])

    assert Line("text goes to: openai:x (api.openai.com): task model") in lines


def test_a_search_tells_its_plan_then_a_line_for_each_step() -> None:
    steps = (
        Step(number=0, asked=0, scored=1, rejected={}, best=0.5, calls=20),
        Step(
            number=1,
            asked=8,
            scored=6,
            rejected={"unparsable": 1, "repeat": 1},
            best=0.62,
            calls=180,
            cost=0.021,
        ),
    )
    search = SearchResult(
        strategy="opro",
        outcome="nothing better",
        stopped="steps",
        message="Nothing was found",
        train_cases=20,
        holdout_cases=30,
        smallest_gain=0.2,
        steps=steps,
    )

    lines = shown(result(UNCHANGED, search=search, paid=180, calls=0))

    assert [line.text for line in lines][1:6] == [
        "  search (opro, seed 0): nothing better. Nothing was found",
        "  plan: 20 train and 30 hold-out cases; gains are confirmed from 20.0 points "
        "up",
        "  start: best on train 50.0%, 20 calls so far",
        "  step 1: best on train 62.0%, 6 of 8 tried, turned away: repeat 1, "
        "unparsable 1, 180 calls so far, $0.021",
        "  it ended when the step was taken; 180 calls, none of them to an optimizer "
        "model, 0 replayed from the cache",
    ]
