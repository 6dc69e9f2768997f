"""The same verdicts and files plain, with -n2, and without xdist."""

from __future__ import annotations

import pytest
from conftest import TEST, Project, run_beside

WAYS = {
    "n0": ("-n0",),
    "no xdist": ("-p", "no:xdist"),
    "no cacheprovider": ("-p", "no:cacheprovider"),
}

SECOND = TEST.replace("def test_sort", "def test_second").replace(
    '@pytest.mark.prompt("prompts/sort.j2"', '@pytest.mark.prompt("prompts/second.j2"'
)


@pytest.fixture
def two(project: Project) -> Project:
    project.write_test(TEST + SECOND + "\ndef test_ordinary(): pass\n")
    second = project.path / "prompts" / "second.j2"
    second.write_text("Skill 20! {{ ticket }}\n")
    return project


def verdicts(result: pytest.RunResult) -> list[str]:
    lines = [line for line in result.stdout.lines if line.startswith("prompts/")]
    return [line.partition("  [")[0] for line in lines if "scripted:skill" in line]


def shows_that_one_got_worse(result: pytest.RunResult) -> None:
    result.assert_outcomes(passed=2, failed=1)
    figures = f"20 cases, baseline 100.0% of {today(result)} (today),"
    assert verdicts(result) == [
        "prompts/second.j2 (test_second, scripted:skill): pass (unchanged): "
        f"100.0% [83.9, 100.0] of 20 cases, recorded {today(result)} (today), "
        "an edit must drop 15.0 points to be seen (limit 0.025)",
        "prompts/sort.j2 (test_sort, scripted:skill): fail (worse): "
        f"60.0% [38.7, 78.1] of {figures} -40.0 points, "
        "p < 0.0001 (limit 0.025), smallest drop it could show 15.0 points",
    ]


@pytest.mark.parametrize("way", WAYS)
def test_verdicts_are_the_same_however_the_suite_is_run(two: Project, way: str) -> None:
    two.record()
    two.write_prompt("Skill 12")

    shows_that_one_got_worse(two.run("-v", *WAYS[way]))


def test_verdicts_are_the_same_beside_every_plugin_that_is_installed(
    two: Project,
) -> None:
    two.record()
    two.write_prompt("Skill 12")

    result = two.pytester.runpytest_subprocess("-v", "-p", "no:randomly")

    shows_that_one_got_worse(result)


def today(result: pytest.RunResult) -> str:
    text = result.stdout.str()
    return text.partition("recorded ")[2][:10]


def test_two_workers_record_and_judge_as_one_process_does(two: Project) -> None:
    """Also hostile text survives the way from a worker."""
    conftest = (two.path / "conftest.py").read_text()
    two.pytester.makeconftest(
        conftest.replace('"nonsense"', 'chr(0xD800) + "\\x1b[31m\\x00::error::"')
    )
    recording = two.run("-n2", "--promptopt-update-baseline")
    two.write_prompt("Skill 12")

    result = two.run("-v", "-n2")

    shows_that_one_got_worse(result)
    assert "\x1b[31m\x00" not in result.stdout.str()
    assert not [line for line in result.stdout.lines if line.startswith("::")]
    shows_that_both_are_recorded(two, recording)


def test_one_process_records_what_workers_record(two: Project) -> None:
    shows_that_both_are_recorded(two, two.run("--promptopt-update-baseline"))


def shows_that_both_are_recorded(two: Project, result: pytest.RunResult) -> None:
    assert result.ret == 0
    folder = two.path / "__prompt_baselines__" / "test_sort"
    assert sorted(path.name for path in folder.iterdir()) == [
        "test_second.json",
        "test_sort.json",
    ]
    said = [e for e in result.stdout.lines if e.startswith("baselines to record: ")]
    assert said[0].startswith("baselines to record: 2 prompt tests, 120 calls")


def test_a_random_order_changes_nothing(two: Project) -> None:
    two.record()
    two.write_prompt("Skill 12")

    result = run_beside(two.pytester, "-p", "randomly", "-p", "xdist")

    result.assert_outcomes(passed=2, failed=1)


def test_nothing_is_in_flight_while_an_ordinary_test_runs(project: Project) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(
        conftest.replace(
            "    text = request.messages[-1].content\n",
            "    import time, builtins\n"
            "    builtins.flying = getattr(builtins, 'flying', 0) + 1\n"
            "    time.sleep(0.01)\n"
            "    builtins.flying -= 1\n"
            "    text = request.messages[-1].content\n",
        )
    )
    ordinary = (
        "\nimport builtins, pytest\n"
        "def test_between():\n    assert getattr(builtins, 'flying', 0) == 0\n"
    )
    skipping = "@pytest.fixture\ndef never(): pytest.skip('no')\n" + TEST.replace(
        "def test_sort(case, output)", "def test_x(case, output, never)"
    ).replace("import pytest", "").replace("prompts/sort.j2", "prompts/second.j2")
    (project.path / "prompts" / "second.j2").write_text("Skill 20! {{ ticket }}\n")
    project.write_test(TEST + skipping + ordinary + TEST.replace("sort(", "last("))

    result = project.run()

    result.assert_outcomes(passed=3, skipped=1, warnings=2)
