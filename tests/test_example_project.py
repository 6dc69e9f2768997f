"""The example project: what the README's first command promises, end to end."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import run_within
from readme import ROOT, shows

EXAMPLE = ROOT / "example_project"
PROMPT_ITEMS = 3


@pytest.fixture
def repository(pytester: pytest.Pytester) -> Path:
    """Return a git repository with a copy of the example project in it."""
    ignored = shutil.ignore_patterns(".promptopt", "__pycache__", ".pytest_cache")
    shutil.copytree(EXAMPLE, pytester.path / "example_project", ignore=ignored)
    git(pytester.path, "init", "--quiet")
    return pytester.path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return run_within(pytester, "example_project", *arguments)


def run_as_a_user(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest with what is installed, but without the plugins of this suite."""
    names = ("anyio", "asyncio", "hypothesispytest", "randomly")
    plugins = [f"-pno:{name}" for name in names]
    return pytester.runpytest_subprocess(*plugins, "example_project", *arguments)


def summary(done: pytest.RunResult) -> list[str]:
    _, _, section = done.stdout.str().partition("= prompts =")
    return section.splitlines()


def test_the_example_is_optimised_and_the_diff_applies_from_root_and_folder(
    pytester: pytest.Pytester,
    repository: Path,
) -> None:
    done = run_as_a_user(pytester, "--optimize-prompts")

    assert done.ret == 0, done.stdout.str()
    assert shows("example: optimize", done.stdout.str()), done.stdout.str()
    diff = (repository / "promptopt.diff").read_text(encoding="utf-8")
    changed = re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)
    assert changed == [
        "example_project/prompts/order_system.j2",
        "example_project/prompts/triage.j2",
    ]
    assert "refused" in next(line for line in summary(done) if "30 hold-out" in line)
    git(repository / "example_project", "apply", "--check", "../promptopt.diff")
    git(repository, "apply", "--whitespace=nowarn", "promptopt.diff")

    after = run(pytester)

    assert after.ret == 0, after.stdout.str()
    better = [line for line in summary(after) if "pass (better)" in line]
    assert len(better) == 2


def test_an_untouched_example_costs_no_call(
    pytester: pytest.Pytester, repository: Path
) -> None:
    done = run(pytester)

    assert done.ret == 0, done.stdout.str()
    carried = [line.split() for line in summary(done) if "unchanged" in line]
    # The test that takes `prompt` and watches no file always runs.
    assert len(carried) == PROMPT_ITEMS - 1
    assert {calls for *_, calls in carried} == {"0"}


def test_a_damaged_prompt_fails_and_the_restored_one_passes_without_a_call(
    pytester: pytest.Pytester,
    repository: Path,
) -> None:
    path = repository / "example_project" / "prompts" / "triage.j2"
    before = path.read_text(encoding="utf-8")
    without_labels = re.sub(r" Labels: .*", "", before)
    assert without_labels != before
    path.write_text(without_labels, encoding="utf-8")
    damaged = run(pytester)
    path.write_text(before, encoding="utf-8")
    restored = run(pytester)

    assert damaged.ret == 1
    assert shows("example: damage", damaged.stdout.str()), damaged.stdout.str()
    assert "prompts/triage.j2: fail (worse)" in damaged.stdout.str()
    assert re.search(r"worse: t\d+ \(cases/triage.jsonl:\d+\)", damaged.stdout.str())
    assert "--promptopt-update-baseline" in damaged.stdout.str()
    assert restored.ret == 0
    row = next(line.split() for line in summary(restored) if "test_triage" in line)
    assert row[1:3] == ["pass", "(unchanged)"]
    assert row[-1] == "0"


def test_without_a_key_prompt_items_are_errors_and_all_others_run(
    pytester: pytest.Pytester,
    repository: Path,
) -> None:
    done = run(pytester, "-o", "promptopt_model=openai:gpt-5-mini")

    assert done.ret == 1
    assert re.search(rf"{PROMPT_ITEMS} failed, \d+ passed", done.stdout.str())
    assert done.stdout.str().count("OPENAI_API_KEY") == 1
    assert done.stdout.str().count(": error (provider)") >= PROMPT_ITEMS


def test_collection_needs_no_key(pytester: pytest.Pytester, repository: Path) -> None:
    done = run(
        pytester,
        "--collect-only",
        "-o",
        "promptopt_model=openai:gpt-5-mini",
    )

    assert done.ret == 0


def test_an_unreachable_endpoint_is_an_error_and_no_case_is_wrong(
    pytester: pytest.Pytester,
    repository: Path,
) -> None:
    config = repository / "example_project" / "pyproject.toml"
    table = '\n[tool.promptopt.providers.gone]\nbase_url = "http://127.0.0.1:9/v1"\n'
    config.write_text(config.read_text(encoding="utf-8") + table, encoding="utf-8")

    done = run(pytester, "-k", "tone", "-o", "promptopt_model=gone:x")

    assert done.ret == 1
    assert "cannot reach http://127.0.0.1:9/v1" in done.stdout.str()
    assert "no reply was scored as wrong" in done.stdout.str()


@pytest.fixture
def server() -> Iterator[str]:
    from pytest_promptopt.models.offline import OfflineServer

    with OfflineServer() as running:
        yield running.base_url


def recorded(pytester: pytest.Pytester, *arguments: str) -> dict[str, list[str]]:
    """Record baselines, and return the lines of their cases by file."""
    done = run(pytester, "--promptopt-update-baseline", *arguments)
    assert done.ret == 0, done.stdout.str()
    folder = pytester.path / "example_project" / "tests" / "__prompt_baselines__"
    return {
        path.name: [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if '"values"' in line
        ]
        for path in sorted(folder.rglob("*.json"))
    }


def test_the_real_client_over_a_socket_gives_exactly_the_same_scores(
    pytester: pytest.Pytester, repository: Path, server: str
) -> None:
    config = repository / "example_project" / "pyproject.toml"
    table = f'\n[tool.promptopt.providers.loop]\nbase_url = "{server}"\n'
    config.write_text(config.read_text(encoding="utf-8") + table, encoding="utf-8")

    in_process = recorded(pytester)
    over_http = recorded(pytester, "-o", "promptopt_model=loop:rules")

    assert len(in_process) == PROMPT_ITEMS
    assert min(map(len, in_process.values())) > 10
    assert over_http == in_process


def test_xdist_gives_the_same_verdicts(
    pytester: pytest.Pytester, repository: Path
) -> None:
    """That it also writes the same diff is tested on a smaller project."""
    path = repository / "example_project" / "prompts" / "triage.j2"
    path.write_text(path.read_text().replace("account, ", ""), encoding="utf-8")
    plain = run(pytester, "--promptopt-all")
    shutil.rmtree(repository / "example_project" / ".promptopt")

    spread = run(pytester, "-n2", "--promptopt-all")

    assert (plain.ret, spread.ret) == (1, 1)
    assert verdicts(spread) == verdicts(plain)


def verdicts(done: pytest.RunResult) -> list[str]:
    return [line for line in summary(done) if "offline:rules): " in line]
