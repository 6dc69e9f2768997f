"""From an order mail to an order that the warehouse can pack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from papershop.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Order:
    """What a customer wants, and until when."""

    customer_no: str | None
    article_no: str
    quantity: int
    delivery_date: date | None
    postcode: str
    express: bool

    @classmethod
    def from_reply(cls, reply: str) -> Order:
        """Read the model's JSON; ``ValueError`` if the warehouse could not pack it."""
        fields: dict[str, Any] = json.loads(reply)
        if not fields["article_no"] or not fields["quantity"]:
            raise ValueError("an order needs an article and a quantity")
        if day := fields["delivery_date"]:
            fields["delivery_date"] = date.fromisoformat(day)
        return cls(**fields)


def order_messages(sender: str, subject: str, body: str) -> list[dict[str, str]]:
    """Return the chat that asks a model to read one mail."""
    mail = render("order_user.j2", sender=sender, subject=subject, body=body)
    return [
        {"role": "system", "content": render("order_system.j2")},
        {"role": "user", "content": mail},
    ]


def read_order(
    sender: str,
    subject: str,
    body: str,
    chat: Callable[[list[dict[str, str]]], str],
) -> Order:
    """Ask a model to read one mail."""
    return Order.from_reply(chat(order_messages(sender, subject, body)))
