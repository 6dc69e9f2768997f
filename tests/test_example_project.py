"""The example project: what the README's first command promises, end to end."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from readme import ROOT, shows

EXAMPLE = ROOT / "example_project"
PROMPT_ITEMS = 3


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a git repository with a copy of the example project in it."""
    ignored = shutil.ignore_patterns(".promptopt", "__pycache__", ".pytest_cache")
    shutil.copytree(EXAMPLE, tmp_path / "example_project", ignore=ignored)
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user would, without the plugins of this suite."""
    plugins = [f"-pno:{name}" for name in ("asyncio", "hypothesispytest", "randomly")]
    command = [sys.executable, "-m", "pytest", *plugins, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )


def summary(done: subprocess.CompletedProcess[str]) -> list[str]:
    _, _, section = done.stdout.partition("= prompts =")
    return section.splitlines()


def test_the_example_is_optimised_and_the_diff_applies_from_root_and_folder(
    repository: Path,
) -> None:
    done = run(repository, "example_project", "--optimize-prompts")

    assert done.returncode == 0, done.stdout
    assert shows("example: optimize", done.stdout), done.stdout
    diff = (repository / "promptopt.diff").read_text(encoding="utf-8")
    changed = re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)
    assert changed == [
        "example_project/prompts/order_system.j2",
        "example_project/prompts/triage.j2",
    ]
    assert "refused" in next(line for line in summary(done) if "30 hold-out" in line)
    git(repository / "example_project", "apply", "--check", "../promptopt.diff")
    git(repository, "apply", "--whitespace=nowarn", "promptopt.diff")

    after = run(repository, "example_project")

    assert after.returncode == 0, after.stdout
    better = [line for line in summary(after) if "pass (better)" in line]
    assert len(better) == 2


def test_an_untouched_example_costs_no_call(repository: Path) -> None:
    done = run(repository, "example_project")

    assert done.returncode == 0, done.stdout
    carried = [line for line in summary(done) if "unchanged" in line]
    # The test that takes `prompt` and watches no file always runs.
    assert len(carried) == PROMPT_ITEMS - 1
    assert all("[0 calls]" in line for line in carried)


def test_a_damaged_prompt_fails_and_the_restored_one_passes_without_a_call(
    repository: Path,
) -> None:
    path = repository / "example_project" / "prompts" / "triage.j2"
    before = path.read_text(encoding="utf-8")
    without_labels = re.sub(r" Labels: .*", "", before)
    assert without_labels != before
    path.write_text(without_labels, encoding="utf-8")
    damaged = run(repository, "example_project")
    path.write_text(before, encoding="utf-8")
    restored = run(repository, "example_project")

    assert damaged.returncode == 1
    assert shows("example: damage", damaged.stdout), damaged.stdout
    assert "prompts/triage.j2: fail (worse)" in damaged.stdout
    assert re.search(r"worse: t\d+ \(cases/triage.jsonl:\d+\)", damaged.stdout)
    assert "--promptopt-update-baseline" in damaged.stdout
    assert restored.returncode == 0
    line = next(line for line in summary(restored) if "triage.j2" in line)
    assert "[0 calls]" in line


def test_without_a_key_prompt_items_are_errors_and_all_others_run(
    repository: Path,
) -> None:
    done = run(repository, "example_project", "-o", "promptopt_model=openai:gpt-5-mini")

    assert done.returncode == 1
    assert re.search(rf"{PROMPT_ITEMS} failed, \d+ passed", done.stdout)
    assert done.stdout.count("OPENAI_API_KEY") == 1
    assert done.stdout.count(": error (provider)") >= PROMPT_ITEMS


def test_collection_needs_no_key(repository: Path) -> None:
    done = run(
        repository,
        "example_project",
        "--collect-only",
        "-o",
        "promptopt_model=openai:gpt-5-mini",
    )

    assert done.returncode == 0


def test_an_unreachable_endpoint_is_an_error_and_no_case_is_wrong(
    repository: Path,
) -> None:
    config = repository / "example_project" / "pyproject.toml"
    table = '\n[tool.promptopt.providers.gone]\nbase_url = "http://127.0.0.1:9/v1"\n'
    config.write_text(config.read_text(encoding="utf-8") + table, encoding="utf-8")

    done = run(
        repository, "example_project", "-k", "tone", "-o", "promptopt_model=gone:x"
    )

    assert done.returncode == 1
    assert "cannot reach http://127.0.0.1:9/v1" in done.stdout
    assert "no reply was scored as wrong" in done.stdout


@pytest.fixture
def server() -> Iterator[str]:
    from pytest_promptopt.models.offline import OfflineServer

    with OfflineServer() as running:
        yield running.base_url


def recorded(repository: Path, *arguments: str) -> dict[str, list[str]]:
    """Record baselines, and return the lines of their cases by file."""
    done = run(repository, "example_project", "--promptopt-update-baseline", *arguments)
    assert done.returncode == 0, done.stdout
    folder = repository / "example_project" / "tests" / "__prompt_baselines__"
    return {
        path.name: [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if '"values"' in line
        ]
        for path in sorted(folder.rglob("*.json"))
    }


def test_the_real_client_over_a_socket_gives_exactly_the_same_scores(
    repository: Path, server: str
) -> None:
    config = repository / "example_project" / "pyproject.toml"
    table = f'\n[tool.promptopt.providers.loop]\nbase_url = "{server}"\n'
    config.write_text(config.read_text(encoding="utf-8") + table, encoding="utf-8")

    in_process = recorded(repository)
    over_http = recorded(repository, "-o", "promptopt_model=loop:rules")

    assert len(in_process) == PROMPT_ITEMS
    assert min(map(len, in_process.values())) > 10
    assert over_http == in_process


def test_xdist_gives_the_same_verdicts(repository: Path) -> None:
    """That it also writes the same diff is tested on a smaller project."""
    path = repository / "example_project" / "prompts" / "triage.j2"
    path.write_text(path.read_text().replace("account, ", ""), encoding="utf-8")
    plain = run(repository, "example_project", "--promptopt-all")
    shutil.rmtree(repository / "example_project" / ".promptopt")

    spread = run(repository, "-n2", "example_project", "--promptopt-all")

    assert (plain.returncode, spread.returncode) == (1, 1)
    assert verdicts(spread) == verdicts(plain)


def verdicts(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in summary(done) if "offline:rules): " in line]
