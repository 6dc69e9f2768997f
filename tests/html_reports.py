"""Runs as the tests of the HTML report need them, small and large ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pytest_promptopt.records import (
    Ancestor,
    Candidate,
    CandidateScore,
    CaseChange,
    CaseDetail,
    Edit,
    LimitCheck,
    Proposal,
    Recheck,
    Recipient,
    Remark,
    Score,
    ScoreChange,
    SearchResult,
    SourceChange,
    Step,
    TagAccuracy,
    TestResult,
    Trial,
    Verdict,
)
from pytest_promptopt.report.run_report import RunReport

DIFF = (
    "@@ -1,4 +1,4 @@\n"
    " Sort the support ticket into one of: billing, shipping, technical, account.\n"
    "-Answer with the label only.\n"
    "+Answer in a friendly sentence, and name the label somewhere in it.\n"
    " \n"
    " {{ ticket }}\n"
)

COMPARED = Verdict(
    outcome="fail",
    cause="worse",
    accuracy=0.5,
    interval=(0.4, 0.6),
    baseline_accuracy=0.7,
    baseline_interval=(0.6, 0.8),
    p_value=0.001,
    limit=0.025,
    sign_flip_p=0.01,
    detectable=0.1,
    trials=3,
    look=1,
    hypotheses=1,
    reference="the baseline of 2026-11-08",
    cases=80,
    baseline_date="2026-11-08",
)

STAND_IN = "offline:rules is a deterministic stand-in, not an LLM"


def changed(case_id: str, **given: Any) -> CaseChange:
    """Build a case that the verdict names: it was right and is wrong."""
    told = {"expected": "x", "got": "y", "before": "x", "was": 1.0, "now": 0.0}
    return CaseChange(case_id=case_id, **{"place": "cases.jsonl:3", **told, **given})


def trial(output: str, score: float | None = 1.0, reason: str = "") -> Trial:
    """Build one scored reply."""
    if score is None:
        return Trial.lost(reason or "HTTP 503")
    return Trial(score=Score(value=score, reason=reason), output=output)


def detail(case_id: str, **given: Any) -> CaseDetail:
    """Build a case that both arms get right in three trials."""
    told = {
        "case_id": case_id,
        "place": "cases/triage.jsonl:7",
        "inputs": {"ticket": f"My parcel {case_id} has not arrived since Monday."},
        "expected": "shipping",
        "tags": ("parcel",),
        "was": 1.0,
        "now": 1.0,
        "before": (trial("shipping"),) * 3,
        "after": (trial("shipping"),) * 3,
    }
    return CaseDetail(**{**told, **given})


def worse(case_id: str, **given: Any) -> CaseDetail:
    """Build a case that was right and is wrong in two of three trials."""
    wrong = trial(
        "Thanks for writing! This looks like a billing matter, so billing it is.",
        0.0,
        "expected 'shipping'",
    )
    told: dict[str, Any] = {
        "now": 1 / 3,
        "before": (trial("This looks like a shipping matter: shipping."),) * 3,
        "after": (wrong, trial("shipping"), wrong),
        "tags": ("parcel", "late"),
        **given,
    }
    return detail(case_id, **told)


def report(*pairs: tuple[TestResult, list[CaseDetail]], **given: Any) -> RunReport:
    """Build a run of prompt tests, each with its cases."""
    cases = {one.nodeid: details for one, details in pairs}
    told = {"date": "2026-11-20", "version": "0.1.0", **given}
    return RunReport(
        results=tuple(one for one, _ in pairs),
        details=lambda one: iter(cases[one.nodeid]),
        **told,
    )


def failing(**given: Any) -> TestResult:
    """Build the result of a test whose prompt got worse, with all that it can tell."""
    verdict = replace(
        COMPARED,
        message="the edited prompt is worse by 20.0 points: 50.0% against the "
        "baseline's 70.0% (80 cases, 3 trials each), p = 0.001, limit 0.025",
        pattern=("6 of 7 broken cases have the tag 'late' (12 of all 80)",),
        tags=(
            TagAccuracy(tag="late", cases=12, was=0.9, now=0.3),
            TagAccuracy(tag="parcel", cases=40, was=0.8, now=0.75),
            TagAccuracy(tag="refund", cases=28, was=0.5, now=0.61),
        ),
        limits=(
            LimitCheck(
                part="tokens",
                limit="+10%",
                was=120.0,
                now=161.0,
                p_value=0.001,
                held_against=0.025,
                state="exceeded",
            ),
        ),
        flaky=("refund-3",),
        broken=("vip-1",),
        worse=(changed("vip-1", must_pass=True), changed("c-1")),
        better=(changed("c-9", was=0.0, now=1.0),),
        added=("new-1",),
        alpha=0.05,
    )
    told: dict[str, Any] = {
        "nodeid": "tests/test_prompts.py::test_triage",
        "selector": "tests/test_prompts.py::test_triage",
        "prompt": "prompts/triage.j2",
        "model": "openai:gpt-5-mini",
        "calls": 480,
        "cost": 0.0132,
        "cached": 12,
        "remarks": (Remark(kind="must_pass", text="the case vip-1 was broken"),),
        "recipients": (
            Recipient(model="openai:gpt-5-mini", role="task", host="api.openai.com"),
        ),
        "source_changes": (
            SourceChange(
                label="prompts/triage.j2",
                path="prompts/triage.j2",
                line=2,
                removed="Answer with the label only.",
                added="Answer in a friendly sentence.",
                diff=DIFF,
            ),
        ),
        **given,
    }
    return TestResult(verdict=verdict, **told)


def scores(number: int = 40, seed: int = 7) -> tuple[CandidateScore, ...]:
    """Build the scores of a search that finds something, and two on hold-out cases."""
    draw = random.Random(seed)
    found = [CandidateScore(key="0" * 12, step=0, mean=0.55, cases=40, calls=40)]
    for at in range(1, number):
        early = draw.random() < 0.3
        found.append(
            CandidateScore(
                key=f"{at:012x}",
                step=1 + at // 6,
                mean=min(0.97, max(0.2, 0.5 + at / 120 + draw.gauss(0, 0.09))),
                cases=12 if early else 40,
                calls=40 + at * 35,
                origin="rewrite",
            )
        )
    calls = found[-1].calls
    for key, mean in (("0" * 12, 0.57), ("1" * 12, 0.81)):
        calls += 120
        found.append(
            CandidateScore(
                key=key, step=7, mean=mean, cases=40, calls=calls, holdout=True
            )
        )
    return tuple(found)


def searched(**given: Any) -> TestResult:
    """Build the result of a test whose search proposes something."""
    texts = {"prompts/tone.j2#instructions": "Write politely."}
    better = {"prompts/tone.j2#instructions": "Write politely, in two sentences."}
    proposal = Proposal(
        candidate=Candidate(texts=better),
        incumbent=Candidate(texts=texts),
        edits=(Edit(path="/p", sha256="0", start=0, end=1, replacement="x"),),
        before=0.57,
        after=0.81,
        interval=(0.12, 0.36),
        p_value=0.0004,
        alpha=0.015,
        look=0,
        holdout_cases=40,
        trials=3,
        worse=2,
        better=13,
        changes=(ScoreChange(case_id="h-1", was=1.0, now=0.0),),
    )
    search = SearchResult(
        strategy="opro",
        outcome="proposed",
        stopped="steps",
        seed=3,
        train_cases=40,
        holdout_cases=40,
        start=0.55,
        best=0.84,
        steps=tuple(
            Step(
                number=at,
                asked=8 if at else 0,
                scored=6 if at else 1,
                rejected={"duplicate": 1, "too long": 1} if at else {},
                best=0.55 + at * 0.04,
                calls=40 + 200 * at,
                cost=0.01 * at,
            )
            for at in range(7)
        ),
        calls=1_500,
        optimizer_calls=48,
        proposal=proposal,
        lineage=(
            Ancestor(key="0" * 12, operator="start", mean=0.55),
            Ancestor(key="1" * 12, operator="rewrite", mean=0.84, step=5),
        ),
        scored=scores(),
    )
    told: dict[str, Any] = {
        "nodeid": "tests/test_prompts.py::test_tone",
        "prompt": "prompts/tone.j2",
        "model": "offline:rules",
        "optimizer_model": "offline:rules",
        "search": search,
        "calls": 480,
        "paid": 1_400,
        "replayed": 100,
        "search_cost": 0.0,
        "notes": (STAND_IN,),
        "rechecks": (
            Recheck(
                nodeid="tests/test_prompts.py::test_mail",
                selector="",
                outcome="pass",
                cause="same",
                before=0.9,
                after=0.9,
                p_value=0.6,
                limit=0.05,
                cases=30,
                trials=2,
            ),
        ),
        **given,
    }
    verdict = Verdict(
        outcome="pass",
        cause="unchanged",
        accuracy=0.55,
        interval=(0.44, 0.66),
        baseline_accuracy=0.55,
        baseline_date="2026-11-01",
        cases=80,
        detectable=0.12,
        limit=0.025,
    )
    return TestResult(verdict=verdict, **told)


def full() -> RunReport:
    """Build a run with a failing test, one that was searched, and two in trouble."""
    billing = trial("billing", 0.0, "expected 'shipping'")
    lost = trial("", None, "HTTP 503 from api.openai.com")
    cases = [
        worse("vip-1", must_pass=True, weight=2.0),
        *[worse(f"c-{at}") for at in range(1, 7)],
        detail("c-9", was=0.0, before=(billing,) * 3),
        detail(
            "refund-3",
            was=0.0,
            now=0.0,
            tags=("refund",),
            expected="billing",
            before=(trial("shipping", 0.0),) * 3,
            after=(trial("shipping", 0.0),) * 3,
        ),
        detail("lost-1", now=None, after=(lost,)),
        *[detail(f"ok-{at}") for at in range(70)],
    ]
    unclear = TestResult(
        verdict=replace(
            COMPARED,
            outcome="inconclusive",
            cause="unclear",
            message="the edited prompt may be worse by 4.0 points, which 24 cases "
            "cannot tell",
            accuracy=0.76,
            interval=(0.6, 0.87),
            baseline_accuracy=0.8,
            baseline_interval=(0.64, 0.9),
            p_value=0.12,
            cases=24,
            detectable=0.19,
        ),
        nodeid="tests/test_orders.py::test_orders[de]",
        prompt="prompts/order_system.j2",
        model="openai:gpt-5-mini",
        calls=480,
    )
    provider = TestResult(
        verdict=Verdict(
            outcome="error",
            cause="provider",
            message="the provider answered HTTP 503 to 40 of 40 requests since 10:02",
            retryable=True,
        ),
        nodeid="tests/test_orders.py::test_mail",
        prompt="prompts/mail.j2",
        model="openai:gpt-5-mini",
    )
    proposed = searched()
    return report(
        (failing(), cases),
        (unclear, []),
        (provider, []),
        (proposed, [detail(f"t-{at}", before=(), after=()) for at in range(30)]),
        diffs={
            proposed.nodeid: "--- a/prompts/tone.j2\n+++ b/prompts/tone.j2\n" + DIFF
        },
        apply_command="git apply --whitespace=nowarn promptopt.diff",
        remarks=("2 searches were left out, since the budget was spent",),
    )


def large(number: int, *, trials: int = 3, words: int = 60) -> RunReport:
    """Build a run of one test with many cases, whose texts are all different."""
    draw = random.Random(1)
    vocabulary = [f"word{at}" for at in range(500)]

    def text(length: int) -> str:
        return " ".join(draw.choices(vocabulary, k=length))

    def reply(mean: float) -> Trial:
        return trial(text(words // 3), mean, "" if mean else "wrong label")

    def cases() -> Iterator[CaseDetail]:
        draw.seed(1)
        for at in range(number):
            was, now = draw.choice(
                [(1.0, 1.0)] * 7 + [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]
            )
            arms = [tuple(reply(mean) for _ in range(trials)) for mean in (was, now)]
            yield detail(
                f"case-{at:05}",
                inputs={"ticket": text(words)},
                was=was,
                now=now,
                before=arms[0],
                after=arms[1],
                tags=(f"tag{at % 9}",),
            )

    base = replace(failing().verdict, cases=number)
    return RunReport(
        results=(replace(failing(), verdict=base),),
        details=lambda _: cases(),
        date="2026-11-20",
        version="0.1.0",
    )
