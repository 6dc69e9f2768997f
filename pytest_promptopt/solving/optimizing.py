"""Searching for any text that a function can put a value on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models import NamedModel, providers_from, resolve_model
from pytest_promptopt.models.budget import Budget
from pytest_promptopt.models.engine import Engine
from pytest_promptopt.optimize import SearchPlan, strategy_named
from pytest_promptopt.optimize.few_shot import FewShot
from pytest_promptopt.solving.scale import Bounded, Unbounded
from pytest_promptopt.solving.solver import (
    WORTH,
    Solver,
    as_candidates,
    as_prompt,
    text_of,
)
from pytest_promptopt.solving.valuing import Valuing
from pytest_promptopt.solving.writing import Writing

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from pytest_promptopt.models.chat import ChatModel
    from pytest_promptopt.optimize import Strategy, Task
    from pytest_promptopt.records import Candidate
    from pytest_promptopt.solving.attempt import Attempt, Optimized
    from pytest_promptopt.solving.valuing import Objective


def _never(_: Attempt) -> bool:
    return False


def _anything(_: str) -> None:
    """Turn nothing away."""


def _written(value: float) -> str:
    return f"{value:.6g}"


def optimize_text(  # noqa: PLR0913 - the four that matter, then keyword-only settings
    objective: Objective,
    seeds: Sequence[str],
    strategy: str | Strategy,
    model: str | ChatModel | NamedModel,
    *,
    problem: str = "",
    steps: int = 20,
    budget: int | None = None,
    patience: int = 3,
    seed: int = 0,
    bounds: tuple[float, float] | None = None,
    check: Callable[[str], str | None] = _anything,
    show: Callable[[float], str] = _written,
    until: Callable[[Attempt], bool] = _never,
    options: Mapping[str, Any] | None = None,
    request: Mapping[str, Any] | None = None,
    cache: str | os.PathLike[str] | None = None,
    concurrency: int = 32,
    providers: Mapping[str, Any] | None = None,
) -> Optimized:
    """Search for a text that an objective puts the highest value on.

    The strategies, the loop and the engine are those of ``--optimize-prompts``. What is
    different: a function of yours scores the texts, and since it says what they are
    worth, nothing is held out and nothing confirmed. pytest is not needed.

    Args:
        objective: Returns what a text is worth, a finite number on any scale, higher is
            better; or a pair of it and a reason, which strategies that explain failures
            show to the model. It is asked once for each text. What it raises goes to
            the caller.
        seeds: Texts to start from, at least one; outer blank space is removed. OPRO and
            EvoPrompt use them all, other strategies begin with the best.
        strategy: Its name, such as ``"opro"``, or the strategy itself.
        model: What writes new texts: its name, such as ``"openai:gpt-5-mini"``, or
            anything with a method ``complete``.
        problem: What a good text is, in words for the model, data included.
        steps: How many steps the search may take, at least 1.
        budget: How many calls of the model it may make; ``None``: no limit.
        patience: Steps in a row without a new text that end the search.
        seed: Seed of the random draws. Given equal replies, equal seeds give equal
            results.
        bounds: Lowest and highest value, if they are known: strategies that show scores
            from 0 to 100 show them on that scale, and the highest one ends the search.
            Else values are placed around those of the seeds; their order is kept.
        check: Says why a text is no solution, in a few words, or returns ``None``; one
            that is none is counted and never scored.
        show: Writes a value for the model, where the strategy shows values (OPRO).
        until: Is given each new attempt, seeds included, and returns whether the search
            may end.
        options: Options of a strategy that is given by name.
        request: Settings of the requests, such as ``{"temperature": 0.7}``.
        cache: File for the replies, so that a repeated run pays for none of them; its
            folder is made if need be. ``None``: they are not kept.
        concurrency: Requests in flight at once, from 1.
        providers: Endpoints by name, as ``[tool.promptopt.providers]`` has them.

    Returns:
        What was found. A spent budget and a failing model are outcomes, not exceptions.

    Raises:
        SettingError: An argument cannot be used, or the objective gives no finite
            number.
        SearchRefused: The strategy needs a prompt.
        StrategyError: The strategy breaks its contract.
    """
    searching, named = _strategy(strategy, options), _model(model, providers)
    if steps < 1 or patience < 1 or (budget is not None and budget < 1):
        raise SettingError(
            f"steps {steps!r}, patience {patience!r}, budget {budget!r}",
            "give whole numbers of 1 or more; budget=None sets no limit",
        )
    valuing = Valuing(objective)
    texts = _checked(seeds, check)
    values = [valuing.attempt(text, 0).value for text in texts]
    scale = Unbounded.around(values) if bounds is None else _bounded(bounds)
    plan = SearchPlan(
        prompt=as_prompt(valuing.best.text),
        cases=(WORTH,),
        seed=seed,
        steps=steps,
        budget=budget,
        patience=patience,
        optimizer_settings=dict(request or {}),
        computed=True,
        refuses=lambda candidate: check(text_of(candidate)),
    )
    task = _task(plan, _best_first(valuing.history), problem)
    FewShot(searching).refuse_without_regions(task.label, ())
    framed = "" if getattr(searching, "states_problem", False) else task.problem
    limit = Budget(budget, hint="raise it with budget=")
    with Engine(concurrency, _cache(cache), seed=seed) as engine:
        solver = Solver(
            plan,
            task,
            valuing=valuing,
            scale=scale,
            writing=Writing(named, engine, limit, framed),
            show=show,
            until=until,
        )
        return solver.solve(searching)


def _task(plan: SearchPlan, seeds: Sequence[Attempt], problem: str) -> Task:
    others = as_candidates(plan.prompt, [attempt.text for attempt in seeds[1:]])
    earlier: tuple[Candidate, ...] = tuple(map(plan.prompt.fitted, others))
    told = problem.strip() or "Find the text that gets the highest value."
    task = plan.task(plan.cases, plan.budget)
    return replace(task, earlier=earlier, problem=told)


def _best_first(attempts: Sequence[Attempt]) -> list[Attempt]:
    return sorted(attempts, key=lambda attempt: -attempt.value)


def _checked(seeds: Sequence[str], check: Callable[[str], str | None]) -> list[str]:
    if isinstance(seeds, str) or not seeds:
        raise SettingError(
            f"seeds are {seeds!r:.80}", "give a list of one text or more"
        )
    texts = list(dict.fromkeys(seed.strip() for seed in seeds))
    for text in texts:
        as_prompt(text)
        if fault := check(text):
            raise SettingError(
                f"seed {text!r:.80} is turned away by check=: {fault}",
                "start from texts that are solutions, good or bad",
            )
    return texts


def _bounded(bounds: tuple[float, float]) -> Bounded:
    try:
        low, high = bounds
        return Bounded(low=float(low), high=float(high))
    except (TypeError, ValueError):
        raise SettingError(
            f"bounds are {bounds!r:.80}", "give the lowest and the highest value"
        ) from None


def _strategy(given: str | Strategy, options: Mapping[str, Any] | None) -> Strategy:
    if given == "gi-shrink":
        raise SettingError(
            "strategy 'gi-shrink' keeps what a prompt does and makes it shorter, which "
            "a value does not tell",
            "give shorter texts a higher value, with strategy='gi'",
        )
    if isinstance(given, str):
        return strategy_named(given, options)
    if options:
        raise SettingError(
            f"options are given for a strategy that is an object, {given.name!r}",
            "make the object with them, or name the strategy",
        )
    return given


def _model(
    given: str | ChatModel | NamedModel, providers: Mapping[str, Any] | None
) -> NamedModel:
    if isinstance(given, NamedModel):
        return given
    if isinstance(given, str):
        return resolve_model(given, providers=providers_from(providers or {}))
    if not callable(getattr(given, "complete", None)):
        raise SettingError(
            f"{given!r:.80} is no model",
            "name one, such as 'openai:gpt-5-mini', or give an object with complete()",
        )
    return NamedModel(type(given).__name__, given)


def _cache(path: str | os.PathLike[str] | None) -> Any:
    if path is None:
        return None
    from pytest_promptopt.models.cache import Cache

    return Cache(path)
