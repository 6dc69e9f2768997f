"""Which kind of place a key names; what a hook supplies; what is not installed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from git_project import GitProject
from hypothesis import given
from hypothesis import strategies as st
from prompt_places import fault, read_all

from pytest_promptopt.errors import SourceError
from pytest_promptopt.git import CommitFiles
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.prompts.key_path import read_steps, spelt
from pytest_promptopt.prompts.reading import file_of
from pytest_promptopt.prompts.supplied import proposal_file
from pytest_promptopt.records import Candidate


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("a/b.j2", "a/b.j2"),
        ("a/b.toml:c.d", "a/b.toml"),
        ("a.yml:c[x:y]", "a.yml"),
        ("a.prompt.yml:messages[0]", "a.prompt.yml"),
        ("app.prompts:P", None),
        ("registry:triage", None),
    ],
)
def test_the_file_of_a_key_is_known(key: str, file: str | None) -> None:
    assert file_of(key) == file


@pytest.mark.parametrize("suffix", ["md", "txt", "j2", "tmpl"])
def test_a_text_file_is_a_prompt_as_a_whole(suffix: str) -> None:
    (source,) = read_all(f"p.{suffix}", {f"p.{suffix}": "\ufeffSort.\r\n"})

    assert source.text == "Sort.\n"


def test_a_module_may_be_named_like_a_file() -> None:
    files = {"app/yaml.py": "P = 'module'", "app.yaml": "P: file"}

    assert read_all("app.yaml:P", files)[0].text == "module"
    assert read_all("app.yaml:P", {"app.yaml": "P: file"})[0].text == "file"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "src/app/prompts.py:SORT",
            "src/app/prompts.py: 'src/app/prompts.py:SORT' names a Python constant by "
            "its file\n  hint: name it by its module: app.prompts:SORT",
        ),
        (
            "src/app/prompts.py",
            "src/app/prompts.py: 'src/app/prompts.py' is a Python file, not the text "
            "of a prompt\n  hint: name the constant in it: app.prompts:NAME",
        ),
    ],
)
def test_a_python_file_is_named_by_its_module(key: str, message: str) -> None:
    assert fault(key, {"src/app/prompts.py": "SORT = 'x'"}) == message


@pytest.mark.parametrize(
    ("key", "module", "extra"),
    [
        ("p.toml:a", "tomlkit", "toml"),
        ("p.yaml:a", "yaml", "yaml"),
        ("p.prompt.yml", "yaml", "yaml"),
    ],
)
def test_a_library_that_is_not_there_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, key: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    name = str(file_of(key))

    assert fault(key, {name: "a = 'x'"}) == (
        f"{name}: reading it takes the library {module!r}, which is not installed\n"
        f"  hint: pip install 'pytest-promptopt[{extra}]'"
    )


def supplied(text: Any, fingerprint: Any = None) -> Any:
    return lambda name: SimpleNamespace(text=f"{name} {text}", fingerprint=fingerprint)


def test_a_hook_supplies_what_no_file_and_no_module_matches() -> None:
    for key in ("registry:triage", "registry:support/triage@2", "prompts/none.j2"):
        (source,) = read_all(key, {}, supply=supplied("text"))

        assert (source.text, source.key, source.label) == (f"{key} text", key, key)
        assert source.place is None


@pytest.mark.parametrize("key", ["a.j2", "app:P", "p.yaml:a"])
def test_a_hook_is_not_asked_for_what_is_there(key: str) -> None:
    files = {"a.j2": "x", "app.py": "P = 'x'", "p.yaml": "a: x"}

    assert read_all(key, files, supply=supplied("hook"))[0].text == "x"


def test_a_name_that_the_hook_does_not_know_is_an_error_as_without_it() -> None:
    message = fault("registry:triage", {}, supply=lambda name: None)

    assert message.startswith("module 'registry' does not exist: tried ")


def test_the_version_of_a_supplied_text_is_part_of_the_prompt() -> None:
    first, second, again = (
        Prompt(read_all("r:a", {}, supply=supplied("x", version)))
        for version in ("1", "2", "2")
    )

    assert first.fingerprint != second.fingerprint == again.fingerprint
    assert Prompt.from_snapshot(first.snapshot()).fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (SimpleNamespace(text=3), "namespace(text=3)"),
        (
            SimpleNamespace(text="x", fingerprint=3),
            "namespace(text='x', fingerprint=3)",
        ),
    ],
)
def test_what_is_no_text_from_a_hook_is_refused(found: Any, shown: str) -> None:
    assert fault("r:a", {}, supply=lambda name: found) == (
        f"prompt 'r:a': pytest_promptopt_source returned {shown}, which has no 'text' "
        "that is a str, or a 'fingerprint' that is none\n"
        "  hint: return an object with text, or None for a name that it does not know"
    )


def test_a_hook_that_raises_is_named() -> None:
    def supply(name: str) -> Any:
        raise KeyError(name)

    assert fault("r:a", {}, supply=supply) == (
        "prompt 'r:a': pytest_promptopt_source raised KeyError: 'r:a'\n"
        "  hint: correct the hook, or what it reads from"
    )


def test_a_new_text_of_a_supplied_prompt_is_given_instead_of_an_edit(
    tmp_path: Path,
) -> None:
    (tmp_path / "user.j2").write_text("Ticket: {{ x }}", encoding="utf-8")
    prompt = load_prompt(
        {"system": "r:a", "user": "user.j2"}, roots=[tmp_path], supply=supplied("old")
    )
    candidate = Candidate(texts={"r:a#whole": "new", "user.j2#whole": "Read: {{ x }}"})

    assert prompt.supplied_texts(candidate) == {"r:a": "new"}
    assert [edit.path for edit in prompt.edits(candidate)] == [
        str(tmp_path / "user.j2")
    ]
    assert prompt.supplied_texts(prompt.incumbent) == {}


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("registry:triage", "promptopt.triage.txt"),
        ("registry:support/../triage@2", "promptopt.support-..-triage-2.txt"),
        ("db:..", "promptopt.prompt.txt"),
        ("prompts/none.j2", "promptopt.prompts-none.j2.txt"),
    ],
)
def test_the_file_of_a_supplied_proposal_is_never_a_path(label: str, name: str) -> None:
    assert proposal_file(label) == name


@pytest.mark.parametrize(
    ("key", "file", "old"),
    [
        ("shop:P[a]", "src/shop.py", "P = {'a': '$'}"),
        ("p.toml:a.b", "p.toml", "[a]\nb = '$'\n"),
        ("p.yaml:a.b", "p.yaml", "a:\n  b: |-\n    $\n"),
        ("p.prompt.yml", "p.prompt.yml", "messages:\n- {role: user, content: $}\n"),
        ("p.prompt", "p.prompt", "---\nmodel: m\n---\n$"),
        ("p.md", "p.md", "$"),
    ],
)
def test_every_place_is_read_at_the_base_commit(
    tmp_path: Path, key: str, file: str, old: str
) -> None:
    project = GitProject.started(tmp_path)
    commit = project.commit_files({file: old.replace("$", "Old")})
    project.write({file: old.replace("$", "New")})
    files = CommitFiles(tmp_path, commit)

    assert load_prompt({"": key}, roots=[tmp_path], files=files).text == "Old"
    assert load_prompt({"": key}, roots=[tmp_path]).text == "New"


@given(
    st.lists(
        st.text(alphabet=list("ab1_-. :\u00e4"), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_a_way_into_a_file_is_read_as_it_is_spelt(steps: list[str]) -> None:
    assert read_steps(spelt(steps)) == tuple(steps)


@pytest.mark.parametrize("written", ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a b"])
def test_what_is_no_way_into_a_file_is_none(written: str) -> None:
    assert read_steps(written) is None


def test_a_search_knows_before_that_a_region_cannot_be_written() -> None:
    files = {"p.yaml": "a: &n {t: Sort.}\nb: *n\nc: Sort.\n"}

    assert isinstance(Prompt(read_all("p.yaml:a.t", files)).unwritable, SourceError)
    assert Prompt(read_all("p.yaml:c", files)).unwritable is None
