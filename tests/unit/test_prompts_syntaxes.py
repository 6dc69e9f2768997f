"""Which syntax a source is written in: said, by its name, or by its text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.git import CommitFiles
from pytest_promptopt.prompts import (
    Prompt,
    check_inputs,
    check_syntaxes,
    load_prompt,
)
from pytest_promptopt.prompts.project_environment import PLAIN, ProjectEnvironment
from pytest_promptopt.prompts.source import Source, SyntaxName
from pytest_promptopt.records import Case


def place(folder: Path, text: str, key: str) -> None:
    if key == "app:SORT":
        (folder / "app.py").write_text(f"SORT = {text!r}\n", encoding="utf-8")
    else:
        (folder / key).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("key", ["app:SORT", "p.md"])
@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ("Sort {{ ticket }}", "jinja"),
        ("Sort it.", "jinja"),
        ('Reply {"label": {"a": 1}}', "jinja"),
        ('Reply {"label": "x"} to {{ ticket }}', "jinja"),
        ("Put it into \\boxed{answer}: {{ question }}", "jinja"),
        ("{% if x %}{name}{% endif %}", "jinja"),
        ("{% raw %}{name}{% endraw %}", "jinja"),
        ("{# promptopt: begin a -#}\nUse {name}\n{# promptopt: end -#}\n", "jinja"),
        ("{# a comment #} Sort", "jinja"),
        ("# Title {#title}\nSort.", "literal"),
    ],
)
def test_a_text_that_can_be_one_thing_only_needs_no_word(
    tmp_path: Path, text: str, syntax: str, key: str
) -> None:
    place(tmp_path, text, key)

    prompt = load_prompt({"": key}, roots=[tmp_path])

    assert prompt.sources[0].syntax == syntax
    check_syntaxes({"": key}, roots=[tmp_path])


@pytest.mark.parametrize("key", ["app:SORT", "p.md"])
@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("Sort {ticket}", 1, "{ticket}"),
        ("Sort\n{ticket!r} {x}", 2, "{ticket!r}"),
        ("Score {score:.2f}", 1, "{score:.2f}"),
        ('Reply {{"label": "..."}} to {ticket}', 1, "{ticket}"),
        ("Reply {{}} to {ticket}", 1, "{ticket}"),
        ("Keep {{{ticket}}}", 1, "{ticket}"),
        ("Put it into \\boxed{answer}", 1, "{answer}"),
    ],
)
def test_what_looks_like_a_format_template_has_to_be_called_one(
    tmp_path: Path, text: str, line: int, field: str, key: str
) -> None:
    place(tmp_path, text, key)
    where = "app.py:1" if key == "app:SORT" else f"p.md:{line}"

    with pytest.raises(TemplateError) as caught:
        load_prompt({"": key}, roots=[tmp_path])

    assert str(caught.value) == (
        f"{tmp_path}/{where}: {field!r} looks like a field of str.format, and the "
        "prompt marker does not say so\n"
        '  hint: add syntax="format" to the marker, or syntax="literal" if the model '
        f"shall read {field} as it stands"
    )
    with pytest.raises(TemplateError, match="looks like a field"):
        check_syntaxes({"": key}, roots=[tmp_path])
    names: tuple[SyntaxName, ...] = ("format", "literal", "jinja")
    for name in names:
        check_syntaxes({"": key}, roots=[tmp_path], syntax=name)
    assert load_prompt({"": key}, roots=[tmp_path], syntax="format").variables


@pytest.mark.parametrize("name", ["p.j2", "p.jinja", "p.jinja2"])
def test_jinja_by_name_is_jinja_whatever_its_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Sort {ticket}", encoding="utf-8")

    prompt = load_prompt({"": name}, roots=[tmp_path])

    assert prompt.render({})[0].content == "Sort {ticket}"
    check_syntaxes({"": name}, roots=[tmp_path])


def test_jinja_that_does_not_parse_names_the_other_syntaxes(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("Sort\n{% if x %}", encoding="utf-8")

    with pytest.raises(TemplateError) as caught:
        load_prompt({"": "p.md"}, roots=[tmp_path])

    assert caught.value.line == 2
    assert caught.value.hint == (
        'correct the template; if it is no Jinja template, add syntax="format" or '
        'syntax="literal" to the prompt marker'
    )


def test_a_source_that_cannot_be_read_is_no_fault_of_its_syntax(tmp_path: Path) -> None:
    check_syntaxes({"": "missing.md"}, roots=[tmp_path])


def test_the_environment_is_asked_for_only_where_a_text_is_in_doubt(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.md").write_text("Sort.", encoding="utf-8")
    (tmp_path / "b.md").write_text("Sort {x}.", encoding="utf-8")
    asked = []

    def environment() -> ProjectEnvironment:
        asked.append("once")
        return PLAIN

    check_syntaxes({"": "a.md"}, roots=[tmp_path], environment=environment)
    assert asked == []
    with pytest.raises(TemplateError):
        check_syntaxes({"": "b.md"}, roots=[tmp_path], environment=environment)
    assert asked == ["once"]


def test_each_message_may_have_a_syntax_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("Reply {x}\n", encoding="utf-8")
    (tmp_path / "u.txt").write_text("{ticket}", encoding="utf-8")

    prompt = load_prompt(
        {"user": "u.txt", "system": "s.txt"},
        roots=[tmp_path],
        syntax={"system": "literal", "user": "format"},
    )

    assert [(m.role, m.content) for m in prompt.render({"ticket": "T"})] == [
        ("system", "Reply {x}\n"),
        ("user", "T"),
    ]
    assert [region.address for region in prompt.regions] == ["s.txt#whole"]


def test_annotations_mean_nothing_outside_jinja(tmp_path: Path) -> None:
    text = "{{# promptopt: begin a -#}}\nSort {x}\n"
    (tmp_path / "p.txt").write_text(text, encoding="utf-8")

    prompt = load_prompt({"": "p.txt"}, roots=[tmp_path], syntax="format")

    assert [region.kind for region in prompt.regions] == ["whole"]


@pytest.mark.parametrize("syntax", ["format", "literal"])
def test_a_snapshot_carries_the_syntax(syntax: SyntaxName) -> None:
    path = Path("p.md")
    text = "Sort {ticket} {{ x }}"
    source = Source(role="", key="p.md", path=path, text=text, syntax=syntax)
    prompt = Prompt([source])
    data = json.loads(json.dumps(prompt.snapshot()))

    recorded = Prompt.from_snapshot(data)

    assert data["sources"][0]["syntax"] == syntax
    assert recorded.fingerprint == prompt.fingerprint
    assert recorded.render({"ticket": "T"}) == prompt.render({"ticket": "T"})
    assert recorded.replacing(recorded.incumbent).snapshot() == data


def test_a_record_without_a_syntax_is_of_jinja_and_keeps_its_fingerprint() -> None:
    path = Path("p.md")
    old = Prompt([Source(role="", key="p.md", path=path, text="Sort {x}")])
    new = Prompt(
        [Source(role="", key="p.md", path=path, text="Sort {x}", syntax="jinja")]
    )

    assert "syntax" not in old.snapshot()["sources"][0]
    assert old.fingerprint == new.fingerprint
    assert Prompt.from_snapshot(old.snapshot()).render({})[0].content == "Sort {x}"


def test_a_record_of_an_unknown_syntax_says_so() -> None:
    path = Path("p.md")
    data = Prompt([Source(role="", key="p.md", path=path, text="Sort")]).snapshot()
    data["sources"][0]["syntax"] = "formt"

    with pytest.raises(TemplateError) as caught:
        Prompt.from_snapshot(data)

    assert str(caught.value) == (
        "p.md: the template syntax 'formt' does not exist\n"
        "  hint: did you mean 'format'?"
    )


def test_a_prompt_is_read_from_a_commit_in_its_syntax(tmp_path: Path) -> None:
    project = GitProject.started(tmp_path / "project")
    commit = project.commit_files({"p.txt": "Sort {ticket} into {{a}}."})
    project.write({"p.txt": "File {ticket}."})
    roots = [project.path]

    before = load_prompt(
        {"": "p.txt"},
        roots=roots,
        files=CommitFiles(project.path, commit),
        syntax="format",
    )

    assert before.render({"ticket": "T"})[0].content == "Sort T into {a}."


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "Sort.",
            'give the input a message of its own: prompt(system="p.md", '
            'user="NAME.j2", ...) with {{ ticket }} in NAME.j2',
        ),
        ("Sort {ticket}.", 'write syntax="format" if {ticket} is meant as a field'),
    ],
)
def test_a_literal_prompt_whose_cases_differ_in_nothing_is_refused(
    tmp_path: Path, text: str, hint: str
) -> None:
    (tmp_path / "p.md").write_text(text, encoding="utf-8")
    prompt = load_prompt({"": "p.md"}, roots=[tmp_path], syntax="literal")
    bare = Case(id="a", inputs={}, expected="y")

    check_inputs(prompt, [bare])
    with pytest.raises(TemplateError) as caught:
        check_inputs(prompt, [bare, Case(id="b", inputs={"ticket": "T"}, expected="y")])

    assert str(caught.value) == (
        f"{tmp_path}/p.md:1: a literal prompt has no variables, so that every case "
        f"would be the same request: nothing uses 'ticket'\n  hint: {hint}"
    )
