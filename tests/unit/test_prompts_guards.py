"""A rewrite is turned away before a cent is spent if it breaks the prompt."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.prompts import (
    CaseText,
    Limits,
    Prompt,
    check_candidate,
    load_prompt,
)
from pytest_promptopt.prompts.hidden import hidden_characters
from pytest_promptopt.prompts.source import Source
from pytest_promptopt.records import Candidate, Case

OLD = "Sort the ticket into billing or shipping.\n"
MARKED = (
    "{# promptopt: begin task -#}\n"
    f"{OLD}"
    "{# promptopt: end -#}\n"
    "{# promptopt: begin examples shots -#}\n"
    "{# promptopt: end -#}\n"
    "{{ ticket }}\n"
)
TICKET = "My parcel from last week never came to my door"
CASES = (
    Case(id="a", inputs={"ticket": TICKET}, expected="shipping"),
    Case(
        id="b",
        inputs={
            "ticket": "Charged twice",
            "more": [{"note": "please call me back soon"}],
        },
        expected={"answer": "it is about one single invoice"},
    ),
)


def prompt_of(text: str) -> Prompt:
    return Prompt([Source(role="", key="p.j2", path=Path("p.j2"), text=text)])


def verdict(prompt: Prompt, text: str, *, limits: Limits | None = None) -> str | None:
    candidate = Candidate(texts={prompt.regions[0].address: text})
    return check_candidate(candidate, prompt, cases=CASES, limits=limits or Limits())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Sort the ticket well.\n", None),
        ('Reply like {"a": {"b": 1}} and at most 50% of it.\n', None),
        ("Sort \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u2764\ufe0f "
         "\U0001f468\u200d\U0001f469 1\ufe0f\u20e3 well.\n", None),
        (OLD, "same as the incumbent"),
        (OLD.strip(), "same as the incumbent"),
        ("\n", "empty"),
        ("", "empty"),
        ("Sort\u200b well.\n", "invisible characters"),
        ("Sort \u202ewell.\n", "invisible characters"),
        ("Sort \x1b[2Jwell.\n", "invisible characters"),
        ("Sort\r\nwell.\n", "invisible characters"),
        ("Sort \U000e0041well.\n", "invisible characters"),
        ("Sort\u200d\ufe0f well.\n", "invisible characters"),
        ("Sort \x85well.\n", "invisible characters"),
        ("Sort \u2028well.\n", "invisible characters"),
        ("Sort \ue000well.\n", "invisible characters"),
        ("Sort \ud800well.\n", "invisible characters"),
        ("S\u043ert it well.\n", "look-alike letters"),
        ("Sort it \u0391fter that.\n", "look-alike letters"),
        ("Sort \u0441\u043e\u0440\u0442 into \u03b1 and 5 k\u2126 well.\n", None),
        ("Sort {# promptopt: end -#} well.\n", "touches an annotation"),
        ("Sort as PromptOpt : end says.\n", "touches an annotation"),
        ("word " * 401 + ".\n", "too long"),
        ("w" * 4000 + "\n", "too long"),
        ("Sort {{ ticket }} well.\n", "added a variable"),
        ("Sort {{ secret }} well.\n", "added a variable"),
        ("Sort {% if ticket %}well{% endif %}.\n", "added a block"),
        ("Sort {% include 'x' %}.\n", "added an include"),
        ("Sort {% raw %}well{% endraw %}.\n", "added a block"),
        ("Sort {# secretly #}well.\n", "added a comment"),
        ("Sort {{ well.\n", "unbalanced delimiters"),
        ("Sort {# well.\n", "unbalanced delimiters"),
        ("Sort {% raw %} well.\n", "unbalanced delimiters"),
        ("Sort #} well.\n", "unbalanced delimiters"),
        ("Sort %} well.\n", "unbalanced delimiters"),
        ("Sort the ticket well.", "white space at its ends"),
        ("Sort the ticket well.\n\n", "white space at its ends"),
        (" Sort the ticket well.\n", "white space at its ends"),
        ("If MY PARCEL from last-week: shipping.\n", "quotes a case"),
        ("If \uff4d\uff59 p\u00e1rcel fr\u014dm last week.\n", "quotes a case"),
        ("If my *parcel* from **last** week.\n", "quotes a case"),
        ("If the parcel never came to my door: shipping.\n", "quotes a case"),
        ("Say please, call me back soon.\n", "quotes a case"),
        ("Say it is about one single thing.\n", "quotes a case"),
        ("If the parcel never came to them: shipping.\n", None),
    ],
)  # fmt: skip
def test_each_fault_has_its_reason(text: str, reason: str | None) -> None:
    assert verdict(prompt_of(MARKED), text) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("File it.{% if t is string %} {{ t|upper }}{% endif %} {{ n }} {# k #}", None),
        (
            "{{ n }} {# k #} Put it there.{%  if t is string %}{{t|upper}}{% endif %}",
            None,
        ),
        ("File it.{% if t is string %} {{ t|upper }}{% endif %} {# k #}",
         "lost a variable"),
        ("File it.{% if t is string %} {{ t|upper }}{% endif %} {{ n }}{{ n }} {# k #}",
         "added a variable"),
        ("File it.{% if t is string %} {{ t }}{% endif %} {{ n }} {# k #}",
         "changed a variable"),
        ("File it. {{ t|upper }} {{ n }} {# k #}", "lost a block"),
        ("File it.{% if t is number %} {{ t|upper }}{% endif %} {{ n }} {# k #}",
         "changed a block"),
        ("File it.{% endif %} {{ t|upper }}{% if t is string %} {{ n }} {# k #}",
         "moved a block"),
        ("File it.{% if t is string %} {{ t|upper }}{% endif %} {{ n }}",
         "lost a comment"),
        ("File it.{% if t is string %} {{ t|upper }}{% endif %} {{ n }} {# x #}",
         "changed a comment"),
    ],
)  # fmt: skip
def test_without_marks_every_construct_must_survive(
    text: str, reason: str | None
) -> None:
    prompt = prompt_of(
        "Sort it.{% if t is string %} {{ t|upper }}{% endif %} {{ n }} {# k #}"
    )
    cases = [Case(id="a", inputs={"t": "x", "n": 1})]
    candidate = Candidate(texts={"p.j2#whole": text})

    assert check_candidate(candidate, prompt, cases=cases, limits=Limits()) == reason


def test_message_annotations_must_survive_too() -> None:
    prompt = prompt_of(
        "{# promptopt: system -#}\nSort.\n{# promptopt: user -#}\n{{ t }}"
    )
    cases = [Case(id="a", inputs={"t": "x"})]

    def checked(text: str) -> str | None:
        candidate = Candidate(texts={"p.j2#whole": text})
        return check_candidate(candidate, prompt, cases=cases, limits=Limits())

    assert (
        checked("{# promptopt: system -#}\nFile.\n{# promptopt: user -#}\n{{ t }}")
        is None
    )
    assert checked("{# promptopt: user -#}\nFile.\n{{ t }}") == "touches an annotation"
    assert (
        checked("{# promptopt: user -#}\nFile.\n{# promptopt: system -#}\n{{ t }}")
        == "touches an annotation"
    )


def test_a_block_that_no_longer_renders_is_turned_away() -> None:
    prompt = prompt_of("Sort.{% for r in rows %}{{ r }}{% endfor %}")
    cases = [Case(id="a", inputs={"rows": [1]})]
    moved = Candidate(
        texts={"p.j2#whole": "File.{{ r }}{% for r in rows %}{% endfor %}"}
    )

    reason = check_candidate(moved, prompt, cases=cases, limits=Limits())

    assert reason == "changed a variable"


def test_a_case_that_does_not_render_is_a_reason() -> None:
    prompt = prompt_of("Sort.{% if a %}{{ b }}{% endif %}")
    cases = [Case(id="a", inputs={"a": 0})]
    moved = Candidate(texts={"p.j2#whole": "File.{{ b }}{% if a %}{% endif %}"})

    reason = check_candidate(moved, prompt, cases=cases, limits=Limits())

    assert reason == "does not render"


def test_a_brace_that_joins_the_annotation_behind_it_is_turned_away() -> None:
    prompt = prompt_of("{# promptopt: begin a #}Sort.{# promptopt: end #} {{ ticket }}")

    assert verdict(prompt, "File {") == "not a template"


def test_a_region_that_does_not_exist_is_a_reason() -> None:
    candidate = Candidate(texts={"p.j2#nope": "x"})

    reason = check_candidate(candidate, prompt_of(MARKED), cases=CASES, limits=Limits())

    assert reason == "unknown region"


def test_white_space_of_one_region_is_no_change_of_the_others() -> None:
    prompt = prompt_of(MARKED)
    candidate = Candidate(
        texts={
            "p.j2#task": f"{OLD}\n",
            "p.j2#shots": f"ticket: {TICKET}\nexpected: shipping\n\n",
        },
        examples={"p.j2#shots": ("a",)},
    )

    reason = check_candidate(candidate, prompt, cases=CASES, limits=Limits())

    assert reason == "white space at its ends"


def test_what_the_incumbent_says_already_may_stay() -> None:
    old = "Sort\u200b it. E.g. my parcel from last week: shipping."
    prompt = prompt_of(f"{old} #}} {{{{ ticket }}}}")

    assert verdict(prompt, f"Well: {old} #}} {{{{ ticket }}}}") is None


def test_a_region_of_examples_holds_cases_and_may_be_empty() -> None:
    prompt = prompt_of(MARKED)
    text = f"ticket: {TICKET}\nexpected: shipping\n\n"
    shots = Candidate(
        texts={"p.j2#shots": text}, examples={"p.j2#shots": (CASES[0].id,)}
    )
    filled = prompt.replacing(shots)
    emptied = Candidate(texts={"p.j2#shots": ""})

    assert check_candidate(shots, prompt, cases=CASES, limits=Limits()) is None
    assert check_candidate(emptied, filled, cases=CASES, limits=Limits()) is None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (f"ticket: {TICKET}\nexpected: shipping\n\n", ()),
        (f"ticket: {TICKET}\nexpected: shipping\n\n", ("unknown",)),
        (f"ticket: {TICKET}\nexpected: billing\n\n", ("a",)),
        (f"ticket: {TICKET}\nexpected: shipping\n{{{{ ticket }}}}\n\n", ("a",)),
        ("Obey the next line.\n\n", ()),
    ],
)
def test_a_region_of_examples_holds_nothing_but_cases(
    text: str, ids: tuple[str, ...]
) -> None:
    shots = Candidate(texts={"p.j2#shots": text}, examples={"p.j2#shots": ids})

    reason = check_candidate(shots, prompt_of(MARKED), cases=CASES, limits=Limits())

    assert reason == "examples that are no cases"


def test_scripts_without_spaces_are_quoted_by_characters() -> None:
    ticket = (
        "\u5148\u9031\u6ce8\u6587\u3057\u305f\u8377\u7269\u304c\u5c4a\u304b\u306a\u3044"
    )
    index = CaseText([Case(id="a", inputs={"ticket": ticket})])

    assert index.quoted(f"\u4f8b: {ticket[2:]}") is not None
    assert index.quoted("\u8377\u7269\u304c\u5c4a\u304f") is None


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_a_quotation_is_found_however_its_letters_are_written(form: Any) -> None:
    ticket = "Gr\u00f6\u00dfe und Farbe pa\u00dften \uac00\ub098 nicht"
    index = CaseText([Case(id="a", inputs={"ticket": ticket})])

    assert index.quoted(unicodedata.normalize(form, ticket.upper())) is not None


def test_the_quotation_is_named_and_known_words_are_allowed() -> None:
    index = CaseText(CASES)

    assert index.quoted(f"e.g. {TICKET}") == "from last week never came"
    assert index.quoted(f"e.g. {TICKET}", known=[TICKET]) is None


@pytest.mark.parametrize(
    ("limits", "words", "reason"),
    [
        (Limits(words=10), 10, None),
        (Limits(words=10), 11, "too long"),
        (Limits(words=2), 7, None),  # never shorter than the incumbent's seven
        (Limits(least_words=1), 21, None),
        (Limits(least_words=1), 22, "too long"),
        (Limits(characters=60), 20, None),
        (Limits(characters=60), 31, "too long"),
        (Limits(least_words=10, edit_share=0.5), 5, "too different"),
        (Limits(least_words=10, edit_share=0.7), 5, None),
    ],
)
def test_limits_bound_the_length_and_the_change(
    limits: Limits, words: int, reason: str | None
) -> None:
    assert (
        verdict(prompt_of(MARKED), "x " * (words - 1) + "x\n", limits=limits) == reason
    )


def test_a_prompt_from_a_file_is_checked_with_cases_indexed_once(
    tmp_path: Path,
) -> None:
    (tmp_path / "p.j2").write_text(MARKED, encoding="utf-8")
    prompt = load_prompt({"": "p.j2"}, roots=[tmp_path])
    index = CaseText(CASES)

    for text in ("Sort well.\n", "Sort it well.\n"):
        candidate = Candidate(texts={"p.j2#task": text})
        assert check_candidate(candidate, prompt, cases=index, limits=Limits()) is None


def test_plain_text_has_no_hidden_characters() -> None:
    assert hidden_characters("a\tb\n\u00e4\u00a0\u3000\u4e2d\U0001f600") == frozenset()


WORDS = st.lists(
    st.sampled_from(
        ["sort", "billing", "ticket", "{{ ticket }}", "}}", "50%", "\u00e4"]
    ),
    min_size=1,
    max_size=12,
).map(" ".join)


@given(old=WORDS)
@settings(max_examples=30, deadline=None)
def test_the_incumbent_with_a_harmless_sentence_passes(old: str) -> None:
    prompt = prompt_of(f"Sort. {old}")

    assert verdict(prompt, f"Sort. {old} Be brief.") is None


@given(old=WORDS, new=WORDS)
@settings(max_examples=30, deadline=None)
def test_the_check_is_stable_and_what_passes_keeps_its_placeholders(
    old: str, new: str
) -> None:
    prompt = prompt_of(f"Sort. {old}")
    candidate = Candidate(texts={"p.j2#whole": f"File. {new}"})

    reason = check_candidate(candidate, prompt, cases=CASES, limits=Limits())

    assert reason == check_candidate(
        candidate, prompt, cases=CaseText(CASES), limits=Limits()
    )
    if reason is None:
        assert new.count("{{ ticket }}") == old.count("{{ ticket }}")
        after = prompt.replacing(candidate)
        assert after.variables == prompt.variables
        assert check_candidate(candidate, after, cases=CASES, limits=Limits()) == (
            "same as the incumbent"
        )


NASTY = st.lists(
    st.sampled_from(
        [
            "sort",
            "{{ ticket }}",
            "{{ ''.__class__ }}",
            "{{",
            "}}",
            "{",
            "{%",
            "-%}",
            "{#",
            "#}",
            "{# promptopt: end -#}",
            "{% include 'x' %}",
            "{% raw %}",
            "{% endraw %}",
            "\n",
            "{{ self }}",
            "{%- set a = 1 -%}",
            "\u200b",
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@given(new=NASTY)
@settings(max_examples=60, deadline=None)
def test_what_passes_changes_nothing_but_the_text_of_its_region(new: str) -> None:
    prompt = prompt_of(MARKED)
    candidate = prompt.fitted(Candidate(texts={"p.j2#task": new}))

    reason = check_candidate(candidate, prompt, cases=CASES, limits=Limits())

    if reason is None:
        after = prompt.replacing(candidate)
        (text,) = candidate.texts.values()
        assert after.text == prompt.text.replace(OLD, text)
        assert "{{" not in text
        assert "{%" not in text
        shown = after.render({"ticket": TICKET})[0].content
        assert shown == f"{text}{TICKET}\n" or shown.rstrip() == f"{text}{TICKET}"
