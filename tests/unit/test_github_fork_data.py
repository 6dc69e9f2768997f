"""``promptopt fork-data`` takes a fork's prompts and cases, and never its code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from git_project import QUIET, GitProject

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git import changes
from pytest_promptopt.git.changes import FileChange, changes_of
from pytest_promptopt.github import fork_files
from pytest_promptopt.github.fork_data import Choice, choices, lines, note
from pytest_promptopt.items.named_files import NamedFile
from pytest_promptopt.report.markdown import code

TESTS = """
import pytest

@pytest.mark.prompt("prompts/triage.j2", cases="cases/triage.jsonl")
def test_triage(case, output):
    assert output == case.expected

@pytest.mark.prompt("prompts/tone.j2", cases="cases/tone.jsonl")
def test_tone(case, prompt):
    assert prompt.complete(mail=case["mail"]).text == case.expected

@pytest.mark.prompt("prompts/late.j2", cases="cases/late.yaml")
def test_late(case, output):
    assert output == case.expected

@pytest.mark.prompt("shop.prompts:HELLO", cases="cases/triage.jsonl")
def test_hello(case, output):
    assert output == case.expected

@pytest.mark.prompt("prompts/gone.j2", cases="cases/triage.jsonl")
def test_gone(case, output):
    assert output == case.expected
"""
CASE = '{"ticket": "Where is it?", "expected": "shipping"}\n'
BASE: dict[str, str | bytes] = {
    "pytest.ini": "[pytest]\npythonpath = .\npromptopt_model = offline:rules\n",
    "tests/test_prompts.py": TESTS,
    "shop/__init__.py": "",
    "shop/prompts.py": 'HELLO = "Greet: {{ ticket }}"\n',
    "prompts/triage.j2": "Sort.\n{{ ticket }}\n",
    "prompts/tone.j2": "Is this rude?\n{{ mail }}\n",
    "prompts/late.j2": "Late?\n{{ ticket }}\n",
    "prompts/gone.j2": "Gone?\n{{ ticket }}\n",
    "cases/triage.jsonl": CASE,
    "cases/tone.jsonl": '{"mail": "Hi", "expected": "no"}\n',
    "cases/late.yaml": "- {ticket: a, expected: b}\n",
    "README.md": "A shop.\n",
}
PWN = "open('pwned', 'w').close()\n"
FORK: dict[str, str | bytes] = {
    "prompts/triage.j2": 'Sort well.\n{% include "parts/new.j2" %}\n{{ ticket }}\n',
    "prompts/parts/new.j2": "Be short.\n",
    "cases/triage.jsonl": CASE + '{"ticket": "It broke", "expected": "returns"}\n',
    "cases/tone.jsonl": '{"mail": "Hey", "expected": "no"}\n',
    "prompts/tone.j2": "{{ ''.__class__ }}{{ mail }}\n",
    "cases/late.yaml": "tests: file://../../etc/hosts.json\n",
    "conftest.py": PWN,
    "tests/conftest.py": PWN,
    "tests/test_prompts.py": TESTS + PWN,
    "tests/test_more.py": PWN,
    "shop/prompts.py": PWN + 'HELLO = "Hello: {{ ticket }}"\n',
    "pytest.ini": "[pytest]\naddopts = --promptopt-compare=none\n",
    "pyproject.toml": "[tool.promptopt]\n",
    ".github/workflows/x.yml": "on: push\n",
    "tests/__prompt_baselines__/test_prompts/test_triage.json": "{}\n",
    "prompts/unnamed.j2": "Nobody reads this.\n",
}


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> GitProject:
    """A checkout of main, with the fork's commit in its objects as tag ``fork``."""
    project = GitProject.started(tmp_path_factory.mktemp("forked") / "shop")
    project.commit_files(BASE)
    project.git("switch", "--quiet", "--create", "fork")
    (project.path / "prompts" / "late.j2").unlink()
    (project.path / "prompts" / "late.j2").symlink_to("/etc/passwd")
    (project.path / "prompts" / "gone.j2").unlink()
    project.commit_files(FORK)
    project.git("tag", "forked")
    project.git("switch", "--quiet", "main")
    return project


@pytest.fixture
def shop(forked: GitProject, tmp_path: Path) -> GitProject:
    return forked.copy(tmp_path / "shop")


def fork_data(
    project: GitProject, *arguments: str, commit: str = "forked"
) -> subprocess.CompletedProcess[str]:
    """Run the command as a job does, with no plugin of this suite."""
    full = project.git("rev-parse", f"{commit}^{{commit}}")
    return subprocess.run(
        [sys.executable, "-m", "pytest_promptopt", "fork-data", full, *arguments],
        cwd=project.path,
        env={
            **os.environ,
            **QUIET,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p pytest_promptopt.plugin",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def differing(project: GitProject) -> set[str]:
    """Return the files of the work tree that are not those of the base."""
    command = ("status", "--porcelain", "--untracked-files=all")
    # The first line has lost its leading space.
    listed = (
        line.strip().split(" ", 1)[1] for line in project.git(*command).split("\n")
    )
    return {name.strip() for name in listed if "__pycache__" not in name}


def test_only_data_that_tests_of_the_base_name_is_taken(shop: GitProject) -> None:
    done = fork_data(shop)

    assert done.returncode == 0, done.stderr
    assert differing(shop) == {
        "prompts/triage.j2",
        "prompts/parts/new.j2",
        "cases/triage.jsonl",
        "cases/tone.jsonl",
    }
    for name in ("prompts/triage.j2", "prompts/parts/new.j2", "cases/triage.jsonl"):
        assert (shop.path / name).read_text() == FORK[name]
    assert not (shop.path / "pwned").exists()
    assert not (shop.path / "prompts" / "late.j2").is_symlink()
    left = done.stdout.partition("does not cover them:\n")[2]
    assert {line.split("'")[1] for line in left.splitlines()} == {
        *(set(FORK) - differing(shop)),
        "prompts/late.j2",
        "prompts/gone.j2",
    }
    assert "'prompts/gone.j2': deleted in the fork; the file of the base stays" in left
    assert "'cases/late.yaml': cases in .yaml are not taken from a fork" in left
    assert "'prompts/tone.j2': its test hands the prompt to the application" in left


def test_the_gate_judges_what_was_taken_with_the_code_of_the_base(
    shop: GitProject, tmp_path: Path
) -> None:
    taken = tmp_path / "note.md"
    assert (
        fork_data(shop, "--note", str(taken), "--pytest-arguments=-k triage").returncode
        == 0
    )

    assert "- judged: `prompts/triage.j2`" in taken.read_text()
    assert (
        "- **not covered**: `conftest.py` (code or configuration)" in taken.read_text()
    )
    # A narrower collection names fewer files.
    assert "cases/tone.jsonl" not in differing(shop)


def test_a_maintainer_may_trust_the_application_with_the_templates(
    shop: GitProject,
) -> None:
    done = fork_data(shop, "--trust-application", "--pytest-arguments=-k tone")

    assert done.returncode == 0, done.stderr
    assert "prompts/tone.j2" in differing(shop)


@pytest.mark.parametrize("name", [".git/config", "creds.json"])
def test_a_template_that_reads_what_is_not_in_the_repository_stops_it(
    shop: GitProject, name: str
) -> None:
    """An earlier step of the job may have left credentials in the work tree."""
    shop.git("switch", "--quiet", "--create", "curious")
    shop.commit_files(
        {"prompts/triage.j2": f'{{% include "{name}" %}}{{{{ ticket }}}}'}
    )
    shop.git("tag", "curiosity")
    shop.git("switch", "--quiet", "main")
    (shop.path / "creds.json").write_text("{}")

    done = fork_data(shop, commit="curiosity")

    assert done.returncode == 2
    assert f"test_triage would read {shop.path.resolve() / name}" in done.stderr
    assert shop.git("status", "--porcelain", "--untracked-files=no") == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("settings.yaml", "no prompt test of the base names it, a template now does"),
        ("mails/hello.j2", "no prompt test of the base names it, a template now does"),
        ("mails/over.j2", "a new file that is no text beside the prompts of the base"),
        ("prompts/log.json", "a new file that is no text beside the prompts"),
    ],
)
def test_an_include_does_not_make_data_of_what_the_application_reads(
    shop: GitProject, name: str, reason: str
) -> None:
    shop.commit_files({"settings.yaml": "debug: no\n", "mails/hello.j2": "Hello\n"})
    shop.git("switch", "--quiet", "--create", "sly")
    include = f'{{% include "{name}" %}}{{{{ ticket }}}}\n'
    prompt = "prompts/triage.j2"
    shop.commit_files({prompt: include, name: "run: rm\n"})
    shop.git("tag", "slyness")
    shop.git("switch", "--quiet", "main")

    done = fork_data(shop, commit="slyness")

    assert done.returncode == 0, done.stderr
    assert differing(shop) == {prompt}
    assert f"'{name}': {reason}" in done.stdout


def test_a_file_that_may_hold_settings_beside_a_prompt_is_not_taken() -> None:
    named = {
        path: [NamedFile(path=Path(path), kind="prompt", test="t", handed_on=False)]
        for path in ("app.toml", "texts.prompt.yml")
    }
    changed = [change(path) for path in named]

    toml, prompt_file = choices(changed, {}, named, trusted=False)
    trusted, _ = choices(changed, {}, named, trusted=True)

    assert "may hold settings of the application" in toml.reason
    assert trusted.reason == ""
    assert prompt_file.reason == ""


def test_a_folder_in_the_place_of_a_file_stops_it(shop: GitProject) -> None:
    shop.git("switch", "--quiet", "--create", "folder")
    (shop.path / "prompts" / "gone.j2").unlink()
    shop.commit_files(
        {
            "prompts/triage.j2": '{% include "gone.j2/part.j2" %}{{ ticket }}\n',
            "prompts/gone.j2/part.j2": "Gone\n",
        }
    )
    shop.git("tag", "foldery")
    shop.git("switch", "--quiet", "main")

    done = fork_data(shop, commit="foldery")

    assert done.returncode == 2
    assert "cannot be written: " in done.stderr
    assert "Traceback" not in done.stderr


def test_where_no_data_was_changed_there_is_nothing_to_judge(shop: GitProject) -> None:
    shop.git("switch", "--quiet", "--create", "docs")
    shop.commit_files({"README.md": "A shop in Bergen.\n"})
    shop.git("tag", "only-docs")
    shop.git("switch", "--quiet", "main")

    done = fork_data(shop, commit="only-docs")

    assert done.returncode == 1
    assert done.stdout.startswith("nothing was taken from ")
    assert shop.git("status", "--porcelain", "--untracked-files=no") == ""


def test_what_both_sides_changed_stops_it(shop: GitProject) -> None:
    shop.commit_files({"prompts/triage.j2": "Sort quickly.\n{{ ticket }}\n"})

    done = fork_data(shop)

    assert done.returncode == 2
    assert (
        "'prompts/triage.j2' was changed in the fork and, since it left" in done.stderr
    )
    assert shop.git("status", "--porcelain", "--untracked-files=no") == ""


@pytest.mark.parametrize("commit", ["main", "abc", "--help", "a" * 39, "A" * 40, ""])
def test_only_a_full_id_is_taken_as_a_commit(
    shop: GitProject, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_promptopt.command import main

    monkeypatch.chdir(shop.path)

    if commit == "--help":
        with pytest.raises(SystemExit):
            main(["fork-data", commit])
    else:
        assert main(["fork-data", commit]) == 2


def test_a_commit_that_was_not_fetched_is_named_with_the_fetch(
    shop: GitProject,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from pytest_promptopt.command import main

    monkeypatch.chdir(shop.path)

    assert main(["fork-data", "ab" * 20]) == 2

    assert f"git fetch --no-tags origin {'ab' * 20}" in capsys.readouterr().err


def test_uncommitted_changes_stop_it(
    shop: GitProject,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from pytest_promptopt.command import main

    monkeypatch.chdir(shop.path)
    (shop.path / "README.md").write_text("Mine.\n")

    assert main(["fork-data", shop.git("rev-parse", "forked")]) == 2

    assert "changes that are not committed" in capsys.readouterr().err


def test_changes_are_those_since_the_branches_parted(shop: GitProject) -> None:
    shop.commit_files({"later.txt": "later", "README.md": "Moved on.\n"})

    found = {
        change.path: change
        for change in changes_of(shop.path, shop.git("rev-parse", "forked"))
    }

    assert "later.txt" not in found
    assert set(FORK) < set(found)
    assert found["prompts/late.j2"].kind == "link"
    assert found["prompts/gone.j2"].kind == "deleted"
    assert found["cases/triage.jsonl"].size == len(FORK["cases/triage.jsonl"])
    assert not any(change.also_here for change in found.values())


def test_a_change_of_very_many_files_is_refused(
    shop: GitProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = shop.git("rev-parse", "forked")
    monkeypatch.setattr(changes, "MOST_CHANGES", len(FORK) + 1)  # and one deleted

    with pytest.raises(SettingError, match=f"changes {len(FORK) + 2} files"):
        changes_of(shop.path, commit)


def change(path: str, **fields: object) -> FileChange:
    known = {"kind": "file", "object_id": "0" * 40, "size": 10, "also_here": False}
    return FileChange(path=path, **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "app.py",
        "prompts/triage.J2.PY",
        "prompts/Makefile",
        "conftest.py",
        "PyProject.toml",
        "pytest.toml",
        "tox.ini",
        "a/package.json",
        ".github/workflows/run.yml",
        "prompts/.hidden/triage.j2",
        ".git/config.txt",
        "tests/__prompt_baselines__/test_a/test_b.json",
        "tests/__Prompt_Baselines__/test_a/test_b.json",
        "prompts/a\nb.j2",
        "prompts/\u202etriage.j2",
        "prompts/\udce9.j2",
        "prompts\\triage.j2",
        "C:/prompts/triage.j2",
        "../triage.j2",
        "a//b.j2",
        f"{'a' * 400}.j2",
        "cases/triage.parquet",
    ],
)
def test_what_is_no_data_is_refused(path: str) -> None:
    assert fork_files.refusal(change(path))


@pytest.mark.parametrize(
    "path",
    [
        "prompts/triage.j2",
        "cases/tickets.jsonl",
        "p/größe 2.md",
        "prompts.yaml",
        "-x.txt",
    ],
)
def test_prompts_and_cases_may_be_taken(path: str) -> None:
    assert fork_files.refusal(change(path)) == ""


def test_links_submodules_and_large_files_are_refused() -> None:
    large = change("cases/a.jsonl", size=fork_files.MOST_BYTES + 1)

    assert fork_files.refusal(change("p.j2", kind="link")) == "a symbolic link"
    assert fork_files.refusal(change("p.j2", kind="submodule")) == "a submodule"
    assert fork_files.refusal(large) == "larger than 5 MiB"
    assert fork_files.refusal(change("a.j2", size=fork_files.MOST_BYTES)) == ""


def test_a_file_behind_a_link_of_the_base_is_not_written(tmp_path: Path) -> None:
    top = tmp_path.resolve() / "top"
    outside = tmp_path.resolve() / "outside"
    for folder in (top, outside):
        folder.mkdir()
    (top / "linked").symlink_to(outside)
    (top / "a.j2").symlink_to(outside / "a.j2")

    assert fork_files.leads_out(top, "linked/a.j2")
    assert fork_files.leads_out(top, "linked/new/a.j2")
    assert fork_files.leads_out(top, "a.j2")
    assert not fork_files.leads_out(top, "b/c/d.j2")


def test_a_file_that_one_test_hands_on_is_not_taken_for_another(tmp_path: Path) -> None:
    def named(*, handed_on: bool) -> NamedFile:
        return NamedFile(
            path=tmp_path / "a.j2", kind="prompt", test="t", handed_on=handed_on
        )

    tests = [named(handed_on=False), named(handed_on=True)]

    (chosen,) = choices([change("a.j2")], {"a.j2": ""}, {"a.j2": tests}, trusted=False)
    (trusted,) = choices([change("a.j2")], {"a.j2": ""}, {"a.j2": tests}, trusted=True)

    assert "hands the prompt to the application" in chosen.reason
    assert trusted.reason == ""


def test_names_of_files_stay_text_in_what_is_told() -> None:
    name = "a`|[x](http://e.example) @all <img src=x> ::error::.j2"
    chosen = [Choice(change=change(name), reason="code or configuration")]

    shown = note("ab" * 20, chosen)

    assert f"- **not covered**: {code(name)} (code or configuration)\n" in shown
    assert list(lines("ab" * 20, chosen))[-1].startswith(f"  {name!r}: ")


@pytest.mark.skipif(sys.platform != "linux", reason="takes any bytes as a name")
def test_a_name_that_is_no_text_is_told_too(shop: GitProject, tmp_path: Path) -> None:
    shop.git("switch", "--quiet", "--create", "odd")
    shop.write({"cases/triage.jsonl": CASE * 2})
    (shop.path / os.fsdecode(b"prompts/\xe9.j2")).write_text("Hm.\n")
    shop.commit()
    shop.git("tag", "oddity")
    shop.git("switch", "--quiet", "main")
    taken = tmp_path / "note.md"

    done = fork_data(shop, "--note", str(taken), commit="oddity")

    assert done.returncode == 0, done.stderr
    assert r"prompts/\udce9.j2" in taken.read_text("utf-8")


def test_of_very_many_files_some_are_shown() -> None:
    chosen = [
        Choice(change=change(f"{number}.py"), reason="code") for number in range(80)
    ]

    assert note("ab" * 20, chosen).endswith("- and 30 more files\n")
    assert list(lines("ab" * 20, chosen))[-1] == "  and 30 more files"
