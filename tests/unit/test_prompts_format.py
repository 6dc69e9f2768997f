"""Templates of ``str.format``: rendered as production does, without its back doors."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts import Limits, Prompt, check_candidate, load_prompt
from pytest_promptopt.prompts.format_fields import Field, FieldError, split_fields
from pytest_promptopt.prompts.source import Source, SyntaxName
from pytest_promptopt.records import Candidate, Case, Message

TRIAGE = 'Sort into {{"label": "..."}}. {hint!r}\nAgain: {ticket}\n{ticket}\n'
CASES = (Case(id="a", inputs={"ticket": "Lost {parcel}", "hint": "x"}, expected="y"),)


def prompt_of(text: str, syntax: SyntaxName = "format") -> Prompt:
    path = Path("p.txt")
    return Prompt([Source(role="", key="p.txt", path=path, text=text, syntax=syntax)])


def show(text: str, **inputs: object) -> str:
    (message,) = prompt_of(text).render(inputs)
    return message.content


def test_a_template_renders_as_str_format_does() -> None:
    inputs = {"ticket": "Lost {parcel} {{ x }}", "hint": "it's"}

    assert prompt_of(TRIAGE).render(inputs) == (
        Message(role="user", content=TRIAGE.format(**inputs)),
    )
    assert prompt_of(TRIAGE).variables == {"ticket", "hint"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{x:.2f}", 3.14159),
        ("{x:>8}|{x:<8}|{x:^8}|{x:*^9}", "ab"),
        ("{x:,}", 1234567),
        ("{x!r:>12}", "ab"),
        ("{x!a}", "\u00e4"),
        ("{x:%Y-%m-%d}", dt.date(2026, 11, 20)),
        ("{x}", None),
        ("{x}", ["a", {"b": 1}]),
        ("{{{x}}}", 1),
        ("{{{{{x}}}}}", 1),
        ("{x}{x}{{x}}", 1),
        ("{größe}", 1),
    ],
)
def test_conversions_and_formats_are_those_of_str_format(
    text: str, value: object
) -> None:
    name = "größe" if "größe" in text else "x"

    assert show(text, **{name: value}) == text.format(**{name: value})


@pytest.mark.parametrize(
    ("text", "line", "problem", "hint"),
    [
        ("a\nb {}", 2,
         "the field '{}' has no name, and the inputs of a case have names",
         "name the input: {ticket}"),
        ("{0}", 1, "the field '{0}' has a number, and the inputs of a case have names",
         "name the input: {ticket}"),
        ("a\n\n{case.expected}", 3,
         "the field '{case.expected}' reads a part of the input 'case'",
         "give the part a name of its own in the cases and in the template"),
        ("{rows[0]}", 1, "the field '{rows[0]}' reads a part of the input 'rows'",
         "give the part a name of its own in the cases and in the template"),
        ("{x.__class__.__init__}", 1,
         "the field '{x.__class__.__init__}' reads a part of the input 'x'",
         "give the part a name of its own in the cases and in the template"),
        ('Reply {"label": "a"}', 1,
         "'{\"label\": \"a\"}' is no field, since '\"label\"' is no name",
         "double the braces that the model shall read: {{ and }}"),
        ('Reply {"a": {"b": 1}} to {ticket}', 1,
         "'{\"a\": {\"b\": 1}}' is no field, since '\"a\"' is no name",
         "double the braces that the model shall read: {{ and }}"),
        ("{ ticket }", 1, "'{ ticket }' is no field, since ' ticket ' is no name",
         "double the braces that the model shall read: {{ and }}"),
        ("{x:{width}}", 1, "the field '{x:{width}}' has a field inside it",
         "write the width as a number, or double the braces that the model shall read: "
         "{{ and }}"),
        ("{x!z}", 1, "the field '{x!z}' has the conversion 'z'",
         "use !r, !s or !a, or leave it out"),
        ("{x!}", 1, "the field '{x!}' has the conversion ''",
         "use !r, !s or !a, or leave it out"),
        ("{x:>1000000000}", 1,
         "the field '{x:>1000000000}' asks for more than 9,999 characters",
         "write a smaller width or precision"),
        ("{x:.99999f}", 1,
         "the field '{x:.99999f}' asks for more than 9,999 characters",
         "write a smaller width or precision"),
        ("a\n{x", 2, "a '{' is never closed",
         "double the braces that the model shall read: {{ and }}"),
        ("a\n}", 2, "a '}' closes nothing",
         "double the braces that the model shall read: {{ and }}"),
        (" \n", 1, "the prompt is empty", "write a prompt into it"),
    ],
)  # fmt: skip
def test_what_is_no_plain_field_is_refused_at_its_line(
    text: str, line: int, problem: str, hint: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        prompt_of(text)

    assert str(caught.value) == f"p.txt:{line}: {problem}\n  hint: {hint}"
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "inputs", "message"),
    [
        (
            "a\n{ticket}",
            {"tickets": "x"},
            "p.txt:2: 'ticket' is undefined\n  hint: did you mean 'tickets'?",
        ),
        (
            "{ticket}",
            {"b": 1, "a": 2},
            "p.txt:1: 'ticket' is undefined\n"
            "  hint: the inputs are: 'a', 'b'; add the field to the case",
        ),
        (
            "{x:d}",
            {"x": "abc"},
            "p.txt:1: '{x:d}' cannot show 'abc': Unknown format code 'd' for object of "
            "type 'str'\n  hint: write {x}, or correct the case's input",
        ),
        (
            "{x}{x}",
            {"x": "a" * 600_000},
            "p.txt:1: refused: it renders more than 1,000,000 characters\n"
            "  hint: shorten the text",
        ),
    ],
)
def test_a_case_that_cannot_be_inserted_is_named(
    text: str, inputs: dict[str, object], message: str
) -> None:
    prompt = prompt_of(text)

    with pytest.raises(TemplateError) as caught:
        prompt.render(inputs)

    assert str(caught.value) == message


def test_a_constant_names_the_line_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('"""App."""\n\nSORT = """\nSort {0}\n"""\n')

    with pytest.raises(
        TemplateError, match=r"app\.py:4: the field '\{0\}' has a number"
    ):
        load_prompt({"": "app:SORT"}, roots=[tmp_path], syntax="format")


NAMES = st.sampled_from(["a", "b", "ticket"])
SPECS = st.sampled_from(["", "", "!r", "!s", ":>4", ":*<7", "!r:^9", ":.3", ":d", ":,"])
FIELDS = st.builds("{{{}{}}}".format, NAMES, SPECS)
WORDS = st.text("ab {}\n\"'.:!\u00e4", max_size=8).map(
    lambda text: text.replace("{", "{{").replace("}", "}}")
)
VALUES = st.one_of(
    st.text("{}ab%\\", max_size=6), st.integers(-99999, 99999), st.none(), st.booleans()
)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.one_of(WORDS, FIELDS), max_size=8), VALUES, VALUES, VALUES)
def test_every_template_of_plain_fields_renders_as_str_format_does(
    parts: list[str], a: object, b: object, ticket: object
) -> None:
    text = "x" + "".join(parts)
    inputs = {"a": a, "b": b, "ticket": ticket}
    try:
        wanted = text.format(**inputs)
    except (TypeError, ValueError):
        with pytest.raises(TemplateError):
            show(text, **inputs)
        return

    assert show(text, **inputs) == wanted


@settings(max_examples=300, deadline=None)
@given(st.text("{}ab!:.0[]r ", max_size=12))
def test_no_text_is_read_otherwise_than_by_str_format(text: str) -> None:
    try:
        parts = split_fields(text)
    except FieldError:
        return
    fields = [part for part in parts if isinstance(part, Field)]
    inputs = {field.name: "v" for field in fields}
    try:
        wanted = text.format(**inputs)
    except ValueError:  # a spec that is none for a text
        assert any(field.spec for field in fields)
        return

    assert show(f"x{text}", **inputs) == f"x{wanted}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('Sort {hint!r} {ticket} {ticket} well: {{"label": "..."}}\n', None),
        ("{ticket} sort it {hint!r}, please {ticket}\n", None),
        ("Sort {hint!r} {ticket}\n", "lost a variable"),
        ("Sort {hint!r} {ticket} {ticket} {ticket}\n", "added a variable"),
        ("Sort {hint} {ticket} {ticket}\n", "changed a variable"),
        ("Sort {hint!r} {ticket} {{ticket}}\n", "lost a variable"),
        ("Sort {hint!r} {ticket} {ticket} {secret}\n", "added a variable"),
        ("Sort {hint!r} {ticket} {ticket.x}\n", "added a variable"),
        ('Sort {hint!r} {ticket} {ticket} as {"label": 1}\n', "added a variable"),
        ("Sort {hint!r} {ticket} {ticket} {\n", "unbalanced delimiters"),
        ("Sort {hint!r} {ticket} {ticket} }\n", "unbalanced delimiters"),
        ("Sort {{ hint }} {{ ticket }} {{ ticket }}\n", "lost a variable"),
        ("{ticket}{ticket}{hint!r} {# promptopt: end #}\n", "touches an annotation"),
        (TRIAGE, "same as the incumbent"),
    ],
)
def test_a_rewrite_keeps_every_field_and_every_doubled_brace(
    text: str, reason: str | None
) -> None:
    candidate = Candidate(texts={"p.txt#whole": text})

    found = check_candidate(candidate, prompt_of(TRIAGE), cases=CASES, limits=Limits())

    assert found == reason


@settings(max_examples=60, deadline=None)
@given(st.lists(FIELDS, min_size=1, max_size=4), st.lists(WORDS, max_size=5), st.data())
def test_fields_may_move_and_none_may_go(
    fields: list[str], words: list[str], data: st.DataObject
) -> None:
    prompt = prompt_of("old " + " ".join(fields))
    (region,) = prompt.regions
    shuffled = random.Random(0).sample([*fields, *words], len(fields) + len(words))
    fewer = list(fields)
    fewer.remove(data.draw(st.sampled_from(fields)))

    assert prompt.compare(region, "new " + " ".join(shuffled)) is None
    assert prompt.compare(region, "new " + " ".join(fewer)) == "lost a variable"
    assert prompt.compare(region, "new {" + " ".join(shuffled)) is not None


def test_the_optimizer_is_told_which_fields_to_keep() -> None:
    (region,) = prompt_of(TRIAGE).regions

    assert region.kind == "whole"
    assert region.fixed == ("{hint!r}", "{ticket}")


def test_a_literal_text_is_sent_as_it_is() -> None:
    text = "Reply {a} {{ b }} {% if %} {# c\n"
    prompt = prompt_of(text, "literal")

    assert prompt.render({"a": 1}) == (Message(role="user", content=text),)
    assert prompt.variables == frozenset()
    assert prompt.regions[0].text == text
    assert prompt.regions[0].fixed == ()
    assert prompt.compare(prompt.regions[0], "anything {") is None
    with pytest.raises(TemplateError, match="the prompt is empty"):
        prompt_of("\n", "literal")


def test_an_edit_of_a_format_file_touches_nothing_but_what_differs(
    tmp_path: Path,
) -> None:
    (tmp_path / "p.txt").write_bytes(b"Sort {x}.\r\n")
    prompt = load_prompt({"": "p.txt"}, roots=[tmp_path], syntax="format")
    wanted = prompt.fitted(Candidate(texts={"p.txt#whole": "File {x} {{now}}.\nDone."}))

    (edit,) = prompt.edits(wanted)

    assert edit.replacement == "File {x} {{now}}.\r\nDone.\r\n"
    assert prompt.replacing(wanted).render({"x": 1})[0].content == (
        "File 1 {now}.\nDone.\n"
    )
