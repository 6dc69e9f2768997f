"""The code around the triage prompt, without a model."""

import pytest

from papershop.rendering import render
from papershop.triage import desk_for


@pytest.mark.parametrize(
    ("reply", "desk"),
    [
        ("returns", "Warehouse"),
        (" Billing\n", "Selma"),
        ("I am not sure", "Front desk"),
    ],
)
def test_the_reply_decides_the_desk(reply, desk):
    assert desk_for("The cap is cracked.", ask=lambda _: reply) == desk


def test_the_annotations_leave_no_trace_in_the_prompt():
    text = render("triage.j2", ticket="The cap is cracked.")

    assert "promptopt" not in text
    assert not text.startswith("\n")
    assert "\n\n" not in text
    assert text.endswith("\n<ticket>\nThe cap is cracked.\n</ticket>")
