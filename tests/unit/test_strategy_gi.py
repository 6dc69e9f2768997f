"""GI and gi-shrink, alone and in the real loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from search_script import cases, drive, plan, right, says, text_of
from strategy_script import play, task

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize import search, strategy_named
from pytest_promptopt.optimize.bound import Scope
from pytest_promptopt.optimize.outlook import outlook
from pytest_promptopt.optimize.strategies.patches import replayed
from pytest_promptopt.records import Completion
from pytest_promptopt.report.search_log import shortening

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.optimize import Measure
    from pytest_promptopt.records import Candidate, Case, Request, Trial

LIVE, DEAD = 4, 4
SENTENCES = [f"Rule {at} is live." for at in range(LIVE)]
SENTENCES += [f"Remark {at} is of no use to anybody here." for at in range(DEAD)]
TEMPLATE = (
    "{# promptopt: begin task -#}\n"
    + " ".join(SENTENCES[::2] + SENTENCES[1::2])
    + "\n{# promptopt: end -#}\n{{ ticket }}\n"
)
UNASKED = {"written": 0.0}


def needs(case: Case) -> str:
    number = int(case.id.removeprefix("case"))
    return f"Rule {number % LIVE} is live."


def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
    return right(needs(case) in text_of(candidate))


def silent(request: Request) -> Completion:
    return says(f"Never used {request.seed}.")


def shrunk(folder: Path, options: dict[str, Any] | None = None, **changes: Any) -> Any:
    given = plan(folder, template=TEMPLATE, **{"steps": 10, **changes})
    strategy = strategy_named("gi-shrink", options or UNASKED)
    return drive(search(given, strategy), silent, judge)


def test_a_perfect_prompt_is_made_shorter_and_loses_no_case(tmp_path: Path) -> None:
    result = shrunk(tmp_path).result

    assert (result.outcome, result.start) == ("proposed", 1.0), result.message
    proposal = result.proposal
    text = text_of(proposal.candidate)
    assert all(sentence in text for sentence in SENTENCES[:LIVE])
    assert not any(sentence in text for sentence in SENTENCES[LIVE:])
    assert (proposal.before, proposal.after) == (1.0, 1.0)
    assert proposal.p_value == pytest.approx(0.95**100)
    assert shortening(proposal) == (
        "100.0% -> 100.0% (non-inferior within 5.0 points, p = 0.0059 (limit 0.0304))"
        ", 55 -> 16 tokens (estimated)"
    )


def test_what_cannot_be_shorter_is_never_scored(tmp_path: Path) -> None:
    driven = shrunk(tmp_path, {"written": 0.5})

    start = len(TEMPLATE)
    texts = [text_of(entry) for it in driven.measured for entry in it.candidates]
    assert all(len(text) < start for text in texts)
    assert driven.rejected["remove: not shorter"] > 0
    assert not any(operator.startswith("swap") for operator in driven.rejected)


def test_a_prompt_that_loses_a_rule_is_dropped_after_few_cases(tmp_path: Path) -> None:
    driven = shrunk(tmp_path)

    broken = [
        effect
        for effect in driven.measured
        if any(s not in text_of(effect.candidates[0]) for s in SENTENCES[:LIVE])
    ]
    assert broken
    calls = sum(effect.calls for effect in broken) / len(
        {effect.candidates[0].key for effect in broken}
    )
    assert calls < 20  # of 100 train cases


def test_too_few_hold_out_cases_are_refused_with_their_number(tmp_path: Path) -> None:
    result = shrunk(tmp_path, cases=cases(80)).result

    assert (result.outcome, result.calls) == ("refused", 0)
    assert "takes 69 hold-out cases that all stay right, and there are 40" in (
        result.message
    )


def test_a_wider_margin_needs_fewer(tmp_path: Path) -> None:
    result = shrunk(tmp_path, {**UNASKED, "margin": 0.1}, cases=cases(80)).result

    assert result.outcome == "proposed", result.message


def test_a_shorter_prompt_that_is_worse_on_the_hold_out_is_not_proposed(
    tmp_path: Path,
) -> None:
    def unlucky(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        number = int(case.id.removeprefix("case"))
        lost = case.split == "holdout" and number % 10 == 0
        return right(not lost or len(text_of(candidate)) > 200)

    given = plan(tmp_path, template=TEMPLATE, steps=10)
    result = drive(
        search(given, strategy_named("gi-shrink", UNASKED)), silent, unlucky
    ).result

    assert result.outcome == "unconfirmed"
    assert "not shown to be non-inferior within 5.0 points" in result.message


def test_the_winner_can_be_made_again_without_a_model(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion:
        return says("Level 70." if (request.seed or 0) % 2 else "Chat, level 10.")

    def worth(candidate: Candidate, case: Case) -> float:
        return (
            0.3
            + 0.1 * text_of(candidate).count("Level")
            - text_of(candidate).count("Remark 1") * 0.1
        )

    given = task(tmp_path, template=TEMPLATE, steps=6)
    played = play(strategy_named("gi", {"written": 0.7}), given, reply, worth)

    made = 0
    for move in played.evaluated:
        for candidate, origin in zip(move.candidates, move.origins, strict=False):
            again = replayed(given, origin.detail)
            assert given.fit(again) == given.fit(candidate)
            made += bool(origin.reply)
    assert made


def test_gi_takes_only_strict_improvements_and_builds_on_them(tmp_path: Path) -> None:
    def worth(candidate: Candidate, case: Case) -> float:
        return 0.9 - 0.1 * text_of(candidate).count("Remark")

    given = task(tmp_path, template=TEMPLATE, steps=8)
    played = play(strategy_named("gi", UNASKED), given, judge=worth)

    parents = [
        origin.parents[0] for move in played.evaluated for origin in move.origins
    ]
    by_key = {c.key: c for move in played.evaluated for c in move.candidates}
    line = [by_key[key] for key in dict.fromkeys(parents)]
    counts = [text_of(entry).count("Remark") for entry in line]
    assert counts == sorted(set(counts), reverse=True)
    assert counts[-1] < DEAD


def test_no_more_patches_are_scored_than_the_options_say(tmp_path: Path) -> None:
    strategy = strategy_named("gi", {**UNASKED, "evaluations": 5})
    given = task(tmp_path, template=TEMPLATE, steps=8)

    played = play(strategy, given, judge=lambda *_: 0.5)

    new = {c.key for move in played.evaluated for c in move.candidates}
    assert len(new - {given.incumbent.key}) == 5
    assert strategy.most(Scope(steps=8)).proposals == 5  # type: ignore[attr-defined]


def test_units_with_a_variable_are_never_edited(tmp_path: Path) -> None:
    template = "Sort {{ ticket }} well. Be brief. Be kind."
    given = task(tmp_path, template=template, steps=5)

    played = play(strategy_named("gi", UNASKED), given, judge=lambda *_: 0.5)

    for move in played.evaluated:
        assert all("Sort {{ ticket }} well." in text_of(c) for c in move.candidates)


def test_the_outlook_of_shrinking_tells_what_may_be_lost(tmp_path: Path) -> None:
    strategy = strategy_named("gi-shrink")
    found = outlook(plan(tmp_path, template=TEMPLATE), strategy)

    assert found.sentence().endswith("a shorter prompt may lose less than 5.0 points")


@pytest.mark.parametrize(
    ("name", "options"),
    [("gi", {"removal": 1.5}), ("gi", {"margin": 0.1}), ("gi-shrink", {"margin": 0})],
)
def test_strange_options_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=f"strategy {name}"):
        strategy_named(name, options)
