"""What a failing prompt test says: what happened, on which figures, what to do."""

from __future__ import annotations

import pytest
from report_results import TEST, change, compared, result

from pytest_promptopt.records import (
    LimitCheck,
    Remark,
    SourceChange,
    TagAccuracy,
    Verdict,
)
from pytest_promptopt.report import terminal

SEE = f"  to see one case:      {TEST} --promptopt-case"
ACCEPT = f"  to accept the change: {TEST} --promptopt-update-baseline"
FIND = f"  to find a better one: {TEST} --optimize-prompts"


def tokens(state: str, limit: str = "+10%") -> LimitCheck:
    return LimitCheck.from_json(
        {
            "part": "tokens",
            "limit": limit,
            "was": 1204.0,
            "now": 1600.4,
            "p_value": 0.0004,
            "held_against": 0.0125,
            "state": state,
        }
    )


def tag(name: str, was: float | None, now: float) -> TagAccuracy:
    return TagAccuracy(tag=name, cases=11, was=was, now=now)


def test_a_worse_prompt_says_why_on_which_figures_and_what_to_do() -> None:
    verdict = compared(
        "fail",
        "worse",
        "the edited prompt is worse by 20.0 points",
        pattern=("6 of 7 broken cases expect 'x' and got 'y'",),
        tags=(tag("german", 0.8, 0.4), tag("french", 0.5, 0.509)),
        worse=tuple(change(f"c{n}") for n in range(7)),
        better=(change("b"),),
        flaky=("c9",),
        removed=("gone",),
    )

    edit = SourceChange(
        label="p.j2",
        path="p.j2",
        line=2,
        removed='Say it in "one" word.',
        added="Say it.",
    )
    told = terminal.failure(result(verdict, source_changes=(edit,)))

    assert told.split("\n") == [
        "p.j2: fail (worse)",
        "  the edited prompt is worse by 20.0 points",
        "  95% intervals: edited [40.0, 60.0], baseline [60.0, 80.0]",
        "  compared with the baseline of 2026-11-08: 3 fresh trials of each case in "
        "both arms, decided at look 1 of 2, on openai:x",
        "  limit 0.025 = 5% / (2 looks x 1 edited prompt test)",
        "  smallest drop this suite could have shown: 10.0 points",
        "  cases: 7 of 80 got worse, 1 got better",
        "  removed: 1 case: gone",
        "  flaky (recorded trials disagree): 1 case: c9",
        "  tag 'german': 80.0% -> 40.0% (-40.0 points, 11 cases)",
        "  pattern: 6 of 7 broken cases expect 'x' and got 'y'",
        *(
            f"  worse: c{n} (cases.jsonl:3) 1.00 -> 0.00: expected 'x', got 'y', "
            "before 'x'"
            for n in range(5)
        ),
        "  worse: and 2 cases more",
        "  prompt changed: p.j2:2: - 'Say it in \"one\" word.' / + 'Say it.'",
        f"{SEE}=c0",
        ACCEPT,
        FIND,
    ]


def test_a_comparison_with_a_commit_is_accepted_with_a_reason() -> None:
    verdict = compared(
        "fail",
        "worse",
        "the edited prompt is worse by 20.0 points",
        reference="commit 1a2b3c4 (main)",
        look=2,
        trials=6,
        hypotheses=3,
        limit=0.05 / 6,
    )
    remark = Remark(kind="limits changed", text="min_score 90.0% -> none:\n90% counts")

    assert terminal.failure(result(verdict, remarks=(remark,))).split("\n") == [
        "p.j2: fail (worse)",
        "  the edited prompt is worse by 20.0 points",
        "  95% intervals: edited [40.0, 60.0], baseline [60.0, 80.0]",
        "  compared with commit 1a2b3c4 (main): 6 fresh trials of each case in both "
        "arms, decided at look 2 of 2, on openai:x",
        "  limit 0.00833 = 5% / (2 looks x 3 edited prompt tests or limits of theirs)",
        "  smallest drop this suite could have shown: 10.0 points",
        "  limits changed: min_score 90.0% -> none: 90% counts",
        f"{ACCEPT} --promptopt-reason='...'",
        FIND,
    ]


def test_broken_must_pass_cases_are_named_with_the_figures_around_them() -> None:
    verdict = compared(
        "fail",
        "must_pass",
        "must_pass case 'c3' fails in 5 of 5 fresh trials",
        accuracy=0.6875,
        p_value=0.5,
        limit=0.02,
        alpha=0.05,
        vital=4,
        broken=("c3",),
        worse=(change("c1", flaky=True), change("c3", must_pass=True, flaky=True)),
    )

    assert terminal.failure(result(verdict)).split("\n") == [
        "p.j2: fail (must_pass)",
        "  must_pass case 'c3' fails in 5 of 5 fresh trials",
        "  accuracy: 68.8% [40.0, 60.0] of 80 cases, baseline 70.0% of "
        "2026-11-08, -1.2 points, p = 0.5 (limit 0.02)",
        "  compared with the baseline of 2026-11-08: 3 fresh trials of each case in "
        "both arms, decided at look 1 of 2, on openai:x",
        "  limit 0.02 = 4% / (2 looks x 1 edited prompt test); must_pass cases have "
        "the other 1%",
        "  smallest drop this suite could have shown: 10.0 points",
        "  cases: 2 of 80 got worse, 1 of them must_pass, 0 got better",
        "  must_pass broken: 1 case: c3",
        "  worse: c3 (cases.jsonl:3) 1.00 -> 0.00: expected 'x', got 'y', before 'x' "
        "(must_pass) (flaky)",
        "  worse: c1 (cases.jsonl:3) 1.00 -> 0.00: expected 'x', got 'y', before 'x' "
        "(flaky)",
        f"{SEE}=c3",
        ACCEPT,
        FIND,
    ]


def test_a_part_over_its_limit_is_told_first_and_the_others_too() -> None:
    kept = LimitCheck(
        part="cost",
        limit="+50%",
        was=0.000012,
        now=0.00001234,
        p_value=0.4,
        held_against=0.0125,
        state="kept",
    )
    verdict = compared(
        "fail",
        "limit",
        "tokens rose",
        accuracy=0.7,
        p_value=1.0,
        limits=(kept, tokens("exceeded")),
        hypotheses=2,
        limit=0.0125,
    )

    assert terminal.failure(result(verdict)).split("\n") == [
        "p.j2: fail (limit)",
        "  tokens rose",
        "  accuracy: 70.0% [40.0, 60.0] of 80 cases, baseline 70.0% of "
        "2026-11-08, +0.0 points, p of a drop = 1 (limit 0.0125)",
        "  compared with the baseline of 2026-11-08: 3 fresh trials of each case in "
        "both arms, decided at look 1 of 2, on openai:x",
        "  limit 0.0125 = 5% / (2 looks x 2 edited prompt tests or limits of theirs)",
        "  smallest drop this suite could have shown: 10.0 points",
        "  part tokens 1,204 -> 1,600 (limit +10%): exceeded, p = 0.0004 held against "
        "0.0125",
        "  part cost 0.000012 -> 0.00001234 (limit +50%): kept, p = 0.4 held against "
        "0.0125",
        ACCEPT,
        FIND,
    ]


def test_a_limit_that_no_baseline_moves_cannot_be_accepted() -> None:
    verdict = compared("fail", "limit", limits=(tokens("exceeded", limit="<=1400"),))

    assert terminal.commands(result(verdict)) == [FIND.strip()]


def test_a_score_below_its_floor_is_not_accepted_with_a_baseline() -> None:
    verdict = Verdict(
        outcome="fail",
        cause="floor",
        message="25.0% is below min_score 80.0%",
        accuracy=0.25,
        interval=(0.11, 0.47),
        trials=1,
        cases=20,
    )

    assert terminal.failure(result(verdict)).split("\n") == [
        "p.j2: fail (floor)",
        "  25.0% is below min_score 80.0%",
        "  accuracy: 25.0% [11.0, 47.0] of 20 cases",
        FIND,
    ]


def test_a_carried_over_score_below_its_floor_is_told_as_recorded() -> None:
    verdict = Verdict(
        outcome="fail",
        cause="floor",
        message="25.0% is below min_score 80.0%",
        accuracy=0.25,
        interval=(0.11, 0.47),
        baseline_accuracy=0.25,
        baseline_interval=(0.11, 0.47),
        cases=20,
        baseline_date="2026-11-08",
    )

    assert terminal.failure(result(verdict)).split("\n")[2] == (
        "  accuracy: 25.0% [11.0, 47.0] of 20 cases, recorded 2026-11-08"
    )
    assert terminal.one_line(result(verdict)) == (
        "fail (floor): 25.0% [11.0, 47.0] of 20 cases, recorded 2026-11-08"
    )


def test_an_unedited_prompt_below_its_floor_was_compared_in_one_arm() -> None:
    verdict = compared(
        "fail", "floor", "50.0% is below min_score 80.0%", look=0, trials=1, limit=0.05
    )

    assert terminal.failure(result(verdict)).split("\n")[2:5] == [
        "  accuracy: 50.0% [40.0, 60.0] of 80 cases, baseline 70.0% of "
        "2026-11-08, -20.0 points, p = 0.001 (limit 0.05)",
        "  compared with the baseline of 2026-11-08: 1 fresh trial of each case, on "
        "openai:x",
        "  smallest drop this suite could have shown: 10.0 points",
    ]


def test_a_missing_baseline_fails_with_the_command_that_records_it() -> None:
    verdict = Verdict(
        outcome="fail",
        cause="no baseline",
        message="there is no baseline to compare 72.0% with",
        accuracy=0.72,
        interval=(0.6, 0.8),
        cases=50,
    )

    assert terminal.failure(result(verdict)).split("\n") == [
        "p.j2: fail (no baseline)",
        "  there is no baseline to compare 72.0% with",
        "  accuracy: 72.0% [60.0, 80.0] of 50 cases",
        f"  to record a baseline: {TEST} --promptopt-update-baseline",
    ]


KEPT = (
    "The 480 replies that came are kept in the cache, unless it is off: no call for "
    "them again."
)
NOT_THE_PROMPT = "This says nothing about the prompt: no reply was scored as wrong."


@pytest.mark.parametrize(
    ("cause", "retryable", "tail"),
    [
        ("provider", True, [KEPT, NOT_THE_PROMPT, "Running it again may help."]),
        ("provider", False, [KEPT, NOT_THE_PROMPT]),
        ("budget", False, [KEPT, NOT_THE_PROMPT]),
        ("test", False, []),
        ("setup", False, []),
    ],
)
def test_an_error_says_whose_doing_it_is_and_whether_to_run_again(
    cause: str, *, retryable: bool, tail: list[str]
) -> None:
    verdict = Verdict(
        outcome="error", cause=cause, message="no reply\nhint: x", retryable=retryable
    )

    assert terminal.failure(result(verdict)).split("\n") == [
        f"p.j2: error ({cause})",
        "  no reply",
        "  hint: x",
        *tail,
    ]


def test_an_error_that_was_told_is_not_told_again() -> None:
    broken = result(Verdict(outcome="error", cause="provider", message="no key"))

    assert terminal.failure(broken, already="t.py::t") == (
        "p.j2: error (provider): for the same reason as t.py::t"
    )


def test_a_change_says_what_the_body_knows_and_how_the_reply_ended() -> None:
    verdict = compared(
        "fail",
        "worse",
        worse=(
            change(
                "c0",
                place="",
                expected="",
                got="\x1b[31m::error::\n",
                reason="too long",
                finish_reason="length",
            ),
        ),
    )

    lines = terminal.failure(result(verdict)).split("\n")

    assert [line for line in lines if "worse: " in line] == [
        "  worse: c0 1.00 -> 0.00: got '\\x1b[31m::error::\\n', before 'x', "
        "because 'too long' (finish reason 'length')"
    ]


def test_only_tags_that_moved_are_named_worst_first_and_five_at_most() -> None:
    moved = [tag(f"t{n}", 0.9, 0.9 - n / 100) for n in range(8)]
    verdict = compared(
        "fail", "worse", tags=(*moved, tag("up", 0.5, 0.6), tag("new", None, 0.1))
    )

    lines = terminal.failure(result(verdict)).split("\n")

    assert [line for line in lines if line.startswith("  tag")] == [
        *(
            f"  tag 't{n}': 90.0% -> {90 - n}.0% (-{n}.0 points, 11 cases)"
            for n in (7, 6, 5, 4, 3)
        ),
        "  tag: and 3 tags more",
    ]


def test_names_that_a_shell_would_read_are_quoted_in_commands() -> None:
    verdict = compared("fail", "worse", worse=(change("it's; rm"),))
    spaced = result(verdict, selector="test p.py::test_a[x y]")

    assert terminal.commands(spaced)[0] == (
        "to see one case:      pytest 'test p.py::test_a[x y]' "
        "--promptopt-case='it'\"'\"'s; rm'"
    )


def test_a_suite_that_cannot_show_any_drop_says_so() -> None:
    blind = compared("fail", "worse", detectable=1.0)

    sentence = "too few cases for any drop to be seen"
    assert f"  {sentence}" in terminal.failure(result(blind)).splitlines()
    assert terminal.one_line(result(blind)).endswith(sentence)


def test_must_pass_cases_are_named_first() -> None:
    entries = [change(f"c{i}", must_pass=i == 7) for i in range(8)]

    text = terminal.failure(result(compared("fail", "worse", worse=tuple(entries))))

    worse = [line for line in text.splitlines() if line.startswith("  worse: c")]
    assert worse[0].startswith("  worse: c7 ")


def test_only_ids_places_and_figures_are_shown_where_texts_are_withheld() -> None:
    bare = change("c0", expected="", got="", before="", must_pass=True)
    verdict = compared("fail", "worse", worse=(bare,))

    lines = terminal.failure(result(verdict, shows="ids")).split("\n")

    assert [line for line in lines if "worse: " in line] == [
        "  worse: c0 (cases.jsonl:3) 1.00 -> 0.00 (must_pass)"
    ]


def test_the_first_three_sources_that_changed_are_told() -> None:
    edits = [
        SourceChange(label=f"p{n}.j2", line=n, removed=f"old {n}" * (n != 1))
        for n in range(5)
    ]

    lines = terminal.failure(
        result(compared("fail", "worse"), source_changes=tuple(edits))
    ).split("\n")

    assert [line for line in lines if "prompt changed" in line] == [
        "  prompt changed: p0.j2: - 'old 0'",
        "  prompt changed: p1.j2:1",
        "  prompt changed: p2.j2:2: - 'old 2'",
        "  prompt changed: and 2 sources more",
    ]


def test_what_is_kept_is_said_once() -> None:
    told = Verdict(outcome="error", cause="provider", message="gone, 3 are kept")
    none = Verdict(outcome="error", cause="provider", message="gone")
    one = terminal.failure(result(none, calls=0, cached=1))

    assert "in the cache" not in terminal.failure(result(told))
    assert "in the cache" not in terminal.failure(result(none, calls=0))
    assert "The 1 reply that came is kept in the cache" in one
