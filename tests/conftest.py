"""What every test shares: pytester, no key, no CI variable, a small prompt project."""

from __future__ import annotations

import contextlib
import importlib
import json
import pkgutil
import shlex
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

import pytest_promptopt

if TYPE_CHECKING:
    from repositories import Repository

pytest_plugins = ["pytester"]
collect_ignore = ["company"]  # a repository with tests of its own

# Loaded once here, since pytester forgets after each run what a run imported. The
# client is left out: that a run does without it is what some tests look at.
for found in pkgutil.walk_packages(pytest_promptopt.__path__, "pytest_promptopt."):
    if not found.name.endswith(("__main__", "openai_client")):
        with contextlib.suppress(ModuleNotFoundError):  # an extra that is not there
            importlib.import_module(found.name)

# Of the laws that set no number themselves; --hypothesis-profile=default tries more.
# A deadline would only tell of a busy machine.
hypothesis.settings.register_profile("few", max_examples=40, deadline=None)
hypothesis.settings.load_profile("few")

# A run of a test loads our plugin and those whose options it takes, by entry point:
# every other one that is installed would cost each run, hypothesis a second.
OPTIONS_OF = {"-n": "xdist", "--reruns": "rerunfailures"}
SLOW_S = 60.0  # a run on a busy machine
VARIABLES = (
    "CI",
    "COLUMNS",
    "GITHUB_ACTIONS",
    "GITHUB_BASE_REF",
    "GITHUB_EVENT_NAME",
    "GITHUB_EVENT_PATH",
    "GITHUB_REF",
    "GITHUB_STEP_SUMMARY",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "PYTEST_ADDOPTS",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--data", metavar="FOLDER", help="Folder with evaluation data for extra tests"
    )
    parser.addoption(
        "--openapi",
        metavar="FILE",
        help="GitHub's OpenAPI description without references, for an extra test: "
        "generated/api.github.com.deref.json of the npm package @octokit/openapi",
    )
    parser.addoption(
        "--write-docs",
        action="store_true",
        help="Put what commands print now into the pages that show it",
    )


@pytest.fixture(autouse=True, scope="session")
def plain_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        yield


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


def plugins_of(arguments: tuple[str, ...]) -> list[str]:
    """Return the arguments that load our plugin and those that the others need."""
    needed = [
        plugin
        for option, plugin in OPTIONS_OF.items()
        if any(argument.startswith(option) for argument in arguments)
    ]
    return [part for name in ("promptopt", *needed) for part in ("-p", name)]


def run_within(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process, without this suite's warnings that are errors.

    Of the plugins that are installed only ours is loaded, and those that have an option
    among the arguments or are named by ``-p``.
    """
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("default")
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest(*plugins_of(arguments), "-W", "default", *arguments)


def run_beside(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in a process of its own, with plugins as in :func:`run_within`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess(*plugins_of(arguments), *arguments)


def debug_beside(pytester: pytest.Pytester, *arguments: str) -> Any:
    """Start pytest with ``--pdb`` in a terminal of pexpect's, with our plugin alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.spawn_pytest(
            shlex.join(["-p", "promptopt", "--pdb", *arguments]),
            expect_timeout=SLOW_S,
        )


def leave_debugger(child: Any) -> None:
    """End a debugger that has answered, and wait until its run is over.

    Before there is a prompt, the end of the input would get lost; and a run does not
    end before its report is read.
    """
    child.expect("Pdb")
    child.sendeof()
    child.read()
    child.wait()


def shown_in_terminal(pytester: pytest.Pytester, *arguments: str) -> str:
    """Return what a run writes to a terminal of pexpect's, with our plugin alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.setenv("TERM", "xterm")
        child = pytester.spawn_pytest(
            shlex.join(["-p", "promptopt", *arguments]), expect_timeout=SLOW_S
        )
    written: bytes = child.read()
    child.wait()
    return written.decode()


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
        settings = ["promptopt_model = scripted:skill", *lines]
        if not any(line.startswith("promptopt_strategy") for line in lines):
            settings.append("promptopt_strategy = opro")  # what the script answers
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
