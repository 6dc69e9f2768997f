"""The pull-request text as text blocks."""

from __future__ import annotations

from builders import proposed

from pytest_promptopt.report import proposal


def test_the_pull_request_text_is_a_table_a_diff_and_commands() -> None:
    result = proposed("a", gain=0.2)
    dropped = proposed("b", gain=0.1)

    text = proposal.pull_request_text(
        [result], dropped=[dropped], diff="-old\n+```new\n", command="git apply x"
    )

    assert "| `p.j2` | 50.0% | **70.0%** | +20.0 points [15.0, 25.0] |" in text
    assert "````diff\n-old\n+```new\n````" in text
    assert "Left out: `p.j2` (test\\_p.py::test\\_b)" in text
    assert "    git apply x\n    pytest test_p.py::test_a" in text
