"""The fenced blocks of the pages under ``docs/``, and what makes sure of each.

A block is *run* by the test that is named here for its page and language, or *followed*
as part of a walkthrough, or *parsed*; what is left is a picture, with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from readme import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
FENCED = re.compile(
    r"(?:<!-- (?P<comment>[^\n]+?) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
FOLLOWED = ("tutorial.md", "roll-out.md", "faq.md", "privacy.md", "reports.md")
"""Pages that ``plugin/test_walkthroughs.py`` goes through."""

RUN = (
    ("applications.md", "plugin/test_applications_page.py", "python text"),
    ("cases.md", "plugin/test_case_sources.py", "csv yaml python"),
    ("ci.md", "test_workflows.py", "yaml"),
    ("ci.md", "unit/test_github_action.py", "sh"),
    ("configuration.md", "plugin/test_hooks.py", "python"),
    ("conversations.md", "plugin/test_conversations.py", "python jinja"),
    ("engine.md", "plugin/test_outages.py", "ini"),
    ("engine.md", "unit/test_models_rates.py", "toml"),
    ("init.md", "unit/test_starting_page.py", "console python"),
    ("judges.md", "unit/test_scorers_judges_page.py", "jinja json pycon python"),
    ("models.md", "plugin/test_models_hook.py", "python toml"),
    ("pipelines.md", "plugin/test_pipelines.py", "python"),
    ("pull-request-command.md", "plugin/test_pr_command.py", "console"),
    ("pull-requests.md", "unit/test_baseline_merging.py", "gitattributes"),
    ("scorers.md", "unit/test_scorers_page.py", "pycon python"),
    ("search.md", "unit/test_optimize_journal.py", "python"),
    ("sources.md", "unit/test_prompts_places_docs.py", "python toml yaml"),
    ("strategies.md", "unit/test_strategy_settings.py", "python toml"),
    ("templates.md", "plugin/test_templates_page.py", "ini jinja python"),
)
"""Page, the test that runs blocks of it, and their languages."""

PARSED = ("ini", "jinja", "json", "python", "sh", "toml", "yaml")
"""Languages that ``test_docs_blocks.py`` reads, whatever else is done with them."""

PICTURES = {
    "benchmarks.md": "figures of a day, with the commands that give them",
    "tutorial.md: python -m venv": "installs, which takes a network: see .ci/run",
    "tutorial.md: .promptopt/": "a file of the walkthrough",
    "index.md": "taken from the tutorial, as a test sees to",
    "engine.md: test_triage: 412": "a line that unit/test_report_progress.py makes",
    "engine.md: interrupted after": "a line that unit/test_report_progress.py makes",
    "judges.md: judge rubrics/": "what a run with a real judge told",
    "pipelines.md: draft:": "the pattern of a failure, which figures differ in",
    "privacy.md: text goes to": "lines that name models of a provider",
    "pull-requests.md: **/__prompt": "a file of GitHub's, for GitHub to read",
    "strategies.md: hold-out 96.0%": "the line that unit/test_report_proposal.py makes",
    "search.md: search of test": "what a search with a real model would tell",
}
"""Page, and beginning of a block's text if it is one block, to why nothing runs it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        page: Name of its page.
        line: Line of the page on which its text begins.
        comment: The mark before it, if there is one.
        kind: Its language.
        text: What is in it.
    """

    page: str
    line: int
    comment: str
    kind: str
    text: str

    @property
    def place(self) -> str:
        """Where it is, for messages and names of tests."""
        return f"{self.page}:{self.line}"

    @property
    def picture(self) -> str:
        """The entry of :data:`PICTURES` that it has; empty if none."""
        for entry in PICTURES:
            page, _, beginning = entry.partition(": ")
            if page == self.page and self.text.startswith(beginning):
                return entry
        return ""

    @property
    def is_run(self) -> bool:
        """Whether a test runs it as it stands."""
        if self.page in FOLLOWED:
            marked = self.comment.startswith(("file: ", "shows: "))
            return marked or self.kind == "console"
        return any(
            page == self.page and self.kind in kinds.split() for page, _, kinds in RUN
        )


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    text = page.read_text("utf-8")
    for found in FENCED.finditer(text):
        yield Block(
            page=page.name,
            line=text.count("\n", 0, found.start("text")) + 1,
            comment=found["comment"] or "",
            kind=found["kind"],
            text=found["text"],
        )


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
