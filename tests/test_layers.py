"""Dependencies point down: the rooms of the house, and what each may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_promptopt

PACKAGE = Path(pytest_promptopt.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

LAYERS = [
    {"errors", "records"},
    {
        "settings",
        "prompts",
        "cases",
        "scorers",
        "stats",
        "baseline",
        "looks",
        "gate",
        "patch",
        "report",
        "wording",
    },
    {"models"},
    {"optimize", "testing"},
    {
        "plugin",
        "options",
        "hookspecs",
        "configuration",
        "session",
        "suite",
        "pull_request",
        "controller",
        "conclusion",
        "outbox",
        "proposals",
        "proposed_texts",
        "git",
        "items",
        "starting",
    },
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
TOP = len(LAYERS) - 1

# Who alone may import a heavy or a pytest-bound package, by path below the package.
OWNERS = {
    "pytest": {
        "plugin.py",
        "options.py",
        "hookspecs.py",
        "configuration.py",
        "session.py",
        "suite.py",
        "pull_request.py",
        "controller.py",
        "items/",
    },
    "pluggy": set(),
    "_pytest": set(),
    "openai": {"models/openai_client.py"},
    "jinja2": {"prompts/", "optimize/"},
    "sqlite3": {"models/"},
    "asyncio": {"models/", "items/running.py"},
    "anyio": {"items/running.py"},
}


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def room_of(module: Path) -> str:
    return name_of(module).split("/")[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield every module that is imported at run time, at any depth."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from imported(node)


def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_imports_only_rooms_of_its_layer_or_below(module: Path) -> None:
    room = room_of(module)
    if room == "__init__":
        return

    for name in imported(parsed(module)):
        parts = name.split(".")
        if parts[0] == "pytest_promptopt" and len(parts) > 1 and parts[1] in LEVEL:
            assert LEVEL[parts[1]] <= LEVEL[room], f"{name_of(module)} imports {name}"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_bound_package_is_imported_by_its_owner_only(module: Path) -> None:
    for name in imported(parsed(module)):
        owners = OWNERS.get(name.split(".")[0])
        if owners is not None:
            assert any(name_of(module).startswith(owner) for owner in owners), name


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_module_prints_or_changes_globals(module: Path) -> None:
    for node in ast.walk(parsed(module)):
        assert not isinstance(node, ast.Global), name_of(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", name_of(module)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_handler_swallows_every_exception(module: Path) -> None:
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.ExceptHandler):
            empty = all(isinstance(entry, ast.Pass) for entry in node.body)
            broad = node.type is None or ast.unparse(node.type) in (
                "Exception",
                "BaseException",
            )
            assert not (empty and broad), f"{name_of(module)}:{node.lineno}"


def test_every_room_has_a_layer() -> None:
    rooms = {room_of(module) for module in MODULES} - {"__init__"}

    assert rooms <= set(LEVEL)


def test_the_offline_model_knows_nothing_of_the_search() -> None:
    for module in (PACKAGE / "models" / "offline").rglob("*.py"):
        for name in imported(parsed(module)):
            assert not name.startswith("pytest_promptopt.optimize"), name_of(module)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_is_short_enough_to_hold_one_noun(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 380
