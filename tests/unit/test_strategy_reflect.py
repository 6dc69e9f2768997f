"""reflect against the fact sheets (gpo.md 6.4, other_optimizers.md 8), by point."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import ADDRESS, cases, drive, luck, plan, right, says, text_of

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.offline.evidence import read_evidence
from pytest_promptopt.optimize import Evaluated, Measure, search, strategy_named
from pytest_promptopt.optimize.strategies.paired_gate import rises, shares, verdict
from pytest_promptopt.optimize.strategies.pareto import front
from pytest_promptopt.optimize.strategies.reflect import Reflect
from pytest_promptopt.optimize.strategies.reflect_options import PAPER, ReflectOptions
from pytest_promptopt.records import Candidate, Case, Completion, Score, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from search_script import Driven

    from pytest_promptopt.records import Request

EXAMPLE = re.compile(r"<example>\n(.*?)\n</example>", re.DOTALL)
CURRENT = re.compile(r"<current>\ntext:\n(.*?)\n</current>", re.DOTALL)
ATTEMPT = re.compile(r"<attempt>\nscore: (\d+)\ntext:\n(.*?)\n</attempt>", re.DOTALL)

TWO_REGIONS = """\
{# promptopt: begin task -#}
Sort the ticket.
{# promptopt: end -#}
{{ ticket }}
{# promptopt: begin format -#}
Be brief.
{# promptopt: end -#}
"""
TASK, FORMAT = "triage.j2#task", "triage.j2#format"
TRAIN = 24


def content(request: Request) -> str:
    (message,) = request.messages
    return message.content


def few(train: int = TRAIN, holdout: int = 34) -> tuple[Case, ...]:
    found = cases(2 * max(train, holdout))
    middle = len(found) // 2
    return (*found[:train], *found[middle : middle + holdout])


def known(text: str) -> set[str]:
    """Read which last digits of case numbers a text knows: the words of ``k1`` form."""
    return set(re.findall(r"\bk(\d)\b", text))


def knowing(candidate: Candidate, case: Case, *_: object) -> Trial:
    """Be right on the cases whose last digit the text knows."""
    if case.id[-1] in known(text_of(candidate)):
        return right(True)
    reason = f"the digit {case.id[-1]} is not known"
    return Trial(score=Score(value=0.0, reason=reason), output="no idea")


def stubborn(candidate: Candidate, case: Case, *_: object) -> Trial:
    """Be wrong, whatever the text."""
    return Trial(score=Score(value=0.0, reason="the digit 1 is not known"), output="?")


def learning(request: Request) -> Completion:
    """Add what the first failure that is shown complains about."""
    text = content(request)
    (current,) = CURRENT.findall(text)
    missing = re.findall(r"why: the digit (\d) is", text)
    number = (request.seed or 0) % 3
    digit = missing[number % len(missing)]
    return explained(f"{current.strip()} k{digit}")


def explained(text: str) -> Completion:
    return Completion(
        text=f"<explanation>It lacks a digit.</explanation> {says(text).text}"
    )


def run(folder: Path, strategy: Reflect | None = None, **changes: Any) -> Driven:
    reply = changes.pop("reply", learning)
    judge = changes.pop("judge", knowing)
    given = {"cases": few(), "steps": 3, **changes}
    return drive(search(plan(folder, **given), strategy or Reflect()), reply, judge)


def paper(**options: Any) -> Reflect:
    return Reflect(ReflectOptions(**{**PAPER, **options}), name="reflect-paper")


def tried(driven: Driven) -> list[Measure]:
    """Return what was measured in the search behind the start, in its order."""
    return [
        effect
        for effect in driven.measured[1:]
        if effect.indices == range(1) and effect.purpose == "search"
    ]


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    """A run of two steps with our numbers."""
    return run(tmp_path_factory.mktemp("reflect"), steps=2)


# The request


def test_a_step_asks_for_four_edits_at_once_each_of_a_parent_of_its_own(
    driven: Driven,
) -> None:
    assert [len(effect.requests) for effect in driven.asked] == [4, 4]
    seeds = [request.seed for effect in driven.asked for request in effect.requests]
    assert seeds == list(range(8))
    for request in driven.asked[0].requests:
        assert request.settings == {"temperature": 1.0}


def test_the_paper_asks_for_one_edit_a_step(tmp_path: Path) -> None:
    driven = run(tmp_path, paper())

    assert [len(effect.requests) for effect in driven.asked] == [1, 1, 1]


def test_the_request_has_the_passage_what_failed_and_why_then_the_two_asks(
    driven: Driven,
) -> None:
    shown = content(driven.asked[0].requests[0])

    assert CURRENT.findall(shown) == ["  Sort the ticket, level 40."]
    assert shown.index("</current>") < shown.index("<example>")
    assert shown.rindex("</example>") < shown.index("<explanation>")
    assert shown.index("</explanation>") < shown.index("rewrite the passage")
    assert shown.endswith("between <new_text> and </new_text>.")
    for example in EXAMPLE.findall(shown):
        assert re.fullmatch(
            r"input:\n  <HERE>\n  Ticket (\d*?)(\d) about parcel \d+\n"
            r"expected: billing\ngot: no idea\nwhy: the digit \2 is not known",
            example,
        )


def test_eight_failures_are_shown_and_nothing_that_is_right(tmp_path: Path) -> None:
    template = "{# promptopt: begin a -#}\nSort, k1 k2.\n{# promptopt: end -#}\nX\n"

    driven = run(tmp_path, template=template.replace("X", "{{ ticket }}"), steps=1)

    for request in driven.asked[0].requests:
        examples = EXAMPLE.findall(content(request))
        assert len(examples) == 8
        assert all("why: " in example for example in examples)
    different = {content(request) for request in driven.asked[0].requests}
    assert len(different) == 4


def test_the_paper_shows_its_minibatch_of_three_as_it_comes(tmp_path: Path) -> None:
    template = "{# promptopt: begin a -#}\nSort, k0 k1 k2 k3 k4.\n{# promptopt: end -#}"

    driven = run(tmp_path, paper(), template=f"{template}\n{{{{ ticket }}}}\n", steps=4)

    seen: list[str] = []
    for effect in driven.asked:
        examples = EXAMPLE.findall(content(effect.requests[0]))
        assert len(examples) == 3
        assert any("why: " in example for example in examples)
        seen += re.findall(r"Ticket (\d+)", str(examples))
    assert any("why: " not in example for example in examples)
    assert len(set(seen)) == len(seen)  # an epoch goes through all cases before


def test_an_edit_that_was_turned_away_is_shown_the_next_time(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion:
        return explained(f"Useless draft {request.seed}.")

    driven = run(tmp_path, reply=reply, steps=2)
    forgetful = run(
        tmp_path, Reflect(ReflectOptions(remembered=0)), reply=reply, steps=2
    )

    assert ATTEMPT.findall(content(driven.asked[0].requests[0])) == []
    assert ATTEMPT.findall(content(driven.asked[1].requests[0])) == [
        ("0", f"  Useless draft {number}.") for number in (1, 2, 3)
    ]
    assert ATTEMPT.findall(content(forgetful.asked[1].requests[0])) == []


# The gate


def test_a_child_is_tried_on_cases_drawn_without_a_look_at_the_scores(
    driven: Driven, tmp_path: Path
) -> None:
    other = run(tmp_path, steps=1, judge=stubborn)

    first, second = tried(driven)[0], tried(other)[0]
    assert [case.id for case in first.cases] == [case.id for case in second.cases]
    assert len(first.cases) == 8


def test_the_share_of_cases_doubles_until_a_child_is_turned_away_or_through(
    driven: Driven,
) -> None:
    sizes = [len(effect.cases) for effect in tried(driven)[:3]]
    assert sizes == [8, 8, 8]  # eight, then eight more for sixteen, then twenty-four
    assert shares(100, 8) == (8, 16, 32, 64, 100)
    assert shares(5, 8) == (5,)
    assert shares(16, 8) == (8, 16)


def test_the_paper_scores_a_child_on_its_minibatch_and_on_all_if_the_sum_rises(
    tmp_path: Path,
) -> None:
    driven = run(tmp_path, paper(), steps=1)
    failing = run(tmp_path, paper(), steps=1, reply=lambda _: explained("Useless."))

    shown = re.findall(r"Ticket (\d+)", content(driven.asked[0].requests[0]))
    first, rest = tried(driven)
    assert [case.id for case in first.cases] == [f"case{number}" for number in shown]
    assert len(rest.cases) == TRAIN - 3
    assert [len(effect.cases) for effect in tried(failing)] == [3]


def scores(*values: float | None) -> dict[str, float | None]:
    return {f"case{number}": value for number, value in enumerate(values)}


@pytest.mark.parametrize(
    ("parent", "child", "look", "is_last", "expected"),
    [
        ((0, 0, 0, 1), (1, 1, 1, 1), 2, True, "accepted"),  # p = 1/8
        ((0, 0, 1, 1), (1, 1, 1, 1), 2, True, "rejected"),  # p = 1/4
        ((0, 0, 0, 0), (1, 0, 0, 0), 0, False, "open"),
        ((0, 1, 0, 1), (1, 0, 0, 1), 0, False, "open"),  # no difference, first look
        ((0, 1, 0, 1), (1, 0, 0, 1), 1, False, "rejected"),
        ((0, 1, 0, 1), (1, 0, 0, 1), 0, True, "rejected"),
        ((0, 1, 1, 1), (1, 0, 0, 1), 0, False, "rejected"),
        ((0, 0, 0, None), (1, 1, 1, 0), 2, True, "accepted"),  # pairs only
        ((None, None, None, None), (1, 1, 1, 1), 1, True, "rejected"),
    ],
)
def test_the_gate_compares_pairs_and_tests_them_at_the_end_only(
    parent: tuple[float | None, ...],
    child: tuple[float | None, ...],
    look: int,
    is_last: bool,  # noqa: FBT001
    expected: str,
) -> None:
    says = verdict(
        scores(*parent),
        scores(*child),
        cases(8)[:4],
        level=0.2,
        look=look,
        is_last=is_last,
    )

    assert says == expected


def test_an_edit_without_effect_seldom_passes_the_gate() -> None:
    """The published one of three cases lets 20-35 % of them pass."""
    train = cases(80)[:40]

    def draw(*key: object) -> dict[str, float | None]:
        return {case.id: float(luck(case.id, *key) < 0.75) for case in train}

    def passes(number: int) -> bool:
        old, new = draw(number, "old"), draw(number, "new")
        for look, end in enumerate(shares(40, 8)):
            says = verdict(
                old, new, train[:end], level=0.2, look=look, is_last=end == 40
            )
            if says != "open":
                return says == "accepted"
        raise AssertionError("the last look decides")

    runs = range(300)
    ours = sum(map(passes, runs))
    published = sum(
        rises(draw(number, "old"), draw(number, "new"), train[:3]) for number in runs
    )

    assert ours <= 0.2 * 300
    assert published > 1.5 * ours


# The front


def entry(name: str, *values: float | None) -> Evaluated:
    known = [value for value in values if value is not None]
    return Evaluated(
        candidate=Candidate(texts={ADDRESS: name}),
        mean=sum(known) / max(1, len(known)),
        scores=scores(*values),
        reasons={},
        outputs={},
    )


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ([(1, 1, 0), (0, 0, 1)], {0: 2, 1: 1}),
        ([(1, 1, 1), (1, 0, 0)], {0: 3}),  # never leads alone
        ([(1, 0, 1), (1, 0, 0), (0, 1, 0)], {0: 2, 2: 1}),
        ([(0, 0, 0), (0, 0, 0)], {0: 3}),
        ([(None, 1, None), (0.5, 0, None)], {0: 1, 1: 1}),
        ([(None, None, None)], {}),
    ],
)
def test_the_front_is_who_leads_somewhere_weighed_by_how_often(
    pool: list[tuple[float | None, ...]], expected: dict[int, int]
) -> None:
    entries = [entry(f"c{index}", *values) for index, values in enumerate(pool)]

    assert front(entries, cases(6)[:3]) == expected


@given(
    pool=st.lists(
        st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=5, max_size=5),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=25)
def test_somebody_on_the_front_leads_on_every_case(pool: list[list[float]]) -> None:
    entries = [entry(f"c{index}", *values) for index, values in enumerate(pool)]

    found = front(entries, cases(10)[:5])

    for number in range(5):
        best = max(values[number] for values in pool)
        assert any(pool[index][number] == best for index in found)
    assert all(weight >= 1 for weight in found.values())


def test_parents_are_drawn_from_the_front_and_not_the_best_alone(
    tmp_path: Path,
) -> None:
    driven = run(tmp_path, steps=3)
    greedy = run(tmp_path, Reflect(ReflectOptions(parents="best")), steps=3)

    def parents(driven: Driven) -> int:
        return max(
            len({CURRENT.findall(content(request))[0] for request in effect.requests})
            for effect in driven.asked
        )

    assert parents(driven) > 1
    assert parents(greedy) == 1


# Merging


def merging(**options: Any) -> Reflect:
    return Reflect(ReflectOptions(level=0.5, merges=5, **options))


def merge_or_learn(request: Request) -> Completion:
    text = content(request)
    if "Merge the two versions" not in text:
        return learning(request)
    words = " ".join(attempt for _, attempt in ATTEMPT.findall(text)).split()
    return says(" ".join(dict.fromkeys(words)))


def test_two_of_the_front_are_merged_by_the_model(tmp_path: Path) -> None:
    driven = run(tmp_path, merging(), reply=merge_or_learn, steps=4)

    merges = [
        content(request)
        for effect in driven.asked
        for request in effect.requests
        if "Merge the two versions" in content(request)
    ]
    assert 1 <= len(merges) <= 5
    for shown in merges:
        (first, one), (second, other) = ATTEMPT.findall(shown)
        assert int(first) >= int(second)
        assert not known(one) <= known(other)
        assert not known(other) <= known(one)


def test_with_several_regions_a_merge_takes_the_changed_ones_of_both(
    tmp_path: Path,
) -> None:
    lines: list[Any] = []

    run(
        tmp_path,
        merging(),
        reply=merge_or_learn,
        template=TWO_REGIONS,
        steps=4,
        tell=lines.append,
    )

    made = {line["key"]: line for line in lines if line["what"] == "candidate"}
    mixed = [
        line
        for line in made.values()
        if line["origin"]["operator"] == "merge" and not line["origin"]["reply"]
    ]
    assert mixed
    for line in mixed:
        texts = line["candidate"]["texts"]
        one, other = (
            made[key]["candidate"]["texts"] for key in line["origin"]["parents"]
        )
        assert all(texts[key] in (one[key], other[key]) for key in (TASK, FORMAT))
        assert texts not in (one, other)


# Whatever the model says


def test_an_explanation_can_be_made_a_condition(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion:
        return says(f"Sort, draft {request.seed}.")

    strict = run(
        tmp_path, Reflect(ReflectOptions(explanation=True)), reply=reply, steps=1
    )
    lenient = run(tmp_path, reply=reply, steps=1)

    assert strict.rejected == {"unparsable: no explanation": 4}
    assert lenient.rejected == {}
    assert lenient.result.steps[1].scored == 4


def test_nothing_is_asked_where_no_case_is_wrong(tmp_path: Path) -> None:
    strategy = Reflect()
    task = plan(tmp_path).task(cases(20)[:10], None)
    moves = strategy.search(task)
    next(moves)
    moves.send((entry_of_task(task, 1.0),))

    rest = list(moves)

    assert all(type(move).__name__ == "NextStep" for move in rest)


def entry_of_task(task: Any, value: float) -> Evaluated:
    return Evaluated(
        candidate=task.incumbent,
        mean=value,
        scores={case.id: value for case in task.cases},
        reasons={},
        outputs={},
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"minibatch": 0},
            "strategy reflect: minibatch is 0\n"
            "  hint: set it to a whole number, 1 or more",
        ),
        (
            {"level": 2},
            "strategy reflect: level is 2\n  hint: set it to a number from 0 to 1",
        ),
        (
            {"level": 0},
            "strategy reflect: level is 0, so that nothing can be accepted\n"
            "  hint: set it to a number above 0, such as 0.2",
        ),
        (
            {"gate": "paird"},
            "strategy reflect: gate is 'paird'\n  hint: did you mean 'paired'?",
        ),
        (
            {"parents": "all"},
            "strategy reflect: parents is 'all'\n  hint: use one of: best, front",
        ),
    ],
)
def test_options_out_of_range_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        strategy_named("reflect", options)

    assert str(caught.value) == message


def test_the_presets_are_ours_and_the_papers() -> None:
    ours, papers = strategy_named("reflect"), strategy_named("reflect-paper")

    assert isinstance(ours, Reflect)
    assert isinstance(papers, Reflect)
    assert (ours.name, papers.name) == ("reflect", "reflect-paper")
    assert ours.options == ReflectOptions()
    assert papers.options == ReflectOptions(
        per_step=1,
        minibatch=3,
        shown="minibatch",
        gate="sum",
        remembered=0,
        merges=0,
        parents="front",
        race=False,
    )


# The evidence grammar


def test_any_model_that_reads_the_evidence_grammar_reads_the_requests(
    tmp_path: Path,
) -> None:
    driven = run(tmp_path, merging(), reply=merge_or_learn, steps=3)
    asked = [content(request) for effect in driven.asked for request in effect.requests]
    edits = [text for text in asked if "Merge the two versions" not in text]
    merges = [text for text in asked if "Merge the two versions" in text]

    for text in edits:
        evidence = read_evidence(text)
        assert evidence is not None
        assert (evidence.verb, evidence.reply_tag) == ("rewrite", "new_text")
        assert evidence.word_limit == 400
        assert len(evidence.currents) == 1
        assert evidence.examples
        assert all(example.got and example.why for example in evidence.examples)
    assert merges
    for text in merges:
        evidence = read_evidence(text)
        assert evidence is not None
        assert (evidence.verb, evidence.reply_tag) == ("merge", "new_text")
        assert len(evidence.attempts) == 2
