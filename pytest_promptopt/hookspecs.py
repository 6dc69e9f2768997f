"""Hooks that other plugins and ``conftest.py`` files can implement.

Every hook is called while prompt tests run, in the process that runs them, a
pytest-xdist worker too: never while tests are collected, and never under
``--collect-only``. Where this plugin may be missing, mark the implementation with
``@pytest.hookimpl(optionalhook=True)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.models.chat import ChatModel


@pytest.hookspec(firstresult=True)
def pytest_promptopt_model(
    config: pytest.Config,
    name: str,
    role: Literal["task", "optimizer", "judge", "embeddings"],
) -> ChatModel | None:
    """Supply the chat model behind a name, so that an in-house client is ten lines.

    Called once per name and role in each process, when the first prompt test needs it:
    its own turn may be later, and no request need follow. Implementations run until
    one returns a model; the later ones are not asked.

    Args:
        config: The pytest configuration.
        name: The model's name as the settings have it, e.g. ``"house:large"``.
        role: ``"task"`` answers eval cases, ``"optimizer"`` writes new prompts,
            ``"judge"`` grades, ``"embeddings"`` answers with a JSON list that has one
            list of numbers, a vector, for each message of the request.

    Returns:
        An object with ``complete(request)``, an ordinary or an ``async`` function, that
        returns a :class:`~pytest_promptopt.Completion`, or ``None`` to leave the
        name to the next implementation and at last to the built-in providers. What it
        may raise, and the attributes it may have (``retries_itself``, ``identity``,
        ``free``, ``close``), are those of :class:`~pytest_promptopt.ChatModel`.

    Example:
        An in-house client, in ``conftest.py``::

            from pytest_promptopt import Completion

            class HouseModel:
                def complete(self, request):
                    question = request.messages[-1].content
                    return Completion(text="yes" if "?" in question else "no")

            def pytest_promptopt_model(config, name, role):
                return HouseModel() if name == "house:small" else None
    """


@pytest.hookspec(firstresult=True)
def pytest_promptopt_strategy(
    config: pytest.Config, name: str, options: Mapping[str, Any]
) -> Any:
    """Supply the optimisation strategy behind a name.

    Called once per searched prompt test: before the first call, where the run tells
    what its search may take, else before its search starts. Implementations run until
    one returns a strategy. Where there is one, an unknown name on the command line ends
    a run that searches once its tests are collected; in the ini file, and under
    pytest-xdist, the prompt tests tell it. Called once more for each other table
    ``[tool.promptopt.strategy.NAME]``, which has to have a strategy as well.

    Args:
        config: The pytest configuration.
        name: Value of ``--promptopt-strategy``, or of the ini key.
        options: What ``[tool.promptopt.strategy.NAME]`` in ``pyproject.toml`` says.

    Returns:
        A :class:`~pytest_promptopt.optimize.Strategy`, or ``None`` to leave the name to
        the next implementation and at last to the built-in strategies.

    Example:
        A strategy that tries one sentence, in ``conftest.py``::

            from pytest_promptopt.optimize import Evaluate

            class Politely:
                name = "politely"

                def search(self, task):
                    address = task.regions[0].address
                    text = task.incumbent.texts[address] + " Please."
                    yield Evaluate(
                        candidates=(task.incumbent.replacing(address, text),),
                        cases=task.cases,
                        trials=1,
                    )

            def pytest_promptopt_strategy(config, name):
                return Politely() if name == "politely" else None
    """


@pytest.hookspec(firstresult=True)
def pytest_promptopt_scorer(config: pytest.Config, name: str) -> Any:
    """Supply the scorer behind a name used as ``scorer="name"`` on a marker.

    Called once per prompt test that gives a name, when the test is first read; that may
    be before its own turn. Implementations run until one returns a scorer.

    Args:
        config: The pytest configuration.
        name: The name that the marker gives.

    Returns:
        A function ``(case, completion)`` that returns a
        :class:`~pytest_promptopt.Score`, a bool or a number in [0, 1], or ``None`` to
        leave the name to the next implementation and at last to the built-in scorers.

    Example:
        Any answer of the right length, in ``conftest.py``::

            def same_length(case, completion):
                return len(completion.text) == len(case.expected)

            def pytest_promptopt_scorer(config, name):
                return same_length if name == "same_length" else None
    """


@pytest.hookspec(firstresult=True)
def pytest_promptopt_source(config: pytest.Config, name: str) -> Any:
    """Supply the text of a prompt that is kept in a registry or a database.

    Called when a prompt test is first read, for a source that no file and no Python
    module matches, e.g. ``"registry:triage"``. Implementations run until one returns
    something; the later ones are not asked. At the base commit of a pull request
    nothing is asked: the committed baseline has the text that was recorded.

    A search writes the text that it proposes to ``promptopt.triage.txt``, since there
    is no file that a diff could change.

    Args:
        config: The pytest configuration.
        name: The source as the marker has it.

    Returns:
        An object with the template as ``text`` and, if it likes, a ``fingerprint`` that
        differs between versions of one text; or ``None`` to leave the name to the next
        implementation. Where all do, the error names the files that were tried.

    Example:
        Prompts from a file of the project's own, in ``conftest.py``::

            import json
            from pathlib import Path
            from types import SimpleNamespace

            def pytest_promptopt_source(config, name):
                kind, _, entry = name.partition(":")
                if kind != "registry":
                    return None
                entries = json.loads(Path(config.rootpath, "registry.json").read_text())
                return SimpleNamespace(text=entries[entry])
    """
