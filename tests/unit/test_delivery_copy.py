"""The copy of a project: what it has, what is edited in it, what runs on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.errors import SettingError, SourceError
from pytest_promptopt.items.delivery.arm_texts import edits_for
from pytest_promptopt.items.delivery.project_copy import MOST_BYTES, ProjectCopy
from pytest_promptopt.items.delivery.project_files import project_files
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.records import Candidate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in (
        "app/run.py",
        "app/__pycache__/run.cpython-311.pyc",
        "prompts/sort.j2",
        ".venv/pyvenv.cfg",
        ".venv/lib/x.py",
        "node_modules/x/y.js",
        ".promptopt/cache.sqlite",
        ".github/ci.yml",
        "notes.txt",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Sort. {{ ticket }}\n")
    return root


@pytest.fixture
def copies() -> Iterator[list[ProjectCopy]]:
    made: list[ProjectCopy] = []
    yield made
    for copy in made:
        copy.remove()


def copied(root: Path, copies: list[ProjectCopy], *needed: Path) -> ProjectCopy:
    copies.append(ProjectCopy.make(root, pythonpath=[Path("app")], needed=needed))
    return copies[-1]


def names(tree: Path) -> set[str]:
    return {
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*")
        if path.is_symlink() or path.is_file()
    }


OWN = {"app/run.py", "prompts/sort.j2", ".github/ci.yml", "notes.txt"}


def test_without_git_all_but_caches_and_environments_is_copied(
    root: Path, copies: list[ProjectCopy]
) -> None:
    copy = copied(root, copies)

    assert names(copy.path) == OWN
    assert copy.path.name == "project"


def test_with_git_what_it_does_not_ignore_is_copied_and_the_prompt(
    root: Path, copies: list[ProjectCopy]
) -> None:
    project = GitProject(root)
    project.git("init", "--quiet")
    (root / ".gitignore").write_text("notes.txt\nprompts/\n.venv/\n")
    project.git("add", "app/run.py", ".github")
    (root / "new.txt").write_text("not tracked yet")
    (root / "gone.txt").write_text("")
    project.git("add", "gone.txt")
    (root / "gone.txt").unlink()

    copy = copied(root, copies, root / "prompts" / "sort.j2")

    node = {"node_modules/x/y.js"}  # this .gitignore does not name it
    own = {"app/run.py", "prompts/sort.j2", ".github/ci.yml", ".gitignore", "new.txt"}
    assert names(copy.path) == own | node
    assert not (copy.path / ".git").exists()


def test_links_lead_into_the_copy_or_to_what_they_led_to(
    root: Path, copies: list[ProjectCopy], tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("outside")
    (root / "link.j2").symlink_to("prompts/sort.j2")
    (root / "absolute.j2").symlink_to(root / "prompts" / "sort.j2")
    (root / "folder").symlink_to("prompts")
    (root / "out.txt").symlink_to("../outside.txt")
    (root / "nowhere").symlink_to("gone")
    (root / "modules").symlink_to("node_modules")

    copy = copied(root, copies)
    (copy.path / "prompts" / "sort.j2").write_text("New.")

    read = {
        name: (copy.path / name).read_text()
        for name in ("link.j2", "absolute.j2", "folder/sort.j2", "out.txt")
    }
    assert read == {
        "link.j2": "New.",
        "absolute.j2": "New.",
        "folder/sort.j2": "New.",
        "out.txt": "outside",
    }
    assert (copy.path / "nowhere").is_symlink()
    assert (copy.path / "modules" / "x" / "y.js").is_file()
    assert (root / "prompts" / "sort.j2").read_text() == "Sort. {{ ticket }}\n"


def test_large_files_are_linked_and_pipes_left_out(
    root: Path, copies: list[ProjectCopy]
) -> None:
    with (root / "large.bin").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    os.mkfifo(root / "pipe")

    copy = copied(root, copies)

    assert (copy.path / "large.bin").readlink() == root.resolve() / "large.bin"
    assert not (copy.path / "pipe").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_names_need_not_be_utf_8(root: Path, copies: list[ProjectCopy]) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    (root / name).write_text("x")
    project = GitProject(root)
    project.git("init", "--quiet")

    assert name in project_files(root)
    assert (copied(root, copies).path / name).read_text() == "x"


def test_modes_are_kept_and_read_only_folders_removed(
    root: Path, copies: list[ProjectCopy]
) -> None:
    (root / "app" / "run.py").chmod(0o755)
    copy = copied(root, copies)
    mode = (copy.path / "app" / "run.py").stat().st_mode & 0o777
    made = copy.path / "app" / "made"
    made.mkdir()
    (made / "file").touch()
    made.chmod(0o500)

    copy.remove()

    assert mode == 0o755
    assert not copy.folder.exists()


def test_a_project_that_cannot_be_copied_is_an_error(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()
    (root / "missing").mkdir()

    with pytest.raises(SettingError) as caught:
        ProjectCopy.make(root, pythonpath=[], needed=[root / "missing" / "gone.j2"])

    assert str(caught.value) == (
        f'deliver="file": {str(root)!r} cannot be copied: {root}/missing/gone.j2: '
        "No such file or directory\n  hint: make it readable, or have git ignore it; "
        "TMPDIR names the folder that copies are made in"
    )
    assert list((tmp_path / "copies").iterdir()) == []


def prompt_of(root: Path, key: str = "prompts/sort.j2") -> Prompt:
    return load_prompt({"": key}, roots=[root])


def rewritten(prompt: Prompt, text: str) -> Prompt:
    texts = dict.fromkeys(prompt.incumbent.texts, text)
    return prompt.replacing(Candidate(texts=texts))


@pytest.mark.parametrize(
    ("name", "key", "before", "after"),
    [
        (
            "prompts/sort.j2",
            "prompts/sort.j2",
            b"Sort.\r\n{{ ticket }}\r\n",
            b"New.\r\n{{ ticket }}\r\n",
        ),
        (
            "app/prompts.py",
            "app.prompts:SORT",
            b"# \xc3\xa9\nSORT = 'Sort. {{ ticket }}'  # here\n",
            b"# \xc3\xa9\nSORT = '''New.\n{{ ticket }}'''  # here\n",
        ),
        (
            "prompts.toml",
            "prompts.toml:sort",
            b"sort = 'Sort. {{ ticket }}'\nn = 1\n",
            b"sort = '''New.\n{{ ticket }}'''\nn = 1\n",
        ),
    ],
)
def test_a_text_is_written_byte_exactly_and_taken_back(
    root: Path,
    copies: list[ProjectCopy],
    name: str,
    key: str,
    before: bytes,
    after: bytes,
) -> None:
    (root / name).write_bytes(before)
    now = prompt_of(root, key)
    text = now.sources[0].text
    recorded = Prompt.from_snapshot(now.snapshot())
    end = "\n" if text.endswith("\n") else ""
    other = rewritten(recorded, f"New.\n{{{{ ticket }}}}{end}")
    copy = copied(root, copies)
    file = copy.path / name

    copy.hold(edits_for(now, other))
    held = file.read_bytes()
    copy.hold(edits_for(now, now))

    assert held == after
    assert file.read_bytes() == before == (root / name).read_bytes()


def test_python_does_not_run_old_byte_code(
    root: Path, copies: list[ProjectCopy]
) -> None:
    (root / "app" / "prompts.py").write_text("SORT = 'Sort 1.'\n")
    now = prompt_of(root, "app.prompts:SORT")
    copy = copied(root, copies)
    environment = {**copy.env, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-S", "-c", "import prompts; print(prompts.SORT)"]
    seen = []

    for arm in (now, rewritten(now, "Sort 2."), now):
        copy.hold(edits_for(now, arm))
        done = subprocess.run(
            command, env=environment, capture_output=True, check=True, text=True
        )
        seen.append(done.stdout.strip())

    assert seen == ["Sort 1.", "Sort 2.", "Sort 1."]


def test_the_environment_leads_into_the_copy(
    root: Path, copies: list[ProjectCopy], monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "src").mkdir()
    (root / "src" / "x.py").touch()
    (root / "lib").mkdir()
    (root / "lib" / "x.py").touch()
    monkeypatch.setattr(sys, "path", [str(root), str(root / "lib"), "/elsewhere"])
    monkeypatch.setenv("PYTHONPATH", "/of/the/user")

    copy = copied(root, copies)

    top = str(copy.path)
    assert copy.env["PYTHONPATH"].split(os.pathsep) == [
        top,
        f"{top}/app",
        f"{top}/src",
        f"{top}/lib",
        "/of/the/user",
    ]
    assert copy.env["PYTHONDONTWRITEBYTECODE"] == "1"


def test_a_renamed_prompt_is_put_where_it_is_now(root: Path) -> None:
    now = prompt_of(root)
    (root / "prompts" / "old.j2").write_text("Old. {{ ticket }}\n")
    old = Prompt.from_snapshot(prompt_of(root, "prompts/old.j2").snapshot())

    (edit,) = edits_for(now, old)

    assert (edit.path, edit.replacement) == (
        str(root / "prompts" / "sort.j2"),
        "Old. {{ ticket }}\n",
    )


def test_a_source_keeps_its_place_whatever_role_the_marker_gives_it(
    root: Path,
) -> None:
    (root / "a.j2").write_text("A {{ ticket }}")
    (root / "b.j2").write_text("B {{ ticket }}")
    (root / "c.j2").write_text("C {{ ticket }}")
    now = load_prompt({"system": "a.j2", "user": "b.j2"}, roots=[root])
    swapped = load_prompt({"system": "b.j2", "user": "a.j2"}, roots=[root])
    renamed = load_prompt({"system": "c.j2", "user": "b.j2"}, roots=[root])

    assert edits_for(now, swapped) == ()
    (edit,) = edits_for(now, renamed)
    assert (Path(edit.path).name, edit.replacement) == ("a.j2", "C {{ ticket }}")


def test_other_syntaxes_and_sources_are_refused(root: Path) -> None:
    now = prompt_of(root)
    (root / "a.j2").write_text("A")
    two = load_prompt({"system": "a.j2", "user": "prompts/sort.j2"}, roots=[root])
    literal = load_prompt({"": "prompts/sort.j2"}, roots=[root], syntax="literal")

    with pytest.raises(SettingError, match=r"is 'prompts/sort\.j2': the application"):
        edits_for(now, two)
    with pytest.raises(SettingError, match="written in literal and is in jinja"):
        edits_for(now, literal)


def test_an_edit_of_a_file_outside_the_project_is_an_error(
    root: Path, copies: list[ProjectCopy], tmp_path: Path
) -> None:
    (tmp_path / "far.j2").write_text("Far.")
    far = prompt_of(tmp_path, "far.j2")
    copy = copied(root, copies)

    with pytest.raises(SourceError, match="is not below pytest's root folder"):
        copy.hold(edits_for(far, rewritten(far, "New.")))
