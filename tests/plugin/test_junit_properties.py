"""Figures of prompt tests in JUnit files: where each family's schema has them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from conftest import Project

XUNIT1 = ("-o", "junit_family=xunit1")
WAYS = {"plain": (), "n2": ("-n2",), "no xdist": ("-p", "no:xdist")}
NAMES = ["verdict", "cause", "accuracy", "baseline", "change", "p", "calls", "cost"]


@pytest.fixture
def worse(project: Project) -> Project:
    """A project with an ordinary test and a prompt that got worse."""
    test = (project.path / "test_sort.py").read_text()
    project.write_test(f"{test}\ndef test_ordinary(): pass\n")
    project.record()
    project.write_prompt("Skill 12")
    return project


def properties_of(element: ET.Element | None) -> dict[str, str]:
    found = element.findall("properties/property") if element is not None else []
    return {each.attrib["name"]: each.attrib["value"] for each in found}


def read(path: Path) -> ET.Element:
    return ET.fromstring(path.read_text("utf-8"))


@pytest.mark.parametrize("way", WAYS)
def test_xunit1_has_them_in_the_test_case(worse: Project, way: str) -> None:
    worse.run("--junitxml=j.xml", *XUNIT1, *WAYS[way])

    tree = read(worse.path / "j.xml")
    told = properties_of(tree.find(".//testcase[@name='test_sort']"))
    assert told == {
        "promptopt.verdict": "fail",
        "promptopt.cause": "worse",
        "promptopt.accuracy": "0.6",
        "promptopt.baseline": "1",
        "promptopt.change": "-0.4",
        "promptopt.p": told["promptopt.p"],
        "promptopt.calls": "120",
        "promptopt.cost": "0",
    }
    assert 0 < float(told["promptopt.p"]) < 0.001
    assert not properties_of(tree.find(".//testcase[@name='test_ordinary']"))


@pytest.mark.parametrize("way", WAYS)
def test_xunit2_has_them_in_the_suite_where_its_schema_allows_them(
    worse: Project, way: str
) -> None:
    worse.run("--junitxml=j.xml", *WAYS[way])

    tree = read(worse.path / "j.xml")
    assert not tree.findall(".//testcase/properties")
    told = properties_of(tree.find("testsuite"))
    assert set(told) == {f"promptopt.{name}[test_sort.py::test_sort]" for name in NAMES}
    assert told["promptopt.verdict[test_sort.py::test_sort]"] == "fail"


def test_other_plugins_get_them_without_a_junit_file(project: Project) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(
        f"{conftest}\n"
        "def pytest_runtest_logreport(report):\n"
        "    if report.when != 'setup': print(report.when, report.user_properties)\n"
    )

    result = project.run("-s")

    told = "('promptopt.verdict', 'inconclusive'), ('promptopt.cause', 'no baseline')"
    result.stdout.fnmatch_lines([f"*call*{told}*", f"teardown*{told}*"])


def test_a_rerun_leaves_one_set_of_them(worse: Project) -> None:
    worse.run("--reruns=1", "--junitxml=j.xml", *XUNIT1)

    tree = read(worse.path / "j.xml")
    for case in tree.findall(".//testcase[@name='test_sort']"):
        names = [each.attrib["name"] for each in case.findall("properties/property")]
        assert len(names) == len(set(names))


def test_hostile_data_makes_no_file_that_cannot_be_read(worse: Project) -> None:
    conftest = (worse.path / "conftest.py").read_text()
    worse.pytester.makeconftest(
        conftest.replace('"nonsense"', r'"</testcase>\x1b[31m\x00]]>&\ud800\uffff"')
    )

    worse.run("--junitxml=j.xml", *XUNIT1)

    tree = read(worse.path / "j.xml")
    assert len(tree.findall(".//testcase")) == 2
    text = (worse.path / "j.xml").read_text("utf-8")
    assert all(character.isprintable() or character == "\n" for character in text)
