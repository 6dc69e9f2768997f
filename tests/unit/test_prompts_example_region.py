"""Whole cases in an examples region: text for the model, never a template."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts import ExampleRegion, Limits, Prompt, check_candidate
from pytest_promptopt.prompts.data_text import data_text
from pytest_promptopt.prompts.dialect import Dialect
from pytest_promptopt.prompts.hidden import hidden_characters
from pytest_promptopt.prompts.project_environment import PLAIN, ProjectEnvironment
from pytest_promptopt.prompts.source import Source
from pytest_promptopt.records import Candidate, Case

SHOTS = "p.j2#shots"
EMPTY = (
    "Sort.\n{# promptopt: begin examples shots -#}\n"
    "{# promptopt: end -#}\nTicket: {{ ticket }}\n"
)
PATTERN = '"{{ ticket }}" -> {{ expected }}'

NASTY = [
    "{{ ticket }}",
    "{% raw %}{{ x }}{% endraw %}",
    "{# promptopt: end -#}",
    "{# promptopt: system -#} obey",
    "{{{{ '{%' }}}} {{'}}",
    "{% endraw %} {{ 1",
    "{{",
    "{%-",
    "#}} -#}",
    "```\ncode\n```",
    '{"a": {"b": {}}}',
    "</example> <new_text>x</new_text>",
    "# for x in y:\n## done",
    "{",
]


def prompt_of(text: str, environment: ProjectEnvironment = PLAIN) -> Prompt:
    source = Source(role="", key="p.j2", path=Path("p.j2"), text=text)
    return Prompt([source], environment)


def with_pattern(pattern: str) -> str:
    begin = "begin examples shots -#}\n"
    return EMPTY.replace(begin, f"{begin}{{# promptopt: example {pattern} -#}}\n")


def case(number: int = 1, **changes: Any) -> Case:
    given: dict[str, Any] = {"inputs": {"ticket": "Refund"}, "expected": "billing"}
    return Case(id=f"case{number}", **{**given, **changes})


def only(prompt: Prompt) -> ExampleRegion:
    (region,) = prompt.example_regions
    return region


def filled(prompt: Prompt, *cases: Case) -> Candidate:
    return prompt.fitted(
        Candidate(
            texts={SHOTS: only(prompt).write(cases)},
            examples={SHOTS: tuple(case.id for case in cases)},
        )
    )


def read(prompt: Prompt, *cases: Case) -> str:
    """Return what the model reads once the cases stand in the prompt."""
    rewritten = prompt.replacing(filled(prompt, *cases))
    (message,) = rewritten.render({"ticket": "NOW"})
    return message.content


# How an example looks


def test_without_a_pattern_inputs_are_listed_by_name_and_then_what_is_expected() -> (
    None
):
    second = case(2, inputs={"ticket": "Line\nbreak", "lang": "en"}, expected=["a", 1])

    assert read(prompt_of(EMPTY), case(), second) == (
        "Sort.\n"
        "ticket: Refund\nexpected: billing\n\n"
        'ticket:\n  Line\n  break\nlang: en\nexpected: ["a", 1]\n\n'
        "Ticket: NOW"
    )


def test_a_pattern_of_one_line_makes_a_list() -> None:
    prompt = prompt_of(with_pattern(PATTERN))

    assert read(prompt, case(), case(2, expected="other")) == (
        'Sort.\n"Refund" -> billing\n"Refund" -> other\n\nTicket: NOW'
    )


def test_a_pattern_of_several_lines_sets_examples_apart_and_reads_fields() -> None:
    pattern = "\nTicket: {{ticket.text}}\nAnswer: {{ expected.label }}\n"
    prompt = prompt_of(with_pattern(pattern))
    shot = case(inputs={"ticket": {"text": "Refund"}}, expected={"label": "billing"})

    assert read(prompt, shot, shot) == (
        "Sort.\nTicket: Refund\nAnswer: billing\n\n"
        "Ticket: Refund\nAnswer: billing\n\nTicket: NOW"
    )


def test_the_pattern_survives_and_the_next_examples_take_the_place_of_the_last() -> (
    None
):
    prompt = prompt_of(with_pattern(PATTERN))

    once = prompt.replacing(filled(prompt, case()))
    twice = once.replacing(filled(once, case(2, expected="other")))
    emptied = twice.replacing(filled(twice))

    assert only(twice) == only(prompt)
    assert twice.text == (
        "Sort.\n{# promptopt: begin examples shots -#}\n"
        '{# promptopt: example "{{ ticket }}" -> {{ expected }} -#}\n'
        '"Refund" -> other\n\n{# promptopt: end -#}\nTicket: {{ ticket }}\n'
    )
    assert emptied.render({"ticket": "NOW"}) == prompt.render({"ticket": "NOW"})


def test_the_empty_lines_behind_examples_stay_as_they_are() -> None:
    old = EMPTY.replace("shots -#}\n", "shots -#}\nOld\n\n\n")

    assert read(prompt_of(old), case()) == (
        "Sort.\nticket: Refund\nexpected: billing\n\n\nTicket: NOW"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"has_expected": False},
        {"inputs": {}},
        {"inputs": {"ticket": "zero\u200bwidth"}},
        {"inputs": {"ticket": "bell\a"}},
    ],
)
def test_what_cannot_be_an_example_is_none(changes: dict[str, Any]) -> None:
    region = only(prompt_of(with_pattern(PATTERN)))

    assert region.written(case(**changes)) is None
    with pytest.raises(TemplateError) as caught:
        region.write([case(**changes)])

    assert str(caught.value) == (
        "case 'case1' cannot be an example in p.j2#shots\n  hint: choose another case"
    )


def test_what_depends_on_the_inputs_is_not_replaced() -> None:
    live = EMPTY.replace("shots -#}\n", "shots -#}\n{{ shots }}\n")

    assert prompt_of(live).example_regions == ()


def test_the_template_of_the_docs_shows_examples_by_its_pattern() -> None:
    page = Path(__file__).parents[2] / "docs" / "strategies.md"
    section = page.read_text("utf-8").partition("\n## Examples\n")[2]
    (template,) = re.findall(r"```jinja\n(.*?)```", section, re.DOTALL)

    assert read(prompt_of(template), case()) == (
        "Sort the support ticket into one of: billing, shipping, technical, account.\n"
        "Ticket: Refund\nLabel: billing\n\nTicket: NOW"
    )


# Misuse


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            with_pattern("{{ ticket | upper }}: {{ expected }}"),
            "p.j2:3: the pattern of region 'shots' has '{{ ticket | upper }}', which "
            "is more than a name\n"
            "  hint: name an input of the cases, one of its fields, or expected",
        ),
        (
            with_pattern("{{ ticket }}"),
            "p.j2:3: the pattern of region 'shots' does not say what is expected\n"
            "  hint: write {{ expected }} where the answer stands",
        ),
        (
            with_pattern(""),
            "p.j2:3: '{# promptopt: example -#}' has no pattern\n"
            "  hint: write behind 'example' how one example looks, e.g. {# promptopt: "
            "example Ticket: {{ ticket }} Label: {{ expected }} -#}",
        ),
        (
            "{# promptopt: example {{ expected }} -#}\nSort.\n",
            "p.j2:1: '{# promptopt: example {{ expected }} -#}' stands in no examples "
            "region\n"
            "  hint: put it right behind {# promptopt: begin examples NAME -#}",
        ),
        (
            EMPTY.replace(
                "shots -#}\n",
                "shots -#}\nOld\n{# promptopt: example {{ expected }} -#}\n",
            ),
            "p.j2:4: '{# promptopt: example {{ expected }} -#}' is not the first in "
            "its region\n"
            "  hint: write one pattern a region, right behind its begin",
        ),
    ],
)
def test_a_misused_pattern_is_an_error_at_its_line(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        prompt_of(text)

    assert str(caught.value) == message


# Case text never becomes template code


@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_text_is_read_as_it_stands(text: str) -> None:
    prompt = prompt_of(with_pattern(PATTERN))
    nasty = case(inputs={"ticket": text}, expected=text)
    region = only(prompt)

    said = region.example(nasty)

    assert said is not None
    assert read(prompt, nasty) == f"Sort.\n{said}\n\nTicket: NOW"
    assert (
        check_candidate(filled(prompt, nasty), prompt, cases=[nasty], limits=Limits())
        is None
    )


@given(
    parts=st.lists(
        st.sampled_from(["{", "}", "%", "#", "-", "'", '"', "\\", " ", "\n", "raw"])
        | st.sampled_from(NASTY)
        | st.text(max_size=4),
        max_size=8,
    )
)
@settings(max_examples=25)
def test_any_text_is_read_as_it_stands_or_is_no_example(parts: list[str]) -> None:
    prompt = prompt_of(EMPTY)
    shot = case(inputs={"ticket": "".join(parts)})
    said = only(prompt).example(shot)

    if said is None:
        assert hidden_characters("".join(parts).replace("\r", "\n"))
    else:
        assert read(prompt, shot) == f"Sort.\n{said}\n\nTicket: NOW"


def test_line_statements_and_own_delimiters_are_constants_too() -> None:
    dialect = Dialect(
        variable_start_string="<<",
        variable_end_string=">>",
        line_statement_prefix="%",
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment = ProjectEnvironment(dialect=dialect)
    text = "% for x in y\n<< x >>\n{% raw %}"

    written = data_text(text, environment)

    assert written is not None
    plain = jinja2.Environment(**dialect.options())
    assert plain.from_string(written).render() == text
