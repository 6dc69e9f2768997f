"""The project's own Jinja environment holds in the sandbox too."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import jinja2
import pytest
from git_project import GitProject

from pytest_promptopt.errors import SettingError, TemplateError
from pytest_promptopt.git import CommitFiles
from pytest_promptopt.prompts import (
    Limits,
    Prompt,
    check_candidate,
    environment_named,
    load_prompt,
)
from pytest_promptopt.prompts.dialect import Dialect
from pytest_promptopt.prompts.project_environment import PLAIN, ProjectEnvironment
from pytest_promptopt.records import Candidate, Case


def shout(value: str) -> str:
    return f"{value.upper()}!"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Any:
    def take(env: Any) -> ProjectEnvironment:
        module = types.ModuleType("house_llm")
        module.env = env  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "house_llm", module)
        return environment_named("house_llm:env")

    return take


def plain(**options: Any) -> jinja2.Environment:
    return jinja2.Environment(autoescape=False, **options)


def load(
    folder: Path, text: str, environment: ProjectEnvironment, **others: str
) -> Prompt:
    (folder / "p.j2").write_text(text, encoding="utf-8")
    for name, content in others.items():
        (folder / f"{name}.j2").write_text(content, encoding="utf-8")
    return load_prompt({"": "p.j2"}, roots=[folder], environment=environment)


def test_filters_tests_and_globals_are_the_projects(tmp_path: Path, named: Any) -> None:
    env = plain()
    env.filters["shout"] = shout
    env.tests["urgent"] = lambda value: "!" in value
    env.globals["company"] = "ACME"
    text = "{{ company }} {{ t | shout }} {% if t is urgent %}now{% endif %}"

    prompt = load(tmp_path, text, named(env))

    assert prompt.variables == {"t"}
    assert prompt.render({"t": "a!"})[0].content == env.from_string(text).render(t="a!")
    with pytest.raises(TemplateError, match="No filter named 'shout'"):
        load(tmp_path, text, PLAIN)


@pytest.mark.parametrize(
    "options",
    [
        {"trim_blocks": True},
        {"trim_blocks": True, "lstrip_blocks": True},
        {"keep_trailing_newline": True},
        {"finalize": lambda value: "" if value is None else value},
        {"extensions": ["jinja2.ext.do", "jinja2.ext.loopcontrols"]},
    ],
    ids="+".join,
)
def test_options_render_as_production_does(
    tmp_path: Path, named: Any, options: dict[str, Any]
) -> None:
    env = plain(**options)
    text = (
        "Sort.\n  {% for x in xs %}\n  - {{ x }}\n  {% endfor %}\n"
        "{# a comment #}\n{{ nothing }}\n"
    )
    if "extensions" in options:
        text += "{% do xs %}{% for x in xs %}{% break %}{% endfor %}"
    inputs = {"xs": ["a", "b"], "nothing": None}

    prompt = load(tmp_path, text, named(env))

    assert prompt.render(inputs)[0].content == env.from_string(text).render(inputs)
    recorded = Prompt.from_snapshot(
        json.loads(json.dumps(prompt.snapshot())), prompt.environment
    )
    assert recorded.render(inputs) == prompt.render(inputs)
    assert recorded.fingerprint == prompt.fingerprint


ANGLES = {
    "block_start_string": "<%",
    "block_end_string": "%>",
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}


def test_delimiters_of_the_project_mark_regions_and_messages(
    tmp_path: Path, named: Any
) -> None:
    environment = named(plain(**ANGLES))
    text = (
        "<# promptopt: system -#>\n<# promptopt: begin task -#>\n"
        "Reply {{ as it stands }}.\n<# promptopt: end -#>\n"
        "<# promptopt: user -#>\n<% if t %><< t >><% endif %>"
    )
    case = Case(id="a", inputs={"t": "T"}, expected="y")

    prompt = load(tmp_path, text, environment)

    assert [(m.role, m.content) for m in prompt.render({"t": "T"})] == [
        ("system", "Reply {{ as it stands }}.\n"),
        ("user", "T"),
    ]
    assert [region.address for region in prompt.regions] == ["p.j2#task"]
    for new, reason in (
        ("File {{ x }} {% if %}.\n", None),
        ("File << x >>.\n", "added a variable"),
        ("File %>.\n", "unbalanced delimiters"),
    ):
        candidate = Candidate(texts={"p.j2#task": new})
        found = check_candidate(candidate, prompt, cases=[case], limits=Limits())
        assert found == reason
    recorded = Prompt.from_snapshot(prompt.snapshot())
    assert recorded.regions == prompt.regions
    assert recorded.fingerprint == prompt.fingerprint


def test_hints_about_annotations_are_in_the_projects_delimiters(
    tmp_path: Path, named: Any
) -> None:
    with pytest.raises(TemplateError) as caught:
        load(tmp_path, "Sort.\n<# promptopt: end -#>\n", named(plain(**ANGLES)))

    assert caught.value.hint == (
        "add <# promptopt: begin instructions -#> or delete the comment"
    )


def test_line_statements_and_comments_are_constructs(
    tmp_path: Path, named: Any
) -> None:
    env = plain(line_statement_prefix="%%", line_comment_prefix="##")
    text = "Sort.\n%% for x in xs\n- {{ x }} ## why\n%% endfor\nDone.\n"
    prompt = load(tmp_path, text, named(env))
    (region,) = prompt.regions

    content = prompt.render({"xs": ["a", "b"]})[0].content

    assert content == env.from_string(text).render(xs=["a", "b"])
    assert prompt.compare(region, text.replace("Sort", "File")) is None
    assert prompt.compare(region, text.replace("Done.\n", "%% if x")) is not None
    lost = text.replace("%% endfor\n", "")
    assert prompt.compare(region, lost) == "lost a block"


def test_a_record_keeps_the_options_it_was_made_with(
    tmp_path: Path, named: Any
) -> None:
    text = "{% if t %}\n{{ t }}{% endif %}"
    before = load(tmp_path, text, named(plain(trim_blocks=True)))
    now = load(tmp_path, text, named(plain()))

    recorded = Prompt.from_snapshot(before.snapshot(), now.environment)

    assert before.snapshot()["environment"] == {"trim_blocks": True}
    assert "environment" not in now.snapshot()
    assert recorded.render({"t": "x"})[0].content == "x"
    assert now.render({"t": "x"})[0].content == "\nx"
    assert before.fingerprint != now.fingerprint


@pytest.mark.parametrize(
    ("name", "value"), [("trim_block", True), ("trim_blocks", "yes")]
)
def test_a_recorded_option_that_is_none_is_refused(name: str, value: object) -> None:
    data = {"sources": [], "environment": {name: value}}

    with pytest.raises(TemplateError, match=f"the recorded Jinja option {name!r} is"):
        Prompt.from_snapshot(data)


def test_the_sandbox_stays_a_sandbox(tmp_path: Path, named: Any) -> None:
    env = plain()
    env.filters["shout"] = shout
    environment = named(env)

    for text, problem in (
        ("{{ missing }}", "'missing' is undefined"),
        ("{{ t.__class__.__mro__ }}", "unsafe"),
        ("{{ xs.append(1) }}", "unsafe"),
        ("{% for i in range(2000000) %}{% endfor %}", "range"),
        ("{{ t | center(2000000) }}", "too long"),
    ):
        prompt = load(tmp_path, text, environment)
        with pytest.raises(TemplateError, match=problem):
            prompt.render({"t": "x", "xs": []})


def test_an_include_is_looked_up_beside_the_prompt_then_through_the_loader(
    tmp_path: Path, named: Any
) -> None:
    env = plain(
        loader=jinja2.DictLoader({"near.j2": "far away", "far.j2": "Far {{ t }}"})
    )
    text = "{% include 'near.j2' %} {% include 'far.j2' %}"

    prompt = load(tmp_path, text, named(env), near="near")

    assert prompt.variables == {"t"}
    assert prompt.render({"t": "T"})[0].content == "near Far T"
    data = prompt.snapshot()
    assert data["sources"][0]["includes"]["far.j2"] == "Far {{ t }}"
    assert Prompt.from_snapshot(data).render({"t": "T"}) == prompt.render({"t": "T"})


def test_a_template_that_the_loader_has_not_either_is_an_error(
    tmp_path: Path, named: Any
) -> None:
    environment = named(plain(loader=jinja2.DictLoader({})))

    with pytest.raises(TemplateError, match=r"template 'x\.j2' does not exist"):
        load(tmp_path, "{% include 'x.j2' %}", environment)


def test_a_loader_that_fails_is_named(tmp_path: Path, named: Any) -> None:
    def broken(name: str) -> str:
        raise ConnectionError(f"no registry for {name}")

    environment = named(plain(loader=jinja2.FunctionLoader(broken)))

    with pytest.raises(TemplateError) as caught:
        load(tmp_path, "{% include 'x.j2' %}", environment)

    assert str(caught.value) == (
        "template 'x.j2': the loader of house_llm:env raised ConnectionError: no "
        "registry for x.j2\n"
        "  hint: mend the loader, or put the template beside the prompt"
    )


def test_what_the_loader_finds_in_a_file_is_read_at_the_commit(
    tmp_path: Path, named: Any
) -> None:
    project = GitProject.started(tmp_path / "project")
    commit = project.commit_files(
        {"prompts/p.j2": "{% include 'rules.j2' %}", "src/templates/rules.j2": "Old."}
    )
    project.write({"src/templates/rules.j2": "New."})
    loader = jinja2.FileSystemLoader(project.path / "src" / "templates")
    environment = named(plain(loader=loader))

    def content(**files: Any) -> str:
        prompt = load_prompt(
            {"": "prompts/p.j2"},
            roots=[project.path],
            environment=environment,
            **files,
        )
        return prompt.render({})[0].content

    assert content(files=CommitFiles(project.path, commit)) == "Old."
    assert content() == "New."


def test_the_files_of_its_code_are_known(tmp_path: Path, named: Any) -> None:
    env = plain()
    env.filters["shout"] = shout
    env.globals["number"] = 3
    environment = named(env)

    jinja = load(tmp_path, "Sort.", environment)
    (tmp_path / "p.txt").write_text("Sort.", encoding="utf-8")
    literal = load_prompt(
        {"": "p.txt"}, roots=[tmp_path], syntax="literal", environment=environment
    )

    assert jinja.code == (Path(__file__),)
    assert literal.code == ()


def test_a_function_may_make_it(named: Any) -> None:
    environment = named(lambda: plain(trim_blocks=True))

    assert environment.dialect == Dialect(trim_blocks=True)


def test_it_is_imported_from_a_module_that_python_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "house_pkg_a"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "llm.py").write_text(
        "import jinja2\n\nclass Templates:\n    env = jinja2.Environment()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    environment = environment_named("house_pkg_a.llm:Templates.env")
    for name in ("house_pkg_a", "house_pkg_a.llm"):
        monkeypatch.delitem(sys.modules, name)

    assert environment.dialect == PLAIN.dialect
    assert environment.module == package / "llm.py"
    assert environment_named("  ") is PLAIN


def failing() -> jinja2.Environment:
    raise RuntimeError("no database")


@pytest.mark.parametrize(
    ("name", "problem", "hint"),
    [
        ("house_llm", "'house_llm' does not name a module and what is in it",
         'write promptopt_environment = "myapp.llm:env"'),
        ("house_llm:evn", "house_llm has no 'evn'", "did you mean 'house_llm:env'?"),
        ("house_llm:env.x", "house_llm has no 'env.x'",
         "did you mean 'house_llm:env'?"),
        ("json:env", "json has no 'env'",
         "name a jinja2.Environment; the module itself has none"),
        ("house_llm:text", "'house_llm:text' is 'plain text', not a jinja2.Environment",
         "name the environment that renders the prompts, or a function without "
         "arguments that returns it"),
        ("house_llm:failing",
         "'house_llm:failing' is no jinja2.Environment, and calling it "
         "raised RuntimeError: no database",
         "name an environment, or a function without arguments that returns one"),
        ("house_llm:escaping", "'house_llm:escaping' has autoescape=True, so that the "
         "model would read &lt; for <", "name an environment with autoescape=False"),
        ("house_no_such.llm:env",
         "'house_no_such.llm:env' cannot be imported: there is no "
         "module 'house_no_such'",
         'add the folder that has it to the ini key pythonpath: pythonpath = ["."]'),
    ],
)  # fmt: skip
def test_what_is_no_environment_is_refused_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, problem: str, hint: str
) -> None:
    module = types.ModuleType("house_llm")
    module.__dict__.update(
        env=plain(),
        text="plain text",
        failing=failing,
        escaping=lambda: jinja2.Environment(autoescape=True),
    )
    monkeypatch.setitem(sys.modules, "house_llm", module)

    with pytest.raises(SettingError) as caught:
        environment_named(name)

    assert str(caught.value) == (
        f"ini key promptopt_environment: {problem}\n  hint: {hint}"
    )


def test_a_module_that_fails_to_import_is_named_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "house_broken.py").write_text("raise KeyError('DATABASE_URL')\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SettingError) as caught:
        environment_named("house_broken:env")

    assert str(caught.value) == (
        "ini key promptopt_environment: 'house_broken:env' cannot be imported: "
        "KeyError: 'DATABASE_URL'\n"
        "  hint: make the module importable without a running application"
    )
