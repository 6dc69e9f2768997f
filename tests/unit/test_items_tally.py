"""What is counted of the models, a judge's calls apart."""

from __future__ import annotations

from pytest_promptopt.items.pending import Tally
from pytest_promptopt.models.engine import Reply
from pytest_promptopt.models.prices import Price
from pytest_promptopt.records import Completion, Usage

PRICE = Price(input=1.0, output=2.0)
SPENT = Usage(prompt_tokens=1_000_000, completion_tokens=500_000)


def reply(*, cached: bool = False, usage: Usage = SPENT) -> Reply:
    return Reply(Completion(text="pass", model="judge-1", usage=usage), cached)


def test_a_judges_replies_are_counted_and_priced_but_not_recorded_as_the_model() -> (
    None
):
    tally = Tally()

    tally.count_judge(reply(), PRICE)
    tally.count_judge(reply(cached=True), PRICE)

    assert (tally.calls, tally.cached) == (1, 1)
    assert (tally.judge_calls, tally.judge_cached, tally.judge_cost) == (1, 1, 2.0)
    assert tally.reported_models == set()


def test_a_cost_is_unknown_without_a_price_or_tokens_for_every_call() -> None:
    unpriced, uncounted = Tally(), Tally()

    unpriced.count_judge(reply(), None)
    unpriced.count_judge(reply(), PRICE)
    uncounted.count_judge(reply(usage=Usage()), PRICE)

    assert unpriced.judge_cost is None
    assert uncounted.judge_cost is None
