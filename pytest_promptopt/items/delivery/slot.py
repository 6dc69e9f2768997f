"""A place in the running program that holds a value and can hold another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Slot:
    """An entry of a dict or list, or an attribute of a class.

    Modules and objects keep theirs in a dict.

    Attributes:
        owner: The dict, list or class.
        key: The entry's key or position, or the attribute's name.
        label: What messages call it: ``"myapp.triage:PROMPT"``.
    """

    owner: Any
    key: Any
    label: str

    @property
    def value(self) -> Any:
        """What it holds; ``None`` if it is not there."""
        owner = vars(self.owner) if isinstance(self.owner, type) else self.owner
        try:
            return owner[self.key]
        except (LookupError, TypeError):
            return None

    def put(self, value: Any) -> None:
        """Have it hold another value.

        Raises:
            AttributeError: The class does not allow it, as an Enum does not.
            TypeError: The same.
        """
        if isinstance(self.owner, type):
            setattr(self.owner, self.key, value)
        elif isinstance(self.owner, dict):
            # What the entry means to a subclass has not changed.
            dict.__setitem__(self.owner, self.key, value)
        else:
            list.__setitem__(self.owner, self.key, value)
