"""What searches propose, in a report in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.comment_parts import folded
from pytest_promptopt.report.markdown import code, fenced, plain
from pytest_promptopt.report.proposal import proposal_table
from pytest_promptopt.report.proposal_section import Detail, proposal_section

if TYPE_CHECKING:
    from pytest_promptopt.records import TestResult
    from pytest_promptopt.report.comment_parts import Measure
    from pytest_promptopt.report.run_report import RunReport

_BRIEF = Detail(worse=5, better=0, origin=False)


def proposals(report: RunReport, measure: Measure) -> list[str]:
    """Return what the run's searches came to, and how proposals are applied."""
    found = [one for one in report.results if _has_proposal(one)]
    others = [
        f"- {code(one.prompt)}: search ({plain(one.search.strategy)}): "
        f"{plain(one.search.outcome)}. {plain(one.search.message, most=600)}"
        for one in report.results
        if one.search is not None and one.search.proposal is None
    ]
    parts = []
    if found:
        head = "### A better prompt" if len(found) == 1 else "### Better prompts"
        parts += [f"{head}\n\n{proposal_table(found)}"]
        parts += [_details(one, report, measure) for one in found]
        if report.apply_command:
            told = f"# to apply what is proposed\n{report.apply_command}"
            parts.append(fenced(told, "sh", most=2_000))
    return [
        *parts,
        "### Searches without a proposal" if others else "",
        "\n".join(others),
    ]


def _has_proposal(result: TestResult) -> bool:
    return result.search is not None and result.search.proposal is not None


def _details(result: TestResult, report: RunReport, measure: Measure) -> str:
    if not measure.diff:
        return ""
    full = measure.diff >= 5_000
    section = proposal_section(result, Detail() if full else _BRIEF)
    _, _, body = section.partition("\n\n")
    blocks = [f"{code(result.prompt)}\n\n{body}"]
    diff = report.diffs.get(result.nodeid, "")
    if diff:
        blocks.append(fenced(diff, "diff", most=measure.diff))
    texts = (
        result.search.proposal.texts if result.search and result.search.proposal else {}
    )
    blocks += [
        f"The new text of {code(label)}:\n\n{fenced(text, 'text', most=measure.diff)}"
        for label, text in texts.items()
    ]
    return folded("How it was found, and the change", "\n\n".join(blocks))
