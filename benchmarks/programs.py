"""What is measured: the plugin, the floor, and the peers that are installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from measuring import taken
from project import Project, accuracy_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from measuring import Endpoint, Taken
    from settings import Setting

HERE = Path(__file__).parent
FLOOR = "floor, raw asyncio"
OURS = "pytest-promptopt"
WITH_CACHE = frozenset({"inspect_ai", "dspy.Evaluate", "promptfoo"})
SERIAL_IN = frozenset({"A", "B"})
"""Settings in which peers that ask one thing at a time are worth their time."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One run of one program.

    Attributes:
        taken: What it took.
        lost: Cases without a reply.
        accuracy: What the program says, in percent; ``"?"`` if it says nothing.
    """

    taken: Taken
    lost: int
    accuracy: str


@dataclass(frozen=True, kw_only=True)
class Program:
    """Something that does the job.

    Attributes:
        name: Of the row.
        prepare: Writes what a run needs into a folder.
        run: Does the job in that folder.
        caches: Whether it keeps replies for the next run.
        serial: Whether it asks one thing at a time.
    """

    name: str
    prepare: Callable[[Path, Setting, Endpoint], None]
    run: Callable[[Path, Setting, Endpoint], Outcome]
    caches: bool = False
    serial: bool = False

    def takes_part(self, key: str, setting: Setting) -> bool:
        """Return whether it is measured in a setting."""
        if setting.tests > 1:
            return self.name in (FLOOR, OURS)
        if setting.warm:
            return self.caches
        return not self.serial or key in SERIAL_IN


def _project(folder: Path, setting: Setting, python: str) -> Project:
    return Project(
        path=folder,
        number=setting.number,
        tests=setting.tests,
        concurrency=setting.concurrency,
        python=python,
    )


def ours(python: str) -> Program:
    """Return the plugin as it is installed in an interpreter's environment."""

    def run(folder: Path, setting: Setting, server: Endpoint) -> Outcome:
        took = _project(folder, setting, python).run(server, **setting.faults)
        lost = setting.number - took.stats["unique_cases_answered"]
        if setting.warm:
            lost = 0 if took.code == 0 else setting.number
        return Outcome(taken=took, lost=lost, accuracy=accuracy_of(took.printed))

    return Program(
        name=OURS,
        prepare=lambda folder, setting, server: _project(folder, setting, python).write(
            server.url
        ),
        run=run,
        caches=True,
    )


def floor() -> Program:
    """Return the raw client: nothing can be much faster than it."""

    def prepare(folder: Path, setting: Setting, server: Endpoint) -> None:
        whole = Project(path=folder, number=setting.number)
        whole.write(server.url)

    def run(folder: Path, setting: Setting, server: Endpoint) -> Outcome:
        at_once = ["--concurrency", str(setting.concurrency)]
        command = [sys.executable, str(HERE / "floor.py"), server.url, "cases0.jsonl"]
        took = taken([*command, *at_once], folder, server, **setting.faults)
        words = took.printed.split()
        right = float(words[-1]) if words else 0.0
        return Outcome(
            taken=took,
            lost=setting.number - took.stats["unique_cases_answered"],
            accuracy=f"{100 * right / setting.number:.1f}",
        )

    return Program(name=FLOOR, prepare=prepare, run=run)


def peers(bench: Path, venvs: Path, server: Endpoint) -> list[Program]:
    """Return the peers whose environments are there.

    Args:
        bench: Folder with the peers' programs and ``run_all.py``, which knows them.
        venvs: Folder with one environment for each.
        server: What they ask.
    """
    os.environ["BENCH_PORT"] = str(urlsplit(server.url).port)
    found = importlib.util.spec_from_file_location("peers", bench / "run_all.py")
    assert found is not None
    assert found.loader is not None
    runner = importlib.util.module_from_spec(found)
    found.loader.exec_module(runner)
    named = runner.peers(venvs, 1, 1, False)
    return [
        _peer(name, bench, venvs, runner)
        for name, peer in named.items()
        if Path(peer["argv"][0]).exists()
    ]


def _peer(name: str, bench: Path, venvs: Path, runner: Any) -> Program:
    def prepare(folder: Path, setting: Setting, _: Endpoint) -> None:
        (folder / "home").mkdir()
        for file, options in (
            ("cases.jsonl", []),
            ("promptfoo_cases.jsonl", ["--promptfoo"]),
        ):
            made = [str(bench / "make_cases.py"), str(setting.number)]
            subprocess.run(
                [sys.executable, *made, str(folder / file), *options],
                check=True,
                stdout=subprocess.DEVNULL,
            )

    def run(folder: Path, setting: Setting, server: Endpoint) -> Outcome:
        number, at_once = setting.number, setting.concurrency
        peer = runner.peers(venvs, number, at_once, setting.warm)[name]
        env = {
            **runner.base_env(venvs, number, at_once, folder),
            **peer.get("env", {}),
        }
        took = taken(
            [part.replace("@CWD@", str(folder)) for part in peer["argv"]],
            folder,
            server,
            cwd=peer.get("cwd", folder),
            env=env,
            limit_s=400,
            **setting.faults,
        )
        said = peer["parse"](took.printed)
        answered = said.get("answered", took.stats["unique_cases_answered"])
        if setting.warm and "answered" not in said:
            answered = number
        accuracy = said.get("accuracy")
        return Outcome(
            taken=took,
            lost=number - answered,
            accuracy="?" if accuracy is None else f"{100 * accuracy:.1f}",
        )

    serial = bool(runner.peers(venvs, 1, 1, False)[name].get("serial"))
    return Program(
        name=name,
        prepare=prepare,
        run=run,
        caches=name in WITH_CACHE,
        serial=serial,
    )
