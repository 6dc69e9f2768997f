"""Which desk a ticket goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from papershop.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable

DESKS = {
    "billing": "Selma",
    "shipping": "Warehouse",
    "returns": "Warehouse",
    "product": "Jon",
    "account": "Selma",
    "website": "IT on call",
}
NOBODY = "Front desk"


def desk_for(ticket: str, ask: Callable[[str], str]) -> str:
    """Return who looks after a ticket; the front desk gets what nobody can sort."""
    label = ask(render("triage.j2", ticket=ticket)).strip().lower()
    return DESKS.get(label, NOBODY)
