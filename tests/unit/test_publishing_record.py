"""What a search leaves for ``promptopt pr``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from builders import proposed

from pytest_promptopt.errors import PublishError
from pytest_promptopt.outbox import Outbox
from pytest_promptopt.proposals import Proposals
from pytest_promptopt.publishing.record import ProposalsRecord, recordable
from pytest_promptopt.records import CaseChange, TestResult
from pytest_promptopt.report.proposal import pull_request_text

PATH = Path("proposals.json")


def told(*results: TestResult) -> ProposalsRecord:
    return ProposalsRecord(
        commit="0" * 40,
        date="2026-11-20",
        root=".",
        diff="promptopt.diff",
        sha256="1" * 64,
        results=results,
    )


def test_a_record_is_read_back_as_it_was_written() -> None:
    record = told(proposed("a", gain=0.2), proposed("b", gain=0.1))

    assert ProposalsRecord.from_text(record.to_text(), PATH) == record


@pytest.mark.parametrize("name", ["commit", "date", "root", "diff", "sha256"])
def test_a_record_with_something_else_in_a_head_is_refused(name: str) -> None:
    text = replace(told(), **{name: ["x"]}).to_text()  # type: ignore[arg-type]

    with pytest.raises(PublishError, match="no record of proposals"):
        ProposalsRecord.from_text(text, PATH)


def test_a_record_has_the_pull_requests_text_and_nothing_of_the_gates_cases() -> None:
    made = proposed("a", gain=0.2, path="/home/somebody/shop/p.j2")
    case = CaseChange(
        case_id="c1",
        place="a:1",
        expected="secret",
        got="secret",
        before="secret",
        was=1.0,
        now=0.0,
    )
    verdict = replace(made.verdict, message="secret", worse=(case,))
    result = replace(made, verdict=verdict, details="/home/somebody/x", labels="secret")

    kept = recordable(result, lambda path: Path(path).name)

    text = told(kept).to_text()
    assert "secret" not in text
    assert "somebody" not in text

    def shown(one: TestResult) -> str:
        return pull_request_text([one], dropped=(), diff="-a\n", command="git apply x")

    assert shown(kept) == shown(result)


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        (".", "promptopt pr"),
        ("shop/tests", "promptopt pr"),
        ("shop", "promptopt pr"),
        ("..", "promptopt pr 'a b/shop'"),
        ("other", "promptopt pr ../shop"),
    ],
)
def test_the_command_finds_the_record_from_where_pytest_was_started(
    tmp_path: Path, folder: str, command: str
) -> None:
    top = tmp_path / "a b"
    root = top if folder == "." else top / "shop"
    proposals = Proposals(
        root=root,
        outbox=Outbox(folder=top / folder),
        diff_path=top / folder / "promptopt.diff",
    )

    assert proposals.publish_command == command
