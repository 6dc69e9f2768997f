"""The steps of a page that is followed: what is typed, written and held against it."""

from __future__ import annotations

from pathlib import Path

import pytest
from walkthrough import Held, Typed, begin, follow, prints, to_show, typed

PAGE = """\
# A page

<!-- after: other.md -->

<!-- file: a/b.txt -->
```text
first
```

```console
$ git init
$ pytest --one \\
    --two
...
1 passed
```

<!-- copy: near/rows.jsonl rows.jsonl -->

<!-- shows: rows.jsonl -->
```json
{"id": 1}
```

```sh
pip install it
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    (docs / "near").mkdir(parents=True)
    (docs / "near" / "rows.jsonl").write_text('{"id": 1}\n{"id": 2}\n')
    other = "<!-- file: c.txt -->\n```text\nearly\n```\n"
    other += other.replace("early", "late")
    (docs / "other.md").write_text(other)
    (docs / "page.md").write_text(PAGE)
    return docs / "page.md"


def test_a_page_gives_its_commands_and_files_in_their_order(
    page: Path, tmp_path: Path
) -> None:
    steps = list(follow(page, tmp_path))

    assert steps == [
        Typed("git init", ()),
        Typed("pytest --one --two", ("...", "1 passed")),
        Held('{"id": 1}\n{"id": 2}\n', '{"id": 1}\n'),
    ]
    assert (tmp_path / "a" / "b.txt").read_text() == "first\n"


def test_another_page_gives_each_file_as_it_shows_it_first(
    page: Path, tmp_path: Path
) -> None:
    begin(page.parent / "other.md", tmp_path)

    assert (tmp_path / "c.txt").read_text() == "early\n"


def test_a_command_over_two_lines_is_one() -> None:
    assert [*typed("$ a \\\n   b\nout\n$ c\n")] == [
        Typed("a b", ("out",)),
        Typed("c", ()),
    ]


PRINTED = "=== 1 passed in 0.31s ===\nrecorded 2026-11-20 (today)\n"


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        (("===== 1 passed in 2.00s =====", "recorded 2025-01-02 (today)"), True),
        (("...", "recorded 2025-01-02 (today)"), True),
        (("...", "recorded 2025-01-02"), False),
        (("=== 2 passed in 0.31s ===", "..."), False),
    ],
)
def test_days_seconds_and_widths_are_all_that_may_differ(
    shown: tuple[str, ...], *, same: bool
) -> None:
    assert prints(PRINTED, 0, shown) is same


def test_a_command_below_which_nothing_stands_has_to_succeed() -> None:
    assert prints("anything", 0, ())
    assert not prints("anything", 1, ())


RUN = """\
=== test session starts ===
=== FAILURES ===
___ test_a ___
worse
=== prompts ===

a row
"""


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("pytest", ["...", "___ test_a ___", "worse", "=== prompts ===", "", "a row"]),
        ("pytest --promptopt-case=a", ["...", "a row"]),
    ],
)
def test_a_page_shows_a_run_from_its_first_section_on(
    command: str, shown: list[str]
) -> None:
    assert to_show(command, RUN) == shown
