"""Values of TOML files are prompts, and are exchanged byte by byte."""

from __future__ import annotations

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_places import fault, read_all, read_one, rewritten

FILE = "prompts.toml"
KEY = "prompts.toml:triage.text"


def value(written: str) -> str:
    return f"# one\n[triage]\ntext = {written} # why\nmodel = 'm'\n"


def test_a_value_is_a_prompt() -> None:
    source = read_one(KEY, value('"Sort {{ ticket }}"'))

    assert (source.key, source.text, source.line, source.role) == (
        KEY,
        "Sort {{ ticket }}",
        3,
        "",
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[a]\nb.c = "x"\n', "a.b.c"),
        ('[a]\n"b.c" = "x"\n', "a[b.c]"),
        ('a = { b = ["w", "x"] }\n', "a.b[1]"),
        ('[a.b]\nc = "x"\n[d]\n[a]\nb2 = 1\n', "a.b.c"),
        ('[[a]]\nb = "w"\n[[a]]\nb = "x"\n', "a[1].b"),
        ('[[a]]\nb = "w"\n[[a]]\nb = "x"\n', "a.1.b"),
        ("x = '''x'''\n", "x"),
    ],
)
def test_a_value_is_found_wherever_it_stands(text: str, place: str) -> None:
    key = f"prompts.toml:{place}"

    assert read_one(key, text).text == "x"
    after = rewritten(key, text, "New").decode()
    assert len(after) == len(text) + 2
    assert read_one(key, after).text == "New"


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ('"a"', "b", '"b"'),
        ('"a"', 'say "b" \\ \x01\t', '"say \\"b\\" \\\\ \\u0001\t"'),
        ('"a"', "b\nc", '"""b\nc"""'),
        ("'a'", "b\\d", "'b\\d'"),
        ("'a'", "it's", '"it\'s"'),
        ("'a'", "b\nc", "'''b\nc'''"),
        ("'a'", "it's\nc", "'''it's\nc'''"),
        ('"""\na\n"""', "b\nc\n", '"""\nb\nc\n"""'),
        ('"""a"""', 'x """" y"', '"""x \\"\\"\\"\\" y\\""""'),
        ('"""a"""', "\nb", '"""\n\nb"""'),
        ("'''\na'''", "b'''c", '"""\nb\'\'\'c"""'),
        ('"a"', "\u2028\u00e4\U0001f600", '"\u2028\u00e4\U0001f600"'),
    ],
)
def test_only_the_value_changes_and_keeps_its_kind(
    before: str, text: str, after: str
) -> None:
    assert rewritten(KEY, value(before), text).decode() == value(after)


def test_a_crlf_file_keeps_its_line_ends_and_byte_order_mark() -> None:
    before = "\ufeff" + value('"""\nOld\nold\n"""').replace("\n", "\r\n")

    source = read_one(KEY, before)
    after = rewritten(KEY, before, "New\n\u00e4\n").decode()

    assert (source.text, source.line, source.straight) == ("Old\nold\n", 4, True)
    assert after == before.replace("Old\r\nold", "New\r\n\u00e4")


def test_tables_of_messages_are_one_source_a_message() -> None:
    text = (
        '[[m]]\nrole = "system"\ncontent = "S"\n[[m]]\nrole = "user"\ncontent = "U"\n'
    )

    sources = read_all("prompts.toml:m", {FILE: text})

    assert [(s.role, s.key, s.text, s.line) for s in sources] == [
        ("system", "prompts.toml:m[0]", "S", 3),
        ("user", "prompts.toml:m[1]", "U", 6),
    ]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            "a = \n",
            "a",
            "prompts.toml:1: the file is no TOML: Invalid value\n"
            "  hint: correct the TOML file",
        ),
        (
            "[triage]\ntext = 3\n",
            "triage.text",
            "prompts.toml:2: 'triage.text' is 3, not text\n  hint: put it into quotes",
        ),
        (
            "[triage]\ntext = false\n",
            "triage.text",
            "prompts.toml:2: 'triage.text' is false, not text\n"
            "  hint: put it into quotes",
        ),
        (
            "[triage]\ntext = 'x'\n",
            "triage.texts",
            "prompts.toml: 'triage' has no entry 'texts'\n"
            "  hint: did you mean 'triage.text'?",
        ),
        (
            "[triage]\ntext = 'x'\n",
            "tone",
            "prompts.toml: the file has no entry 'tone'\n  hint: it has: 'triage'",
        ),
        (
            "a = ['x']\n",
            "a[1]",
            "prompts.toml: 'a' is a list of 1 and has no entry '1'\n"
            "  hint: count from 0: 'a[0]'",
        ),
        (
            "a.b = 'x'\n",
            "a..b",
            "prompts.toml: 'a..b' names no place in the file\n"
            "  hint: write the names on the way there with dots, and positions in "
            "lists in brackets: triage.messages[0].content",
        ),
    ],
)
def test_what_is_no_text_is_refused_with_the_reason(
    text: str, place: str, message: str
) -> None:
    assert fault(f"prompts.toml:{place}", {FILE: text}) == message


def test_a_file_of_values_is_no_prompt_by_itself() -> None:
    assert fault(FILE, {FILE: "a = 'x'\n"}) == (
        "prompts.toml: 'prompts.toml' holds named values, not the text of one prompt\n"
        "  hint: name the value behind a colon: prompts.toml:triage.instructions"
    )


TEXT = st.text(
    alphabet=list("ab {}\\'\"\n\t#=\u2028\x0c\x01\u00e4\U0001f600"), max_size=16
)
FRAMES = st.sampled_from(
    [
        ("[a]\nx = 1\nb = {} # c\nc = '''{{'''\n", "a.b"),
        ("a = {{ b = {}, c = 'd' }}\n", "a.b"),
        ("a.b = {}\na.c = 'd'\n", "a.b"),
        ("[[a]]\nb = 'w'\n[[a]]\nb = {}\n[c]\n", "a[1].b"),
        ("a = [ # c\n  'w',\n\t{}, # d\n]\n", "a[1]"),
    ]
)
KINDS = st.sampled_from(['"', "'", '"""', "'''", '"""\n', "'''\n"])


@given(
    frame=FRAMES,
    old=st.text(alphabet=list("ab \u00e4{}#="), max_size=8),
    kind=KINDS,
    new=TEXT,
    noise=st.text(alphabet=list("a#'\"[]=\u00e4 "), max_size=6),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=200, deadline=None)
def test_no_byte_outside_the_value_ever_changes(
    frame: tuple[str, str],
    old: str,
    kind: str,
    new: str,
    noise: str,
    newline: str,
    bom: str,
) -> None:
    shape, place = frame
    key = f"prompts.toml:{place}"
    before, _, after = shape.partition("{}")
    head = f"{bom}# {noise}\n{before}".replace("{{", "{").replace("\n", newline)
    tail = after.replace("}}", "}").replace("\n", newline)
    source = f"{head}{kind}{old}{kind.strip()}".replace("\r\n", "\n")
    source = source.replace("\n", newline) + tail

    edited = rewritten(key, source.encode(), new).decode()

    assert read_one(key, source.encode()).text == old
    assert edited.startswith(head)
    assert edited.endswith(tail)
    literal = edited[len(head) : len(edited) - len(tail)]
    assert tomli.loads(f"x = {literal}") == {"x": new}
    assert read_one(key, edited.encode()).text == new
