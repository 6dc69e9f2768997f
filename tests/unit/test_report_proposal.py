"""What a reviewer reads about a proposal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import proposed
from github_markdown import HOSTILE, fences_close, structure_of_data
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.records import (
    Ancestor,
    Candidate,
    GainSplit,
    Recheck,
    Recipient,
    ScoreChange,
    Shortening,
    Step,
    TestResult,
)
from pytest_promptopt.report import proposal
from pytest_promptopt.report.lineage import lineage_items
from pytest_promptopt.report.score_changes import change_items
from pytest_promptopt.report.search_log import search_lines, step_line
from pytest_promptopt.report.stops import stop_reason
from pytest_promptopt.report.word_changes import MOST_COMPARED, word_change

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12).map(" ".join)


def change(case_id: str, was: float, now: float, **given: Any) -> ScoreChange:
    return ScoreChange(case_id=case_id, was=was, now=now, **given)


def ancestor(step: int, mean: float | None = 0.5, **given: Any) -> Ancestor:
    fields = {"operator": "rewrite", "parents": ("p",), "mean": mean, "step": step}
    return Ancestor(key=f"k{step}", **{**fields, **given})


START = ancestor(0, 0.25, operator="start", parents=())


def told() -> TestResult:
    """Return a result with everything that can be told of a proposal."""
    result = proposed("a", gain=0.2)
    search = result.search
    assert search is not None
    assert search.proposal is not None
    found = replace(
        search.proposal,
        worse=2,
        better=18,
        changes=(
            change("c7", 1.0, 0.0, must_pass=True),
            change("c9", 1.0, 2 / 3),
            change("c1", 0.0, 1.0),
            change("t3", 0.75, 0.5, holdout=False),
        ),
    )
    return replace(
        result,
        search=replace(
            search,
            proposal=found,
            train_cases=40,
            steps=(
                Step(number=0, asked=0, scored=1, rejected={}, best=0.25, calls=40),
                Step(number=1, asked=8, scored=6, rejected={}, best=0.5, calls=288),
                Step(number=2, asked=8, scored=5, rejected={}, best=0.7, calls=496),
            ),
            lineage=(START, ancestor(1), ancestor(2, 0.7, parents=("a", "b"))),
            optimizer_calls=16,
        ),
        paid=900,
        replayed=100,
        search_cost=0.42,
        recipients=(
            Recipient(model="openai:mini", role="task", host="api.openai.com"),
            Recipient(model="own:writer", role="optimizer"),
        ),
    )


def test_a_reviewer_reads_what_changed_what_it_costs_and_what_to_type() -> None:
    text = proposal.pull_request_text(
        [told()], dropped=[], diff="-old\n+new text\n", command="git apply x.diff"
    )

    assert text == TEXT


TEXT = """\
# Better prompts: 1 proposal

| prompt | hold-out before | after | gain (95 % interval) | p | cases |
| --- | --- | --- | --- | --- | --- |
| `p.j2` | 50.0% | **70.0%** | +20.0 points [15.0, 25.0] | p < 0.0001 | 80 x 3 |

## `p.j2`

- test: `test_p.py::test_a`
- changed: `p.j2#a` (1 -> 2 words: 2 added, 1 removed)
- cases:
  - worse on 2 of 80 hold-out cases: c7 (100.0% -\\> 0.0%, `must_pass`), \
c9 (100.0% -\\> 66.7%)
  - better on 18 of them: c1 (0.0% -\\> 100.0%) and 17 more
  - worse on train cases: t3 (75.0% -\\> 50.0%)
- confirmed on: 80 hold-out cases that the search never saw, 3 fresh trials each; \
p < 0.0001, limit 0.015; use number 1 of this hold-out
- found by: opro, seed 0, 2 steps, 12 candidates scored on 40 train cases; it ended \
when all 2 steps were taken
- comes from:
  - start: 25.0% on train
  - step 1, rewrite: 50.0% on train
  - step 2, rewrite of 2 versions: 70.0% on train
- calls: 1,000, 16 of them to the optimizer model `offline:rules`, 100 replayed from \
the cache
- cost: $0.42
- which text went where:
  - `openai:mini` (`api.openai.com`), the task model: the prompts with the inputs of \
all cases; right answers only of cases that a prompt shows as examples
  - `own:writer` (in this process), the optimizer model: the prompt, and of train \
cases inputs, right answers and replies; of hold-out cases only what the prompt itself \
may show

```diff
-old
+new text
```

To apply the diff, and to record the new baselines afterwards:

    git apply x.diff
    pytest test_p.py::test_a --promptopt-update-baseline

To undo it, and to record the old ones again:

    git apply --reverse x.diff
    pytest test_p.py::test_a --promptopt-update-baseline
"""


def test_what_several_proposals_drop_is_named_and_new_texts_are_fenced() -> None:
    text = proposal.pull_request_text(
        [proposed("a", gain=0.2)],
        dropped=[proposed("b", gain=0.1)],
        diff="",
        command="",
        texts=[proposal.NewText(label="sort", file="promptopt.sort.txt", text="```x")],
    )

    assert "Left out: `p.j2` (`test_p.py::test_b`)" in text
    assert "as it stands in `promptopt.sort.txt`:\n\n````text\n```x\n````" in text
    assert "git apply" not in text


def test_the_examples_that_a_region_shows_are_named_by_their_cases() -> None:
    result = proposed("a", gain=0.2)
    search = result.search
    assert search is not None
    assert search.proposal is not None
    shown = Candidate(
        texts=search.proposal.candidate.texts, examples={"p.j2#a": ("c1", "c|2")}
    )
    found = replace(search.proposal, candidate=shown)

    text = proposal.pull_request_text(
        [replace(result, search=replace(search, proposal=found))],
        dropped=[],
        diff="",
        command="",
    )

    assert "2 added, 1 removed), which shows `c1`, `c|2`" in text


@pytest.mark.parametrize(
    ("proposals", "lines", "shortened"),
    [(1, 3_000, False), (60, 10, True), (95, 3_000, True)],
)
def test_a_text_fits_a_pull_request_and_says_that_it_was_shortened(
    proposals: int, lines: int, *, shortened: bool
) -> None:
    text = proposal.pull_request_text(
        [told()] * proposals,
        dropped=[],
        diff="+a long line of it\n" * lines,
        command="x",
    )

    assert len(text) <= proposal.MOST
    assert "worse on 2 of 80 hold-out cases" in text
    assert ("was shortened" in text) == shortened
    assert ("comes from:" in text) == (not shortened)


def test_a_text_with_very_many_proposals_ends_where_it_must() -> None:
    many = [replace(told(), prompt=f"{'p' * 90}{n}.j2") for n in range(100)]

    text = proposal.pull_request_text(
        many, dropped=[], diff="x\n", command="git apply x.diff"
    )

    assert len(text) <= proposal.MOST
    assert "\n    git apply x.diff\n" in text
    assert text.endswith(
        "\n\nThis text was shortened to what a pull request can hold.\n"
    )


@given(id_=st.text(min_size=1, max_size=30))
def test_no_case_id_becomes_structure(id_: str) -> None:
    result = told()
    search = result.search
    assert search is not None
    assert search.proposal is not None
    named = replace(search.proposal, changes=(change(id_, 1.0, 0.0),))
    text = proposal.pull_request_text(
        [replace(result, search=replace(search, proposal=named))],
        dropped=[],
        diff="",
        command="",
    )

    plain = TEXT.replace("git apply x.diff\n    ", "")
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == [line for line in plain.splitlines() if line.startswith("#")]
    assert text.count("\n") < plain.count("\n")


@given(old=WORDS, new=WORDS)
def test_words_added_and_removed_make_up_the_difference(old: str, new: str) -> None:
    found = word_change(old, new)

    assert found.before + found.added - found.removed == found.after
    assert 0 <= found.removed <= found.before
    assert 0 <= found.added <= found.after
    assert (found.added == found.removed == 0) == (old.split() == new.split())


def test_of_a_very_long_text_the_words_are_counted_without_their_order() -> None:
    old = " ".join(f"w{n}" for n in range(MOST_COMPARED + 1))

    assert (
        str(word_change(old, f"{old} new")) == "2001 -> 2002 words: 1 added, 0 removed"
    )


def test_a_long_line_of_forebears_is_shortened_in_the_middle() -> None:
    line = (START, *(ancestor(step) for step in range(1, 9)))

    assert lineage_items(line) == [
        "start: 25.0% on train",
        "step 1, rewrite: 50.0% on train",
        "5 versions between",
        "step 7, rewrite: 50.0% on train",
        "step 8, rewrite: 50.0% on train",
    ]
    assert len(lineage_items(line[:5])) == 5


def test_a_forebear_that_left_a_race_has_no_score() -> None:
    assert lineage_items([ancestor(0, operator="earlier version")]) == [
        "before the steps, earlier version: 50.0% on train"
    ]
    assert lineage_items([ancestor(3, None, operator="")]) == [
        "step 3, made by the strategy"
    ]


def test_where_no_case_got_worse_that_is_said() -> None:
    search = proposed("a", gain=0.2).search
    assert search is not None
    assert search.proposal is not None
    found = replace(search.proposal, better=1, changes=(change("c", 0.0, 1.0),))

    assert change_items(found) == [
        "worse on none of 80 hold-out cases",
        "better on 1 of them: c (0.0% -> 100.0%)",
    ]
    assert change_items(search.proposal) == []


def test_a_gain_is_split_into_what_can_be_read_now_and_what_is_right() -> None:
    result = told()
    search = result.search
    assert search is not None
    assert search.proposal is not None
    split = GainSplit(
        became_parseable=0.15,
        became_right=0.08,
        lost_parse=0.0,
        became_wrong=-0.03,
        cases=12,
    )
    found = replace(search, proposal=replace(search.proposal, split=split))
    line = (
        "of the gain: +15.0 points from replies that can be read now, +8.0 points "
        "from better answers, -3.0 points from worse answers"
    )

    shown = [entry.text for entry in search_lines(result, found, verbosity=0)]
    text = proposal.pull_request_text(
        [replace(result, search=found)], dropped=[], diff="", command=""
    )

    assert f"  {line}" in shown
    assert f"- {line}\n" in text


def test_a_step_is_one_line_with_its_calls_and_cost() -> None:
    step = Step(
        number=2,
        asked=8,
        scored=5,
        rejected={"repeat": 2, "too long": 1},
        best=0.7,
        calls=1496,
        cost=0.123,
    )

    assert step_line(step) == (
        "step 2: best on train 70.0%, 5 of 8 tried, turned away: repeat 2, too long 1, "
        "1,496 calls so far, $0.123"
    )
    assert step_line(replace(step, number=0, calls=1, cost=None)) == (
        "start: best on train 70.0%, turned away: repeat 2, too long 1, 1 call so far"
    )


@pytest.mark.parametrize(
    ("stopped", "why"),
    [
        ("perfect", "a candidate got every train case right"),
        ("steps", "all 2 steps were taken"),
        ("budget", "what it may spend was not enough for another step"),
        ("stalled", "nothing new was found any more, after 2 steps"),
        ("gate rejected", "what was found did not hold where nobody had tuned on it"),
        ("no headroom", "there is less to gain than could be confirmed"),
        ("refused", "it was refused"),
        ("error", "something failed"),
    ],
)
def test_why_a_search_ended_is_a_sentence(stopped: str, why: str) -> None:
    result = told()
    assert result.search is not None
    search = replace(result.search, stopped=stopped)

    lines = [line.text for line in search_lines(result, search, verbosity=0)]

    assert any(line.startswith(f"  it ended when {why}; 1,000 calls") for line in lines)


def test_what_ended_the_steps_is_said_where_the_gate_said_no_later() -> None:
    result = told()
    assert result.search is not None

    search = replace(result.search, stopped="gate rejected", ended="budget")

    assert stop_reason(search) == (
        "what it may spend was not enough for another step; what was found did not "
        "hold where nobody had tuned on it"
    )


def test_a_proposal_names_the_cases_it_loses_on_the_terminal() -> None:
    result = told()
    assert result.search is not None

    lines = [line.text for line in search_lines(result, result.search, verbosity=0)]

    assert lines[-2:] == [
        "  worse on 2 of 80 hold-out cases: c7 (100.0% -> 0.0%, must_pass), "
        "c9 (100.0% -> 66.7%)",
        "  better on 18 of them: c1 (0.0% -> 100.0%) and 17 more",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_data_becomes_markdown(text: str) -> None:
    one = told()
    search = one.search
    assert search is not None
    assert search.proposal is not None
    found = replace(
        search.proposal,
        candidate=Candidate(texts={text: f"new {text}"}, examples={text: (text,)}),
        incumbent=Candidate(texts={text: text}),
        changes=(change(text, 1.0, 0.0),),
    )
    recheck = Recheck(
        nodeid=text, selector=text, outcome="not re-checked", message=text
    )
    hostile = replace(
        one,
        nodeid=text,
        selector=text,
        prompt=text,
        model=text,
        notes=(text,),
        optimizer_model=text,
        rechecks=(recheck,),
        recipients=(Recipient(model=text, role="task", host=text),),
        search=replace(
            search,
            strategy=text,
            proposal=found,
            lineage=(START, ancestor(1, operator=text)),
        ),
    )

    shown = proposal.pull_request_text(
        [hostile, replace(hostile, nodeid=f"b {text}")],
        dropped=[hostile],
        diff=text,
        command=f"git apply '{text}'",
        texts=[proposal.NewText(label=text, file=text, text=text)],
    )

    assert structure_of_data(shown.removeprefix(proposal.TITLE)) == []
    assert fences_close(shown)
    assert all(character.isprintable() or character in "\n\t" for character in shown)


def test_texts_that_are_too_long_are_left_out_and_nothing_is_cut_within_a_fence() -> (
    None
):
    long = "`` word ``` " * 100_000
    texts = [proposal.NewText(label=f"t{n}", file="", text=long) for n in range(3)]

    for number in (1, 3, 200):
        shown = proposal.pull_request_text(
            [replace(told(), nodeid=f"t.py::t{n}") for n in range(number)],
            dropped=[],
            diff=long,
            command="git apply x",
            texts=texts[:number],
        )
        assert len(shown) <= proposal.MOST
        assert fences_close(shown)
        assert "This text was shortened" in shown


def test_a_shorter_prompt_is_told_by_its_tokens_and_what_it_may_have_lost() -> None:
    result = told()
    assert result.search is not None
    assert result.search.proposal is not None
    short = replace(
        result.search.proposal,
        before=0.96,
        after=0.95,
        p_value=0.01,
        alpha=0.0304,
        shortening=Shortening(before=2010, after=840, margin=0.05),
    )
    search = replace(result.search, proposal=short)
    result = replace(result, search=search)
    figures = (
        "96.0% -> 95.0% (non-inferior within 5.0 points, p = 0.01 (limit 0.0304)), "
        "2,010 -> 840 tokens (estimated)"
    )

    lines = [line.text for line in search_lines(result, search, verbosity=0)]
    text = proposal.pull_request_text([result], dropped=[], diff="", command="")

    assert any(line.startswith(f"  hold-out {figures}, ") for line in lines)
    assert f"- shorter: {figures}\n" in text
    assert "shorter, and p is that of too large a loss; see below." in text
