"""What a gain is made of, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import change

if TYPE_CHECKING:
    from pytest_promptopt.records import GainSplit


def split_told(split: GainSplit) -> str:
    """Write what a gain is made of: ``"+12.0 points from replies that can ..."``.

    Args:
        split: The parts; those of nothing are left out.
    """
    parts = [
        (split.became_parseable, "from replies that can be read now"),
        (split.became_right, "from better answers"),
        (split.lost_parse, "from replies that cannot be read any more"),
        (split.became_wrong, "from worse answers"),
    ]
    told = [f"{change(share)} {what}" for share, what in parts if abs(share) >= 5e-4]
    return f"of the gain: {', '.join(told)}" if told else ""
