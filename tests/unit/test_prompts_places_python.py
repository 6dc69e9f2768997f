"""Entries of Python lists, dicts and calls around literals are prompts too."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_places import fault, read_all, read_one, rewritten

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts import Prompt
from pytest_promptopt.prompts.literal import Literal, write_literal

FILE = "app/prompts.py"
MESSAGES = '''\
MESSAGES = [
    {"role": "system", "content": "Sort the ticket."},  # short
    {
        "role": "user",
        "content": """\\
{{ ticket }}
""",
    },
]
'''


def test_a_list_of_messages_is_one_source_a_message() -> None:
    first, second = read_all("app.prompts:MESSAGES", {FILE: MESSAGES})

    assert (first.role, first.key, first.text, first.line) == (
        "system",
        "app.prompts:MESSAGES[0]",
        "Sort the ticket.",
        2,
    )
    assert (second.role, second.text, second.line) == ("user", "{{ ticket }}\n", 6)
    rendered = Prompt([first, second]).render({"ticket": "Lost."})
    assert [(m.role, m.content) for m in rendered] == [
        ("system", "Sort the ticket."),
        ("user", "Lost."),
    ]


def test_one_message_of_a_list_can_be_named_alone() -> None:
    source = read_one("app.prompts:MESSAGES[0]", MESSAGES)

    assert (source.role, source.key) == ("system", "app.prompts:MESSAGES[0]")
    assert rewritten("app.prompts:MESSAGES[0]", MESSAGES, 'Say "a".').decode() == (
        MESSAGES.replace('"Sort the ticket."', "'Say \"a\".'")
    )


def test_a_text_of_a_message_can_be_named_and_given_any_role() -> None:
    key = "app.prompts:MESSAGES[0][content]"

    (source,) = read_all(key, {FILE: MESSAGES}, role="user")

    assert (source.role, source.text) == ("user", "Sort the ticket.")


@pytest.mark.parametrize(
    ("source", "place", "text"),
    [
        ('P = {"triage": "a", "tone": "b"}', "P[tone]", "b"),
        ('P = {"a b.c": ("x", "y")}', "P[a b.c][1]", "y"),
        ("P = {1: 'one'}", "P[1]", "one"),
        ('class A:\n    P = {"x": {"y": "z"}}', "A.P[x][y]", "z"),
        ('P = ["a", "b"]\nX = P.copy()', "P[0]", "a"),
        ('P = {**OLD, "x": "y"}', "P[x]", "y"),
        ('P = "a"\nCACHE[P] = 1', "P", "a"),
        (
            'import textwrap\nP = textwrap.dedent("""\n  a\n    b\n  """)',
            "P",
            "\na\n  b\n",
        ),
        ('from textwrap import dedent as d\nP = d("""\\\n  a\n""").strip()', "P", "a"),
        ('import inspect as i\nP = i.cleandoc("""a\n    b\n    c""")', "P", "a\nb\nc"),
        ('P = """\na\n""".strip()', "P", "a"),
    ],
)
def test_texts_at_any_depth_are_read(source: str, place: str, text: str) -> None:
    assert read_one(f"app.prompts:{place}", source).text == text


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        (
            'P = {"triage": "a", "tone": "b"}',
            "P[triag]",
            ":1: 'P' has no entry 'triag'\n  hint: did you mean 'P[triage]'?",
        ),
        (
            'P = {"triage": "a", "tone": "b"}',
            "P",
            ":1: 'P' is a table of several values, not text\n"
            "  hint: name one of them: 'P[triage]', 'P[tone]'",
        ),
        (
            'P = {**BASE, "tone": "b"}',
            "P[triage]",
            ":1: 'P' has no entry 'triage'\n"
            "  hint: name the place that **BASE takes it from: only entries written "
            "out can be edited",
        ),
        (
            'P = {"a": "x", "a": "y"}',
            "P[a]",
            ":1: 'P[a]' is written on line 1 and again on line 1\n"
            "  hint: keep one of the two entries",
        ),
        (
            'P = ["a", "b"]',
            "P[2]",
            ":1: 'P' is a list of 2 and has no entry '2'\n"
            "  hint: count from 0: 'P[0]', 'P[1]'",
        ),
        (
            'P = ["a", "b", "c", "d", "e", "f"]',
            "P",
            ":1: 'P' is a list of 6, neither text nor messages\n"
            "  hint: name one entry: 'P[0]', 'P[1]', 'P[2]', 'P[3]' and 2 more",
        ),
        (
            'P = ["a", *MORE]',
            "P[0]",
            ":1: 'P' is a list that takes entries from elsewhere with '*', so that it "
            "has no entry '0'\n  hint: write all entries out",
        ),
        (
            'P = "a"',
            "P[x]",
            ":1: 'P' is a text, so that it has no entry 'x'\n  hint: write 'P' alone",
        ),
        (
            'P = {"a": "x"}\nP["b"] = "y"',
            "P[a]",
            ":2: 'P' is assigned on line 1 and its entries are changed by "
            "\"P['b'] = 'y'\"\n  hint: write all entries where it is assigned",
        ),
        (
            "P = []\nP.append({'role': 'user', 'content': 'x'})",
            "P",
            ":2: 'P' is assigned on line 1 and its entries are changed by "
            "\"P.append({'role': 'user', 'content': 'x'\"\n"
            "  hint: write all entries where it is assigned",
        ),
        (
            "P = [{'role': 'user'}]",
            "P",
            ":1: message 'P[0]' has no 'content'\n"
            "  hint: write role and content into every message",
        ),
        (
            "P = [{'role': 'tool', 'content': 'x'}]",
            "P",
            ":1: 'P[0][role]' is 'tool', which is no role of a message\n"
            "  hint: write system, user or assistant",
        ),
        (
            "P = [{'role': ROLE, 'content': 'x'}]",
            "P",
            ":1: 'P[0][role]' is 'ROLE', not a string, which is no role of a message\n"
            "  hint: write system, user or assistant",
        ),
        (
            "P = [{'role': 'user', 'content': 'x', 'name': 'Ann'}]",
            "P",
            ":1: message 'P[0]' has 'name', which a prompt test does not send\n"
            "  hint: leave it out, or name the texts one by one: "
            "user='app.prompts:P[0][content]'",
        ),
        (
            "P = [{'role': 'user', 'content': f'{x}'}]",
            "P",
            ":1: 'P[0][content]' is an f-string, whose text exists only when the "
            "program runs\n"
            "  hint: write a plain string with {{ variable }} where the values go",
        ),
        (
            "P = 'Sort {x}'.format(x=1)",
            "P",
            ":1: 'P' is filled in by .format() where it is assigned\n"
            "  hint: assign the plain string, and call .format() where it is used",
        ),
        (
            "P = 'Sort ' + LABELS",
            "P",
            ":1: 'P' is joined with '+' from 'LABELS' and others, so that its text "
            "exists only when the program runs\n"
            "  hint: write one plain string with {{ variable }} where the values go",
        ),
        (
            "P = 'Sort ' * 2",
            "P",
            ":1: 'P' is computed: \"'Sort ' * 2\"\n"
            "  hint: write it as one plain string",
        ),
        (
            "def dedent(x): return 'y'\nP = dedent('x')",
            "P",
            ":2: 'P' is the result of the call 'dedent'\n"
            "  hint: write it as one plain string and call where it is used",
        ),
    ],
)
def test_what_is_not_written_out_is_refused_with_the_reason(
    source: str, place: str, message: str
) -> None:
    assert fault(f"app.prompts:{place}", {FILE: source}) == f"{FILE}{message}"


def test_messages_cannot_be_given_as_another_message() -> None:
    files = {FILE: MESSAGES}

    assert fault("app.prompts:MESSAGES", files, role="system") == (
        "app/prompts.py:1: 'MESSAGES' is a list of messages with roles of its own, and "
        "is given as the system message\n"
        "  hint: give it without a role, or name the text of one message"
    )
    assert "is given as the user message" in fault(
        "app.prompts:MESSAGES[0]", files, role="user"
    )


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        pytest.param(
            'P = (\n    "Sort it. "  # one\n    "Be quick. "  # two\n    "Bye."\n)',
            "Sort it. Be kind. Bye.",
            'P = (\n    "Sort it. "  # one\n    "Be kind. "  # two\n    "Bye."\n)',
            id="one part of three",
        ),
        pytest.param(
            'P = (\n    "A.\\n"\n    "B.\\n"\n)',
            "A.\nB.\nC.\nD.\n",
            'P = (\n    "A.\\n"\n    "B.\\n"\n    "C.\\n"\n    "D.\\n"\n)',
            id="more parts",
        ),
        pytest.param(
            "P = (\n    'A. '\n    'B. '\n    'C.'\n)",
            "A. C.",
            "P = (\n    'A. '\n    'C.'\n)",
            id="a part less",
        ),
        pytest.param(
            'P = {"x": "a" "b"}', "ac", 'P = {"x": "a" "c"}', id="on one line"
        ),
        pytest.param(
            'P = "a" \\\n    "b"', "c", 'P = "c"', id="joined with a backslash"
        ),
    ],
)
def test_parts_that_still_fit_stay_as_they_are(
    before: str, text: str, after: str
) -> None:
    key = "app.prompts:P[x]" if "{" in before else "app.prompts:P"

    assert rewritten(key, before, text).decode() == after


def test_a_long_line_is_cut_into_parts_as_wide_as_before() -> None:
    before = 'P = (\n    "Sort the ticket into one of the four labels. "\n    "Go."\n)'
    text = "Sort the ticket into one of the labels that are listed below. " * 2

    after = rewritten("app.prompts:P", before, text).decode()

    assert ast.literal_eval(after.removeprefix("P = ")) == text
    assert [len(line) < 60 for line in after.split("\n")] == [True] * 5


@pytest.mark.parametrize(
    ("literal", "text", "after"),
    [
        (
            'dedent(\n    """\\\n    Old.\n      x\n    """\n)',
            "New.\n  y\n\nz\n",
            'dedent(\n    """\\\n    New.\n      y\n\n    z\n    """\n)',
        ),
        (
            'dedent("""\n    Old.\n    """).strip()',
            "New.\ny",
            'dedent("""\n    New.\n    y\n    """).strip()',
        ),
        ('cleandoc("""Old.\n    x""")', "New.\ny", 'cleandoc("""New.\n    y""")'),
        ('"""\nOld.\n""".strip()', "New.", '"""\nNew.\n""".strip()'),
        ("dedent('Old.')", "New.", "dedent('New.')"),
    ],
)
def test_a_text_is_written_so_that_the_call_around_it_gives_it(
    literal: str, text: str, after: str
) -> None:
    head = "from inspect import cleandoc\nfrom textwrap import dedent\nP = "

    assert rewritten("app.prompts:P", head + literal, text).decode() == head + after


def test_a_text_that_the_call_would_change_is_refused() -> None:
    with pytest.raises(SourceError) as caught:
        rewritten("app.prompts:P", 'P = """a""".strip()', " b")

    assert str(caught.value) == (
        "/project/app/prompts.py: the new text of P cannot be written there so that it "
        "is read back unchanged\n"
        "  hint: leave out white space at the start of its lines"
    )


@pytest.mark.parametrize(
    ("source", "place", "line"),
    [
        ('import textwrap\nP = textwrap.dedent("""\\\n  a\n  b\n""")', "P", 3),
        ('P = """\n\n a\n""".strip()', "P", 3),
        ('P = {\n  "x": """a\nb"""\n}', "P[x]", 2),
    ],
)
def test_a_line_of_the_text_is_known_in_the_file(
    source: str, place: str, line: int
) -> None:
    found = read_one(f"app.prompts:{place}", source)

    assert (found.line, found.straight) == (line, True)


TEXT = st.text(alphabet=list("ab {}\\'\"\n\t#\u2028\u00e4\U0001f600"), max_size=16)
NOISE = st.text(alphabet=list("a#'\"\\ \u00e4"), max_size=6)
LOOKS = st.builds(
    Literal,
    prefix=st.sampled_from(["", "r", "u"]),
    quote=st.sampled_from("'\""),
    triple=st.booleans(),
    continued=st.booleans(),
)
FRAMES = st.sampled_from(
    [
        ("P = {{'a': 1, 'x': {}, 'b': (2,)}}", "P[x]"),
        ("P = [\n    'a',\n    ({}),\n]", "P[1]"),
        ("P = [{{'role': 'system', 'content': {}}}]", "P[0][content]"),
        ("class A:\n\tP = (\n\t\t{}\n\t)", "A.P"),
    ]
)


@given(
    frame=FRAMES,
    parts=st.lists(st.tuples(TEXT, LOOKS), min_size=1, max_size=3),
    new=TEXT,
    kept=st.integers(0, 2),
    noise=NOISE,
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=200, deadline=None)
def test_no_byte_outside_the_literals_ever_changes(
    frame: tuple[str, str],
    parts: list[tuple[str, Literal]],
    new: str,
    kept: int,
    noise: str,
    newline: str,
    bom: str,
) -> None:
    shape, place = frame
    texts = [text for text, _ in parts]
    literals = [write_literal(text, like=look) for text, look in parts]
    written = " ".join(filter(None, literals))
    before, _, after = shape.partition("{}")
    head = f"{bom}# {noise}\n{before}".replace("{{", "{").replace("\n", newline)
    tail = f"{after}  # {noise}\nB = 1\n".replace("}}", "}").replace("\n", newline)
    source = head + written.replace("\n", newline) + tail
    wanted = "".join(texts[:kept]) + new

    edited = rewritten(f"app.prompts:{place}", source.encode(), wanted).decode()

    assert read_one(f"app.prompts:{place}", source.encode()).text == "".join(texts)
    assert edited.startswith(head)
    assert edited.endswith(tail)
    assert read_one(f"app.prompts:{place}", edited.encode()).text == wanted
    literal = edited[len(head) : len(edited) - len(tail)]
    assert ast.literal_eval(f"({literal}\n)") == wanted
