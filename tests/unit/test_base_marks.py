"""A marker is read from a test module's text, or it is said to be unknown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import SourceError
from pytest_promptopt.items.base_marks import BaseMark, has_test, mark_at

ALL = frozenset(
    {
        "cases",
        "gate",
        "limits",
        "min_score",
        "model",
        "request",
        "scorer",
        "syntax",
        "sources",
    }
)
PLAIN = BaseMark(sources={"": "p.j2"}, cases="c.jsonl", known=ALL)
MARK = 'pytest.mark.prompt("p.j2", cases="c.jsonl")'
DEF = "def test_a(output): assert output\n"


def marked(decorator: str, *above: str) -> str:
    return "\n".join(["import pytest", *above, f"@{decorator}", DEF])


def test_every_argument_is_read() -> None:
    source = marked(
        "pytest.mark.prompt(system='a.j2', user='b.j2', cases='c.jsonl', model='m:x', "
        "min_score=1, limits={'tokens': '+10%'}, gate='report', scorer='exact', "
        "request={'temperature': 0.5}, watch=['x.py'], threads=2)"
    )

    assert mark_at(source, "test_a") == BaseMark(
        sources={"system": "a.j2", "user": "b.j2"},
        cases="c.jsonl",
        min_score=1.0,
        limits={"tokens": "+10%"},
        gate="report",
        model="m:x",
        request={"temperature": 0.5},
        scorer="exact",
        known=ALL,
    )


def test_what_is_not_given_has_its_default_and_is_known() -> None:
    assert mark_at(marked(MARK), "test_a") == PLAIN
    given_none = marked(MARK[:-1] + ", model=None, limits=None, min_score=None)")
    assert mark_at(given_none, "test_a") == PLAIN


@pytest.mark.parametrize(
    "source",
    [
        f"from pytest import mark\n@{MARK[7:]}\n{DEF}",
        f"import pytest as pt\n@{MARK.replace('pytest', 'pt')}\n{DEF}",
        f"from pytest import mark as m\n@{MARK[7:].replace('mark', 'm', 1)}\n{DEF}",
        marked('prompt("p.j2", cases="c.jsonl")', "prompt = pytest.mark.prompt"),
        marked("triage", f"triage = {MARK}"),
        marked('base(cases="c.jsonl")', 'base = pytest.mark.prompt("p.j2")'),
        marked('pytest.mark.prompt.with_args("p.j2", cases="c.jsonl")'),
        marked("pytest.mark.prompt(P, cases=C)", 'P = "p.j2"', 'C: str = "c.jsonl"'),
        marked('pytest.mark.prompt("p.j2", **more)', 'more = {"cases": "c.jsonl"}'),
        f"import pytest\npytestmark = {MARK}\n{DEF}",
        f"import pytest\npytestmark = [pytest.mark.slow, {MARK}]\n{DEF}",
        f"import pytest\nMARKS = ({MARK},)\npytestmark = MARKS\n{DEF}",
        f"try:\n    import pytest\nexcept ImportError:\n    pytest = None\n"
        f"@{MARK}\n{DEF}",
        f"import pytest\nif True:\n    @{MARK}\n    async {DEF}",
    ],
)
def test_the_marker_may_be_written_in_many_ways(source: str) -> None:
    assert mark_at(source, "test_a") == PLAIN


def test_a_parameter_id_names_the_same_function() -> None:
    source = marked(MARK, '@pytest.mark.parametrize("n", [1])')

    assert mark_at(source, "test_a[1]") == PLAIN
    assert mark_at(source, "test_a[x.y::z[]") == PLAIN


@pytest.mark.parametrize(
    "source",
    [
        f"import pytest\nclass TestA:\n    @{MARK}\n    {DEF}",
        f"import pytest\n@{MARK}\nclass TestA:\n    {DEF}",
        f"import pytest\nclass TestA:\n    pytestmark = [{MARK}]\n    {DEF}",
        f"import pytest\nclass Base:\n    @{MARK}\n    {DEF}\nclass TestA(Base): ...\n",
        f"import pytest\n@{MARK}\nclass Base: ...\nclass TestA(Base):\n    {DEF}",
        "import pytest\nclass TestA:\n    C = 'c.jsonl'\n"
        f"    @pytest.mark.prompt('p.j2', cases=C)\n    {DEF}",
    ],
)
def test_a_test_in_a_class_is_found(source: str) -> None:
    assert mark_at(source, "TestA.test_a") == PLAIN
    assert mark_at(source, "test_a") is None


def test_a_class_within_a_class_is_found() -> None:
    inner = f"class TestB:\n        @{MARK}\n        {DEF}"
    source = f"import pytest\nclass TestA:\n    {inner}"

    assert mark_at(source, "TestA.TestB.test_a[1]") == PLAIN


def test_the_nearest_marker_holds() -> None:
    far, near = MARK.replace("p.j2", "far.j2"), MARK.replace("p.j2", "near.j2")
    in_class = f"class TestA:\n    {DEF}\n    @{MARK}\n    {DEF.replace('_a', '_b')}"
    source = f"import pytest\npytestmark = {far}\n@{near}\n{in_class}\n{DEF}"

    def source_of(name: str) -> object:
        mark = mark_at(source, name)
        return mark and mark.sources

    assert source_of("TestA.test_b") == {"": "p.j2"}
    assert source_of("TestA.test_a") == {"": "near.j2"}
    assert source_of("test_a") == {"": "far.j2"}


@pytest.mark.parametrize(
    "source",
    [
        f"import pytest\n{DEF}",
        f"import pytest\n@pytest.mark.slow\n{DEF}",
        f"import pytest\n@other.mark.prompt('p.j2')\n{DEF}",
        f"@prompt('p.j2', cases='c.jsonl')\n{DEF}",
        "import pytest\n",
        "",
    ],
)
def test_a_test_without_a_marker_has_none(source: str) -> None:
    assert mark_at(source, "test_a") is None


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("cases=load()", "cases"),
        ("cases=[{'id': 'a'}]", "cases"),
        ("cases=C", "cases"),
        ("cases='c', min_score=FLOOR", "min_score"),
        ("cases='c', min_score=1.5", "min_score"),
        ("cases='c', min_score=True", "min_score"),
        ("cases='c', gate='off'", "gate"),
        ("cases='c', limits={'tokens': 5}", "limits"),
        ("cases='c', request=dict(a=1)", "request"),
        ("cases='c', model=os.environ['M']", "model"),
        ("cases='c', scorer=number(0.1)", "scorer"),
    ],
)
def test_an_argument_that_is_no_literal_is_unknown(argument: str, name: str) -> None:
    twice = "FLOOR = 0.9\nFLOOR = 0.1"

    mark = mark_at(marked(f"pytest.mark.prompt('p.j2', {argument})", twice), "test_a")

    assert mark is not None
    assert mark.known == ALL - {name}
    assert getattr(mark, name) == getattr(BaseMark(), name)


@pytest.mark.parametrize(
    "call",
    [
        "*SOURCES, cases='c'",
        "P, cases='c'",
        "f'{P}', cases='c'",
        "'a', 'b', cases='c'",
        "'a', user='b', cases='c'",
        "cases='c'",
        "1, cases='c'",
    ],
)
def test_sources_that_are_no_literals_are_unknown(call: str) -> None:
    mark = mark_at(marked(f"pytest.mark.prompt({call})"), "test_a")

    assert mark is not None
    assert mark.sources is None
    assert mark.known == ALL - {"sources"}


def test_keywords_from_elsewhere_make_the_others_unknown() -> None:
    mark = mark_at(marked("pytest.mark.prompt('p', gate='report', **more)"), "test_a")

    assert mark == BaseMark(
        sources={"": "p"}, gate="report", known=frozenset({"sources", "gate"})
    )


@pytest.mark.parametrize(
    "source",
    [
        marked(MARK, f"@{MARK}"),
        marked(f"pytest.mark.parametrize('n', [pytest.param(1, marks={MARK})])"),
        marked(
            "pytest.mark.parametrize('n', N)", f"N = [pytest.param(1, marks={MARK})]"
        ),
        f"import pytest\npytestmark = {MARK}\npytestmark = []\n{DEF}",
        f"import pytest\npytestmark = []\npytestmark += [{MARK}]\n{DEF}",
        "from shared import test_a\n",
        "from shared import *\n",
        f"import pytest\ntest_a = {MARK}(body)\n",
    ],
)
def test_what_only_running_the_module_would_tell_is_unknown(source: str) -> None:
    assert mark_at(source, "test_a") == BaseMark()
    assert has_test(source, "test_a")


def test_a_test_that_a_class_may_inherit_is_unknown() -> None:
    source = "from shared import Base\nclass TestA(Base):\n    x = 1\n"

    assert mark_at(source, "TestA.test_a") == BaseMark()
    assert mark_at(source.replace("Base)", "object)"), "TestA.test_a") is None


def test_classes_that_inherit_in_a_circle_come_to_an_end() -> None:
    source = "class A(B): ...\nclass B(A): ...\nx = y\ny = x\n@x\ndef test_b(): ...\n"

    assert mark_at(source, "A.test_a") is None
    assert mark_at(source, "test_b") is None


def test_a_function_is_there_with_or_without_a_marker() -> None:
    source = f"class TestA:\n    {DEF}"

    assert has_test(source, "TestA.test_a[1]")
    assert not has_test(source, "TestA.test_b")
    assert not has_test(source, "test_a")


def test_nothing_of_the_text_is_executed() -> None:
    source = marked(MARK, "raise SystemExit", "import no_such_module")

    assert mark_at(source, "test_a") == PLAIN


@pytest.mark.parametrize("source", ["def test_a(:", "print 'x'", "\0"])
def test_a_text_that_is_no_python_is_refused(source: str) -> None:
    with pytest.raises(
        SourceError, match=r"^the test module does not parse: "
    ) as caught:
        mark_at(source, "test_a")

    assert caught.value.hint == "correct the Python file"


@given(
    st.fixed_dictionaries(
        {
            "min_score": st.floats(0, 1),
            "model": st.text(min_size=1),
            "limits": st.dictionaries(st.text(), st.text(), max_size=3),
            "request": st.dictionaries(st.text(), st.integers(), max_size=3),
        }
    )
)
@settings(max_examples=40, deadline=None)
def test_what_repr_writes_is_read_back(arguments: dict[str, object]) -> None:
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())

    mark = mark_at(
        marked(f"pytest.mark.prompt('p.j2', cases='c', {written})"), "test_a"
    )

    assert mark is not None
    assert {name: getattr(mark, name) for name in arguments} == arguments
