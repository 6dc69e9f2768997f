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
    {"errors", "lazily", "records", "unswept"},
    {
        "amounts",
        "settings",
        "tables",
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
    {"optimize", "solving", "testing"},
    {
        "plugin",
        "options",
        "option_values",
        "report_places",
        "run_reports",
        "step_summary",
        "junit_properties",
        "hookspecs",
        "audience",
        "configuration",
        "details",
        "session",
        "suite",
        "pull_request",
        "controller",
        "screens",
        "progress",
        "canvas",
        "reply_cache",
        "run_folder",
        "conclusion",
        "outbox",
        "proposals",
        "proposed_texts",
        "publishing",
        "git",
        "github",
        "items",
        "command",
        "__main__",
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
        "report_places.py",
        "run_reports.py",
        "hookspecs.py",
        "configuration.py",
        "session.py",
        "suite.py",
        "pull_request.py",
        "controller.py",
        "progress.py",
        "canvas.py",
        "items/",
    },
    "pluggy": set(),
    "_pytest": {"items/again.py"},  # no public way to run an item once more
    "openai": {"models/openai_client.py"},
    "jinja2": {"prompts/", "optimize/"},
    "sqlite3": {"models/"},
    "asyncio": {"models/", "items/running.py", "items/arrival.py"},
    "anyio": {"items/running.py", "items/arrival.py"},
}


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def room_of(module: Path) -> str:
    return name_of(module).split("/")[0].removesuffix(".py")


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement and handler that may run, at any depth."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield child
            yield from statements(child)


@pytest.fixture(scope="module")
def found() -> list[tuple[Path, ast.AST]]:
    """Return every module with each of its statements."""
    return [
        (path, node)
        for path in MODULES
        for node in statements(ast.parse(path.read_text(encoding="utf-8")))
    ]


@pytest.fixture(scope="module")
def imports(found: list[tuple[Path, ast.AST]]) -> list[tuple[Path, str]]:
    """Return every module with each name that it imports at run time."""
    names: list[tuple[Path, str]] = []
    for path, node in found:
        if isinstance(node, ast.Import):
            names += [(path, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append((path, node.module or ""))
            names += [(path, f"{node.module}.{alias.name}") for alias in node.names]
    return names


def test_a_module_imports_only_rooms_of_its_layer_or_below(
    imports: list[tuple[Path, str]],
) -> None:
    upwards = [
        f"{name_of(path)} imports {name}"
        for path, name in imports
        if (parts := name.split("."))[0] == "pytest_promptopt"
        and room_of(path) != "__init__"
        and len(parts) > 1
        and parts[1] in LEVEL
        and LEVEL[parts[1]] > LEVEL[room_of(path)]
    ]

    assert not upwards, "\n".join(upwards)


def test_a_bound_package_is_imported_by_its_owner_only(
    imports: list[tuple[Path, str]],
) -> None:
    strangers = [
        f"{name_of(path)} imports {name}"
        for path, name in imports
        if (owners := OWNERS.get(name.split(".")[0])) is not None
        and not any(name_of(path).startswith(owner) for owner in owners)
    ]

    assert not strangers, "\n".join(strangers)


def test_no_module_changes_globals(found: list[tuple[Path, ast.AST]]) -> None:
    changing = [
        f"{name_of(path)}:{node.lineno}"
        for path, node in found
        if isinstance(node, ast.Global)
    ]

    assert not changing, "\n".join(changing)


def test_no_module_prints() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in MODULES}
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path, text in texts.items()
        if "print" in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]

    assert not printing, "\n".join(printing)


def test_no_handler_swallows_every_exception(
    found: list[tuple[Path, ast.AST]],
) -> None:
    swallowing = [
        f"{name_of(path)}:{node.lineno}"
        for path, node in found
        if isinstance(node, ast.ExceptHandler)
        and all(isinstance(entry, ast.Pass) for entry in node.body)
        and (node.type and ast.unparse(node.type))
        in (None, "Exception", "BaseException")
    ]

    assert not swallowing, "\n".join(swallowing)


def test_every_room_has_a_layer() -> None:
    rooms = {room_of(module) for module in MODULES} - {"__init__"}

    assert rooms <= set(LEVEL)


def test_the_offline_model_knows_nothing_of_the_search(
    imports: list[tuple[Path, str]],
) -> None:
    knowing = [
        f"{name_of(path)} imports {name}"
        for path, name in imports
        if name_of(path).startswith("models/offline/")
        and name.startswith("pytest_promptopt.optimize")
    ]

    assert not knowing, "\n".join(knowing)


def test_a_module_is_short_enough_to_hold_one_noun() -> None:
    lines = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
    }

    long = [f"{name}: {count}" for name, count in lines.items() if count > 380]
    assert not long, "\n".join(long)
