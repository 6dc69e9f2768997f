"""What the docs advise for ``.gitattributes`` is tried with git itself."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

from pytest_promptopt.baseline import (
    ATTRIBUTES,
    Baseline,
    BaselineCase,
    looks_path_for,
    parse,
    path_for,
    render,
)

DOCS = Path(__file__).parents[2] / "docs" / "pull-requests.md"
NAME = "TestShop.test_triage[GPT x]"  # with brackets and a percent sign in its file

BASE = Baseline(
    prompt={"text": "Sort it."},
    request={},
    model="offline:rules",
    model_ids=("a", "b", "c"),
    fingerprint="ab12",
    date="2026-01-31",
    cases=tuple(
        BaselineCase(id=f"c{number}", hash="h", values=(1.0, 1.0, 1.0))
        for number in range(9)
    ),
)
LAST = BaselineCase(id="c8", hash="h", values=(0.0, 0.0, 0.0))
OURS = replace(BASE, date="2026-02-01")
THEIRS = replace(BASE, cases=(*BASE.cases[:-1], LAST))


def advised() -> str:
    found = re.search(r"```gitattributes\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


class Repository:
    """A repository in which two branches have recorded the same prompt test."""

    def __init__(self, top: Path, attributes: str) -> None:
        self.top = top
        test_file = top / "shop" / "tests" / "test_prompts.py"
        self.record = path_for(test_file, NAME)
        self.looks = looks_path_for(test_file, NAME)
        self.record.parent.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (top / ".gitattributes").write_text(attributes)
        self.commit(BASE, '{"look": 0}\n')
        self.git("checkout", "-q", "-b", "theirs")
        self.commit(THEIRS, '{"look": 0}\n{"look": "theirs"}\n')
        self.git("checkout", "-q", "main")
        self.commit(OURS, '{"look": 0}\n{"look": "ours"}\n')

    def git(self, *arguments: str, check: bool = True) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.top,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.top),
                "GIT_CONFIG_NOSYSTEM": "1",
                "LC_ALL": "C",
            },
            capture_output=True,
            text=True,
            check=check,
        )
        return done.stdout

    def commit(self, baseline: Baseline, looks: str) -> None:
        self.record.write_text(render(baseline), encoding="utf-8")
        self.looks.write_text(looks, encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "recorded")

    def merged(self) -> list[str]:
        """Merge and return the status of each file that is not as before."""
        self.git("merge", "-q", "theirs", check=False)
        return sorted(line[:2] for line in self.git("status", "-s").splitlines())


def test_without_the_advice_git_mixes_two_records_and_says_nothing(
    tmp_path: Path,
) -> None:
    repository = Repository(tmp_path, "")

    repository.merged()

    mixed = parse(repository.record.read_text("utf-8"), repository.record)
    assert mixed == replace(OURS, cases=THEIRS.cases)


def test_with_the_advice_git_stops_and_leaves_our_record_whole(tmp_path: Path) -> None:
    repository = Repository(tmp_path, advised())

    status = repository.merged()

    assert status == ["M ", "UU"]
    assert repository.record.read_text("utf-8") == render(OURS)
    assert repository.looks.read_text().splitlines() == [
        '{"look": 0}',
        '{"look": "ours"}',
        '{"look": "theirs"}',
    ]


def test_with_the_advice_a_record_still_has_a_diff(tmp_path: Path) -> None:
    repository = Repository(tmp_path, advised())

    shown = repository.git("diff", "theirs", "main")

    assert '+  "date": "2026-02-01",' in shown


def test_the_line_that_an_error_names_is_the_one_advised() -> None:
    assert ATTRIBUTES in advised().splitlines()
