"""The code around the order prompt, without a model."""

import json
from datetime import date

import pytest

from papershop.orders import Order, order_messages, read_order

REPLY = {
    "customer_no": "K-10442",
    "article_no": "NB-204",
    "quantity": 12,
    "delivery_date": "2025-03-14",
    "postcode": "04109",
    "express": False,
}


def test_the_mail_is_the_user_message():
    messages = order_messages("a@b.example", "Order", "12 x NB-204")

    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[1]["content"] == "From: a@b.example\nSubject: Order\n\n12 x NB-204"


def test_a_date_is_read_as_a_date():
    order = read_order("a@b.example", "", "", chat=lambda _: json.dumps(REPLY))

    assert order.delivery_date == date(2025, 3, 14)


def test_no_date_is_fine():
    order = Order.from_reply(json.dumps({**REPLY, "delivery_date": None}))

    assert order.delivery_date is None


@pytest.mark.parametrize("missing", ["article_no", "quantity"])
def test_an_order_for_nothing_is_refused(missing):
    with pytest.raises(ValueError, match="needs an article"):
        Order.from_reply(json.dumps({**REPLY, missing: None}))
