"""Names resolved at first use, and what a first request does not wait for."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import pytest_promptopt
from pytest_promptopt import lazily

ROOT = Path(pytest_promptopt.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    for path in ROOT.rglob("*.py")
}
PACKAGES = ("baseline", "cases", "gate", "prompts", "records", "scorers", "stats")

BEFORE = (
    "controller",
    "items.conduct",
    "items.injection",
    "items.loading",
    "items.places",
    "models.dispatch",
    "models.lanes",
    "models.openai_model",
    "prompts.loading",
    "reply_cache",
    "session",
)
"""What a run imports until its first request is sent, with all that these import."""

AFTER = ("git", "optimize", "report", "scorers", "starting", "stats")
"""Rooms that the first request does not wait for."""


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_gives_every_name_that_it_says_it_has(name: str) -> None:
    package = importlib.import_module(f"pytest_promptopt.{name}")

    found = {public: getattr(package, public) for public in package.__all__}

    assert not [each for each in found.values() if isinstance(each, ModuleType)]


def test_a_name_is_not_hidden_by_the_module_of_the_same_name() -> None:
    importlib.import_module("pytest_promptopt.scorers.exact")
    from pytest_promptopt import scorers

    assert callable(scorers.exact)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "lazy_shop"
    folder.mkdir()
    (folder / "till.py").write_text("OPEN = 9\ndef till(): return 'till'\n")
    (folder / "__init__.py").write_text(
        "from pytest_promptopt.lazily import resolve_lazily\n"
        "resolve_lazily(__name__, {'till': ('OPEN', 'till')})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    for name in [each for each in sys.modules if each.startswith(folder.name)]:
        del sys.modules[name]


def test_a_module_is_imported_when_a_name_of_it_is_used(package: str) -> None:
    shop = importlib.import_module(package)
    before = f"{package}.till" in sys.modules

    opens = shop.OPEN

    assert (before, opens, f"{package}.till" in sys.modules) == (False, 9, True)


def test_a_module_that_is_imported_first_does_not_take_its_names_place(
    package: str,
) -> None:
    importlib.import_module(f"{package}.till")

    shop = importlib.import_module(package)

    assert isinstance(shop, lazily.LazyPackage)
    assert shop.till() == "till"


def test_an_unknown_name_is_an_attribute_error_like_any_other(package: str) -> None:
    shop = importlib.import_module(package)

    with pytest.raises(AttributeError) as caught:
        _ = shop.closed

    assert str(caught.value) == "module 'lazy_shop' has no attribute 'closed'"


def test_the_first_request_waits_for_no_module_that_judges_or_reports() -> None:
    reached = set()
    waiting = [f"pytest_promptopt.{name}" for name in BEFORE]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += imported_by(name)

    late = [name for name in sorted(reached) if is_late(name)]
    assert len(reached) > len(BEFORE)
    assert not late, "\n".join(late)


def is_late(name: str) -> bool:
    _, *rooms = name.split(".")
    return len(rooms) > 1 and rooms[0] in AFTER


def imported_by(name: str) -> Iterator[str]:
    """Yield the modules of ours that a module imports when it is imported."""
    module = importlib.import_module(name)
    assert module.__file__ is not None
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.split(".")[0] != "pytest_promptopt":
            continue
        homes = getattr(sys.modules.get(node.module), "_homes", {})
        yield node.module
        for alias in node.names:
            inner = f"{node.module}.{homes.get(alias.name, alias.name)}"
            if inner in MODULES:
                yield inner
