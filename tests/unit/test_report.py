"""Reports as text blocks: what the terminal and a pull request show."""

from __future__ import annotations

from dataclasses import replace

from builders import proposed

from pytest_promptopt.records import CaseChange, TestResult, Verdict
from pytest_promptopt.report import proposal, terminal

WORSE = TestResult(
    nodeid="test_p.py::test_a",
    selector="shop/test_p.py::test_a",
    prompt="p.j2",
    model="openai:x",
    verdict=Verdict(
        outcome="fail",
        cause="worse",
        message="the edited prompt is worse by 20.0 points",
        accuracy=0.5,
        interval=(0.4, 0.6),
        baseline_accuracy=0.7,
        baseline_interval=(0.6, 0.8),
        p_value=0.001,
        limit=0.05,
        detectable=0.1,
        trials=3,
        edited_tests=1,
        cases=80,
        worse=tuple(
            CaseChange(
                case_id=f"c{n}",
                place=f"cases.jsonl:{n}",
                expected="x",
                got="\x1b[31m::error::\n",
                before="x",
                was=1.0,
                now=0.0,
            )
            for n in range(7)
        ),
        removed=("gone",),
    ),
    calls=480,
)


def test_a_failure_names_cases_grounds_and_commands() -> None:
    assert terminal.failure(WORSE).split("\n") == [
        "p.j2: fail (worse)",
        "  the edited prompt is worse by 20.0 points",
        "  95% intervals: edited [40.0, 60.0], baseline [60.0, 80.0]",
        "  compared: 3 fresh trials of each case in both arms; "
        "1 edited prompt test in all",
        "  smallest drop this suite could have shown: 10.0 points",
        *(
            f"  worse: c{n} (cases.jsonl:{n}) 1.00 -> 0.00: expected 'x', "
            "got '\\x1b[31m::error::\\n', before 'x'"
            for n in range(5)
        ),
        "  worse: and 2 cases more",
        "  removed: 1 case: gone",
        "  to see one case:      pytest shop/test_p.py::test_a --promptopt-case=c0",
        "  to accept the change: pytest shop/test_p.py::test_a "
        "--promptopt-update-baseline",
        "  to find a better one: pytest shop/test_p.py::test_a --optimize-prompts",
    ]


def test_an_error_that_was_told_is_not_told_again() -> None:
    broken = replace(
        WORSE, verdict=Verdict(outcome="error", cause="provider", message="no key")
    )

    assert terminal.failure(broken, already="t.py::t") == (
        "p.j2: error (provider): for the same reason as t.py::t"
    )


def test_quiet_runs_show_only_what_needs_attention() -> None:
    fine = replace(WORSE, verdict=Verdict(outcome="pass", cause="same"))

    quiet = terminal.summary(
        [fine, WORSE], written=["x"], problems=[], apply_command=None, verbosity=-1
    )

    assert [line.text.partition(":")[0] for line in quiet] == ["p.j2 (test_a, openai"]


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
