"""What pytest loads on every run: options, the marker, hook names. Nothing else.

Everything that works on prompts lives behind :mod:`pytest_promptopt.session`, which
is imported only once a run has a prompt test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt import options

if TYPE_CHECKING:
    import warnings

ANNOUNCED = ("baselines to record: ", "search of ", "searches of ")
"""How lines begin that say what a recording or a search is going to take."""

MARKER = (
    "prompt(source, *, cases, limit=None, sample=None, scorer=None, system=None, "
    "user=None, assistant=None, optimize=None, syntax=None, request=None, model=None, "
    "min_score=None, limits=None, watch=(), gate=None, deliver='argument', threads=1): "
    "score a prompt on its eval cases and fail when it got worse than its committed "
    "baseline"
)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Publish the ``pytest_promptopt_*`` hooks."""
    from pytest_promptopt import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options and ini keys."""
    options.declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and refuse options that contradict each other."""
    config.addinivalue_line("markers", MARKER)
    option = config.option
    options.check_combination(option)
    options.settle_origins(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Mailbox(config), "promptopt-mailbox")
    if _uses_settings(config):
        from pytest_promptopt.configuration import check_settings

        check_settings(config)
    if option.promptopt_report and not hasattr(config, "workerinput"):
        from pytest_promptopt.report_places import check_places

        check_places(config)
    if option.promptopt_cache_clear and not option.collectonly:
        _clear_cache(config)
    if option.optimize_prompts and not option.collectonly:
        _controller(config)  # removes an old diff, so only after what may be refused
    if option.promptopt_report or options.is_pull_request(option):
        # A report says that none ran, too, and on a pull request a prompt test may be
        # gone, and with it what wakes us.
        _controller(config)


def _clear_cache(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # workers start when it is done
        from pytest_promptopt.errors import SettingError
        from pytest_promptopt.reply_cache import clear_cache

        try:
            clear_cache(config.rootpath)
        except SettingError as error:
            raise pytest.UsageError(f"--promptopt-cache-clear: {error}") from error


def _uses_settings(config: pytest.Config) -> bool:
    # Only what the command line says is checked before the run; a faulty ini key
    # fails the prompt tests, since other tests can do without it.
    option = config.option
    return bool(
        option.promptopt_strategy is not None
        or option.promptopt_model is not None
        or option.promptopt_optimizer_model is not None
        or option.promptopt_judge_model is not None
        or option.promptopt_fail_on is not None
    )


class Mailbox:
    """Hands the results that ride on reports, also from workers, to the controller.

    Args:
        config: The configuration of the process that owns the files.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look for a result; every report of the run passes here."""
        result = getattr(report, "promptopt", None)
        if result is not None:
            _controller(self.config).take(result)

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str
    ) -> None:
        """Show at once what a worker says that the run is going to cost."""
        text = str(warning_message.message)
        if when == "collect" and text.startswith(ANNOUNCED):
            reporter = self.config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None:
                reporter.write_line(text)


def _controller(config: pytest.Config) -> Any:
    """Return the one object that writes files and reports; ``None`` in a worker."""
    if hasattr(config, "workerinput"):
        return None
    controller = config.pluginmanager.get_plugin("promptopt-controller")
    if controller is None:
        from pytest_promptopt.controller import Controller

        controller = Controller(config)
        config.pluginmanager.register(controller, "promptopt-controller")
    return controller


def pytest_pycollect_makeitem(name: str, obj: object) -> None:
    """Refuse the marker on ``unittest.TestCase``, whose methods take no arguments."""
    import sys

    unittest = sys.modules.get("unittest")
    if unittest and isinstance(obj, type) and issubclass(obj, unittest.TestCase):
        marked = [
            entry
            for entry in dir(obj)
            if _has_mark(getattr(obj, entry, None)) or _has_mark(obj)
        ]
        if marked:
            pytest.fail(
                f"{name}: the prompt marker does not work on unittest.TestCase\n"
                "  hint: make the test a function, or a method of a plain class",
                pytrace=False,
            )


def _has_mark(obj: object) -> bool:
    marks = getattr(obj, "pytestmark", ())
    if not isinstance(marks, (list, tuple)):
        marks = (marks,)
    return any(getattr(mark, "name", None) == "prompt" for mark in marks)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hand a marked function to the items room; leave every other one alone."""
    definition = metafunc.definition
    if definition.get_closest_marker("prompt") is None and not any(
        _marks_a_parameter(mark) for mark in definition.iter_markers("parametrize")
    ):
        return
    from pytest_promptopt.unswept import unswept

    with unswept():
        from pytest_promptopt.items.injection import inject

        inject(metafunc)


def _marks_a_parameter(mark: pytest.Mark) -> bool:
    values = mark.kwargs.get("argvalues", mark.args[1] if len(mark.args) > 1 else ())
    if not isinstance(values, (list, tuple)):
        return False
    return any(
        getattr(each, "name", None) == "prompt"
        for value in values
        for each in getattr(value, "marks", ())
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Wake the session if there are prompt tests, before ``-k`` takes any away."""
    marked = [item for item in items if item.get_closest_marker("prompt") is not None]
    if not marked:
        return
    from pytest_promptopt.unswept import unswept

    with unswept():
        from pytest_promptopt.session import PromptSession

        if not config.pluginmanager.has_plugin("promptopt-session"):
            prompt_session = PromptSession(config, marked)
            config.pluginmanager.register(prompt_session, "promptopt-session")
        _controller(config)
