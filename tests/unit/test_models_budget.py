"""A budget of calls, tokens, dollars and time: never more than there is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.amounts import Amounts
from pytest_promptopt.errors import BudgetExhausted, ModelError, SettingError
from pytest_promptopt.models.account import Cost
from pytest_promptopt.models.budget import Budget
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.call import Call
from pytest_promptopt.models.chat import ChatModel, NamedModel
from pytest_promptopt.models.engine import Engine
from pytest_promptopt.models.ledger import LedgerAccount, ledger_path, remove_ledger
from pytest_promptopt.models.prices import Price
from pytest_promptopt.records import Completion, Message, Request, Usage
from pytest_promptopt.testing import ScriptedModel

PRICES = {"house:small": Price(input=1_000.0, output=2_000.0)}  # 0.1 and 0.2 cents


def call(words: str = "How are you?", **request: Any) -> Call:
    return Call(
        model=NamedModel("house:small", ScriptedModel({}, default="well")),
        request=Request(
            messages=(Message(role="user", content=words),), settings=request
        ),
        purpose="gate",
    )


def reply(prompt: int, completion: int) -> Completion:
    usage = Usage(prompt_tokens=prompt, completion_tokens=completion)
    return Completion(text="well", usage=usage)


def take(budget: Budget, asked: Call | None = None) -> bool:
    try:
        budget.take(asked or call())
    except BudgetExhausted:
        return False
    return True


def refusal(budget: Budget, asked: Call | None = None) -> str:
    with pytest.raises(BudgetExhausted) as caught:
        budget.take(asked or call())
    assert not caught.value.retryable
    return str(caught.value)


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


# ----------------------------------------------------------------------- calls


def test_a_budget_says_what_is_spent_and_left() -> None:
    budget = Budget(3)

    budget.take(call())

    assert (budget.calls, budget.spent, budget.left) == (3, 1, 2)


def test_no_limit_is_never_exhausted_and_still_counts() -> None:
    budget = Budget(None)

    for _ in range(1000):
        budget.take(call())

    assert (budget.spent, budget.left) == (1000, None)


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        (0, "the budget of 0 model calls is spent"),
        (1, "the budget of 1 model call is spent"),
        (2, "the budget of 2 model calls is spent"),
    ],
)
def test_a_spent_budget_names_its_number_and_the_option(
    calls: int, problem: str
) -> None:
    budget = Budget(calls)
    for _ in range(calls):
        budget.take(call())

    assert refusal(budget) == f"{problem}\n  hint: raise it with --promptopt-budget"
    assert budget.spent == calls


def test_many_threads_together_never_take_more_than_there_is() -> None:
    budget = Budget(500)
    asked = call()

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(lambda _: take(budget, asked), range(2000)))

    assert taken == budget.spent == 500


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(SettingError, match="a budget of -1 calls cannot be kept"):
        Budget(-1)


# ---------------------------------------------------------- tokens and dollars


def test_a_call_on_its_way_is_charged_the_most_it_can_take_then_what_it_took() -> None:
    budget = Budget(Amounts(tokens=1_000), prices=PRICES)
    asked = call("x" * 300, max_tokens=400)

    taken = budget.take(asked)
    on_its_way = budget.cost
    budget.settle(asked, taken, reply(90, 10))

    assert on_its_way.tokens > 500
    assert budget.cost == Cost(1, 100, 0.0)


def test_so_many_on_their_way_cannot_spend_more_than_there_is_together() -> None:
    budget = Budget(Amounts(tokens=1_000))
    asked = call("x" * 30, max_tokens=200)

    taken = [take(budget, asked) for _ in range(50)]

    assert taken == [True] * 4 + [False] * 46
    assert budget.cost.tokens <= 1_000
    assert refusal(budget, asked) == (
        "the budget of 1,000 tokens is spent: 908 tokens with what is on its way, and "
        "a call may take 227 tokens\n  hint: raise it with --promptopt-budget"
    )


def test_a_failed_attempt_takes_a_call_and_no_tokens() -> None:
    budget = Budget(Amounts(calls=5, tokens=1_000))
    asked = call(max_tokens=100)

    budget.settle(asked, budget.take(asked), None)

    assert budget.cost == Cost(1, 0, 0.0)


def test_a_reply_without_a_count_is_charged_by_its_length() -> None:
    budget = Budget(Amounts(tokens=1_000))
    asked = call("x" * 300)

    budget.settle(asked, budget.take(asked), Completion(text="y" * 90))

    assert 130 <= budget.cost.tokens <= 160


def test_without_a_limit_of_its_own_a_reply_may_be_as_long_as_the_longest() -> None:
    budget = Budget(Amounts(tokens=1_000))
    asked = call()
    assert [take(budget, asked), take(budget, asked)] == [True, False]
    short, long = Budget(Amounts(tokens=1_000)), Budget(Amounts(tokens=1_000))
    short.settle(asked, short.take(asked), reply(10, 5))
    long.settle(asked, long.take(asked), reply(10, 600))

    assert [take(short, asked) for _ in range(9)] == [True] * 9
    assert take(long, asked) is False


def test_dollars_are_those_of_the_price_table() -> None:
    budget = Budget(Amounts(dollars=1.0), prices=PRICES)
    asked = call(max_tokens=10)

    budget.settle(asked, budget.take(asked), reply(100, 50))

    assert budget.cost.dollars == pytest.approx(0.1 + 0.1)


def test_dollars_for_a_model_without_a_price_are_refused() -> None:
    budget = Budget(Amounts(dollars=1.0))

    with pytest.raises(SettingError) as caught:
        budget.take(call())

    assert str(caught.value) == (
        "the budget is in dollars, and what 'house:small' costs is not known\n"
        '  hint: add [tool.promptopt.prices."house:small"] to pyproject.toml, with '
        "input and output in US dollars per million tokens, or install genai-prices; "
        "a budget in calls or tokens needs no price"
    )
    assert budget.spent == 0


class Free(ScriptedModel):
    """A model of the project's own, on a machine of its own."""

    free = True


def test_a_free_model_takes_no_dollars_and_needs_no_price() -> None:
    budget = Budget(Amounts(dollars=0.01))
    own = NamedModel("house:own", Free({}, default="well"))
    asked = Call(model=own, request=call().request, purpose="gate")

    budget.settle(asked, budget.take(asked), reply(10**6, 10**6))

    assert budget.cost == Cost(1, 2 * 10**6, 0.0)
    spares = Budget(0, spares_free=True)
    assert spares.take(asked) == Cost()


@given(
    limit=st.integers(0, 2_000),
    used=st.lists(st.tuples(st.integers(1, 300), st.booleans()), max_size=40),
)
@settings(max_examples=60)
def test_whatever_comes_back_the_limit_holds_for_replies_within_theirs(
    limit: int, used: list[tuple[int, bool]]
) -> None:
    budget = Budget(Amounts(tokens=limit))
    asked = call("x" * 60, max_tokens=300)
    flying = []

    for tokens, lands in used:
        if take(budget, asked):
            flying.append(tokens)
        if lands and flying:
            most = Cost(1, 334)
            budget.settle(asked, most, reply(30, flying.pop()))
        assert budget.cost.tokens <= limit


# ------------------------------------------------------------------------ time


def test_time_runs_from_the_first_call_on() -> None:
    clock = Clock()
    budget = Budget(Amounts(seconds=600), clock=clock)
    clock.now += 5_000
    budget.take(call())

    clock.now += 599

    assert budget.seconds_left == pytest.approx(1)
    assert take(budget)
    clock.now += 1
    over = "the budget of 10 minutes is over\n  hint: raise it with --promptopt-budget"
    assert refusal(budget) == str(budget.timed_out()) == over


# -------------------------------------------------------------- within another


def test_a_budget_within_another_is_taken_from_both() -> None:
    whole = Budget(Amounts(calls=3), name="the budget")
    share = Budget(Amounts(calls=2), name="this search's budget", within=whole)
    other = Budget(Amounts(calls=2), within=whole)

    taken = [take(share), take(share), take(share), take(other), take(other)]

    assert taken == [True, True, False, True, False]
    assert (whole.spent, share.spent, other.spent) == (3, 2, 1)
    assert refusal(share).startswith("this search's budget of 2 model calls is spent")
    assert refusal(other).startswith("the budget of 3 model calls is spent")


# --------------------------------------------------------------------- replays


class Priced(ScriptedModel):
    """A model whose replies take as many tokens as they are told to."""

    def __init__(self, tokens: list[int]) -> None:
        super().__init__(self.answer)
        self._tokens = tokens

    def answer(self, request: Request) -> Completion:
        number = int(request.messages[-1].content)
        return reply(10, self._tokens[number])


def asked(tokens: list[int], cache: Cache, budget: Budget) -> list[bool]:
    """Ask for one reply after the other; return which were not left out."""
    model = NamedModel("house:small", Priced(tokens))
    came = []
    with Engine(1, cache, retries=0) as engine:
        for number in range(len(tokens)):
            message = Message(role="user", content=str(number))
            future = engine.start(
                Call(
                    model=model,
                    request=Request(messages=(message,), settings={}),
                    purpose="search",
                    budget=budget,
                )
            )
            came.append(future.exception() is None)
    return came


@settings(max_examples=25, deadline=None)
@given(
    tokens=st.lists(st.integers(1, 400), min_size=1, max_size=8),
    limit=st.one_of(
        st.builds(Amounts, tokens=st.integers(0, 3_000)),
        st.builds(Amounts, dollars=st.floats(0, 6)),
    ),
    killed_after=st.integers(0, 8),
)
def test_where_replays_count_a_budget_ends_where_it_would_if_all_were_paid(
    tokens: list[int], limit: Amounts, killed_after: int
) -> None:
    def budget(within: Budget) -> Budget:
        return Budget(limit, prices=PRICES, within=within, counts_replays=True)

    whole, paid, resumed = Budget(), Budget(), Budget()
    at_one_go = budget(whole)
    came = asked(tokens, Cache.in_memory(), at_one_go)
    cache = Unclosed.in_memory()
    asked(tokens[:killed_after], cache, budget(paid))
    again = budget(resumed)

    assert asked(tokens, cache, again) == came
    assert again.cost == pytest.approx(at_one_go.cost)
    for calls in (0, 1, 5):
        assert again.pays(calls) == at_one_go.pays(calls)
    # What is really paid is paid once.
    assert paid.spent + resumed.spent == whole.spent


class Unclosed(Cache):
    """A cache that the next run finds as the last one left it."""

    def close(self) -> None:
        """Keep what is in it."""


def test_replays_count_for_nothing_where_that_is_not_asked_for() -> None:
    budget = Budget(Amounts(tokens=1_000))

    budget.replayed(call(), reply(100, 100))

    assert budget.cost == Cost()


def test_replays_are_not_counted_where_only_calls_are() -> None:
    budget = Budget(5, counts_replays=True)

    budget.replayed(call(), reply(100, 100))

    assert budget.cost == Cost()


def test_the_budget_around_says_how_long_there_is_time_and_not_what_is_left() -> None:
    clock = Clock()
    around = Budget(Amounts(tokens=600, seconds=60), clock=clock)
    part = Budget(
        Amounts(tokens=10_000), within=around, counts_replays=True, clock=clock
    )
    part.replayed(call(), reply(500, 500))
    around.take(call())
    clock.now += 20

    assert part.pays(2)
    assert not part.pays(3)


def test_replays_say_how_long_a_reply_may_be() -> None:
    budget = Budget(Amounts(tokens=2_000), counts_replays=True)

    budget.replayed(call(), reply(10, 1_900))

    assert not take(budget)


def test_what_the_whole_limits_is_counted_in_its_parts_too() -> None:
    clock = Clock()
    whole = Budget(Amounts(tokens=100, seconds=60), clock=clock)
    share = Budget(5, within=whole, clock=clock)
    asked = call(max_tokens=5)

    share.settle(asked, share.take(asked), reply(40, 5))

    assert whole.cost == share.cost == Cost(1, 45, 0.0)
    assert share.seconds_left == pytest.approx(60)
    assert share.timed_out().problem == "the budget of 1 minute is over"


def test_whether_more_calls_can_be_paid_is_told_by_what_calls_took_so_far() -> None:
    clock = Clock()
    budget = Budget(Amounts(tokens=1_000, seconds=100), clock=clock)
    asked = call(max_tokens=1)
    unknown = budget.pays(10**6)
    for _ in range(4):
        budget.settle(asked, budget.take(asked), reply(90, 10))

    assert unknown
    assert [budget.pays(6), budget.pays(7)] == [True, False]
    clock.now += 50  # 12.5 seconds a call
    assert [budget.pays(4), budget.pays(5)] == [True, False]


# ------------------------------------------------------------------ in flight


class Model:
    """Takes 10 tokens of 100 that it may, once so many requests are with it."""

    def __init__(self, at_once: int) -> None:
        self.asked = self.now = self.most = 0
        self._at_once = at_once
        self._full = asyncio.Event()

    async def complete(self, request: Request) -> Completion:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == self._at_once:
            self._full.set()
        await self._full.wait()
        self.now -= 1
        return reply(5, 5)


def asked_of(chat: ChatModel, budget: Budget, number: int) -> list[Call]:
    message = Message(role="user", content=f"{number:04}")
    request = Request(messages=(message,), settings={"max_tokens": 100}, seed=number)
    model = NamedModel("house:small", chat)
    return [Call(model=model, request=request, purpose="gate", budget=budget)]


def outcomes(chat: ChatModel, budget: Budget, calls: int, at_once: int) -> list[Any]:
    with Engine(at_once) as engine:
        futures = [
            future
            for number in range(calls)
            for future in engine.start_all(asked_of(chat, budget, number))
        ]
        return [future.exception(20) or future.result() for future in futures]


def test_a_budget_that_ends_with_50_calls_in_flight_is_not_exceeded() -> None:
    budget, model = Budget(70), Model(50)

    found = outcomes(model, budget, calls=200, at_once=50)

    assert (budget.spent, model.asked, model.most) == (70, 70, 50)
    lost = [entry for entry in found if isinstance(entry, BudgetExhausted)]
    assert len(lost) == 130


def test_what_does_not_fit_in_beside_calls_on_their_way_waits_for_their_end() -> None:
    budget = Budget(Amounts(tokens=1_000))  # 7 calls of up to 129 at once
    model = Model(7)

    found = outcomes(model, budget, calls=200, at_once=50)

    replies = [entry for entry in found if not isinstance(entry, BudgetExhausted)]
    assert model.most == 7
    assert model.asked == len(replies) == budget.cost.calls
    assert 1_000 - 129 < budget.cost.tokens <= 1_000


def test_at_the_end_of_the_time_nothing_is_left_under_way() -> None:
    budget, model = Budget(Amounts(seconds=0.05)), Model(99)

    found = outcomes(model, budget, calls=9, at_once=4)

    assert model.asked <= 4
    assert {str(entry) for entry in found} == {
        "the budget of 0.05 seconds is over\n  hint: raise it with --promptopt-budget"
    }


class Paused:
    """Asks to be left alone for a minute."""

    def complete(self, request: Request) -> Completion:
        error = ModelError("model 'm': too many requests", "wait", retryable=True)
        error.status, error.retry_after_s = 429, 60.0
        raise error


def test_what_waits_for_the_end_of_a_pause_does_not_outlast_the_time() -> None:
    budget = Budget(Amounts(seconds=0.05))

    found = outcomes(Paused(), budget, calls=9, at_once=1)

    assert {type(entry) for entry in found} == {BudgetExhausted}


# ------------------------------------------------------------- many processes


SPENDER = """
import pathlib, sys
from pytest_promptopt.amounts import Amounts
from pytest_promptopt.models.ledger import Cost, LedgerAccount
account = LedgerAccount(pathlib.Path(sys.argv[1]), "run")
sys.stdin.readline()
taken = [account.charge(Cost(1, 7, 0.1), Amounts(calls=300)) for _ in range(60)]
account.close()
print(taken.count(None))
"""


def test_eight_processes_together_never_take_more_than_there_is(tmp_path: Path) -> None:
    path = ledger_path(tmp_path / ".promptopt", "run-1")
    spenders = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SPENDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(8)
    ]

    for spender in spenders:
        assert spender.stdin is not None
        spender.stdin.write("\n")
        spender.stdin.flush()

    taken = [int(spender.communicate()[0]) for spender in spenders]

    ledger = LedgerAccount(path, "run")
    assert sum(taken) == ledger.spent().calls == 300
    ledger.close()


def test_two_processes_see_one_time_and_one_sum(tmp_path: Path) -> None:
    path = ledger_path(tmp_path, "run-1")
    one, other = LedgerAccount(path, "run"), LedgerAccount(path, "run")
    gates = LedgerAccount(path, "gates")

    short = one.charge(Cost(1, 90, 0.5), Amounts(tokens=100))
    refused = other.charge(Cost(1, 20, 0.0), Amounts(tokens=100))
    one.settle(Cost(1, 90, 0.5), Cost(1, 40, 0.25))
    again = other.charge(Cost(1, 20, 0.0), Amounts(tokens=100))

    assert (short, refused, again) == (None, "tokens", None)
    assert one.spent() == other.spent() == Cost(2, 60, 0.25)
    assert gates.spent() == Cost()
    assert (one.began(50.0), other.began(70.0)) == (50.0, 50.0)


def test_what_cannot_be_counted_is_not_sent(tmp_path: Path) -> None:
    path = ledger_path(tmp_path, "run-1")
    path.write_bytes(b"no database, but longer than a header of one" * 9)
    budget = Budget(5, account=LedgerAccount(path, "run"))

    with pytest.raises(ModelError) as caught:
        budget.take(call())

    assert str(caught.value) == (
        f"what this run spends cannot be counted in {path}: file is not a database\n"
        "  hint: make the folder writable: without a count nothing is sent"
    )


def test_a_run_leaves_no_ledger_and_removes_those_of_killed_runs(
    tmp_path: Path,
) -> None:
    for name in ("ours", "theirs", "killed"):
        account = LedgerAccount(ledger_path(tmp_path, name), "run")
        account.charge(Cost(1), Amounts())
        account.close()
    os.utime(ledger_path(tmp_path, "killed"), (0, 0))
    os.utime(f"{ledger_path(tmp_path, 'killed')}-journal", (0, 0))

    remove_ledger(ledger_path(tmp_path, "ours"))

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"budget-theirs.sqlite", "budget-theirs.sqlite-journal"}
