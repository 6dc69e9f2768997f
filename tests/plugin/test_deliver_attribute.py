"""deliver="attribute": a Python constant is replaced while the application runs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from delivered import ATTRIBUTE, MODEL, Application

FILE_HINT = (
    '*hint: write deliver="file", which runs the application on an edited copy of the '
    "project"
)


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Application:
    monkeypatch.syspath_prepend(pytester.path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Application(pytester, ATTRIBUTE)


ALL_WAYS = """
import asyncio
import pytest
from shop.sorting import Sorter, sort

def prompt(**more):
    return pytest.mark.prompt(
        "shop.prompts:SORT", cases="cases.jsonl", deliver="attribute", **more
    )

@pytest.fixture(scope="module")
def sorter():
    return Sorter()

@prompt()
def test_plain(case):
    assert sort(case["ticket"]) == case.expected

@prompt(threads=4)
def test_threads(case):
    assert sort(case["ticket"]) == case.expected

@prompt()
async def test_async(case):
    await asyncio.sleep(0)
    assert sort(case["ticket"]) == case.expected

@prompt(scorer="exact")
def test_of_a_fixture(case, sorter):
    return sorter.sort(case["ticket"])

@prompt(watch=["shop/sorting.py"])
def test_watched(case):
    assert sort(case["ticket"]) == case.expected
"""


def test_both_arms_reach_the_application_and_its_runs_are_counted(
    shop: Application,
) -> None:
    shop.write("test_sort.py", ALL_WAYS)
    shop.record()

    unchanged = shop.run()
    shop.edit("Skill 20", "Skill 10")
    edited = shop.run()

    plain = ["test_async", "test_of_a_fixture", "test_plain", "test_threads"]
    unchanged.stdout.fnmatch_lines(
        [
            *(f"{name} *pass (same) * 100.0% *  20 runs" for name in plain),
            "test_watched *pass (unchanged) *  0",
            "note: an application that is run for a prompt test makes its own calls: "
            "they are not counted, not cached and have no budget",
        ]
    )
    edited.assert_outcomes(failed=5)
    edited.stdout.fnmatch_lines(
        [
            f"{name} *fail (worse) *50.0% *  120 runs"
            for name in [*plain, "test_watched"]
        ]
    )


def test_a_search_writes_a_proposal_for_the_constant(shop: Application) -> None:
    shop.write_cases(60)
    shop.edit("Skill 20", "Skill 30")

    result = shop.run("--optimize-prompts", "--promptopt-steps=3")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*search (opro, seed 0): proposed",
            "*it ended when *; * calls, * of them to the optimizer model scripted:x, * "
            "replayed from the cache, * runs of the application",
            "note: an application that is run for a prompt test *",
        ]
    )
    assert "runs of the application" in (shop.path / "promptopt.md").read_text()
    patch = ["git", "apply", "--whitespace=nowarn", "promptopt.diff"]
    subprocess.run(patch, cwd=shop.path, check=True)
    text = (shop.path / "shop" / "prompts.py").read_text()
    assert text.endswith('. {{ ticket }}"  # of 20\n')
    assert "Skill 30" not in text


def test_one_case_shows_what_the_application_returned(shop: Application) -> None:
    result = shop.run("--promptopt-case=c3")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "case c3  cases.jsonl:4",
            "--- nothing to show: the application makes its own calls",
            "--- score 1, expected 'w3'",
        ]
    )


def test_a_text_that_the_program_changes_is_refused_with_both(
    shop: Application,
) -> None:
    shop.edit(
        "from shop.prompts import SORT",
        "from shop import prompts\nprompts.SORT += ' Now.'\nSORT = prompts.SORT",
        "shop/sorting.py",
    )

    result = shop.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "  test_sort.py:5: shop.prompts:SORT is 'Skill 20. {{ ticket }} Now.' in "
            "the running program, and 'Skill 20. {{ ticket }}' in "
            f"{shop.path}/shop/prompts.py:2: what is put "
            "in its place would not be what the file makes of it",
            FILE_HINT,
        ]
    )


def test_a_prompt_that_stood_elsewhere_is_not_compared(shop: Application) -> None:
    shop.record()
    shop.write("shop/prompts.py", "A = 'Skill 20.'\nB = '{{ ticket }}'\n")
    shop.write(
        "shop/sorting.py",
        "from shop import prompts\nfrom shop.client import ask\ndef sort(ticket):\n"
        "    return ask(prompts.A + prompts.B.replace('{{ ticket }}', ticket))\n",
    )
    two = 'system="shop.prompts:A", user="shop.prompts:B"'
    shop.edit('"shop.prompts:SORT"', two, "test_sort.py")

    result = shop.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*inconclusive (other prompts): nothing was compared: the prompt was "
            "'shop.prompts:SORT' and is 'shop.prompts:A + shop.prompts:B': *"
            "record a new baseline with --promptopt-update-baseline*"
        ]
    )


REFUSED = """
import pytest

@pytest.mark.prompt("{source}", cases="cases.jsonl", deliver="{way}"{more})
def test_sort({names}):
    {body}
"""
HANDED = (
    "leave deliver= out, take 'prompt' and hand prompt.text or prompt.render(...) to "
    "the application"
)


def test_what_cannot_be_delivered_is_refused_when_tests_are_collected(
    shop: Application,
) -> None:
    shop.write("prompts/sort.j2", "Skill 20. {{ ticket }}")
    shop.write("prompts/sort.prompt", "Skill 20. {{ticket}}")
    constant = {"source": "shop.prompts:SORT", "more": "", "names": "case"}
    own = {**constant, "way": "attribute", "body": "assert case"}
    wrong = [
        {**own, "source": "prompts/sort.j2"},
        {**own, "way": "patch"},
        {**own, "names": "case, output"},
        {**own, "body": "...", "more": ", scorer='exact'"},
        {**own, "way": "file"},
        {**own, "way": "file", "names": "prompt", "source": "prompts/sort.prompt"},
    ]
    for at, values in enumerate(wrong):
        shop.write(f"test_{at}.py", REFUSED.format(**values))
    shop.write("test_sort.py", "")

    result = shop.run("--collect-only")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = [line.partition("test_sort: ")[2] for line in result.stdout.lines]
    hints = [line for line in result.stdout.lines if line.startswith("  hint: ")]
    assert list(zip(filter(None, told), hints, strict=False)) == [
        (
            'deliver="attribute" replaces a Python constant, and '
            "'prompts/sort.j2' is none",
            '  hint: write deliver="file", or name the constant: '
            '"myapp.prompts:TRIAGE"',
        ),
        (
            "prompt marker: deliver='patch' is none of argument, attribute, file",
            "  hint: use one of: argument, attribute, file",
        ),
        (
            "deliver='attribute', and the body takes 'output': the plugin makes no "
            "call, so there is no reply",
            "  hint: drop 'output' and call the application in the body",
        ),
        (
            "deliver='attribute', and the body is empty: nothing calls the application",
            "  hint: call it in the body, and assert something about its reply or "
            "return it",
        ),
        (
            "deliver=\"file\", and the body does not take 'prompt', which says where "
            "the edited copy of the project is",
            "  hint: take 'prompt' and run the application there: subprocess.run(..., "
            "cwd=prompt.tree, env=prompt.env)",
        ),
        (
            'deliver="file" writes the text into a copy of the project, and '
            "'prompts/sort.prompt' cannot be written: a Dotprompt file is read and "
            "never rewritten",
            f"  hint: {HANDED}",
        ),
    ]


def test_a_supplied_prompt_is_refused(shop: Application) -> None:
    shop.write(
        "conftest.py",
        MODEL + "from types import SimpleNamespace\n"
        "def pytest_promptopt_source(config, name):\n"
        "    return SimpleNamespace(text='Skill 20. {{ ticket }}')\n",
    )
    shop.edit("shop.prompts:SORT", "registry:sort", "test_sort.py")

    result = shop.run()

    result.stdout.fnmatch_lines(
        [
            '*deliver="attribute" replaces a Python constant, and '
            "'registry:sort' is none"
        ]
    )
