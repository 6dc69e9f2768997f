"""Async bodies: with pytest-asyncio, with anyio on both backends, with nobody."""

from __future__ import annotations

import anyio.pytest_plugin  # noqa: F401 - else each run would load it anew
import pytest
import pytest_asyncio  # noqa: F401
from conftest import CONFTEST, Project

ASYNCIO = ("-p", "asyncio")
ANYIO = ("-p", "anyio")
BODY = """
async def test_sort(case, output):
    await {sleep}(0)
    assert output == case.expected
"""
HEAD = """
import asyncio, anyio, pytest
{mark}
@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", min_score=0.5)
"""


def run(project: Project, *arguments: str) -> pytest.RunResult:
    project.write_ini("asyncio_default_fixture_loop_scope = function")
    return project.run(*arguments)


def test_a_coroutine_that_nobody_owns_gets_a_loop(project: Project) -> None:
    project.write_prompt("Skill 15")
    project.write_test(HEAD.format(mark="") + BODY.format(sleep="asyncio.sleep"))

    result = run(project, "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*: 75.0% *"])


def test_a_coroutine_that_nobody_owns_gets_its_ordinary_arguments(
    project: Project,
) -> None:
    project.write_prompt("Skill 15")
    project.write_test(
        "import asyncio, pytest\n"
        "@pytest.fixture\n"
        "def shop(): return 'shop'\n"
        "@pytest.fixture(autouse=True)\n"
        "def spare(): return 'not given, since it has a default'\n"
        "class TestShop:\n"
        "    name = 'TestShop'\n"
        "    @pytest.mark.parametrize('size', [1, 2])\n"
        "    @pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl',"
        " min_score=0.5)\n"
        "    async def test_sort("
        "self, case, shop, size, output, request, spare=None):\n"
        "        await asyncio.sleep(0)\n"
        "        assert (self.name, shop, spare) == ('TestShop', 'shop', None)\n"
        "        assert request.node.callspec.params['size'] == size\n"
        "        assert output == case.expected\n"
    )

    result = run(project, "-rA")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_sort?1?*: 75.0% *", "*test_sort?2?*: 75.0% *"])


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_pytest_asyncio_runs_the_bodies_on_its_loop(
    project: Project, mode: str
) -> None:
    project.write_prompt("Skill 15")
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    project.write_test(
        "import asyncio, pytest, pytest_asyncio\n"
        "@pytest_asyncio.fixture\n"
        "async def loop_id():\n    return id(asyncio.get_running_loop())\n"
        f"{mark}\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.5)\n"
        "async def test_sort(case, output, loop_id):\n"
        "    await asyncio.sleep(0)\n"
        "    assert id(asyncio.get_running_loop()) == loop_id\n"
        "    assert output == case.expected\n"
        f"{mark}\n"
        "async def test_ordinary(): await asyncio.sleep(0)\n"
    )

    result = run(project, *ASYNCIO, "--asyncio-mode", mode, "-rA")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*: 75.0% *"])


def test_async_bodies_run_concurrently(project: Project) -> None:
    project.write_test(
        "import asyncio, pytest\n"
        "met = []\n"
        "@pytest.mark.asyncio\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.5)\n"
        "async def test_sort(case, output):\n"
        "    met.append(case.id)\n"
        "    while len(met) < 20: await asyncio.sleep(0)\n"
        "    assert output == case.expected\n"
    )

    run(project, *ASYNCIO).assert_outcomes(passed=1)


def test_anyio_runs_the_bodies_on_both_backends(project: Project) -> None:
    pytest.importorskip("trio")
    project.write_prompt("Skill 15")
    project.write_test(
        HEAD.format(mark="@pytest.mark.anyio") + BODY.format(sleep="anyio.sleep")
    )

    result = run(project, *ANYIO, "-rA")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*(test_sort?asyncio?*: 75.0% *", "*(test_sort?trio?*: 75.0% *"]
    )


def test_a_live_handle_works_in_an_async_body(project: Project) -> None:
    project.write_prompt("Skill 15")
    project.write_test(
        "import asyncio, pytest\n"
        "@pytest.mark.asyncio\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.5)\n"
        "async def test_sort(case, prompt):\n"
        "    await asyncio.sleep(0)\n"
        "    reply = prompt.complete(ticket=case['ticket'])\n"
        "    assert reply.text == case.expected\n"
    )

    result = run(project, *ASYNCIO, "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*: 75.0% *"])


def test_a_slow_reply_does_not_use_up_the_deadline_of_another_body(
    project: Project,
) -> None:
    project.pytester.makeconftest(
        CONFTEST.replace(
            "    text = request.messages[-1].content\n",
            "    text = request.messages[-1].content\n"
            "    if 'Case 7:' in text: __import__('time').sleep(0.6)\n",
        )
    )
    project.write_test(
        "import asyncio, pytest\n"
        "@pytest.mark.asyncio\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.99)\n"
        "async def test_sort(case, output):\n"
        "    await asyncio.wait_for(asyncio.sleep(0.02), timeout=0.3)\n"
        "    assert output == case.expected\n"
    )

    result = run(project, *ASYNCIO, "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*: 100.0% *"])


def test_a_fault_ends_the_other_bodies_before_the_next_test(project: Project) -> None:
    project.write_test(
        "import asyncio, pytest\n"
        "late = []\n"
        "@pytest.mark.asyncio(loop_scope='module')\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.5)\n"
        "async def test_sort(case, prompt):\n"
        "    if case.id != 'c0':\n"
        "        await asyncio.sleep(0.05)\n"
        "        late.append(case.id)\n"
        "    assert case\n"
        "@pytest.mark.asyncio(loop_scope='module')\n"
        "async def test_ordinary():\n"
        "    await asyncio.sleep(0.1)\n"
        "    assert late == []\n"
    )

    result = run(project, *ASYNCIO)

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*takes 'prompt' but never uses it"])


def test_a_fault_on_trio_is_told_like_any_other(project: Project) -> None:
    pytest.importorskip("trio")
    project.write_test(
        HEAD.format(mark="@pytest.mark.anyio")
        + "async def test_sort(case, prompt):\n    assert case\n"
    )

    result = run(project, *ANYIO)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*takes 'prompt' but never uses it"])
    result.stdout.no_fnmatch_line("*ExceptionGroup*")
