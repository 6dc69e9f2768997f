"""The marker says in what syntax its sources are written."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.items import marker
from pytest_promptopt.items.base_marks import mark_at


def read(**arguments: Any) -> marker.PromptMark:
    sources = {"user": "u.j2"} if "system" in arguments else {}
    place = () if sources else ("p.txt",)
    mark = pytest.mark.prompt(*place, cases="c.jsonl", **sources, **arguments)
    return marker.read(mark.mark)


def test_one_word_holds_for_all_sources_and_a_dict_for_each_role() -> None:
    assert read().syntax == ""
    assert read(syntax="format").syntax == "format"
    assert read(system="s.txt", syntax={"system": "literal"}).syntax == {
        "system": "literal"
    }


@pytest.mark.parametrize(
    ("arguments", "problem", "hint"),
    [
        (
            {"syntax": "formt"},
            "syntax='formt' is none of jinja, format, literal",
            "did you mean 'format'?",
        ),
        (
            {"syntax": ["format"]},
            "syntax=['format'] is none of jinja, format, literal",
            "did you mean 'format'?",
        ),
        (
            {"syntax": {"system": "literal"}},
            "syntax names 'system', which is no message of this prompt",
            'write syntax="format" for the one source',
        ),
        (
            {"system": "s.txt", "syntax": {"sytem": "literal"}},
            "syntax names 'sytem', which is no message of this prompt",
            "did you mean 'system'?",
        ),
        (
            {"system": "s.txt", "syntax": {"system": "f-string"}},
            "syntax='f-string' is none of jinja, format, literal",
            "use one of: format, jinja, literal",
        ),
    ],
)
def test_another_word_is_refused(
    arguments: dict[str, Any], problem: str, hint: str
) -> None:
    with pytest.raises(SettingError) as caught:
        read(**arguments)

    assert caught.value.problem == f"prompt marker: {problem}"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("written", "syntax", "known"),
    [
        ("'format'", "format", {"syntax"}),
        ("{'user': 'format'}", {"user": "format"}, {"syntax"}),
        ("'formt'", "", set()),
        ("choose()", "", set()),
    ],
)
def test_it_is_read_at_the_base_commit_without_running_anything(
    written: str, syntax: object, known: set[str]
) -> None:
    source = (
        "import pytest\n"
        f"@pytest.mark.prompt('p.txt', cases='c.jsonl', syntax={written})\n"
        "def test_a(output): assert output\n"
    )

    mark = mark_at(source, "test_a")

    assert mark is not None
    assert mark.syntax == syntax
    assert mark.known & {"syntax"} == known
