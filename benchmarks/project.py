"""The project that the plugin is measured on: prompt tests over questions with sums."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loopback import cases
from measuring import taken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from measuring import Endpoint, Taken

ASSERT = """
@pytest.mark.prompt("q.j2", cases="cases{at}.jsonl", min_score=0.75)
def test_sums{at}(case, output):
    assert output == case.expected
"""
SCORER = """
@pytest.mark.prompt("q.j2", cases="cases{at}.jsonl", min_score=0.75, scorer="exact")
def test_sums{at}(): ...
"""
SETTINGS = """
[tool.pytest.ini_options]
promptopt_model = "bench:bench-model"
promptopt_concurrency = {concurrency}
[tool.promptopt.providers.bench]
base_url = "{url}"
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project with prompt tests in a folder of its own.

    Attributes:
        path: The folder, which exists.
        number: Cases in all.
        tests: Prompt tests, among which the cases are divided.
        concurrency: Requests in flight at once.
        scored: Whether a scorer judges instead of a body with an ``assert``.
        python: The interpreter whose environment has the plugin.
        variables: Environment variables beside the usual ones.
    """

    path: Path
    number: int
    tests: int = 1
    concurrency: int = 32
    scored: bool = False
    python: str = sys.executable
    variables: Mapping[str, str] = field(default_factory=dict)

    def write(self, url: str) -> None:
        """Write its files.

        Args:
            url: Base URL of the endpoint.
        """
        rows = [json.dumps(case) + "\n" for case in cases(self.number)]
        each = -(-self.number // self.tests)
        for at in range(self.tests):
            part = "".join(rows[at * each : (at + 1) * each])
            (self.path / f"cases{at}.jsonl").write_text(part)
        body = SCORER if self.scored else ASSERT
        bodies = [body.format(at=at) for at in range(self.tests)]
        source = "\n".join(["import pytest", *bodies])
        (self.path / "test_sums.py").write_text(source)
        prompt = "Answer with the number only.\nQ: {{ question }}\n"
        (self.path / "q.j2").write_text(prompt)
        settings = SETTINGS.format(concurrency=self.concurrency, url=url)
        (self.path / "pyproject.toml").write_text(settings)

    def run(
        self,
        server: Endpoint,
        *arguments: str,
        **faults: float,
    ) -> Taken:
        """Run pytest on it once; what the cache has is not asked again.

        Args:
            server: The endpoint.
            arguments: Of pytest.
            faults: How the server answers.
        """
        command = [self.python, "-m", "pytest", *plugins(self.python)]
        limit_s = 120 + self.number / 500
        return taken(
            [*command, *arguments],
            self.path,
            server,
            env={**environment(self.path), **self.variables},
            limit_s=limit_s,
            **faults,
        )


def environment(home: Path) -> dict[str, str]:
    """Return the environment variables of a run: nothing of the caller's but these."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "HOME": str(home)}
    return {**kept, **alone, "OPENAI_API_KEY": "x"}


def plugins(python: str, *, ours: bool = True) -> list[str]:
    """Return the options for the plugins that installing ours brings.

    Others may be installed in the environment of the benchmark; anyio's comes with the
    OpenAI client.
    """
    asked = [python, "-c", "import anyio.pytest_plugin"]
    has_anyio = subprocess.run(asked, capture_output=True, check=False).returncode == 0
    named = ["promptopt"] * ours + ["anyio"] * has_anyio
    return [word for name in named for word in ("-p", name)]


def accuracy_of(printed: str) -> str:
    """Return the accuracy that a run printed, or ``"?"``."""
    found = re.findall(r"(\d+\.\d)% \[", printed)
    return "/".join(dict.fromkeys(found)) or "?"
