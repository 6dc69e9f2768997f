"""What every test shares: pytester, no key, no CI variable, a small prompt project."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Loaded once here, since pytester forgets after each run what a run imported.
import pytest_promptopt.controller
import pytest_promptopt.items.searching
import pytest_promptopt.models.cache
import pytest_promptopt.models.offline
import pytest_promptopt.session  # noqa: F401

if TYPE_CHECKING:
    from repositories import Repository

pytest_plugins = ["pytester"]

# Hypothesis would be imported anew by the summary of every run within the run.
# A run within the run would inherit that warnings are errors here.
OTHERS = ("randomly", "hypothesispytest", "asyncio")
QUIET = (*(f"-pno:{name}" for name in OTHERS), "-W", "default")
VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_BASE_REF",
    "GITHUB_EVENT_NAME",
    "GITHUB_EVENT_PATH",
    "GITHUB_REF",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "PYTEST_ADDOPTS",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--data", metavar="FOLDER", help="Folder with evaluation data for extra tests"
    )


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


CONFTEST = '''
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    """Say what the ticket asks to be said, as far as the prompt is any good.

    "Skill N" in the prompt makes every case with a number below N come out right.
    """
    text = request.messages[-1].content
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) < skill else "nonsense"

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL if name == "scripted:skill" else None

def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        print("requests:", len(MODEL.requests))
'''

TEST = """
import pytest

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl")
def test_sort(case, output):
    assert output == case.expected
"""


def run_within(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process, without this suite's warnings that are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return pytester.runpytest(*QUIET, *arguments)


class Project:
    """A project with one prompt test, whose model is as good as its prompt says."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        pytester.makeconftest(CONFTEST)
        self.write_ini()
        self.write_test(TEST)
        self.write_cases(20)
        self.write_prompt("Skill 20")

    def write_prompt(self, text: str) -> None:
        path = self.path / "prompts" / "sort.j2"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}. {{{{ ticket }}}}\n", encoding="utf-8")

    def write_cases(self, number: int, **fields: Any) -> None:
        rows = [
            {
                "id": f"c{index}",
                "ticket": f"Case {index}: say w{index}",
                "expected": f"w{index}",
                **fields,
            }
            for index in range(number)
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.path / "cases.jsonl").write_text(text, encoding="utf-8")

    def write_ini(self, *lines: str) -> None:
        settings = [
            "promptopt_model = scripted:skill",
            *lines,
        ]
        self.pytester.makeini("\n".join(["[pytest]", *settings, ""]))

    def write_test(self, source: str) -> None:
        (self.path / "test_sort.py").write_text(source, encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        return run_within(self.pytester, *arguments)

    def record(self) -> None:
        result = self.run("--promptopt-update-baseline")
        assert result.ret == 0


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the first repository of this process is copied to."""
    return tmp_path_factory.mktemp("made") / "repository"


@pytest.fixture
def repository(project: Project, made: Path) -> Repository:
    """A pull request that has not changed anything yet."""
    from repositories import Repository

    if made.exists():
        return Repository(project, made)
    repository = Repository(project)
    shutil.copytree(repository.path, made)
    return repository
