"""A small stand-in for GitHub's runner: runs a composite action's or a job's steps.

What a ``run:`` step says is run by bash, as the runner does. A step that uses another
repository's action is noted with its inputs, not run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from readme import ROOT

ACTION = ROOT / "action.yml"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"'(?:[^']|'')*'|\b(?:inputs|steps|github|runner|secrets)\.[\w.-]+")


@dataclass(kw_only=True)
class Ran:
    """What the steps came to.

    Attributes:
        code: Exit code of the first step that failed, else 0.
        outputs: Outputs of the action, or of the job's steps as ``id.name``.
        used: Name of each foreign action that was used to its inputs.
        log: What the steps printed.
        summary: What they wrote to the step summary.
    """

    code: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    used: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    log: str = ""
    summary: str = ""

    def inputs_of(self, action: str) -> list[dict[str, str]]:
        return [given for name, given in self.used if name.startswith(f"{action}@")]


class Runner:
    """One job on a checkout.

    Args:
        workspace: The checkout.
        scratch: A folder beside it.
        event: Name and content of the event that started the job.
        github: More of the ``github`` context, by dotted name.
        variables: More environment variables.
    """

    def __init__(
        self,
        workspace: Path,
        scratch: Path,
        event: tuple[str, Mapping[str, Any]],
        *,
        github: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.workspace, self.scratch = workspace, scratch
        name, content = event
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / "temp").mkdir(exist_ok=True)
        (scratch / "event.json").write_text(json.dumps(content), encoding="utf-8")
        self.github: dict[str, Any] = {
            "event_name": name,
            "event": content,
            "repository": "shop/desk",
            "token": "a-token",
            "ref": "",
            **(github or {}),
        }
        self.variables = self._environment(name, dict(variables or {}))
        self.steps: dict[str, dict[str, str]] = {}
        self.ran = Ran()

    def _environment(self, event: str, more: dict[str, str]) -> dict[str, str]:
        bin_folder = self.scratch / "bin"
        bin_folder.mkdir(exist_ok=True)
        for name, module in (("python", ""), ("promptopt", " -m pytest_promptopt")):
            program = bin_folder / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
            program.chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
        return {
            **kept,
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.scratch / "event.json"),
            "GITHUB_REPOSITORY": "shop/desk",
            "GITHUB_SERVER_URL": "https://github.invalid",
            "GITHUB_STEP_SUMMARY": str(self.scratch / "summary.md"),
            "RUNNER_TEMP": str(self.scratch / "temp"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "pytest_promptopt.plugin",
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def action(self, **inputs: str) -> Ran:
        """Run the composite action with inputs, underscores for hyphens."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        self._composite(given)
        return self._ended()

    def used_by(self, action: str, **inputs: str) -> list[dict[str, str]]:
        """Return what the composite action would give to another, and run nothing."""
        composite = yaml.safe_load(ACTION.read_text("utf-8"))
        given = {name: one["default"] for name, one in composite["inputs"].items()}
        given |= inputs
        return [
            {name: self._filled(text, given) for name, text in step["with"].items()}
            for step in composite["runs"]["steps"]
            if step.get("uses", "").startswith(f"{action}@")
            and self._evaluated(step.get("if", "success()"), given)
        ]

    def job(self, workflow: Path, name: str) -> Ran:
        """Run the steps of a workflow's job; the composite action among them too."""
        steps = yaml.safe_load(workflow.read_text("utf-8"))["jobs"][name]["steps"]
        self._run_all(steps, {}, composite=True)
        self.ran.outputs |= {
            f"{step}.{output}": value
            for step, outputs in self.steps.items()
            for output, value in outputs.items()
        }
        return self._ended()

    def _ended(self) -> Ran:
        summary = self.scratch / "summary.md"
        self.ran.summary = summary.read_text("utf-8") if summary.exists() else ""
        return self.ran

    def _composite(self, given: Mapping[str, str], env: Mapping[str, str] = {}) -> None:
        action = yaml.safe_load(ACTION.read_text("utf-8"))
        assert set(given) <= set(action["inputs"])
        inputs = {name: one["default"] for name, one in action["inputs"].items()}
        inputs = {name: self._filled(text, {}) for name, text in inputs.items()}
        outer, self.steps = self.steps, {}
        self._run_all(action["runs"]["steps"], {**inputs, **given}, env=env)
        self.ran.outputs = {
            name: self._filled(one["value"], {})
            for name, one in action["outputs"].items()
        }
        self.steps = outer

    def _run_all(
        self,
        steps: list[dict[str, Any]],
        inputs: Mapping[str, str],
        *,
        env: Mapping[str, str] = {},
        composite: bool = False,
    ) -> None:
        for step in steps:
            condition = str(step.get("if", "success()"))
            if "always()" not in condition and self.ran.code:
                continue
            if not self._evaluated(condition, inputs):
                continue
            self._run(step, inputs, env, composite=composite)

    def _run(
        self,
        step: dict[str, Any],
        inputs: Mapping[str, str],
        env: Mapping[str, str],
        *,
        composite: bool,
    ) -> None:
        own = {name: self._filled(v, inputs) for name, v in step.get("env", {}).items()}
        if "uses" in step:
            given = {
                n: self._filled(v, inputs) for n, v in step.get("with", {}).items()
            }
            if composite and step["uses"].startswith("./"):
                self._composite(given, own)
                self.steps[step.get("id", "")] = dict(self.ran.outputs)
            else:
                self.ran.used.append((step["uses"], given))
            return
        folder = self.workspace / self._filled(
            step.get("working-directory", "."), inputs
        )
        output = self.scratch / "output"
        output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder,
            env={**self.variables, **env, **own, "GITHUB_OUTPUT": str(output)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.ran.log += done.stdout
        self.ran.code = self.ran.code or done.returncode
        lines = output.read_text("utf-8").splitlines()
        self.steps[step.get("id", "")] = dict(line.split("=", 1) for line in lines)

    def _filled(self, text: Any, inputs: Mapping[str, str]) -> str:
        return _EXPRESSION.sub(
            lambda found: _shown(self._evaluated(found[1], inputs)), str(text)
        )

    def _evaluated(self, expression: str, inputs: Mapping[str, str]) -> Any:
        """Evaluate an expression, as far as ours go: they are close to Python's."""

        def value(found: re.Match[str]) -> str:
            return found[0] if found[0][0] == "'" else f"look({found[0]!r})"

        python = _NAME.sub(value, expression.strip())
        python = python.replace("&&", " and ").replace("||", " or ")
        functions = {
            "always": lambda: True,
            "success": lambda: True,
            "contains": lambda where, what: what in where,
            "fromJSON": json.loads,
            "format": lambda form, *values: form.format(*values),
            "hashFiles": self._hash,
            "look": lambda name: self._looked_up(name, inputs),
        }
        return eval(" ".join(python.split()), {"__builtins__": {}}, functions)

    def _hash(self, path: str) -> str:
        return "abc123" if (self.workspace / path).is_file() else ""

    def _looked_up(self, name: str, inputs: Mapping[str, str]) -> Any:
        context, *parts = name.split(".")
        found: Any = {
            "inputs": inputs,
            "steps": {key: {"outputs": value} for key, value in self.steps.items()},
            "github": self.github,
            "runner": {"temp": self.variables["RUNNER_TEMP"]},
            "secrets": {},
        }[context]
        for part in parts:
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return found


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
