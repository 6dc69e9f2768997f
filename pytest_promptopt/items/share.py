"""What one search may spend, and how many calls that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.amounts import written
from pytest_promptopt.errors import SearchRefused
from pytest_promptopt.items.planned_calls import usual_tokens
from pytest_promptopt.models.account import Cost
from pytest_promptopt.wording import count, money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_promptopt.amounts import Amounts
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.records import Usage

_NOTHING = Cost()

ASSUMED_REPLY = 300
"""Tokens of a reply where the settings allow any number, for a rough estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one search may spend.

    Attributes:
        budget: What its calls are taken from.
        calls: How many calls it may plan, replays from the cache included, so that a
            run which is repeated takes the same path; ``None``: no limit.
        told: What that number comes from, if it is not a number of calls.
        refusal: Why it must not begin, if it must not.
    """

    budget: Budget
    calls: int | None
    told: str = ""
    refusal: SearchRefused | None = None


def share_of(
    test: PromptTest,
    budget: Budget,
    model: NamedModel,
    prices: Mapping[str, Price],
    *,
    told: str = "",
    gate: Cost = _NOTHING,
) -> Share:
    """Return the share of one search.

    Tokens and dollars buy so many calls at most, even if every reply is empty: a search
    that cannot be confirmed for this money is refused before it spends any.

    Args:
        test: The prompt test.
        budget: What its calls are taken from.
        model: The task model.
        prices: What models cost.
        told: Where the number of its calls comes from, if they are limited.
        gate: What the gate took of it, which the budget has not any more.
    """
    limits, calls = budget.limits, budget.limits.calls
    share = Share(budget=budget, calls=calls, told=told)
    if limits.tokens is None and limits.dollars is None:
        return share
    usage = usual_tokens(test, test.settings, reply=0, limited=False)
    if usage is None:
        return share
    bought, unit = _bought(limits, usage, prices.get(model.name))
    if bought is None or (calls is not None and calls <= bought):
        return share
    amount, took = limits.told(unit), getattr(gate, unit)
    if took:
        amount += f", beside {written(unit, took)} for the gate"
    return Share(
        budget=budget,
        calls=bought,
        told=f"{amount}, which are {count(bought, 'call')} at most,",
    )


def told_share(calls: int | None, whole: int | None, aside: int, parts: int) -> str:
    """Say what a number of calls is a part of; empty if it is all that there is."""
    if calls is None or whole is None or calls == whole:
        return ""
    less = f", less {aside:,} for the gates" if aside else ""
    shared = f", shared by {parts} prompt tests" if parts > 1 else ""
    return f"{count(calls, 'call')} ({whole:,}{less}{shared})"


def _bought(
    limits: Amounts, usage: Usage, price: Price | None
) -> tuple[int | None, str]:
    """Return how many calls can be paid for, and the unit that allows no more."""
    found: list[tuple[int, str]] = []
    if limits.tokens is not None:
        least = max(1, usage.prompt_tokens)
        found.append((limits.tokens // least, "tokens"))
    if limits.dollars is not None and price is not None and price.cost(usage) > 0:
        each = price.cost(usage)
        found.append((int(limits.dollars / each), "dollars"))
    return min(found) if found else (None, "")


def unasked(
    test: PromptTest,
    calls: int,
    model: NamedModel,
    others: Iterable[NamedModel],
    prices: Mapping[str, Price],
) -> SearchRefused | None:
    """Refuse a search that costs money which nobody has allowed, with an estimate.

    Args:
        test: The prompt test.
        calls: How many calls it may make.
        model: The task model.
        others: The models that write candidates and that judge.
        prices: What models cost.

    Returns:
        ``None`` where none of the models is known to cost anything.
    """
    rates = {
        each.name: rate
        for each in (model, *others)
        if not each.costs_nothing
        and (rate := prices.get(each.name)) is not None
        and rate.is_any
    }
    if not rates:
        return None
    usage = usual_tokens(test, test.settings, reply=ASSUMED_REPLY)
    told, price = "an amount that is not known", rates.get(model.name)
    enough = "2.50usd"
    if price is not None and usage is not None:
        cost = price.cost(usage) * calls
        told = (
            f"about {money(cost)} at {usage.prompt_tokens:,} tokens a prompt and "
            f"{usage.completion_tokens:,} a reply"
        )
        enough = f"{max(cost, 0.01):.2f}usd"
    return SearchRefused(
        f"{test.mark.label}: a search costs money ({', '.join(rates)}), and no budget "
        f"is set: up to {count(calls, 'call')}, {told}",
        f"allow it with --promptopt-budget={enough}, which all prompt tests of the run "
        "share, or with --promptopt-budget=none",
    )
