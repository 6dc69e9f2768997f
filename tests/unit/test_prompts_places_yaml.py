"""Values of YAML files are prompts, and are exchanged byte by byte."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_places import fault, read_all, read_one, rewritten

from pytest_promptopt.errors import SourceError

FILE = "prompts.yaml"
KEY = "prompts.yaml:triage.text"


def value(written: str) -> str:
    return f"# one\ntriage:\n  text: {written}\n  model: m # why\n"


def test_a_value_is_a_prompt() -> None:
    source = read_one(KEY, value('"Sort {{ ticket }}"'))

    assert (source.key, source.text, source.line, source.role) == (
        KEY,
        "Sort {{ ticket }}",
        3,
        "",
    )


@pytest.mark.parametrize("suffix", ["yaml", "yml", "YAML"])
def test_both_suffixes_are_yaml(suffix: str) -> None:
    assert read_one(f"a/b.{suffix}:x", "x: y").text == "y"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n  b: x\n", "a.b"),
        ("a:\n- w\n- x\n", "a[1]"),
        ("a: {b: [w, x], c: d}\n", "a.b[1]"),
        ("- {a: x}\n", "[0].a"),
        ("'a.b': x\n", "[a.b]"),
        ("a: &n x\n", "a"),
        ("a: !!str x\n", "a"),
        ("--- # one\na: x\n...\n", "a"),
        ("? a\n: x\n", "a"),
    ],
)
def test_a_value_is_found_wherever_it_stands(text: str, place: str) -> None:
    key = f"prompts.yaml:{place}"

    assert read_one(key, text).text == "x"
    assert rewritten(key, text, "Newx").decode() == "Newx".join(text.rsplit("x", 1))


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("a", "b c", "b c"),
        ("a", "yes", '"yes"'),
        ("a", "No", '"No"'),
        ("a", "on", '"on"'),
        ("a", "y", '"y"'),
        ("a", "1e3", '"1e3"'),
        ("a", "Sort: it", '"Sort: it"'),
        ("a", "Sort #1", '"Sort #1"'),
        ("a", "Sort # it", '"Sort # it"'),
        ("a", "{{ x }}", '"{{ x }}"'),
        ("a", "Sort {{ x }}", "Sort {{ x }}"),
        ("a", " a", '" a"'),
        ("a", "b\nc", "|-\n    b\n    c"),
        ("a", "b\nc\n", "|\n    b\n    c"),
        ("a", " b\nc\n", "|2\n     b\n    c"),
        ("a # why", "b\nc", '"b\\nc" # why'),
        ("'a'", "it's: b", "'it''s: b'"),
        ("'yes'", "no", "'no'"),
        ('"a"', 'say "b" \\ \t\x01', '"say \\"b\\" \\\\ \\t\\x01"'),
        ('"a"', "\u2028\x85\ufeff\u00e4\U0001f600", '"\\L\\N\\ufeff\u00e4\U0001f600"'),
        ("a\n    b", "c", "c"),
        ("|\n    a\n", "b\n\n  c\n", "|\n    b\n\n      c\n"),
        ("|\n    a\n", "b", "|-\n    b\n"),
        ("|-\n   a\n", "b\nc", "|-\n   b\n   c\n"),
        ("|+\n    a\n\n", "b\n\n\n", "|+\n    b\n\n\n"),
        ("|  # c\n    a\n\n\n", "b\n", "|  # c\n    b\n\n\n"),
        ("|\n    a\n", " b\n", "|2\n     b\n"),
        ("|1\n    a\n", "b\n", "|1\n   b\n"),
        ("|\n    a\n", "\x01\n", '"\\x01\\n"\n'),
        (">\n    a\n    b\n", "c\nd\n", ">\n    c\n\n    d\n"),
        (">-\n    a\n", "c\n  d\ne", ">-\n    c\n      d\n    e\n"),
        (">-\n    a\n", " c\nd", ">2-\n     c\n    d\n"),
    ],
)
def test_only_the_value_changes_and_keeps_its_look(
    before: str, text: str, after: str
) -> None:
    wanted = value(after.removesuffix("\n")) if before.endswith("\n") else value(after)
    given_file = value(before.removesuffix("\n"))

    edited = rewritten(KEY, given_file, text).decode()

    assert yaml.safe_load(edited)["triage"] == {"text": text, "model": "m"}
    assert edited == wanted


def test_a_crlf_file_keeps_its_line_ends_and_byte_order_mark() -> None:
    before = "\ufeff" + value("|\n    Old\n    old").replace("\n", "\r\n")

    source = read_one(KEY, before)
    after = rewritten(KEY, before, "New\n\u00e4\n").decode()

    assert (source.text, source.line, source.straight) == ("Old\nold\n", 4, True)
    assert after == before.replace("Old\r\n    old", "New\r\n    \u00e4")


def test_a_file_may_end_without_a_line_break() -> None:
    assert rewritten("prompts.yaml:a", "a: |-\n  b", "c\nd") == b"a: |-\n  c\n  d"
    assert rewritten("prompts.yaml:a", "a: b", "c\nd") == b"a: |-\n  c\n  d"


def test_a_list_of_messages_is_one_source_a_message() -> None:
    text = "t:\n- role: system\n  content: S\n- role: user\n  content: |\n    U\n"

    sources = read_all("prompts.yaml:t", {FILE: text})

    assert [(s.role, s.key, s.text, s.line) for s in sources] == [
        ("system", "prompts.yaml:t[0]", "S", 3),
        ("user", "prompts.yaml:t[1]", "U\n", 6),
    ]


def test_a_text_that_an_alias_shares_is_read_and_not_rewritten() -> None:
    text = "a: &rules Sort.\nb: c\nd: *rules\n"

    source = read_one("prompts.yaml:a", text)
    with pytest.raises(SourceError) as caught:
        rewritten("prompts.yaml:a", text, "New")

    assert source.text == "Sort."
    assert str(caught.value) == (
        "/project/prompts.yaml:1: 'a' cannot be rewritten: the alias *rules on line 3 "
        "uses it too and would change with it\n"
        "  hint: write the value out where *rules is"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            "a: [\n",
            "a",
            ":2: the file is no YAML: expected the node content, but found "
            "'<stream end>'\n  hint: correct the YAML file",
        ),
        (
            "a: 1\nb: '\x07'\n",
            "a",
            ":2: the file is no YAML: it has the character '\\x07'\n"
            '  hint: leave it out, or write it as an escape in "..."',
        ),
        (
            "a: x\n---\nb: y\n",
            "a",
            ":3: a second YAML document starts here, and a place names a value of one\n"
            "  hint: keep the prompt in a file with one document",
        ),
        ("# no\n", "a", ": the file is empty\n  hint: write a prompt into it"),
        (
            "a: yes\n",
            "a",
            ":1: 'a' is 'yes', which YAML reads as 'bool' and not as text\n"
            "  hint: put it into quotes",
        ),
        ("a:\n", "a", ":1: 'a' is empty\n  hint: write a prompt"),
        (
            "a: {{ x }}\n",
            "a",
            ":1: 'a' is read as a table, since it starts with '{'\n"
            "  hint: put the text into quotes",
        ),
        (
            "a: &n x\nb: *n\n",
            "b",
            ":2: 'b' is the alias *n of a value that is written elsewhere\n"
            "  hint: name the place that has the anchor &n",
        ),
        (
            "a: &n {t: x}\nb:\n  <<: *n\n  u: y\n",
            "b.t",
            ":3: 'b' has no entry 't'\n"
            "  hint: it may come from the merge key on line 3: name the place that the "
            "text is written at",
        ),
        (
            "a: x\na: y\n",
            "a",
            ":2: 'a' is written on line 1 and again on line 2\n"
            "  hint: keep one of the two entries",
        ),
        (
            "a: !env TEXT\n",
            "a",
            ":1: 'a' is 'TEXT', which YAML reads as '!env' and not as text\n"
            "  hint: delete the tag !env",
        ),
        (
            "a: {b: x, c: y}\n",
            "a",
            ":1: 'a' is a table of several values, not text\n"
            "  hint: name one of them: 'a.b', 'a.c'",
        ),
    ],
)
def test_what_is_no_text_is_refused_with_the_reason(
    text: str, place: str, message: str
) -> None:
    assert fault(f"prompts.yaml:{place}", {FILE: text}) == f"prompts.yaml{message}"


TEXT = st.text(
    alphabet=list("ab {}:-\\'\"\n\t#&*|>\u2028\x85\x01\u00e4\U0001f600"), max_size=16
)
FRAMES = st.sampled_from(
    [
        ("a:\n  x: 1\n  b: {}{}\n  c: d\n", "a.b", 4),
        ("a:\n- w\n- {}{}\n- c\n", "a[1]", 2),
        ("- a: 1\n  b:\n    c: {}{}\n\n\n# d\n- e\n", "[0].b.c", 6),
        ("a: {{b: {}, c: d}}\n", "a.b", 0),
        ("a: [w, {}]\n", "a[1]", 0),
        ("a: &n {}{}\nb: c\n", "a", 2),
    ]
)
LOOKS = st.sampled_from(["plain", "'", '"', "|", "|-", "|+", ">", ">-", "|  # c"])


@given(
    frame=FRAMES,
    look=LOOKS,
    new=TEXT,
    comment=st.sampled_from(["", " # it's {{"]),
    noise=st.text(alphabet=list("a#'\"{[:\u00e4 "), max_size=6),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=250, deadline=None)
def test_no_byte_outside_the_value_ever_changes(
    frame: tuple[str, str, int],
    look: str,
    new: str,
    comment: str,
    noise: str,
    newline: str,
    bom: str,
) -> None:
    shape, place, indent = frame
    if look[0] in "|>" and indent:
        pad = " " * indent
        written, comment = f"{look}\n{pad}Sort\n{pad}well\u00e4.", ""
    else:
        quote = look if look in "'\"" else ""
        written = f"{quote}Sort well\u00e4.{quote}"
    if not indent:
        comment = ""
    before, _, after = shape.partition("{}")
    head = f"{bom}# {noise}\n{before}".replace("{{", "{").replace("\n", newline)
    tail = after.replace("{}", comment, 1).replace("}}", "}").replace("\n", newline)
    key = f"prompts.yaml:{place}"
    source = head + written.replace("\n", newline) + tail

    edited = rewritten(key, source.encode(), new).decode()

    assert edited.startswith(head)
    assert edited.rstrip("\r\n ").endswith(tail.strip("\r\n "))
    assert read_one(key, edited.encode()).text == new
    assert _without(yaml.safe_load(edited), new) == _without(
        yaml.safe_load(source), read_one(key, source.encode()).text
    )


def _without(data: object, text: str) -> object:
    """Return the same data with one text left out."""
    if data == text:
        return None
    if isinstance(data, dict):
        return {name: _without(entry, text) for name, entry in data.items()}
    if isinstance(data, list):
        return [_without(entry, text) for entry in data]
    return data
