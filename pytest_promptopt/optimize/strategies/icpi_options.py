"""The numbers of ICPI."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize.options import check_choice, check_number, check_switch

CHOOSING = ("argmax", "imitation", "random")
WORLD_MODELS = ("model", "table")


@dataclass(frozen=True, slots=True, kw_only=True)
class IcpiOptions:
    """What can be set about ICPI.

    Attributes:
        per_step: Edits that a step makes, one after the other, at least 1.
        choosing: The edit with the highest simulated return, ``"argmax"``; or, to see
            what that is worth, the edit that the optimizer model would go on with
            after the latest ones, ``"imitation"``, or ``"random"``.
        world_model: Who says what an edit would bring: the optimizer ``"model"``, or
            the ``"table"`` of what was seen.
        rollouts: Whether it is simulated how things would go on behind an edit;
            otherwise what the edit itself brings decides.
        least: How often each kind of edit is made before anything is simulated, at
            least 1. Below 2 nothing can be checked that was made once.
        balanced: Whether each reward that was seen is shown equally often.
        constrained: Whether a prediction is shown what came of the same edit only.
        horizon: Edits of one simulation, at least 1.
        discount: What a reward counts one edit later, in [0, 1].
        shown: Transitions that a prediction is shown at most, at least 1.
        recent: Episodes whose course the simulated policy is shown, at least 1.
        again: How often a prediction that cannot be read is asked for again, at
            least 0.
        episode: Edits after which the next one starts from the best text, at least 1.
        notch: Change of the score that makes a reward of 1, above 0.
        checked: Edits whose outcome is known, at which simulations are checked: those
            are predicted from the others; again at twice as many. At least 4.
        failures: Wrong replies that an edit is shown, at least 0.
        earlier: Whether transitions of earlier runs on the same split are used.
        temperature: Of the requests for edits, 0 or more.
        race: Whether a text that is clearly worse need not be scored to the end.
    """

    per_step: int = 4
    choosing: str = "argmax"
    world_model: str = "model"
    rollouts: bool = True
    least: int = 2
    balanced: bool = True
    constrained: bool = True
    horizon: int = 3
    discount: float = 0.8
    shown: int = 12
    recent: int = 8
    again: int = 1
    episode: int = 8
    notch: float = 0.05
    checked: int = 20
    failures: int = 3
    earlier: bool = True
    temperature: float = 1.0
    race: bool = True

    def __post_init__(self) -> None:
        lowest = {"per_step": 1, "horizon": 1, "shown": 1, "recent": 1, "again": 0}
        lowest |= {"least": 1, "episode": 1, "checked": 4, "failures": 0}
        for name, least in lowest.items():
            check_number("icpi", name, getattr(self, name), lowest=least)
        check_number("icpi", "temperature", self.temperature, lowest=0, whole=False)
        check_number(
            "icpi", "discount", self.discount, lowest=0, highest=1, whole=False
        )
        check_number("icpi", "notch", self.notch, lowest=0, highest=1, whole=False)
        if not self.notch:
            raise SettingError(
                "strategy icpi: notch is 0, so that every reward is without end",
                "set it to a share of the score, such as 0.05",
            )
        check_choice("icpi", "choosing", self.choosing, CHOOSING)
        check_choice("icpi", "world_model", self.world_model, WORLD_MODELS)
        for name in ("rollouts", "balanced", "constrained", "earlier", "race"):
            check_switch("icpi", name, getattr(self, name))
