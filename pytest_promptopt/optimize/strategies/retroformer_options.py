"""The numbers of retroformer."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize.options import check_number, check_switch


@dataclass(frozen=True, slots=True, kw_only=True)
class RetroformerOptions:
    """What can be set about retroformer.

    Attributes:
        per_step: Failed cases that a step reflects on, at least 1.
        samples: Reflections on each of them, at least 1.
        rated: How many reflections on each are rated, the most promising ones, as soon
            as there are ratings to tell by; at least 1.
        demonstrations: Rated lessons that a request shows; 0: none.
        others: Cases other than those reflected on that a lesson is rated on, half of
            them failed, at least 1.
        recalled: Whether the best lesson that the prompt does not have is rated once
            more in each step.
        longest: Most words of a lesson, at least 1.
        level: What the p of the paired test is held against that lets the best lesson
            of a step in, above 0 and at most 1.
        temperature: Of the requests to the optimizer model, 0 or more.
        race: Whether a prompt with a new lesson that is clearly worse than the best one
            need not be scored to the end.
    """

    per_step: int = 2
    samples: int = 4
    rated: int = 2
    demonstrations: int = 6
    others: int = 8
    recalled: bool = True
    longest: int = 30
    level: float = 0.2
    temperature: float = 1.0
    race: bool = True

    def __post_init__(self) -> None:
        least = {"per_step": 1, "samples": 1, "rated": 1, "others": 1, "longest": 1}
        for name, lowest in {**least, "demonstrations": 0}.items():
            check_number("retroformer", name, getattr(self, name), lowest=lowest)
        check_number(
            "retroformer", "temperature", self.temperature, lowest=0, whole=False
        )
        check_number(
            "retroformer", "level", self.level, lowest=0, highest=1, whole=False
        )
        if not self.level:
            raise SettingError(
                "strategy retroformer: level is 0, so that no lesson can get in",
                "set it to a number above 0, such as 0.2",
            )
        check_switch("retroformer", "recalled", self.recalled)
        check_switch("retroformer", "race", self.race)
