"""What calls may take, and what they took: never more than there is, in flight or not.

Before a request is sent, the most that it can take is charged; once its reply is here,
what it took. So many requests in flight at once cannot spend together what each of them
alone could have.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from pytest_promptopt.amounts import Amounts, written
from pytest_promptopt.errors import BudgetExhausted, SettingError
from pytest_promptopt.models.account import ROUNDING, Cost, OwnAccount
from pytest_promptopt.models.tokens import (
    FIRST_REPLY,
    prompt_tokens,
    reply_limit,
    tokens_spent,
)
from pytest_promptopt.records import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_promptopt.models.account import Account
    from pytest_promptopt.models.call import Call
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.records import Completion


class Budget:
    """What some calls may take together, and what they took.

    Every attempt counts as a call, a repeated one too; tokens and dollars are those of
    replies. A reply from the cache takes nothing, or what it once took: then what still
    fits in is the same as in a run that had to ask for everything. It is never taken
    from the budget around, which is what is really paid.

    Args:
        limits: What the calls may take; a number is one of calls, ``None`` no limit.
        name: What messages call it.
        hint: What to do once it is spent, as one instruction.
        prices: What models cost, by name.
        within: Another budget that the calls are taken from as well.
        account: Where the sums are kept, if other processes share them.
        spares_free: Whether calls that cost nothing at all are not counted.
        counts_replays: Whether replies from the cache count as well, where tokens or
            dollars are limited, here or around.
        clock: Monotonic time in seconds, the same for all processes.

    Attributes:
        limits: What the calls may take.
        name: What messages call it.
        prices: What models cost, by name.
        longest: Tokens of the longest reply so far, by model: what one may take whose
            request says nothing.
        counts_replays: Whether replies from the cache count.

    Raises:
        SettingError: A limit is below 0.
    """

    def __init__(  # noqa: PLR0913 - keyword-only, each a part of its own
        self,
        limits: Amounts | int | None = None,
        *,
        name: str = "the budget",
        hint: str = "raise it with --promptopt-budget",
        prices: Mapping[str, Price] | None = None,
        within: Budget | None = None,
        account: Account | None = None,
        spares_free: bool = False,
        counts_replays: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits if isinstance(limits, Amounts) else Amounts(calls=limits)
        self.name, self._hint = name, hint
        self.prices = prices or {}
        self._within = within
        self._account: Account = account if account is not None else OwnAccount()
        self._spares_free = spares_free
        self._clock = clock
        self.longest: dict[str, int] = {}
        if within is not None and not counts_replays:
            self.longest = within.longest
        self.counts_replays = counts_replays and self.is_metered
        self._replies = 0
        self._lock = threading.Lock()

    @property
    def calls(self) -> int | None:
        """How many calls may be made in all; ``None`` if there is no limit."""
        return self.limits.calls

    @property
    def spent(self) -> int:
        """How many calls were made."""
        return self._account.spent().calls

    @property
    def cost(self) -> Cost:
        """What is charged, the most that requests in flight can take included."""
        return self._account.spent()

    @property
    def left(self) -> int | None:
        """How many calls may still be made; ``None`` if there is no limit."""
        return None if self.calls is None else self.calls - self.spent

    @property
    def seconds_left(self) -> float | None:
        """Seconds until no call may be under way any more; ``None``: no limit."""
        left = None if self._within is None else self._within.seconds_left
        if self.limits.seconds is None:
            return left
        own = self.limits.seconds - self._elapsed()
        return own if left is None else min(own, left)

    @property
    def is_over(self) -> bool:
        """Whether its time is."""
        left = self.seconds_left
        return left is not None and left <= 0

    def pays(self, calls: int) -> bool:
        """Tell whether so many more calls fit in, if they take what calls took so far.

        Only tokens, dollars and time are looked at: how many calls are allowed, whoever
        plans them counts himself, replays included. Where replays count, of the budget
        around only the time is: what is left of the rest there depends on them.
        """
        made, tokens, dollars = self.cost
        fits = (
            self._fits("tokens", tokens, self._replies, calls)
            and self._fits("dollars", dollars, self._replies, calls)
            and self._fits("seconds", self._elapsed(), made, calls)
        )
        if not fits or self._within is None:
            return fits
        if self.counts_replays:
            return self._within.has_time_for(calls)
        return self._within.pays(calls)

    def has_time_for(self, calls: int) -> bool:
        """Tell whether so many more calls end in time, at the pace so far."""
        if not self._fits("seconds", self._elapsed(), self.cost.calls, calls):
            return False
        return self._within is None or self._within.has_time_for(calls)

    def _fits(self, unit: str, value: float, made: int, calls: int) -> bool:
        limit: float | None = getattr(self.limits, unit)
        if limit is None:
            return True
        more = value / made * calls if made else 0.0
        return value < limit and value + more <= limit

    def take(self, call: Call) -> Cost:
        """Charge the most that one attempt can take, before it is sent.

        Returns:
            What was charged, for :meth:`settle`.

        Raises:
            BudgetExhausted: There is not as much left; nothing was charged.
            SettingError: Dollars are limited, and nobody knows what the model costs.
        """
        if self._spares_free and call.model.costs_nothing:
            return Cost()
        cost = self._most(call) if self.is_metered else Cost(calls=1)
        self.charge(cost)
        return cost

    def settle(self, call: Call, taken: Cost, completion: Completion | None) -> None:
        """Charge what an attempt really took.

        Args:
            call: The call.
            taken: What :meth:`take` returned.
            completion: The reply; ``None`` if the attempt failed, which takes nothing
                but one call.
        """
        if not (taken.calls and self.is_metered):
            return
        took = Cost(calls=taken.calls)
        if completion is not None:
            prompt, reply = tokens_spent(call.request, completion)
            self._saw(call.model.name, reply)
            took = Cost(taken.calls, prompt + reply, self._price(call, prompt, reply))
        self.replace(taken, took)

    def replayed(self, call: Call, completion: Completion) -> None:
        """Count a reply that was not paid for anew, if such count.

        It is never refused: what it shows is what is left for others.

        Args:
            call: The call that it answers.
            completion: The reply.
        """
        if not self.counts_replays:
            return
        prompt, reply = tokens_spent(call.request, completion)
        self._saw(call.model.name, reply)
        dollars = 0.0
        with contextlib.suppress(SettingError):  # nobody knows, and nobody pays
            dollars = self._price(call, prompt, reply)
        self._account.settle(Cost(), Cost(1, prompt + reply, dollars))

    def _saw(self, model: str, reply: int) -> None:
        """Remember how long a reply was, and that there was one more."""
        with self._lock:
            self._replies += 1
            self.longest[model] = max(reply, self.longest.get(model, 0))

    def timed_out(self) -> BudgetExhausted:
        """Return the error of a call that was under way when time was up."""
        own, within = self.limits.seconds, self._within
        if within is not None and (own is None or self._elapsed() < own):
            return within.timed_out()
        return self._refusal("seconds", Cost())

    @property
    def is_metered(self) -> bool:
        """Whether more than calls and time is counted."""
        if self.limits.tokens is not None or self.limits.dollars is not None:
            return True
        return self._within is not None and self._within.is_metered

    @property
    def is_priced(self) -> bool:
        """Whether dollars are limited."""
        if self.limits.dollars is not None:
            return True
        return self._within is not None and self._within.is_priced

    def _elapsed(self) -> float:
        now = self._clock()
        return now - self._account.began(now)

    def _most(self, call: Call) -> Cost:
        """Return the most that one attempt can take, as far as it can be known."""
        prompt = prompt_tokens(call.request)
        reply = reply_limit(call.request.settings)
        if reply is None:
            reply = self.longest.get(call.model.name, FIRST_REPLY)
        return Cost(1, prompt + reply, self._price(call, prompt, reply))

    def _price(self, call: Call, prompt: int, reply: int) -> float:
        model = call.model
        if not self.is_priced or model.costs_nothing:
            return 0.0
        price = self.prices.get(model.name)
        if price is None:
            raise unpriced(model.name)
        return price.cost(Usage(prompt_tokens=prompt, completion_tokens=reply))

    def charge(self, cost: Cost) -> None:
        """Charge a cost, here and to the budget that this one is a part of.

        Raises:
            BudgetExhausted: There is not as much left; nothing was charged.
        """
        limit = self.limits.seconds
        if limit is not None and self._elapsed() >= limit:
            raise self._refusal("seconds", cost)
        short = self._account.charge(cost, self.limits)
        if short is not None:
            raise self._refusal(short, cost)
        if self._within is not None:
            try:
                self._within.charge(cost)
            except BaseException:
                self._account.settle(cost, Cost())
                raise

    def replace(self, charged: Cost, took: Cost) -> None:
        """Put what a call took in the place of what was charged, here and there."""
        self._account.settle(charged, took)
        if self._within is not None:
            self._within.replace(charged, took)

    def _refusal(self, unit: str, cost: Cost) -> BudgetExhausted:
        problem = f"{self.name} of {self.limits.told(unit)} is spent"
        if unit == "seconds":
            problem = f"{self.name} of {self.limits.told(unit)} is over"
        elif unit != "calls":
            spent = written(unit, getattr(self.cost, unit))
            may = written(unit, getattr(cost, unit))
            problem += f": {spent} with what is on its way, and a call may take {may}"
        error = BudgetExhausted(problem, self._hint)
        error.passing = unit in ("tokens", "dollars") and self._may_yet(unit, cost)
        return error

    def _may_yet(self, unit: str, cost: Cost) -> bool:
        """Return whether it would do if calls on their way took nothing."""
        spent, flying = self._account.spent(), self._account.on_its_way()
        least = getattr(spent, unit) - getattr(flying, unit) + getattr(cost, unit)
        limit: float = getattr(self.limits, unit)
        return flying.calls > 0 and least <= limit + ROUNDING


def unpriced(model: str) -> SettingError:
    """Return the error for a budget in dollars and a model without a price."""
    return SettingError(
        f"the budget is in dollars, and what {model!r} costs is not known",
        f'add [tool.promptopt.prices."{model}"] to pyproject.toml, with input and '
        "output in US dollars per million tokens, or install genai-prices; a budget in "
        "calls or tokens needs no price",
    )
