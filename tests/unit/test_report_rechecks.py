"""What re-checks say, in the terminal and in a pull request's text."""

from __future__ import annotations

from dataclasses import replace

from report_results import COMPARED, result

from pytest_promptopt.items.withdrawal import with_withdrawal
from pytest_promptopt.records import (
    Candidate,
    Edit,
    Proposal,
    Recheck,
    SearchResult,
    TestResult,
)
from pytest_promptopt.report.rechecks import recheck_lines, together

EDIT = Edit(path="/p.j2", sha256="00", start=1, end=2, replacement="new")
PROPOSAL = Proposal(
    candidate=Candidate(texts={"p.j2#a": "new"}),
    incumbent=Candidate(texts={"p.j2#a": "old"}),
    edits=(EDIT,),
    before=0.4,
    after=0.9,
    interval=(0.3, 0.7),
    p_value=0.001,
    alpha=0.03,
    look=0,
    holdout_cases=40,
    trials=1,
    texts={"registry:a": "new"},
)
WORSE = Recheck(
    nodeid="t.py::test_b",
    selector="t.py::test_b",
    outcome="fail",
    cause="worse",
    before=0.9,
    after=0.6,
    p_value=0.001,
    limit=0.0125,
    cases=40,
    trials=3,
    calls=200,
    cached=40,
)
UNCLEAR = replace(WORSE, nodeid="t.py::test_c", outcome="inconclusive", cause="unclear")
SAME = replace(WORSE, nodeid="t.py::test_d", outcome="pass", cause="same", after=0.9)
LEFT = Recheck(
    nodeid="t.py::test_e[x y]",
    selector="../t.py::test_e[x y]",
    outcome="not re-checked",
    message="its setup failed:\n  no database",
    runs=12,
)


def proposing(*rechecks: Recheck, nodeid: str = "t.py::test_a") -> TestResult:
    """Build the result of a search that proposes something."""
    search = SearchResult(
        strategy="opro",
        outcome="proposed",
        stopped="perfect",
        message="Hold-out: better.",
        proposal=PROPOSAL,
    )
    return result(COMPARED, nodeid=nodeid, search=search, rechecks=rechecks)


def test_each_test_has_a_line_with_its_figures_or_the_reason() -> None:
    lines = recheck_lines([UNCLEAR, SAME, LEFT], withdrawn=False)

    assert [line.text for line in lines] == [
        "  it changes 3 other prompt tests; re-checks: 480 calls, 80 replayed from the "
        "cache, 12 runs of the application",
        "    t.py::test_c: inconclusive (unclear): 90.0% -> 60.0%: -30.0 points, "
        "p = 0.001 (limit 0.0125), 40 cases x 3 trials",
        "    t.py::test_d: pass (same): 90.0% -> 90.0%: +0.0 points, "
        "p of a drop = 0.001 (limit 0.0125), 40 cases x 3 trials",
        "    not re-checked: t.py::test_e[x y]: its setup failed: no database; once "
        "the proposal is applied, run: pytest '../t.py::test_e[x y]'",
    ]
    assert [line.marks for line in lines] == [(), ("yellow",), ("green",), ("yellow",)]


def test_a_proposal_that_a_test_fails_with_is_kept_as_unconfirmed() -> None:
    withdrawn = with_withdrawal(proposing(SAME, WORSE))

    search = withdrawn.search
    assert search is not None
    assert (search.outcome, search.proposal) == ("unconfirmed", None)
    assert search.best_candidate == PROPOSAL.candidate
    assert search.best_texts == PROPOSAL.texts
    assert withdrawn.unconfirmed == (EDIT,)
    assert search.message == (
        "Hold-out: better. Withdrawn, since t.py::test_b fails with it (worse): 90.0% "
        "-> 60.0%: -30.0 points, p = 0.001 (limit 0.0125), 40 cases x 3 trials."
    )
    # It is named there, and need not be named again.
    (_, line) = recheck_lines(withdrawn.rechecks, withdrawn=True)
    assert line.text.startswith("    t.py::test_d: pass (same)")


def test_no_other_outcome_withdraws_a_proposal() -> None:
    found = proposing(UNCLEAR, SAME, LEFT)

    assert with_withdrawal(found) == found
    assert with_withdrawal(result(COMPARED)) == result(COMPARED)


def test_tests_that_two_proposals_change_are_named() -> None:
    other = proposing(SAME, nodeid="t.py::test_c")

    assert together([proposing(UNCLEAR, SAME), other]) == (
        "more than one proposal changes what t.py::test_c, t.py::test_d sends; each "
        "was measured by itself, so run that again once all of them are applied"
    )
    assert together([proposing(UNCLEAR, SAME), proposing(nodeid="t.py::test_x")]) == ""
