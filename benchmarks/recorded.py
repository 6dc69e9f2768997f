"""The gate on real replies of a real model to two prompts.

    python benchmarks/recorded.py --data FOLDER [--tasks word_sorting,navigate]

FOLDER holds ``recorded/bbh_codex/*.jsonl`` (replies of code-davinci-002 to a direct and
a chain-of-thought prompt) and ``bbh/*.jsonl`` (the cases). For each task a small
project is made: a baseline is recorded with the direct prompt, the prompt is edited to
chain of thought, and ``pytest`` runs for real, in a process of its own.

There is one recorded reply per case and prompt, so that all trials of a case are the
same, as those of a deterministic model are.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt import Completion
from pytest_promptopt.errors import ModelError

if TYPE_CHECKING:
    from pytest_promptopt.records import Request

DIRECT = "Answer the question. Reply with the answer alone."
CHAIN = 'Answer the question. Think step by step, then say "the answer is ...".'
RECORDED_AS = {DIRECT: "fewshot-direct", CHAIN: "fewshot-cot"}

CI = ("CI", "GITHUB_BASE_REF", "GITHUB_EVENT_NAME", "PYTEST_ADDOPTS")

TASKS = (
    "word_sorting",
    "causal_judgement",
    "movie_recommendation",
    "date_understanding",
    "object_counting",
    "navigate",
)

PROMPT = """{{# promptopt: begin instructions -#}}
{instructions}
{{# promptopt: end -#}}
Question {{{{ name }}}}:
{{{{ input }}}}
"""

TEST = """
import pytest


@pytest.mark.prompt("prompt.j2", cases="cases.jsonl")
def test_{task}(case, output):
    answer = output.rpartition("the answer is")[2].strip()
    assert answer.removesuffix(".") == case.expected.removesuffix(".")
"""

CONFTEST = """
import sys

sys.path.insert(0, {here!r})
from recorded import Replay


def pytest_promptopt_model(config, name, role):
    return Replay({replies!r}) if name == "recorded:code-davinci-002" else None
"""

INI = """
[pytest]
promptopt_model = recorded:code-davinci-002
promptopt_budget = 100000
"""


class Replay:
    """A chat model that answers what the real one once answered.

    Args:
        path: JSONL with ``case``, ``prompt`` and ``output``.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._replies = {
            (row["prompt"], row["case"]): row["output"] for row in _rows(Path(path))
        }

    def complete(self, request: Request) -> Completion:
        """Look up the reply to one question.

        Raises:
            ModelError: None was recorded.
        """
        text = request.messages[-1].content
        prompt = next((RECORDED_AS[x] for x in RECORDED_AS if x in text), "")
        question = re.search(r"^Question (\S+):$", text, re.MULTILINE)
        reply = self._replies.get((prompt, question[1] if question else ""))
        if reply is None:
            raise ModelError(
                f"{self._path} has no reply to {text[:80]!r}",
                "use one of the two prompts, and the cases of that task",
            )
        return Completion(text=reply)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run on the edited prompt says.

    Attributes:
        code: Exit code of pytest.
        line: The prompt test's line in the summary.
        printed: Everything printed.
    """

    code: int
    line: str
    printed: str


def judged(folder: Path, task: str, data: Path) -> Outcome:
    """Record a baseline with the direct prompt, edit it, and run the tests.

    Args:
        folder: Where the project is made.
        task: One of :data:`TASKS`.
        data: Folder with ``bbh`` and ``recorded``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    replies = data.resolve() / "recorded" / "bbh_codex" / f"{task}.jsonl"
    # The id goes into the prompt, for two cases of one task ask the same.
    rows = _rows(data / "bbh" / f"{task}.jsonl")
    lines = (json.dumps({**row, "name": row["id"]}) + "\n" for row in rows)
    (folder / "cases.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "pytest.ini").write_text(INI)
    (folder / f"test_{task}.py").write_text(TEST.format(task=task))
    here = str(Path(__file__).parent.resolve())
    conftest = CONFTEST.format(here=here, replies=str(replies))
    (folder / "conftest.py").write_text(conftest)
    prompt = folder / "prompt.j2"
    prompt.write_text(PROMPT.format(instructions=DIRECT))
    code, printed = _pytest(folder, "--promptopt-update-baseline")
    if code:
        raise SystemExit(printed)
    prompt.write_text(PROMPT.format(instructions=CHAIN))
    code, printed = _pytest(folder)
    found = re.search(rf"^prompt\.j2 \(test_{task}\b.*$", printed, re.MULTILINE)
    if found is None:
        raise SystemExit(printed)
    return Outcome(code, found[0], printed)


def accuracies(task: str, data: Path) -> dict[str, float]:
    """Return the published accuracy of each prompt, in percent."""
    right: dict[str, list[bool]] = {}
    for row in _rows(data / "recorded" / "bbh_codex" / f"{task}.jsonl"):
        right.setdefault(row["prompt"], []).append(row["correct"])
    return {prompt: 100 * sum(flags) / len(flags) for prompt, flags in right.items()}


def _rows(path: Path) -> list[dict[str, Any]]:
    # Not splitlines: a reply may hold U+2028.
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def _pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    # Neither a developer's plugins nor the build this runs in have a say.
    plain = ("-pno:asyncio", "-pno:randomly", "-pno:cacheprovider")
    kept = {name: value for name, value in os.environ.items() if name not in CI}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *arguments],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tasks", default=",".join(TASKS), help="separated by commas")
    options = parser.parse_args()
    row = "{:<21} {:>7} {:>7}  {}"
    print(row.format("task", "direct", "chain", "verdict"))
    with tempfile.TemporaryDirectory() as made:
        for task in options.tasks.split(","):
            share = accuracies(task, options.data)
            outcome = judged(Path(made) / task, task, options.data)
            shown = (f"{share[prompt]:.1f}" for prompt in RECORDED_AS.values())
            said = outcome.line.partition("): ")[2]
            print(row.format(task, *shown, said))


if __name__ == "__main__":
    main()
