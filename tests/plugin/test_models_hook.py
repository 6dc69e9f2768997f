"""Models that teams already have: the hook, its example, and docs/models.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import run_within

from pytest_promptopt import Completion
from pytest_promptopt.models import providers_from, resolve_model
from pytest_promptopt.models.offline.server import OfflineServer
from pytest_promptopt.tables import tables_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "models.md").read_text("utf-8")
BLOCKS = re.findall(r"<!-- (\w+): (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)

CASE = "cases=[{'ticket': 'Hello', 'expected': 'yes'}]"
TEST = (
    "import pytest\n"
    f"@pytest.mark.prompt('sort.j2', {CASE}, min_score=0.1)\n"
    "def test_sort(case, output): assert output == case.expected\n"
)
MODEL = """
from pathlib import Path
from pytest_promptopt import Completion

class Busy(Exception):
    retryable = True

class House:
    retries_itself = True
    def complete(self, request):
        note("asked")
        {answer}
    def close(self):
        note("closed")

def note(what):
    with Path("notes.txt").open("a") as notes:
        notes.write(what + "\\n")

def pytest_promptopt_model(config, name, role):
    return House() if name == "house:m" else None
"""


def house(pytester: pytest.Pytester, answer: str) -> tuple[pytest.RunResult, str]:
    """Run one prompt test with one case on a model of the project's own."""
    pytester.makeconftest(MODEL.format(answer=answer))
    pytester.makeini("[pytest]\npromptopt_model = house:m\n")
    pytester.makepyfile(test_sort=TEST)
    (pytester.path / "sort.j2").write_text("Sort: {{ ticket }}", encoding="utf-8")

    result = run_within(pytester)

    return result, (pytester.path / "notes.txt").read_text("utf-8")


def test_a_client_is_asked_and_then_closed(pytester: pytest.Pytester) -> None:
    result, notes = house(pytester, "return Completion(text='yes')")

    result.assert_outcomes(passed=1)
    assert notes == "asked\nclosed\n"


def test_an_exception_of_a_client_is_an_error_and_no_wrong_answer(
    pytester: pytest.Pytester,
) -> None:
    result, notes = house(pytester, "raise Busy('all lines')")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["sort.j2: error (provider)", "*model 'house:m' raised Busy: all lines*"]
    )
    assert notes == "asked\nclosed\n"


# ------------------------------------------------------------------ docs/models.md


def test_every_block_of_the_page_is_named() -> None:
    assert len(BLOCKS) == PAGE.count("\n```") // 2 >= 9


def test_the_page_shows_the_example_as_it_is() -> None:
    ((name, code),) = [(name, code) for kind, name, code in BLOCKS if kind == "file"]

    assert code == (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("name", [name for kind, name, _ in BLOCKS if kind == "toml"])
def test_the_tables_of_the_page_describe_models(name: str) -> None:
    text = next(text for _, found, text in BLOCKS if found == name)
    tables = tables_of(text, Path("pyproject.toml"))
    providers = providers_from(tables["providers"])
    named = re.findall(r'^promptopt_model = "(.+?)"', text, re.MULTILINE)

    for model in named or [f"{prefix}:m" for prefix in tables["providers"]]:
        assert resolve_model(model, providers=providers).name == model


def test_a_server_of_ones_own_answers_through_the_table_of_the_page(
    pytester: pytest.Pytester,
) -> None:
    text = next(text for _, found, text in BLOCKS if found == "local")
    prompt = "Answer yes or no. Reply with one word only.\n{{ ticket }}"
    (pytester.path / "sort.j2").write_text(prompt, encoding="utf-8")
    pytester.makepyfile(test_sort=TEST.replace("output ==", "output in 'yes no' or"))
    with OfflineServer() as server:
        text = text.replace("http://127.0.0.1:11434/v1", server.base_url)
        text = text.replace("qwen3:8b", "rules?slip=0")
        (pytester.path / "pyproject.toml").write_text(text, encoding="utf-8")

        result = run_within(pytester)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*(test_sort, local:rules[?]slip=0): pass*"])


def test_the_marker_of_the_page_can_be_written() -> None:
    for code in (code for kind, _, code in BLOCKS if kind == "python"):
        names: dict[str, object] = {}
        exec(code, names)

        assert names["test_triage"]


def test_the_page_names_what_a_completion_has() -> None:
    rows = re.findall(r"^\| (`\..+?) \|", PAGE, re.MULTILINE)
    named = re.findall(r"`\.(\w+)`", " ".join(rows))

    assert set(named) == {"json", "message", *Completion.__dataclass_fields__}
