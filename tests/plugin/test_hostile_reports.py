"""Hostile cases, replies, prompts, ids and file names, through a whole run."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from conftest import CONFTEST, Project
from github_markdown import fences_close, structure_of_data

from pytest_promptopt.report.comment import MARK

EVIL = (
    "</td><script>alert(1)</script>![i](https://evil.example/x) [l](//evil.example) "
    "@octocat fixes #12 <!-- hidden --> `|` ``` \\x1b[31m\\x07\\u202e\\u200b\\ud800 "
    "\\n::error::x\\n##[error]y\\n"
)
NAME = "a'b\"<i>&@octo`|#1.j2"
TEST = """
import pytest

@pytest.mark.parametrize("kind", ["::error::x", "<b>@octocat", "a|b`c", "https://x.y"])
@pytest.mark.prompt({name!r}, cases="cases.jsonl")
def test_sort(case, output, kind):
    assert output == case.expected, "{evil}"
"""

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there no file can have such a name"
)


@pytest.fixture
def evil(project: Project) -> Project:
    """A project whose prompt got worse, and in which everything is hostile."""
    project.pytester.makeconftest(CONFTEST.replace('"nonsense"', f'"{EVIL}"'))
    project.write_test(TEST.format(name=f"prompts/{NAME}", evil=EVIL))
    prompt = project.path / "prompts" / NAME
    prompt.write_text("Skill 20. {{ ticket }}\n")
    text = EVIL.encode().decode("unicode_escape").replace("\ud800", "")
    printable = "".join(filter(str.isprintable, text)).strip()  # as ids must be
    rows = [
        {
            "id": f"c{index} {printable}",
            "ticket": f"Case {index}: say w{index} {text}",
            "expected": f"w{index}",
            "tags": [printable],
            "must_pass": index == 19,
        }
        for index in range(20)
    ]
    (project.path / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)))
    project.record()
    prompt.write_text(f"Skill 12. <img src=x onerror=a()> {EVIL} {{{{ ticket }}}}\n")
    return project


@pytest.mark.parametrize("way", [(), ("-n2",)], ids=["plain", "n2"])
def test_nothing_of_data_steers_a_reader(
    evil: Project, monkeypatch: pytest.MonkeyPatch, way: tuple[str, ...]
) -> None:
    summary = evil.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    result = evil.run(
        *("--promptopt-report=md:r.md", "--promptopt-report=json:r.json"),
        *("--junitxml=j.xml", "-ra", "-o", "promptopt_show_data=full", *way),
    )

    assert result.ret == 1
    told = json.loads((evil.path / "r.json").read_text("ascii"))
    assert [one["verdict"]["outcome"] for one in told["tests"]] == ["fail"] * 4
    for path in (evil.path / "r.md", summary):
        text = path.read_text("utf-8")
        assert structure_of_data(text) == []
        assert fences_close(text)
        assert text.count(MARK) == 1
        assert text.count("\n### ") == 4
    assert ET.parse(evil.path / "j.xml").findall(".//property")
    check_log(result.stdout.str())


def check_log(text: str) -> None:
    """Hold a log against what steers a terminal or a runner."""
    assert all(character.isprintable() or character in "\n\t" for character in text)
    ours = re.compile(r"::(error|warning)( [^:]*)?::[^\n]*")
    for line in text.splitlines():
        if line.lstrip().startswith("::"):
            assert ours.fullmatch(line), line
        assert "##[" not in line


def test_the_log_of_a_report_outside_of_its_folder_names_it_whole(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside: Path = tmp_path_factory.mktemp("out") / "a b'c.md"

    result = project.run(f"--promptopt-report=md:{outside}")

    assert f"written: {outside}" in result.stdout.lines
