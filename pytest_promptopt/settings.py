"""Every setting with its origin: command line, then marker, then ini, then default.

Scalars are pytest ini keys (``promptopt_*``); tables stand in ``pyproject.toml`` under
``[tool.promptopt]``. Unknown keys there are errors, since a misspelt key that is
ignored quietly is a setting that does not hold.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.amounts import Amounts, read_amounts
from pytest_promptopt.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CACHE = ("on", "off")
JOURNAL = ("on", "off")
GATES = ("enforce", "report")
SYNTAXES = ("jinja", "format", "literal")
FAIL_ON = ("drift", "inconclusive")
ON_OUTAGE = ("fail", "skip")
AUTO = "auto"
"""The strategy that is none: each search has one chosen for it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from.

    Attributes:
        value: The value in force.
        origin: For messages: ``"--promptopt-model"``, ``"the prompt marker"``,
            ``"ini key promptopt_model"`` or ``"default"``.
    """

    value: Any
    origin: str


def resolve(
    name: str, *, cli: Any = None, marker: Any = None, ini: Any = None, default: Any
) -> Setting:
    """Choose among the four places a setting can stand in.

    Args:
        name: Ini key, for the origin; the option is spelt after it.
        cli: The option's value, or ``None``.
        marker: The marker argument's value, or ``None``.
        ini: The ini value, or ``None`` or ``""`` if it is not set.
        default: What holds otherwise.
    """
    if cli is not None:
        return Setting(cli, f"--{name.replace('_', '-')}")
    if marker is not None:
        return Setting(marker, "the prompt marker")
    if ini not in (None, ""):
        return Setting(ini, f"ini key {name}")
    return Setting(default, "default")


def whole(setting: Setting, *, least: int) -> int:
    """Read a setting as a whole number.

    Raises:
        SettingError: It is none, or less than ``least``.
    """
    try:
        number = int(setting.value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise SettingError(
            f"{setting.origin}: {setting.value!r} is not a whole number "
            f"from {least} up",
            f"write a number such as {max(least, 8)}",
        )
    return number


def one_of(setting: Setting, allowed: Iterable[str]) -> str:
    """Read a setting that takes one of a few words.

    Raises:
        SettingError: It is another word.
    """
    words = tuple(allowed)
    if setting.value not in words:
        raise SettingError(
            f"{setting.origin}: {setting.value!r} is none of {', '.join(words)}",
            did_you_mean(str(setting.value), words),
        )
    return str(setting.value)


def some_of(setting: Setting, allowed: Iterable[str]) -> frozenset[str]:
    """Read a setting that takes any number of a few words, also none.

    Args:
        setting: Its value is text, or a sequence of lines of text; commas, blanks and
            line ends stand between words.
        allowed: The words.

    Raises:
        SettingError: There is another word in it.
    """
    known, value = tuple(allowed), setting.value
    text = value if isinstance(value, str) else "\n".join(map(str, value))
    return frozenset(
        one_of(Setting(word, setting.origin), known)
        for word in text.replace(",", " ").split()
    )


def fail_on_of(ini: Mapping[str, str]) -> frozenset[str]:
    """Read what another commit's ini values say fails a run.

    Raises:
        SettingError: There is a word that is unknown.
    """
    return some_of(resolve_ini(ini.get, "promptopt_fail_on", ()), FAIL_ON)


def amounts(setting: Setting) -> Setting:
    """Read a setting that says what a run may spend.

    Args:
        setting: Its value is text, or several texts, of which a later one holds where
            two limit the same; ``None`` if nothing is set.

    Returns:
        The same with :class:`~pytest_promptopt.amounts.Amounts` as its value, or
        ``None``.

    Raises:
        SettingError: It is no budget.
    """
    if setting.value is None:
        return setting
    given = setting.value
    found = Amounts()
    for text in given if isinstance(given, (list, tuple)) else [given]:
        try:
            found = found.followed_by(read_amounts(str(text)))
        except SettingError as error:
            problem = f"{setting.origin}: {error.problem}"
            raise SettingError(problem, error.hint) from None
    return Setting(found, setting.origin)


def budget_of(ini: Mapping[str, str]) -> Amounts | None:
    """Read what another commit's ini values say a run may spend, if they do.

    Raises:
        SettingError: It is no budget.
    """
    found: Amounts | None = amounts(
        resolve_ini(ini.get, "promptopt_budget", None)
    ).value
    return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known word, or all of them."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"use one of: {', '.join(words)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for a whole run.

    Attributes:
        model: Name of the task model, if one is set for the run.
        optimizer_model: Name of the optimizer model, if it differs.
        judge_model: Name of the judge model, if it differs.
        embeddings: Name of the embeddings model that a search may ask which texts are
            alike, if there is one.
        strategy: Name of the optimisation strategy; ``"auto"``: one is chosen.
        steps: Steps of a search.
        budget: What the run may spend, as :class:`~pytest_promptopt.amounts.Amounts`;
            the value is ``None`` if nothing is set.
        seed: Seed of the random draws.
        cache: ``"on"``, or ``"off"``: no reply of an earlier run is used.
        cache_size: Megabytes that the reply cache may have.
        concurrency: Requests in flight at once in this process.
        gate: ``"enforce"`` or ``"report"``.
        fail_on: What fails the run beside a worse prompt and an error: any of
            ``"inconclusive"`` and ``"drift"``.
        on_outage: ``"fail"``, or ``"skip"`` for what an outage keeps from being judged.
        processes: How many processes share concurrency and rates.
        providers: The raw ``[tool.promptopt.providers]`` table.
        request: Default model settings of every prompt test.
        optimizer_request: Model settings of requests to the optimizer model.
        prices: The raw ``[tool.promptopt.prices]`` table.
        strategies: Options of strategies by name: ``[tool.promptopt.strategy.NAME]``.
        objective: What counts in a search beside accuracy, by measure: points lost for
            each 100 ``tokens`` and each second of ``latency`` more than the start.
        journal: ``"on"``, or ``"off"``: searches write no journal.
    """

    model: Setting
    optimizer_model: Setting
    strategy: Setting
    steps: int
    budget: Setting
    seed: int
    cache: str
    cache_size: int
    concurrency: int
    gate: str
    fail_on: frozenset[str] = frozenset()
    on_outage: str = "fail"
    processes: int = 1
    providers: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    optimizer_request: Mapping[str, Any] = field(default_factory=dict)
    prices: Mapping[str, Any] = field(default_factory=dict)
    strategies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    objective: Mapping[str, float] = field(default_factory=dict)
    journal: str = "on"
    judge_model: Setting = Setting(None, "default")
    embeddings: Setting = Setting(None, "default")


def gather(
    option: Callable[[str], Any],
    ini: Callable[[str], Any],
    tables: Mapping[str, Any],
    *,
    processes: int = 1,
) -> Settings:
    """Build the settings of a run.

    Args:
        option: Gives an option's value by its destination, ``None`` if unset.
        ini: Gives an ini value by its key.
        tables: What stands under ``[tool.promptopt]``.
        processes: Processes that share the concurrency.

    Raises:
        SettingError: A value or a table cannot be used.
    """

    def setting(name: str, default: Any) -> Setting:
        return resolve(name, cli=option(name), ini=ini(name), default=default)

    concurrency = whole(resolve_ini(ini, "promptopt_concurrency", 32), least=1)
    seed = resolve("promptopt_seed", cli=option("promptopt_seed"), default=0)
    return Settings(
        model=setting("promptopt_model", None),
        optimizer_model=setting("promptopt_optimizer_model", None),
        judge_model=setting("promptopt_judge_model", None),
        embeddings=resolve_ini(ini, "promptopt_embeddings", None),
        strategy=setting("promptopt_strategy", "auto"),
        steps=whole(setting("promptopt_steps", 8), least=1),
        budget=amounts(setting("promptopt_budget", None)),
        seed=whole(seed, least=0),
        cache=one_of(
            resolve("promptopt_cache", cli=option("promptopt_cache"), default="on"),
            CACHE,
        ),
        cache_size=whole(resolve_ini(ini, "promptopt_cache_size", 1000), least=1),
        concurrency=max(1, concurrency // processes),
        gate=one_of(resolve_ini(ini, "promptopt_gate", "enforce"), GATES),
        fail_on=some_of(setting("promptopt_fail_on", ()), FAIL_ON),
        on_outage=one_of(resolve_ini(ini, "promptopt_on_outage", "fail"), ON_OUTAGE),
        processes=processes,
        providers=tables.get("providers", {}),
        request=tables.get("request", {}),
        optimizer_request=tables.get("optimizer_request", {}),
        prices=tables.get("prices", {}),
        strategies=tables.get("strategy", {}),
        objective=tables.get("objective", {}),
        journal=one_of(resolve_ini(ini, "promptopt_journal", "on"), JOURNAL),
    )


def resolve_ini(ini: Callable[[str], Any], name: str, default: Any) -> Setting:
    """Read a setting that has no option."""
    return resolve(name, ini=ini(name), default=default)
