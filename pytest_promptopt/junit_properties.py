"""From a prompt test's result to where a JUnit file may have properties.

The schema of the family ``xunit1`` has them in a test case, and other plugins read them
there. That of ``xunit2``, which is pytest's default, has them in the suite only: a
reader that checks it would refuse the file, and with it all results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.junit import PREFIX, properties, suite_properties

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from pytest_promptopt.records import TestResult


def attach(item: pytest.Item, report: pytest.TestReport, result: TestResult) -> None:
    """Add a result's properties to its item and the report of its call.

    Args:
        item: The prompt test; a rerun's properties take the place of the first ones.
        report: Its report, which may cross from a worker.
        result: The result.
    """
    if _only_in_suite(item.config):
        return
    for held in (item.user_properties, report.user_properties):
        others = [each for each in held if not each[0].startswith(PREFIX)]
        held[:] = [*others, *properties(result)]


def add_to_suite(config: pytest.Config, results: Iterable[TestResult]) -> None:
    """Add the properties of all results to the suite, where only that has them."""
    if not _only_in_suite(config):
        return
    # The writer of the file has a public method and no public name.
    for plugin in config.pluginmanager.get_plugins():
        add = getattr(plugin, "add_global_property", None)
        if callable(add):
            for name, value in suite_properties(results):
                add(name, value)


def _only_in_suite(config: pytest.Config) -> bool:
    asked = getattr(config.option, "xmlpath", None)
    return bool(asked) and config.getini("junit_family") == "xunit2"
