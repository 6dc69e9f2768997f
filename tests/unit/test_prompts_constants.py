"""Python constants are read by their syntax and edited in place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import SourceError, TemplateError
from pytest_promptopt.patch import apply_edits
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.prompts.literal import Literal, write_literal
from pytest_promptopt.records import Candidate

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "app.prompts:SORT"


def write(folder: Path, data: bytes | str) -> Path:
    path = folder / "app" / "prompts.py"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def load(folder: Path, data: bytes | str, place: str = PLACE) -> Prompt:
    write(folder, data)
    return load_prompt({"": place}, roots=[folder])


def rewrite(prompt: Prompt, text: str) -> str:
    edits = prompt.edits(Candidate(texts={prompt.regions[0].address: text}))
    return apply_edits(prompt.sources[0].path.read_bytes(), edits).decode()


def fault(folder: Path, source: bytes | str, place: str = PLACE) -> str:
    with pytest.raises(SourceError) as caught:
        load(folder, source, place)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_constant_is_a_prompt_and_its_module_is_never_imported(
    tmp_path: Path,
) -> None:
    prompt = load(
        tmp_path, 'raise SystemExit("imported")\nSORT = "Sort: {{ ticket }}\\n"\n'
    )

    (source,) = prompt.sources
    assert (prompt.label, source.path, source.line) == (
        PLACE,
        tmp_path / "app/prompts.py",
        2,
    )
    assert prompt.text == "Sort: {{ ticket }}\n"
    assert prompt.render({"ticket": "x"})[0].content == "Sort: x"
    assert prompt.regions[0].address == "app.prompts:SORT#whole"


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("app/prompts.py", "app.prompts:SORT"),
        ("src/app/prompts.py", "app.prompts:SORT"),
        ("app/__init__.py", "app:SORT"),
        ("app.py", "app:SORT"),
    ],
)
def test_a_module_is_found_in_the_roots_and_their_src_folder(
    tmp_path: Path, file: str, place: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("SORT = 'Sort.'", encoding="utf-8")

    prompt = load_prompt({"": place}, roots=[tmp_path / "tests", tmp_path])

    assert prompt.sources[0].path == path


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('SORT = "a\\tb"', "a\tb"),
        ("SORT = '''\\\na\nb\\\n'''", "a\nb"),
        ('SORT = r"a\\d"', "a\\d"),
        ("SORT = (\"a \"\n        'b')", "a b"),
        ('SORT = (\n    """a\nb"""\n)', "a\nb"),
        ('SORT: str = "a"', "a"),
        ('SORT: "Final" = u"a"', "a"),
        ('OTHER = SORT = "a"', "a"),
        ('x = 1; SORT = "a"; y = 2', "a"),
        ('if True:\n    SORT = "a"', "a"),
        ('def f():\n    SORT = 1\nSORT = "a"', "a"),
        ('"\u00e4\U0001f600"; SORT = "\u00e4"', "\u00e4"),
    ],
)
def test_every_plain_string_is_read(tmp_path: Path, written: str, text: str) -> None:
    assert load(tmp_path, written).text == text


def test_a_constant_may_stand_in_a_class(tmp_path: Path) -> None:
    source = 'class A:\n    class B:\n        SORT = "a"\n    SORT = "b"\nSORT = "c"\n'

    assert load(tmp_path, source, "app.prompts:A.B.SORT").text == "a"
    assert load(tmp_path, source, "app.prompts:A.SORT").text == "b"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            'a = 1\nSORT = f"Sort {a}"\n',
            "app/prompts.py:2: 'SORT' is an f-string, whose text exists only when the "
            "program runs\n"
            "  hint: write a plain string with {{ variable }} where the values go",
        ),
        (
            'SORT = ("a" f"{1}")\n',
            "app/prompts.py:1: 'SORT' is an f-string, whose text exists only when the "
            "program runs\n"
            "  hint: write a plain string with {{ variable }} where the values go",
        ),
        (
            'SORT = b"Sort"\n',
            "app/prompts.py:1: 'SORT' is bytes, not text\n  hint: delete the b prefix",
        ),
        (
            'SORT = "a" + "b"\n',
            "app/prompts.py:1: 'SORT' is joined with '+', so that no one literal holds "
            "it\n"
            "  hint: put the literals in parentheses without '+': they join by "
            "themselves",
        ),
        (
            'SORT = "a %s" % 1\n',
            "app/prompts.py:1: 'SORT' is formatted with '%'\n"
            "  hint: write {{ variable }} where the values go",
        ),
        (
            'SORT = textwrap.dedent("a")\n',
            "app/prompts.py:1: 'SORT' is the result of the call 'textwrap.dedent'\n"
            "  hint: write it as one plain string and call where it is used",
        ),
        (
            "SORT = 3\n",
            "app/prompts.py:1: 'SORT' is 3, not a string\n"
            "  hint: write it as one plain string",
        ),
        (
            "SORT = OTHER\n",
            "app/prompts.py:1: 'SORT' is 'OTHER', not a string\n"
            "  hint: write it as one plain string",
        ),
        (
            'SORT = "a"\nif x:\n    SORT = "b"\n',
            "app/prompts.py:3: 'SORT' is assigned on line 1 and again on line 3\n"
            "  hint: assign it once",
        ),
        (
            'SORT = "a"\nSORT += "b"\n',
            "app/prompts.py:2: 'SORT' is assigned on line 1 and again on line 2\n"
            "  hint: assign it once",
        ),
        (
            "from .texts import SORT\n",
            "app/prompts.py:1: 'SORT' is bound by an import, not by an assignment of a "
            "string\n"
            "  hint: name the module and constant where the string stands",
        ),
        (
            'SORT, b = "a", "b"\n',
            "app/prompts.py:1: 'SORT' is bound by an unpacking, not by an assignment "
            "of a string\n"
            "  hint: name the module and constant where the string stands",
        ),
        (
            'SORTS = "a"\n',
            "app/prompts.py: no constant 'SORT' is assigned\n"
            "  hint: did you mean 'SORTS'?",
        ),
        (
            'A = "a"\nB = "b"\nC = 3\n',
            "app/prompts.py: no constant 'SORT' is assigned\n"
            "  hint: strings assigned there: A, B",
        ),
        (
            "SORT = (\n",
            "app/prompts.py:1: the file does not parse: '(' was never closed\n"
            "  hint: correct the Python file",
        ),
        (
            b"# coding: latin-1\nSORT = '\xe4'\n",
            "app/prompts.py:1: the file is declared to be in the encoding 'iso-8859-1'"
            ", and edits are made in UTF-8\n"
            "  hint: save the file as UTF-8 and delete the coding line",
        ),
        (
            b"# coding: nope\nSORT = 'a'\n",
            "app/prompts.py:1: the file is declared to be in the encoding 'unknown'"
            ", and edits are made in UTF-8\n"
            "  hint: save the file as UTF-8 and delete the coding line",
        ),
        (
            b"A = 1\nSORT = '\xe4'\n",
            "app/prompts.py:2: byte 14 (b'\\xe4') is not UTF-8\n"
            "  hint: save the file as UTF-8",
        ),
        (
            "SORT = ''\n",
            "app/prompts.py:1: the prompt is empty\n  hint: write a prompt into it",
        ),
    ],
)
def test_what_cannot_be_edited_is_refused_with_the_reason(
    tmp_path: Path, source: bytes | str, message: str
) -> None:
    assert fault(tmp_path, source) == message


def test_a_class_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    assert fault(tmp_path, 'SORT = "a"\n', "app.prompts:Texts.SORT") == (
        "app/prompts.py: no class 'Texts' for the constant 'Texts.SORT'\n"
        "  hint: name a constant of one class or of the module"
    )


def test_a_module_that_does_not_exist_names_the_places_tried(tmp_path: Path) -> None:
    write(tmp_path, 'SORT = "a"')

    with pytest.raises(SourceError) as caught:
        load_prompt({"": "app.promts:SORT"}, roots=[tmp_path])

    assert str(caught.value) == (
        "module 'app.promts' does not exist: tried "
        f"{tmp_path}/app/promts/__init__.py, {tmp_path}/app/promts.py, "
        f"{tmp_path}/src/app/promts/__init__.py, {tmp_path}/src/app/promts.py\n"
        "  hint: did you mean 'app/prompts.py'?"
    )


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('A = 1\nSORT = """Sort\n{{ x }\n"""\n', 3),
        ('A = 1\nSORT = """\\\nSort\n{{ x }\n"""\n', 4),
        ('A = 1\nSORT = "Sort\\n{{ x }\\n"\n', 2),
        ('A = 1\nSORT = (\n    "Sort\\n"\n    "{{ x }\\n"\n)\n', 3),
    ],
)
def test_an_error_in_the_text_is_placed_in_the_python_file(
    tmp_path: Path, source: str, line: int
) -> None:
    with pytest.raises(TemplateError) as caught:
        load(tmp_path, source)

    assert str(caught.value).startswith(f"{tmp_path}/app/prompts.py:{line}: ")


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("SORT = 'a'  # why", "b", "SORT = 'b'  # why"),
        ("SORT = 'a'", "it's", 'SORT = "it\'s"'),
        ("SORT = 'a'", 'it\'s "b"', "SORT = 'it\\'s \"b\"'"),
        ("SORT = 'a'", "tab\t back\\slash", "SORT = 'tab\\t back\\\\slash'"),
        ("SORT = 'a'", "b\nc", "SORT = '''b\nc'''"),
        ('SORT = """a\nb"""', "c", 'SORT = """c"""'),
        ('SORT = """\\\na\n"""', "b\nc\n", 'SORT = """\\\nb\nc\n"""'),
        ('SORT = """a"""', 'say "b"', 'SORT = """say "b\\""""'),
        ('SORT = """a"""', 'x """" y', 'SORT = """x \\"\\"\\"\\" y"""'),
        ('SORT = """a"""', 'x\\"""', 'SORT = """x\\\\\\"\\"\\""""'),
        ('SORT = r"a"', "\\d", 'SORT = r"\\d"'),
        ('SORT = r"a"', "\\d\n", 'SORT = r"""\\d\n"""'),
        ('SORT = r"a"', "\\", 'SORT = "\\\\"'),
        ('SORT = u"a"', "b", 'SORT = u"b"'),
        ('SORT = ("a "\n        "b")  # c', "d", 'SORT = ("d")  # c'),
        (
            'x = "\u00e4"; SORT = "a"; y = 1',
            "\u00e4",
            'x = "\u00e4"; SORT = "\u00e4"; y = 1',
        ),
        ('SORT = "a"', "\u2028\x0c\x00", 'SORT = "\u2028\\x0c\\x00"'),
        ('a = 1\r\nSORT = "a"\r\n', "b\nc", 'a = 1\r\nSORT = """b\r\nc"""\r\n'),
        ('\ufeffSORT = "a"\n', "b", '\ufeffSORT = "b"\n'),
        ('\ufeff"\u00e4"\nSORT = "a"\n', "b", '\ufeff"\u00e4"\nSORT = "b"\n'),
        ("a = '\x0c'\x0c\nSORT = 'a'\n", "b", "a = '\x0c'\x0c\nSORT = 'b'\n"),
    ],
)
def test_only_the_literal_changes_and_keeps_its_look(
    tmp_path: Path, before: str, text: str, after: str
) -> None:
    assert rewrite(load(tmp_path, before), text) == after


def test_a_multi_line_string_in_a_crlf_file_reads_with_line_feeds(
    tmp_path: Path,
) -> None:
    prompt = load(tmp_path, 'SORT = """a\r\nb"""\r\n')

    assert prompt.text == "a\nb"
    assert rewrite(prompt, "a\nc") == 'SORT = """a\r\nc"""\r\n'


def test_a_marked_region_of_a_constant_is_edited(tmp_path: Path) -> None:
    source = '''\
SORT = """\\
{# promptopt: begin instructions -#}
Sort.
{# promptopt: end -#}
{{ ticket }}
"""
OTHER = 1
'''
    prompt = load(tmp_path, source)

    assert rewrite(prompt, "Sort well.\n") == source.replace("Sort.", "Sort well.")


def test_a_lone_surrogate_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        rewrite(load(tmp_path, 'SORT = "a"'), "\ud800")

    assert str(caught.value) == (
        f"{tmp_path}/app/prompts.py: the new text of SORT has '\\ud800', which is not "
        "a character\n  hint: leave it out"
    )


LOOKS = st.builds(
    Literal,
    prefix=st.sampled_from(["", "r", "R", "u"]),
    quote=st.sampled_from("'\""),
    triple=st.booleans(),
    continued=st.booleans(),
)
TEXT = st.text(
    alphabet=list("a{ \\'\"\n\t\r\0\x0c\x7f\u2028\u00e4\U0001f600"), max_size=25
)


@given(text=TEXT, look=LOOKS)
@settings(max_examples=70, deadline=None)
def test_a_literal_reads_as_its_text(text: str, look: Literal) -> None:
    written = write_literal(text, like=look)

    assert written is not None
    assert ast.literal_eval(written) == text
    assert Literal.read(written).quote == look.quote or "\n" not in text


@given(
    before=st.text(alphabet=list("# \u00e4'\u2028\x0c"), max_size=8),
    after=st.text(alphabet=list("# \u00e4'\u2028\x0c"), max_size=8),
    old=st.text(alphabet=list("ab\u00e4 \n\\"), max_size=8),
    new=st.text(alphabet=list("ab\u00e4 \n\\'\"\t"), max_size=20),
    look=LOOKS,
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
@settings(max_examples=70, deadline=None)
def test_no_byte_outside_the_literal_ever_changes(
    tmp_path_factory: pytest.TempPathFactory,
    before: str,
    after: str,
    old: str,
    new: str,
    look: Literal,
    newline: str,
    bom: bool,  # noqa: FBT001
) -> None:
    folder = tmp_path_factory.getbasetemp()
    head = ("\ufeff" if bom else "") + f'"\u00e4"\n# {before}\n'.replace("\n", newline)
    tail = f"  # {after}\nB = 1\n".replace("\n", newline)
    literal = write_literal(f".{old}", like=look)
    assert literal is not None
    source = f"{head}SORT = {literal.replace(chr(10), newline)}{tail}"
    prompt = load(folder, source)

    edited = rewrite(prompt, f"!{new}")

    assert prompt.text == f".{old}"
    assert edited.startswith(f"{head}SORT = ")
    assert edited.endswith(tail)
    assert load(folder, edited).text == f"!{new}"
