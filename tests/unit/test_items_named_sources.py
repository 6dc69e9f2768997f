"""What a marker may say about several prompts, and how it is told what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.items import marker
from pytest_promptopt.items.base_marks import mark_at
from pytest_promptopt.items.marker import PromptMark
from pytest_promptopt.items.request_settings import changed_settings

TWO = {"draft": "d.j2", "final": {"system": "a.j2", "user": "app.llm:FINAL"}}
EXAMPLE = (
    'prompt({"draft": "prompts/draft.j2", "final": "prompts/final.j2"}, cases=...)'
)


def read(sources: Any = TWO, **more: Any) -> PromptMark:
    mark = pytest.mark.prompt(sources, cases="c.jsonl", **more)
    return marker.read(mark.mark)


def test_each_prompt_has_its_places_by_role() -> None:
    mark = read(optimize="final")

    assert mark.sources == {
        "draft": {"": "d.j2"},
        "final": {"system": "a.j2", "user": "app.llm:FINAL"},
    }
    assert mark.names == ("draft", "final")
    assert mark.places == ("d.j2", "a.j2", "app.llm:FINAL")
    assert mark.label == "draft: d.j2 + final: a.j2 + app.llm:FINAL"
    assert mark.optimize == ("final",)


def test_a_lone_prompt_has_no_name_and_its_places_as_ever() -> None:
    lone, by_role = (
        read("p.j2"),
        marker.read(
            pytest.mark.prompt(system="a.j2", user="b.j2", cases="c.jsonl").mark
        ),
    )

    assert (lone.names, lone.sources, lone.label) == ((), {"": "p.j2"}, "p.j2")
    assert (by_role.names, by_role.places) == ((), ("a.j2", "b.j2"))


@pytest.mark.parametrize("given", [["final", "draft"], ("final", "draft", "final")])
def test_prompts_to_optimize_are_kept_in_the_order_of_the_marker(given: Any) -> None:
    assert read(optimize=given).optimize == ("draft", "final")


def test_a_setting_may_be_called_as_a_prompt_is() -> None:
    sources = {"tools": "t.j2", "final": "f.j2"}
    request = {"tools": [{"type": "function"}], "temperature": 0}

    assert read(sources, request=request).request == request


@pytest.mark.parametrize(
    ("sources", "more", "problem", "hint"),
    [
        ({}, {}, "the mapping of prompts is empty", f"write {EXAMPLE}"),
        ({3: "a.j2"}, {}, "3 is no name of a prompt", f"write {EXAMPLE}"),
        ({"a\nb": "a.j2"}, {}, "'a\\nb' is no name of a prompt", f"write {EXAMPLE}"),
        (
            {"system": "a.j2", "user": "b.j2"},
            {},
            "'system', 'user': roles of messages are no names of prompts",
            "write prompt(system='a.j2', user='b.j2', cases=...), or give the prompts "
            "other names",
        ),
        (
            {"draft": "a.j2", "user": "b.j2"},
            {},
            "'user' is a role of messages, not the name of a prompt",
            "give the prompt another name",
        ),
        (
            {"draft": ["a.j2"]},
            {},
            "the source of 'draft' is a path or 'module:NAME', got ['a.j2']",
            'write {"draft": "prompts/draft.j2"}, or by role: '
            '{"draft": {"system": "a.j2", "user": "b.j2"}}',
        ),
        (
            {"draft": {}},
            {},
            "prompt 'draft' has no source",
            'write {"draft": "prompts/draft.j2"}',
        ),
        (
            {"draft": {"sytem": "a.j2"}},
            {},
            "'sytem' in prompt 'draft' is no role of a message",
            "did you mean 'system'?",
        ),
        (
            TWO,
            {"optimize": "fnal"},
            "optimize names 'fnal', which is no prompt of this test",
            "did you mean 'final'?",
        ),
        (
            TWO,
            {"optimize": []},
            "optimize=[] names no prompt",
            'write optimize="draft", or delete it to search all of them',
        ),
        (
            "p.j2",
            {"optimize": "p"},
            "optimize='p' names prompts, and the one of this test has no name",
            f"delete it, or give the prompts names: {EXAMPLE}",
        ),
        (
            TWO,
            {"request": {"draft": {"seed": 1}, "fnal": {}}},
            "request names 'fnal', which is no prompt of this test",
            "did you mean 'final'?",
        ),
        (
            TWO,
            {"request": {"draft": 3}},
            "request['draft']=3 is no dict of model settings",
            'write request={"draft": {"temperature": 0}}, or '
            'request={"draft": "myapp.llm:SETTINGS"}',
        ),
        (
            TWO,
            {"syntax": {"fnal": "format"}},
            "syntax names 'fnal', which is no prompt of this test",
            "did you mean 'final'?",
        ),
        (
            TWO,
            {"syntax": {"draft": {"user": "format"}}},
            "syntax names 'user', which is no message of 'draft'",
            'write syntax={"draft": "format"} for its one source',
        ),
        (
            TWO,
            {"syntax": {"final": {"usr": "format"}}},
            "syntax names 'usr', which is no message of 'final'",
            "did you mean 'user'?",
        ),
    ],
)
def test_what_it_may_not_say(sources: Any, more: Any, problem: str, hint: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(sources, **more)

    assert refused.value.problem == f"prompt marker: {problem}"
    assert refused.value.hint == hint


def written(arguments: str) -> str:
    return (
        "import pytest\n"
        'PROMPTS = {"draft": "d.j2", "final": {"system": "a.j2", "user": "b.j2"}}\n'
        f"@pytest.mark.prompt({arguments}, cases='c.jsonl')\n"
        "def test_a(prompt): assert prompt\n"
    )


def test_it_is_read_at_the_base_commit_without_running_anything() -> None:
    mark = mark_at(
        written(
            "PROMPTS, optimize='draft', request={'draft': {'seed': 1}, 'final': 'a:B'},"
            "syntax={'draft': 'format', 'final': {'user': 'literal'}}"
        ),
        "test_a",
    )

    assert mark is not None
    assert mark.sources == {
        "draft": {"": "d.j2"},
        "final": {"system": "a.j2", "user": "b.j2"},
    }
    assert mark.request == {"draft": {"seed": 1}, "final": "a:B"}
    assert mark.syntax == {"draft": "format", "final": {"user": "literal"}}
    assert {"sources", "request", "syntax"} <= mark.known


@pytest.mark.parametrize(
    "arguments", ["{'draft': place()}", "{'user': 'd.j2'}", "{}", "{**MORE}"]
)
def test_prompts_that_cannot_be_read_there_are_unknown(arguments: str) -> None:
    mark = mark_at(written(arguments), "test_a")

    assert mark is not None
    assert mark.sources is None
    assert "sources" not in mark.known


def test_changed_settings_stand_behind_the_name_of_their_prompt() -> None:
    before = {"draft": {"seed": 1, "top_p": 1}, "gone": {"seed": 1}}
    now = {"draft": {"seed": 2, "top_p": 1}, "final": {"stop": "x"}}

    assert changed_settings(before, now, ("draft", "final")) == [
        "draft: seed",
        "final: stop",
    ]
    assert changed_settings({"seed": 1}, {"seed": 2, "stop": "x"}, ()) == [
        "seed",
        "stop",
    ]
