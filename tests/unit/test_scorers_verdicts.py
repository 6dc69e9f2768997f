"""Which verdict a judge's reply gives, and the scorer that grades such replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import resolve_scorer, verdict
from pytest_promptopt.scorers.verdicts import Reading, Verdicts

LAW = settings(max_examples=60, deadline=None, database=None)
WORDS = ("fail", "partly right", "pass")
SCALE = Verdicts.of(WORDS, scorer="judge")
STARS = Verdicts.of(range(1, 6), scorer="judge")
HINT = (
    '\n  hint: write verdicts=("fail", "pass"), from worst to best, or '
    'verdicts={"bad": 0, "fair": 0.5, "good": 1}'
)

prose = st.text(
    st.characters(codec="ascii", exclude_characters="{}<>`:=\r"), max_size=60
).filter(
    lambda text: not any(word in text.lower() for word in ("verdict", "score", "is"))
)


def in_json(word: str, grounds: str) -> str:
    import json

    return json.dumps({"reason": grounds, "verdict": word})


FORMS: dict[str, Callable[[str, str], str]] = {
    "json": in_json,
    "fenced": lambda word, grounds: (
        f"{grounds}\n```json\n{in_json(word, 'x')}\n```\nBye"
    ),
    "json at the end": lambda word, grounds: f"{grounds} {in_json(word, '')}",
    "tag": lambda word, grounds: f"{grounds}\n<Verdict> {word} </verdict>\n{grounds}",
    "last line": lambda word, grounds: f"{grounds}\nVerdict: {word}",
    "first line": lambda word, grounds: f"**Verdict:** {word}.\n{grounds}",
    "alone": lambda word, grounds: f"\n*{word}*. ",
}


@LAW
@given(
    word=st.sampled_from(WORDS),
    form=st.sampled_from(sorted(FORMS)),
    grounds=prose,
    change=st.sampled_from([str, str.upper, str.title, "'{}'".format, "{}.".format]),
)
def test_a_verdict_is_read_from_every_form(
    word: str, form: str, grounds: str, change: Any
) -> None:
    reading = SCALE.read(FORMS[form](change(word), grounds))

    assert reading.verdict == word
    assert len(reading.reason) <= 200
    assert "\n" not in reading.reason


@LAW
@given(
    pair=st.lists(st.sampled_from(WORDS), min_size=2, max_size=2, unique=True),
    forms=st.lists(st.sampled_from(["fenced", "tag"]), min_size=2, max_size=2),
    grounds=prose,
)
def test_two_verdicts_that_differ_are_none(
    pair: list[str], forms: list[str], grounds: str
) -> None:
    text = "\n".join(
        FORMS[form](word, grounds) for form, word in zip(forms, pair, strict=True)
    )

    reading = SCALE.read(text)

    assert reading.verdict is None
    assert reading.fault.startswith("two verdicts, ")


@LAW
@given(text=st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for reading in (SCALE.read(text), SCALE.read(f"{{{text}}}")):
        assert (reading.verdict is None) == bool(reading.fault)


@LAW
@given(before=st.text("ab -_'", max_size=3), after=st.text("ab -_'", max_size=3))
def test_part_of_a_word_is_no_verdict(before: str, after: str) -> None:
    word = f"{before}pass{after}"

    read = SCALE.read(f"verdict: {word}").verdict

    assert (read == "pass") == (word.strip(" _'") == "pass")


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ('{"verdict": "pass", "reason": "kind\\n words"}', "pass", "kind words"),
        ("It is rude.\nSo is the end.\nFinal verdict: fail", "fail", "It is rude. So"),
        ("Verdict: fail\nIt is rude.", "fail", "It is rude."),
        ("Rude.\n<verdict>fail</verdict>", "fail", "Rude."),
        ('Some thoughts {a}\n{\'x\': 1} {"verdict": "pass"}', "pass", "Some"),
        ('{"steps": [{"verdict": "fail"}], "verdict": "pass"}', "pass", ""),
        ('{"score": 7, "verdict": "pass"}', "pass", ""),
        ("Score: 7\n<verdict>pass</verdict>", "pass", "Score: 7"),
        ("The verdict is partly   right", "partly right", ""),
        ("<verdict>pass</verdict> <verdict>PASS</verdict>", "pass", ""),
        ("\x1b[31mIt\u202e is\x00 rude.\nVerdict: fail", "fail", "[31mIt is rude."),
    ],
)
def test_a_verdict_and_its_grounds_are_read(
    text: str, verdict: str, reason: str
) -> None:
    reading = SCALE.read(text)

    assert reading.verdict == verdict
    assert reading.reason.startswith(reason)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no verdict in ''"),
        ("I would pass", "no verdict in 'I would pass'"),
        ("The reply said:\nverdict: pass\nwhich it may not.", "no verdict in "),
        ("verdict: pass or fail", "'pass or fail' is none of 'fail', 'partly right',"),
        ("verdict: not pass", "'not pass' is none of "),
        ('{"verdict": null}', "None is none of "),
        ('{"verdict": ["pass"]}', "['pass'] is none of "),
        ('{"verdict": "pass", "verdict": "fail"}', "no verdict in "),
        ('{"verdict": "pass"', "no verdict in "),
        ("verdict: pass\nthen\nverdict: fail", "two verdicts, 'pass' and 'fail'"),
        ("<verdict>" * 20_000, "no verdict in "),
        ("{" * 20_000 + "}", "no verdict in "),
    ],
)
def test_what_cannot_be_read_says_why(text: str, fault: str) -> None:
    reading = SCALE.read(text)

    assert reading.verdict is None
    assert reading.fault.startswith(fault)


@pytest.mark.parametrize(
    ("text", "stars"),
    [
        ("4", "4"),
        ("4/5", "4"),
        ("Score: 4 out of 5.", "4"),
        ('{"score": 4}', "4"),
        ('{"score": 4.0}', "4"),
        ("4/10", None),
        ("4.5", None),
        ("14", None),
        ('{"score": 4.5}', None),
        ('{"score": true}', None),
    ],
)
def test_numbers_are_verdicts_of_a_scale(text: str, stars: str | None) -> None:
    assert STARS.read(text).verdict == stars


def test_verdicts_are_evenly_spaced_or_worth_what_a_mapping_says() -> None:
    shares = {"bad": 0, "fair": 0.5, "good": 1}

    assert STARS.shares == {"1": 0.0, "2": 0.25, "3": 0.5, "4": 0.75, "5": 1.0}
    assert Verdicts.of(shares, scorer="judge").shares == shares
    assert Verdicts.of(("no", "yes"), scorer="judge").shares == {"no": 0.0, "yes": 1.0}


@pytest.mark.parametrize(
    ("scale", "what"),
    [
        ("pass", "'pass': neither a list nor a mapping of verdicts"),
        (5, "5: neither a list nor a mapping of verdicts"),
        (("pass",), "('pass',): fewer than two verdicts"),
        ([], "[]: fewer than two verdicts"),
        (("Yes", "yes."), "('Yes', 'yes.'): 'Yes' and 'yes.' are read as the same"),
        (("a", "a"), "('a', 'a'): 'a' and 'a' are read as the same verdict"),
        (("no", True), "('no', True): True is no word and no number"),
        (("no", " . "), "('no', ' . '): ' . ' is no word and no number"),
        ({"a": 0, "b": 1.5}, "{'a': 0, 'b': 1.5}: 1.5 is no share in [0, 1]"),
        ({"a": 0, "b": float("nan")}, "{'a': 0, 'b': nan}: nan is no share in [0, 1]"),
        ({"a": 0, "b": "1"}, "{'a': 0, 'b': '1'}: '1' is no share in [0, 1]"),
        ({"a": 1, "b": 1}, "{'a': 1, 'b': 1}: every one is worth 1"),
    ],
)
def test_verdicts_that_cannot_be_used_are_refused(scale: Any, what: str) -> None:
    with pytest.raises(ScorerError) as caught:
        Verdicts.of(scale, scorer="judge")

    assert caught.value.problem.startswith(f"judge: verdicts={what}")
    assert str(caught.value).endswith(HINT)


def test_a_reading_without_a_verdict_has_a_fault() -> None:
    assert SCALE.read("?") == Reading(verdict=None, fault="no verdict in '?'")


def graded(reply: str, expected: Any, scorer: Any = "verdict") -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="labelled.jsonl:3")
    return resolve_scorer(scorer)(case, Completion(text=reply))


def test_the_scorer_verdict_reads_a_reply_as_a_judges() -> None:
    assert graded("Kind.\nVerdict: PASS", "pass") == Score(value=1.0)
    assert graded("4", 4, verdict(range(1, 6))) == Score(value=1.0)
    assert graded("Rude.\nVerdict: fail", "Pass").reason == (
        "expected 'pass', got 'fail'"
    )


def test_a_reply_that_cannot_be_read_is_the_rubrics_fault() -> None:
    assert graded("I like it", "pass") == Score(
        value=0.0,
        reason="expected 'pass', but it cannot be read: no verdict in 'I like it'",
        parsed=False,
    )
    assert graded(" ", "pass").reason == "expected 'pass', but the reply is empty"


def test_a_label_that_is_no_verdict_is_an_error_at_its_line() -> None:
    with pytest.raises(ScorerError) as caught:
        graded("pass", "good")

    assert str(caught.value) == (
        "labelled.jsonl:3: case 'a': scorer 'verdict' finds the expected 'good' not "
        "among 'fail', 'pass'\n"
        "  hint: correct the expected verdict, or name the verdicts: "
        'scorer=verdict(("bad", "good"))'
    )
