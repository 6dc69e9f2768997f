"""Command-line options and ini keys: their names, their help, which go together.

Loaded on every pytest run, like the doorman, and therefore no heavier: what a value
means is settled in :mod:`pytest_promptopt.settings`, once a run has a prompt test.
"""

from __future__ import annotations

import argparse
import os
import shlex
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def whole_number(least: int) -> Callable[[str], int]:
    """Return an option type that takes whole numbers from ``least`` up."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} up"
            )
        return number

    return parse


def _taken_by(name: str) -> Callable[[str], Any]:
    """Return an option type that is loaded when the option is given."""

    def parse(text: str) -> Any:
        from pytest_promptopt import option_values

        return getattr(option_values, name)(text)

    return parse


def declare(parser: pytest.Parser) -> None:
    """Declare options and ini keys; an unset option lets the ini value show."""
    group = parser.getgroup("promptopt", "prompt regression and prompt search")
    _add_search_options(group.addoption)
    _add_run_options(group.addoption)
    _add_report_options(group.addoption)
    _add_gate_options(group.addoption)
    _add_baseline_options(group.addoption)
    _add_ini_keys(parser.addini)


def _add_search_options(add: Callable[..., None]) -> None:
    add(
        "--optimize-prompts",
        action="store_true",
        help="Search for better prompts and write the confirmed ones as a diff",
    )
    add(
        "--promptopt-strategy",
        metavar="NAME",
        help="Optimisation strategy (default: auto, which says what it chose and why)",
    )
    add(
        "--promptopt-steps",
        type=whole_number(1),
        metavar="N",
        help="Steps of a search (default: 8)",
    )
    add(
        "--promptopt-seed",
        type=whole_number(0),
        metavar="N",
        help="Seed of the random draws of a search (default: 0)",
    )
    add(
        "--promptopt-diff",
        type=_taken_by("file_name"),
        metavar="PATH",
        help="Where proposals are written; the pull-request text goes beside it "
        "(default: promptopt.diff)",
    )


def _add_run_options(add: Callable[..., None]) -> None:
    add(
        "--promptopt-model",
        metavar="MODEL",
        help="Model that answers the eval cases, e.g. offline:rules, openai:NAME",
    )
    add(
        "--promptopt-optimizer-model",
        metavar="MODEL",
        help="Model that writes new prompts (default: the task model)",
    )
    add(
        "--promptopt-judge-model",
        metavar="MODEL",
        help="Model that judges replies where a scorer asks one (default: the task "
        "model, with a warning)",
    )
    add(
        "--promptopt-budget",
        type=_taken_by("budget"),
        action="append",
        metavar="LIMIT",
        help="What the run may spend: 500-calls, 200k-tokens, 2.50usd, 10m, or several "
        "with a comma; none for no limit (default: 12000-calls for all searches "
        "together, under CI 5000-calls for all other calls)",
    )
    add(
        "--promptopt-all",
        action="store_true",
        help="Call the model for every prompt test, unchanged ones too",
    )
    add(
        "--promptopt-cache",
        choices=("on", "off"),
        default="on",
        help="off: answer no call with a reply of an earlier run; replies are kept all "
        "the same (default: on)",
    )
    add(
        "--promptopt-cache-clear",
        action="store_true",
        help="Delete all replies of the reply cache before the run",
    )


def _add_report_options(add: Callable[..., None]) -> None:
    add(
        "--promptopt-report",
        type=_taken_by("report"),
        action="append",
        default=[],
        metavar="KIND:PATH",
        help="Write a report on the prompt tests: html:PATH, md:PATH or json:PATH; "
        "can be given several times",
    )
    add(
        "--promptopt-show-data",
        choices=("full", "ids"),
        help="What reports, terminal and CI log show of eval cases and replies: full, "
        "or ids: no texts (default: full; in CI jobs ids, unless the repository is "
        "known to be private)",
    )
    add(
        "--promptopt-case",
        type=_taken_by("case_id"),
        metavar="ID",
        help="Run one eval case and show messages, reply and score; no gate",
    )


def _add_gate_options(add: Callable[..., None]) -> None:
    add(
        "--promptopt-fail-on",
        metavar="WORDS",
        help="What fails the run beside a worse prompt and an error: inconclusive, "
        "drift, or both with a comma (default: nothing, they warn)",
    )
    add(
        "--promptopt-compare",
        type=_taken_by("commit"),
        metavar="REF",
        help="Compare edited prompts with those where the branch left REF, e.g. "
        "origin/main; none: with the baselines only (default: the base of the pull "
        "request on GitHub, elsewhere none)",
    )


def _add_baseline_options(add: Callable[..., None]) -> None:
    add(
        "--promptopt-update-baseline",
        action="store_true",
        help="Record the baselines of the selected prompt tests anew",
    )
    add(
        "--promptopt-baseline-only",
        choices=("new", "changed"),
        help="Of these record only the new ones, which have no baseline yet, or the "
        "changed ones as well, whose baseline no longer fits",
    )
    add(
        "--promptopt-reason",
        type=_taken_by("reason"),
        metavar="TEXT",
        help="Why these baselines are right although a score may be lower: stored "
        "in them, and shown where a pull request is judged",
    )


def _add_ini_keys(add: Callable[..., None]) -> None:
    for name in ("model", "optimizer-model", "judge-model"):
        key = f"promptopt_{name.replace('-', '_')}"
        add(key, f"Default of --promptopt-{name}", type="string")
    add(
        "promptopt_embeddings",
        "Embeddings model that tells strategy gpo which texts are alike, e.g. "
        "openai:text-embedding-3-small (default: none, common words tell it)",
        type="string",
    )
    add(
        "promptopt_strategy",
        "Default of --promptopt-strategy",
        type="string",
        default="auto",
    )
    add("promptopt_steps", "Default of --promptopt-steps", type="int", default=None)
    add(
        "promptopt_budget",
        "Default of --promptopt-budget",
        type="string",
    )
    add(
        "promptopt_cache_size",
        "Megabytes of the reply cache above which the oldest replies are deleted "
        "(default: 1000)",
        type="int",
        default=None,
    )
    add(
        "promptopt_concurrency",
        "Requests in flight at once, shared among xdist workers (default: 32)",
        type="int",
        default=None,
    )
    add(
        "promptopt_journal",
        "'on', or 'off': searches write no journal",
        type="string",
    )
    add(
        "promptopt_gate",
        "'enforce', or 'report': decide and show everything, warn instead of fail",
        type="string",
        default="enforce",
    )
    add(
        "promptopt_on_outage",
        "'fail', or 'skip': prompt tests that an outage of the provider keeps from "
        "being judged are skipped with a warning",
        type="string",
        default="fail",
    )
    add(
        "promptopt_show_data",
        "Default of --promptopt-show-data",
        type="string",
    )
    add(
        "promptopt_environment",
        "The jinja2.Environment of the project's prompts, e.g. myapp.llm:env, whose "
        "filters, globals, loader and options hold in prompt tests too",
        type="string",
    )
    add(
        "promptopt_fail_on",
        "Default of --promptopt-fail-on, with commas or one word a line",
        type="linelist",
    )


def check_combination(option: argparse.Namespace) -> None:
    """Refuse options that contradict each other, or that mean nothing alone.

    Raises:
        pytest.UsageError: They do; exit code 4.
    """
    chosen = [
        name
        for name, on in (
            ("--optimize-prompts", option.optimize_prompts),
            ("--promptopt-update-baseline", option.promptopt_update_baseline),
            ("--promptopt-case", option.promptopt_case is not None),
        )
        if on
    ]
    if len(chosen) > 1:
        raise pytest.UsageError(
            f"{' and '.join(chosen)} cannot be used together: run one, then the other"
        )
    if option.promptopt_update_baseline:
        return
    for name, value in (
        ("--promptopt-baseline-only", option.promptopt_baseline_only),
        ("--promptopt-reason", option.promptopt_reason),
    ):
        if value is not None:
            raise pytest.UsageError(
                f"{name}={value!r} says how baselines are recorded, but this run "
                "records none\n"
                f"  hint: add --promptopt-update-baseline, or leave {name} out"
            )


def settle_origins(config: pytest.Config) -> None:
    """Believe what steers the gate only from whoever starts the run.

    What stands in ``addopts`` of an ini file is part of a pull request, which must not
    choose what it is held against. A worker is started with the same words.

    Raises:
        pytest.UsageError: A file asks for what only a person can mean; exit code 4.
    """
    option = config.option
    typed = typed_words(config)

    def is_typed(name: str) -> bool:
        return any(word.split("=")[0] == name or word[:1] == "@" for word in typed)

    for name, on in (
        ("--promptopt-update-baseline", option.promptopt_update_baseline),
        ("--promptopt-case", option.promptopt_case is not None),
    ):
        if on and not is_typed(name):
            raise pytest.UsageError(
                f"{name} stands in addopts of an ini file\n"
                "  hint: give it on the command line, for one run"
            )
    if _is_on_github() and not is_typed("--promptopt-compare"):
        option.promptopt_compare = None
    option.promptopt_gate_typed = any("promptopt_gate=" in word for word in typed)
    option.promptopt_on_outage_typed = any(
        "promptopt_on_outage=" in word for word in typed
    )
    option.promptopt_budget_typed = is_typed("--promptopt-budget") or any(
        "promptopt_budget=" in word for word in typed
    )
    option.promptopt_show_data_typed = is_typed("--promptopt-show-data") or any(
        "promptopt_show_data=" in word for word in typed
    )
    option.promptopt_narrowed = _is_narrowed(config, typed)


def typed_words(config: pytest.Config) -> list[str]:
    """Return the words that whoever started the run has given, not an ini file."""
    typed = [*map(str, config.invocation_params.args)]
    return typed + shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))


_NARROWING = (
    *("-k", "-m", "-x", "@", "--deselect", "--ignore", "--ignore-glob", "--lf"),
    *("--last-failed", "--sw", "--stepwise", "--exitfirst", "--maxfail"),
)


def _is_narrowed(config: pytest.Config, typed: list[str]) -> bool:
    """Whether whoever started the run left tests out on purpose."""
    paths = set(config.args) if config.args_source.name == "ARGS" else set()
    return any(word in paths or word.startswith(_NARROWING) for word in typed)


def _is_on_github() -> bool:
    # GitHub sets the one for pull requests and says the other for merge queues.
    queue = os.environ.get("GITHUB_EVENT_NAME") == "merge_group"
    return queue or bool(os.environ.get("GITHUB_BASE_REF"))


def is_pull_request(option: argparse.Namespace) -> bool:
    """Return whether there ought to be a base commit to compare with."""
    if option.promptopt_compare is not None:
        return bool(option.promptopt_compare != "none")
    return _is_on_github()
