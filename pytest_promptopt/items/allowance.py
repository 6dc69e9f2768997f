"""What a run may spend: on its gates, and on each of its searches."""

from __future__ import annotations

import contextlib
import math
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_promptopt.amounts import Amounts, written
from pytest_promptopt.configuration import under_ci
from pytest_promptopt.errors import BudgetExhausted, PromptOptError, SettingError
from pytest_promptopt.items.collection import LEAVING
from pytest_promptopt.models.account import Cost
from pytest_promptopt.models.budget import Budget, unpriced
from pytest_promptopt.settings import budget_of
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from pytest_promptopt.items.planned_calls import PlannedCalls
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.share import Share
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.ledger import LedgerAccount
    from pytest_promptopt.suite import PromptSuite

CI_CALLS = 5_000
"""Calls of all gates of a run under ``CI``, where nothing else is said."""

SEARCH_CALLS = 12_000
"""Calls of all searches of a run, where nothing else is said."""

SHOWN = 3
"""Prompt tests that a message names."""

_KEPT = "replies that came are kept and not paid for twice"


class Allowance:
    """What the calls of a run are taken from; what is set counts for all of them.

    Where nothing is set, the searches share :data:`SEARCH_CALLS`, and under ``CI`` all
    other calls :data:`CI_CALLS`, as far as they may cost anything.

    Args:
        suite: Knows settings, models and prompt tests.
    """

    def __init__(self, suite: PromptSuite) -> None:
        self._suite = suite
        self._ledgers: list[LedgerAccount] = []
        self._gate_budgets: dict[str, Budget] = {}

    @cached_property
    def limits(self) -> Amounts | None:
        """What is set; ``None`` if nothing is.

        A pull request can lower what its base commit says, and not raise it: only who
        starts the run can do that.
        """
        suite = self._suite
        own: Amounts | None = suite.settings.budget.value
        if suite.base is None or not self._is_held:
            return own
        try:
            held = budget_of(suite.base.settings)
        except SettingError:
            held = None  # a misspelt one there limited nothing
        if own is None:
            return held
        if held is None:
            held = Amounts(calls=CI_CALLS if under_ci() else None)
        return held.within(own)

    @property
    def _is_held(self) -> bool:
        """Whether files of a pull request cannot raise it."""
        typed = self._suite.config.option.promptopt_budget_typed
        return self._suite.base is not None and not typed

    @property
    def _hint(self) -> str:
        if not self._is_held:
            return f"raise it with --promptopt-budget: {_KEPT}"
        return (
            "give --promptopt-budget on the command line (on a pull request the base "
            f"commit's promptopt_budget holds): {_KEPT}"
        )

    @cached_property
    def whole(self) -> Budget:
        """What is set, for all calls of the run."""
        limits = self.limits or Amounts()
        return self._budget("run", limits, "the budget", spares_free=False)

    @cached_property
    def gates(self) -> Budget | None:
        """What all calls but those of searches are taken from; ``None``: no limit."""
        if self.limits is not None:
            return self.whole if self.limits.is_limited else None
        if not under_ci():
            return None
        name = "the default budget under CI"
        return self._budget("gates", Amounts(calls=CI_CALLS), name, spares_free=True)

    def gate_of(self, test: PromptTest) -> Budget | None:
        """Return what the calls of one gate are taken from; ``None``: no limit.

        Before a search it is counted what the gate takes, replays included: so much of
        the prompt test's share is not the search's.

        Args:
            test: The prompt test, whose gate begins.
        """
        around = self.gates
        searching = self._suite.config.option.optimize_prompts
        if around is None or not (searching and around.is_metered):
            return around
        own = Budget(prices=around.prices, within=around, counts_replays=True)
        self._gate_budgets[test.nodeid] = own
        return own

    @cached_property
    def _searches(self) -> Budget:
        """What all searches are taken from together."""
        if self.limits is not None:
            return self.whole
        limits = Amounts(calls=SEARCH_CALLS)
        return self._budget("searches", limits, "the default budget", spares_free=False)

    def _budget(
        self, name: str, limits: Amounts, told: str, *, spares_free: bool
    ) -> Budget:
        return Budget(
            limits,
            name=told,
            hint=self._hint,
            prices=self._suite.models.prices,
            account=self._ledger(name) if limits.is_limited else None,
            spares_free=spares_free,
        )

    def _ledger(self, name: str) -> LedgerAccount | None:
        """Return where the workers of pytest-xdist count together, if there are any."""
        path = ledger_of(self._suite.config)
        if path is None:
            return None
        from pytest_promptopt.models.ledger import LedgerAccount

        ledger = LedgerAccount(path, name)
        self._ledgers.append(ledger)
        return ledger

    @cached_property
    def planned(self) -> tuple[PlannedCalls, ...]:
        """What the selected prompt tests are going to ask, in the order of the run."""
        found = map(self._planned_of, self._suite.selected)
        return tuple(entry for entry in found if entry is not None)

    def _planned_of(self, item: pytest.Item) -> PlannedCalls | None:
        suite = self._suite
        try:
            test, plan = suite.test_of(item), suite.plan_of(item)
            model, reference = suite.models.task_model(test), suite.reference_for(item)
        except (Exception, *LEAVING):  # noqa: BLE001 - said when its own turn comes
            return None
        spared = self.limits is None and model.costs_nothing
        if spared or not plan.trials:
            return None
        from pytest_promptopt.items.planned_calls import planned_calls

        return planned_calls(test, plan, reference, model)

    def estimate(self) -> list[str]:
        """Say what gates are going to ask, where that is limited; before it costs."""
        option = self._suite.config.option
        if option.collectonly or option.promptopt_case is not None:
            return []
        try:
            budget = self.gates
        except PromptOptError:
            return []  # each prompt test says it
        if budget is None or not self.planned:
            return []
        first = sum(entry.first for entry in self.planned)
        most = sum(entry.most for entry in self.planned)
        more = f", {most:,} at most" if most > first else ""
        tests = count(len(self.planned), "prompt test")
        return [
            f"model calls to make: {first:,}{more}, for {tests}; {budget.name}: "
            f"{budget.limits}"
        ]

    def check(self, test: PromptTest) -> None:
        """Refuse to begin what cannot be finished, before the first call.

        Args:
            test: The prompt test that is about to begin.

        Raises:
            BudgetExhausted: The prompt tests of the run take more than there is.
            SettingError: Dollars are limited, and nobody knows what its model costs.
        """
        budget = self.gates
        if budget is None:
            return
        self._check_price(test, budget)
        least = self._least
        for unit in Cost._fields:
            limit, needed = getattr(budget.limits, unit), getattr(least, unit)
            if limit is None or needed <= limit:
                continue
            what = "take" if unit == "calls" else "take, for their prompts alone, about"
            raise BudgetExhausted(
                f"the prompt tests of this run {what} {written(unit, needed)}"
                f"{self._largest()}, and {budget.name} is {budget.limits.told(unit)}: "
                "nothing was sent",
                self._allowing(unit, needed),
            )

    def _check_price(self, test: PromptTest, budget: Budget) -> None:
        models = self._suite.models
        model = models.task_model(test)
        if budget.limits.dollars is None or model.costs_nothing:
            return
        if model.name not in models.prices:
            raise unpriced(model.name)

    @cached_property
    def _least(self) -> Cost:
        """What the first looks take, even if every reply is empty."""
        limits = self.limits or Amounts()
        calls = sum(entry.first for entry in self.planned)
        if limits.tokens is None and limits.dollars is None:
            return Cost(calls)
        tokens, dollars = 0, 0.0
        prices = self._suite.models.prices
        from pytest_promptopt.items.planned_calls import usual_tokens

        for entry in self.planned:
            usage = usual_tokens(
                entry.test, entry.test.settings, reply=0, limited=False
            )
            if usage is None:
                continue
            tokens += usage.prompt_tokens * entry.first
            price = prices.get(entry.model.name)
            if price is not None and not entry.model.costs_nothing:
                dollars += price.cost(usage) * entry.first
        return Cost(calls, tokens, dollars)

    def _largest(self) -> str:
        """Name the prompt tests that take most calls."""
        if len(self.planned) < 2:
            return ""
        largest = sorted(self.planned, key=lambda entry: -entry.first)[:SHOWN]
        told = ", ".join(
            f"{entry.test.name} {count(entry.first, 'call')}" for entry in largest
        )
        return f" (most: {told})" if len(self.planned) > SHOWN else f" ({told})"

    def _allowing(self, unit: str, needed: float) -> str:
        enough = {"calls": "{}-calls", "tokens": "{}-tokens", "dollars": "{:.2f}usd"}
        number = math.ceil(100 * needed) / 100 if unit == "dollars" else int(needed)
        budget = f"--promptopt-budget={enough[unit].format(number)}"
        if self._is_held:
            return (
                f"allow it with {budget} on the command line, since on a pull request "
                "the base commit's promptopt_budget holds, or select fewer tests"
            )
        return f"allow it with {budget} or more, or select fewer tests"

    def share(
        self,
        test: PromptTest,
        model: NamedModel,
        optimizer: Callable[[], NamedModel],
    ) -> Share:
        """Return what one search may spend: as much as each of the others.

        The calls that the gates may take are set aside first, all looks included, and
        of tokens and dollars what the gate of this test took, replays included, so that
        a run which is repeated divides the same.

        Args:
            test: The prompt test.
            model: The task model.
            optimizer: Builds the model that writes candidates.

        Raises:
            SettingError: Nobody supplies the judge's model.
        """
        prices, parts = self._suite.models.prices, max(1, len(self._suite.selected))
        whole, aside = self._searches.limits, self._set_aside
        gate = self._gate_budgets.get(test.nodeid)
        took = gate.cost if gate is not None else Cost()
        budget = self._beside(gate, whole.less(aside).share(parts))
        from pytest_promptopt.items.share import Share, share_of, told_share, unasked

        if self.limits is not None:
            told = told_share(budget.limits.calls, whole.calls, aside, parts)
            return share_of(test, budget, model, prices, told=told, gate=took)
        judges = test.judge.models if test.judge is not None else ()
        calls = budget.limits.calls or 0
        with contextlib.suppress(SettingError):  # said when it is asked
            judges = (*judges, optimizer())
            embeddings = self._suite.models.embeddings
            judges = (*judges, embeddings) if embeddings is not None else judges
        refusal = unasked(test, calls, model, judges, prices)
        return Share(budget=budget, calls=calls, refusal=refusal)

    def _beside(self, gate: Budget | None, part: Amounts) -> Budget:
        """Return the budget of a search that shares a part with its test's gate."""
        took = gate.cost if gate is not None else Cost()
        budget = Budget(
            part.less(tokens=took.tokens, dollars=took.dollars),
            name="this search's budget",
            hint=self._hint,
            prices=self._suite.models.prices,
            within=self._searches,
            counts_replays=True,
        )
        budget.longest.update(gate.longest if gate is not None else {})
        return budget

    @property
    def _set_aside(self) -> int:
        """Calls that the gates may take of what the searches share with them."""
        limits = self.limits
        if limits is None or limits.calls is None:
            return 0
        return sum(entry.most for entry in self.planned)

    def close(self) -> None:
        """Let go of the file that the workers count in."""
        for ledger in self._ledgers:
            ledger.close()


def ledger_of(config: pytest.Config) -> Path | None:
    """Return where the workers of a run count together; ``None`` outside of one."""
    run = getattr(config, "workerinput", {}).get("testrunuid")
    if run is None:
        return None
    from pytest_promptopt.models.ledger import ledger_path

    return ledger_path(config.rootpath / ".promptopt", run)
