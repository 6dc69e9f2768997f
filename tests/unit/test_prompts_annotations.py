"""Comment annotations mark regions and messages and leave the prompt as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2
import pytest

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts import Prompt, Region, load_prompt
from pytest_promptopt.records import Candidate, Message

if TYPE_CHECKING:
    from pathlib import Path

TRIAGE = """\
{# promptopt: begin instructions -#}
Sort the ticket into billing or shipping.
{# promptopt: end -#}
{{ ticket }}
"""


def load(folder: Path, text: str) -> Prompt:
    (folder / "p.j2").write_bytes(text.encode())
    return load_prompt({"": "p.j2"}, roots=[folder])


def fault(folder: Path, text: str) -> str:
    with pytest.raises(TemplateError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_region_is_what_stands_between_its_comments(tmp_path: Path) -> None:
    prompt = load(tmp_path, TRIAGE)

    assert prompt.regions == (
        Region(
            address="p.j2#instructions",
            kind="instructions",
            text="Sort the ticket into billing or shipping.\n",
        ),
    )
    assert prompt.incumbent.texts == {
        "p.j2#instructions": "Sort the ticket into billing or shipping.\n"
    }


def test_a_file_may_have_several_regions_of_two_kinds(tmp_path: Path) -> None:
    prompt = load(
        tmp_path,
        "{# promptopt: begin task -#}\nSort.\n{# promptopt: end -#}\n"
        "{# promptopt: begin examples shots -#}\n{# promptopt: end -#}\n"
        "Now {# promptopt: begin how #}quickly{# promptopt: end #}: {{ ticket }}",
    )

    assert [(r.address, r.kind, r.text) for r in prompt.regions] == [
        ("p.j2#task", "instructions", "Sort.\n"),
        ("p.j2#shots", "examples", ""),
        ("p.j2#how", "instructions", "quickly"),
    ]
    assert prompt.render({"ticket": "x"})[0].content == "Sort.\nNow quickly: x"


def test_examples_may_go_without_a_name(tmp_path: Path) -> None:
    text = "{# promptopt: begin examples -#}\nA\n{# promptopt: end -#}\n{{ ticket }}"

    prompt = load(tmp_path, text)

    assert [(r.address, r.kind) for r in prompt.regions] == [
        ("p.j2#examples", "examples")
    ]


def test_production_needs_nothing_and_gets_the_same_text(tmp_path: Path) -> None:
    without = "Sort the ticket into billing or shipping.\n{{ ticket }}\n"
    plain = jinja2.Environment(autoescape=False)

    prompt = load(tmp_path, TRIAGE)

    content = prompt.render({"ticket": "x"})[0].content
    assert content == plain.from_string(TRIAGE).render(ticket="x")
    assert content == plain.from_string(without).render(ticket="x")


def test_without_a_mark_all_the_text_is_one_region(tmp_path: Path) -> None:
    prompt = load(tmp_path, "Sort: {{ ticket }}\n")

    assert prompt.regions == (
        Region(address="p.j2#whole", kind="whole", text="Sort: {{ ticket }}\n"),
    )


def test_of_two_unmarked_files_only_the_one_with_text_is_a_region(
    tmp_path: Path,
) -> None:
    (tmp_path / "s.j2").write_text("Sort.\n", encoding="utf-8")
    (tmp_path / "u.j2").write_text("{{ ticket }}\n", encoding="utf-8")

    prompt = load_prompt({"system": "s.j2", "user": "u.j2"}, roots=[tmp_path])

    assert [region.address for region in prompt.regions] == ["s.j2#whole"]


def test_beside_a_marked_file_an_unmarked_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s.j2").write_text(TRIAGE, encoding="utf-8")
    (tmp_path / "u.j2").write_text("The ticket: {{ ticket }}\n", encoding="utf-8")

    prompt = load_prompt({"system": "s.j2", "user": "u.j2"}, roots=[tmp_path])

    assert [region.address for region in prompt.regions] == ["s.j2#instructions"]


def test_a_comment_in_a_string_or_a_raw_section_is_no_annotation(
    tmp_path: Path,
) -> None:
    prompt = load(
        tmp_path,
        "{% raw %}{# promptopt: begin a #}{% endraw %}"
        "{{ '{# promptopt: end #}' }}{{ ticket }}",
    )

    assert [region.kind for region in prompt.regions] == ["whole"]
    assert prompt.render({"ticket": ""})[0].content == (
        "{# promptopt: begin a #}{# promptopt: end #}"
    )


def test_annotations_start_messages(tmp_path: Path) -> None:
    prompt = load(
        tmp_path,
        "{# promptopt: system -#}\nYou sort.\n\n"
        "{# promptopt: user -#}\nHello\n"
        "{# promptopt: assistant -#}\nbilling\n"
        "{# promptopt: user -#}\n{{ ticket }}\n",
    )

    assert prompt.render({"ticket": "x"}) == (
        Message(role="system", content="You sort."),
        Message(role="user", content="Hello"),
        Message(role="assistant", content="billing"),
        Message(role="user", content="x"),
    )


def test_messages_may_come_from_a_loop_a_condition_or_an_include(
    tmp_path: Path,
) -> None:
    (tmp_path / "head.j2").write_text(
        "{# promptopt: system -#}\nBe {{ tone }}.\n", encoding="utf-8"
    )
    prompt = load(
        tmp_path,
        "{% include 'head.j2' %}"
        "{% for shot in shots %}{# promptopt: user -#}\n{{ shot.q }}"
        "{% if shot.a %}{# promptopt: assistant -#}\n{{ shot.a }}{% endif %}"
        "{% endfor %}",
    )

    messages = prompt.render(
        {"tone": "kind", "shots": [{"q": "1", "a": "2"}, {"q": "3", "a": ""}]}
    )

    assert [(message.role, message.content) for message in messages] == [
        ("system", "Be kind."),
        ("user", "1"),
        ("assistant", "2"),
        ("user", "3"),
    ]


def test_a_region_may_stand_in_a_message(tmp_path: Path) -> None:
    prompt = load(
        tmp_path,
        "{# promptopt: system -#}\n{# promptopt: begin how -#}\nSort.\n"
        "{# promptopt: end -#}\n{# promptopt: user -#}\n{{ ticket }}\n",
    )

    rewritten = prompt.replacing(Candidate(texts={"p.j2#how": "Sort well.\n"}))

    assert [m.content for m in rewritten.render({"ticket": "x"})] == [
        "Sort well.\n",
        "x",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "A\n{# promptopt: begn x -#}\nB\n",
            "p.j2:2: unknown annotation word 'begn'\n  hint: did you mean 'begin'?",
        ),
        (
            "{# promptopt: developer -#}\nB\n",
            "p.j2:1: unknown annotation word 'developer'\n"
            "  hint: use begin, end, example, system, user, assistant",
        ),
        (
            "A\n{# promtopt: begin x -#}\nB\n",
            "p.j2:2: '{# promtopt: begin x -#}' looks like an annotation and is none\n"
            "  hint: did you mean 'promptopt:'?",
        ),
        (
            "A\n{# promptopt: -#}\nB\n",
            "p.j2:2: '{# promptopt: -#}' says nothing\n"
            "  hint: write one of: begin, end, example, system, user, assistant",
        ),
        (
            "{# promptopt: begin -#}\nB\n",
            "p.j2:1: '{# promptopt: begin -#}' does not name its region in one word\n"
            "  hint: name it, e.g. {# promptopt: begin instructions -#}",
        ),
        (
            "{# promptopt: begin x -#}\nB\n{# promptopt: end x -#}\n",
            "p.j2:3: '{# promptopt: end x -#}' has 'x' behind 'end'\n"
            "  hint: write {# promptopt: end -#}",
        ),
        (
            "{# promptopt: begin x -#}\nA\n{# promptopt: begin y -#}\nB\n",
            "p.j2:3: region 'y' begins inside region 'x', which began on line 1\n"
            "  hint: put {# promptopt: end -#} before it: regions do not nest",
        ),
        (
            "A\n{# promptopt: begin x -#}\nB\n",
            "p.j2:2: region 'x' has no end\n"
            "  hint: add {# promptopt: end -#} behind its last line",
        ),
        (
            "A\n{# promptopt: end -#}\nB\n",
            "p.j2:2: 'end' without a 'begin' before it\n"
            "  hint: add {# promptopt: begin instructions -#} or delete the comment",
        ),
        (
            "{# promptopt: begin x -#}\nA\n{# promptopt: end -#}\n" * 2,
            "p.j2:4: a second region is named 'x'\n"
            "  hint: give every region of a file a name of its own",
        ),
        (
            "{# promptopt: begin x -#}\nA\n{# promptopt: user -#}\nB\n",
            "p.j2:3: a user message starts inside region 'x'\n"
            "  hint: put {# promptopt: end -#} before it: a region is part of one "
            "message",
        ),
        (
            "{% macro m() %}\n{# promptopt: user -#}\nA{% endmacro %}{{ m() }}",
            "p.j2:2: a message starts inside a macro, call, filter or set block, whose "
            "text is a value\n  hint: move the annotation out of the block",
        ),
    ],
)
def test_a_misused_annotation_is_an_error_at_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    assert fault(tmp_path, text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{# promptopt: begin x #}\nA\n{# promptopt: end -#}\nB\n",
            "p.j2:1: '{# promptopt: begin x #}' leaves an empty line in the prompt\n"
            "  hint: end it with -#}: {# promptopt: begin x -#}",
        ),
        (
            "{# promptopt: begin x -#}\nA\n{# promptopt: end #}\nB\n",
            "p.j2:3: '{# promptopt: end #}' leaves an empty line in the prompt\n"
            "  hint: end it with -#}: {# promptopt: end -#}",
        ),
        (
            "{# promptopt: user #}\nB\n",
            "p.j2:1: '{# promptopt: user #}' leaves an empty line in the prompt\n"
            "  hint: end it with -#}: {# promptopt: user -#}",
        ),
        (
            "{# promptopt: begin x -#}\nA\n{# promptopt: end -#}\n\nB\n",
            "p.j2:3: '{# promptopt: end -#}' also removes the empty line behind it\n"
            "  hint: move the empty line in front of the comment",
        ),
        (
            "{# promptopt: begin x -#}\n  A\n{# promptopt: end -#}\nB\n",
            "p.j2:1: '{# promptopt: begin x -#}' changes the white space of the "
            "prompt\n"
            "  hint: put it at the start of a line of its own; if the next line is "
            "indented, close it with '#}' and let the text go on right behind it",
        ),
        (
            "{# promptopt: begin x -#}\nA\n{#- promptopt: end -#}\nB\n",
            "p.j2:3: '{#- promptopt: end -#}' changes the white space of the prompt\n"
            "  hint: put it at the start of a line of its own; if the next line is "
            "indented, close it with '#}' and let the text go on right behind it",
        ),
    ],
)
def test_an_annotation_that_shows_in_the_prompt_is_an_error(
    tmp_path: Path, text: str, message: str
) -> None:
    assert fault(tmp_path, text) == message


@pytest.mark.parametrize(
    "text",
    [
        "{# promptopt: begin x -#}\nA\n{# promptopt: end -#}\n",
        "{# promptopt: begin x -#}\nA\n{# promptopt: end -#}",
        "{# promptopt: begin x -#}\nA\n{#- promptopt: end -#}\n",
        "A {# promptopt: begin x #} b {# promptopt: end #} C",
        "A\n\n{# promptopt: begin x -#}\nB\n\n{# promptopt: end -#}\nC\n",
        "{# promptopt: system -#}\n\nA\n\n{# promptopt: user -#}\n\nB\n",
        "{# a note #}\nA\n",
    ],
)
def test_an_annotation_that_does_not_show_is_fine(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).render({})


def test_a_role_annotation_contradicts_a_given_role(tmp_path: Path) -> None:
    (tmp_path / "s.j2").write_text("{# promptopt: user -#}\nA\n", encoding="utf-8")

    with pytest.raises(TemplateError) as caught:
        load_prompt({"system": "s.j2"}, roots=[tmp_path])

    assert str(caught.value) == (
        f"{tmp_path}/s.j2:1: a user message starts in a file that is given as the "
        "system message\n"
        "  hint: delete the annotation, or give the file without a role"
    )


def test_text_before_the_first_message_is_an_error(tmp_path: Path) -> None:
    prompt = load(tmp_path, "Stray {{ ticket }}\n{# promptopt: user -#}\nA\n")

    with pytest.raises(TemplateError) as caught:
        prompt.render({"ticket": "x"})

    assert str(caught.value) == (
        f"{tmp_path}/p.j2:1: 'Stray x' is rendered before the first message starts\n"
        "  hint: put it behind a {# promptopt: system -#} or {# promptopt: user -#}"
    )


@pytest.mark.parametrize("text", ["", "\n \n", "{# only a note #}\n"])
def test_an_empty_prompt_is_an_error(tmp_path: Path, text: str) -> None:
    assert fault(tmp_path, text) == (
        "p.j2:1: the prompt is empty\n  hint: write a prompt into it"
    )
