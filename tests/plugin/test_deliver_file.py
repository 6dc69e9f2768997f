"""deliver="file": the application runs on a copy of the project."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from pathlib import Path

import pytest
from delivered import Application

BODY = """
import pytest
from shop.client import ask

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", deliver="file"{more})
{header}
    text = (prompt.tree / "prompts" / "sort.j2").read_text()
    tail = (prompt.tree / "prompts" / "tail.j2").read_text()
    text = text.replace("{{% include 'tail.j2' %}}", tail)
    assert ask(text.replace("{{{{ ticket }}}}", case["ticket"])) == case.expected
"""
PLAIN = BODY.format(more="", header="def test_sort(case, prompt):")
WAYS = [
    PLAIN,
    BODY.format(more=", threads=3", header="def test_sort(case, prompt):"),
    BODY.format(more="", header="async def test_sort(case, prompt):"),
]
PROCESS = """
import subprocess, sys
import pytest

@pytest.mark.prompt(
    "shop.prompts:SORT", cases="cases.jsonl", deliver="file", scorer="exact"
)
def test_sort(case, prompt):
    command = [sys.executable, "-S", "-c", "from shop.sorting import sort; import sys;"
               "import shop; print(shop.__file__, file=sys.stderr);"
               "print(sort(sys.argv[1]), end='')", case["ticket"]]
    done = subprocess.run(command, cwd=prompt.tree, env=prompt.env, check=True,
                          capture_output=True, text=True)
    assert done.stderr.strip() == str(prompt.tree / "shop" / "__init__.py")
    assert not list(prompt.tree.rglob("__pycache__"))
    return done.stdout
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where copies are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def shop(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> Application:
    monkeypatch.syspath_prepend(pytester.path)
    shop = Application(pytester, PLAIN)
    shop.write("prompts/sort.j2", "Skill 20.{% include 'tail.j2' %}")
    shop.write("prompts/tail.j2", " {{ ticket }}")
    return shop


def test_both_arms_are_written_into_one_copy_that_is_removed(
    shop: Application, temporary: Path
) -> None:
    for at, body in enumerate(WAYS):
        shop.write(f"test_{at}.py", body)
    shop.record()
    shop.write("prompts/sort.j2", "Skill 10.{% include 'tail.j2' %}")

    result = shop.run()

    result.assert_outcomes(failed=4)
    row = "test_*st_sort *fail (worse) * 50.0% * 120 runs"
    result.stdout.fnmatch_lines([row] * 4)
    assert list(temporary.iterdir()) == []


def test_an_include_of_the_baseline_is_written_too(shop: Application) -> None:
    shop.record()
    shop.write("prompts/tail.j2", " {{ ticket }} Skill 20")
    shop.write("prompts/sort.j2", "{% include 'tail.j2' %} Be good: Skill 10.")
    shop.edit('re.search(r"Skill', 're.search(r".*Skill', "shop/client.py")

    result = shop.run()

    result.stdout.fnmatch_lines(["*: 50.0% against the baseline's 100.0% (20 cases*"])


def test_a_process_runs_on_the_copy(shop: Application, temporary: Path) -> None:
    shop.write("test_sort.py", PROCESS)

    result = shop.run("--promptopt-case=c3")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["--- returned", "w3", "--- score 1, expected 'w3'"])
    assert list(temporary.iterdir()) == []


def test_a_search_runs_the_application_on_candidates(shop: Application) -> None:
    shop.write_cases(60)
    shop.write("prompts/sort.j2", "Skill 30. {{ ticket }}\r\n")

    result = shop.run("--optimize-prompts", "--promptopt-steps=3")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*search (opro, seed 0): proposed"])
    patch = ["git", "apply", "--whitespace=nowarn", "promptopt.diff"]
    subprocess.run(patch, cwd=shop.path, check=True)
    assert (shop.path / "prompts" / "sort.j2").read_bytes().endswith(b"ticket }}\r\n")


@pytest.mark.parametrize("ending", ["KeyboardInterrupt", "OSError"])
def test_the_copy_is_removed_whatever_ends_the_run(
    shop: Application, temporary: Path, ending: str
) -> None:
    shop.write("test_sort.py", f"{PLAIN}    raise {ending}\n")

    with contextlib.suppress(KeyboardInterrupt):  # pytester raises it again
        shop.run()

    assert list(temporary.iterdir()) == []


def test_a_body_that_does_not_run_the_application_there_is_an_error(
    shop: Application,
) -> None:
    head, _, _ = PLAIN.partition("    text = (")
    shop.write("test_sort.py", f"{head}    assert prompt.text and prompt.env")

    result = shop.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*deliver=\"file\", and the body never uses 'prompt.tree'",
            "*hint: run the application there, with subprocess.run(..., "
            "cwd=prompt.tree, env=prompt.env), else every prompt gets the same score",
        ]
    )


def test_the_copy_is_there_for_no_other_way(shop: Application) -> None:
    shop.edit(', deliver="file"', "", "test_sort.py")

    result = shop.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ['*prompt.tree needs deliver="file", which copies the project*']
    )


def test_an_include_that_is_in_no_file_any_more_is_not_compared(
    shop: Application,
) -> None:
    shop.record()
    shop.write("prompts/sort.j2", "Skill 20. {{ ticket }}")
    (shop.path / "prompts" / "tail.j2").unlink()

    result = shop.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*inconclusive (other prompts): nothing was compared: prompts/sort.j2 "
            "included 'tail.j2', which is in no file any more: *"
        ]
    )
