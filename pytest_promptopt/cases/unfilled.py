"""Cases that nobody has written yet: ``promptopt init`` leaves them to fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases.rows import fault

if TYPE_CHECKING:
    from collections.abc import Mapping

UNFILLED = "FILL IN"
"""What stands where a value has to be written; a case that has it is no case yet."""


def check_filled(fields: Mapping[str, Any], place: str) -> None:
    """Refuse a case with a value that nobody has written yet.

    Args:
        fields: The case's fields.
        place: Where it stands, for the message.

    Raises:
        CaseFileError: A value is still :data:`UNFILLED`.
    """
    names = [
        name
        for name, value in fields.items()
        if isinstance(value, str) and value.strip() == UNFILLED
    ]
    if names:
        raise fault(
            place,
            f"the case is not filled in: {', '.join(map(repr, names))} "
            f"{'is' if len(names) == 1 else 'are'} still {UNFILLED!r}",
            "write a real input and the right answer to it, or delete the case",
        )
