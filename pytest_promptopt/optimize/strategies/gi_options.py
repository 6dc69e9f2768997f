"""The numbers of genetic improvement."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_promptopt.optimize.options import check_number


@dataclass(frozen=True, slots=True, kw_only=True)
class GiOptions:
    """What can be set about gi.

    Attributes:
        evaluations: The most patches that are scored, at least 1.
        per_step: Patches that a step tries, at least 1.
        removal: How often an edit is taken out of the patch instead of put in, as a
            share in [0, 1].
        written: How many of the edits that are put in a model writes, as a share in
            [0, 1].
        variants: Replies that such an edit asks for; the first valid one is used.
        first: Train cases of the first look at a patch; the number doubles with each.
        shown: Wrong answers that a request for a mended passage shows, at least 1.
        temperature: Of the requests to the optimizer model, 0 or more.
    """

    evaluations: int = 99
    per_step: int = 10
    removal: float = 0.5
    written: float = 0.5
    variants: int = 3
    first: int = 4
    shown: int = 3
    temperature: float = 0.7

    @property
    def strategy(self) -> str:
        """The name in messages."""
        return "gi"

    def __post_init__(self) -> None:
        for name in ("evaluations", "per_step", "variants", "first", "shown"):
            check_number(self.strategy, name, getattr(self, name), lowest=1)
        for name in ("removal", "written"):
            value = getattr(self, name)
            check_number(self.strategy, name, value, lowest=0, highest=1, whole=False)
        value = self.temperature
        check_number(self.strategy, "temperature", value, lowest=0, whole=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrinkOptions(GiOptions):
    """What can be set about gi-shrink.

    Attributes:
        written: As for gi; deleting needs no model.
        margin: What the shorter prompt may lose at most, as a share.
    """

    written: float = 0.2
    margin: float = 0.05

    @property
    def strategy(self) -> str:
        """The name in messages."""
        return "gi-shrink"

    def __post_init__(self) -> None:
        GiOptions.__post_init__(self)
        value = self.margin
        check_number(
            "gi-shrink", "margin", value, lowest=0.01, highest=0.5, whole=False
        )
