"""Which files a search may remove: those that one wrote and nobody changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_promptopt.proposed_texts import WrittenTexts, file_names


def test_a_file_is_named_after_its_prompt_and_two_prompts_never_share_one() -> None:
    names = file_names(["registry:sort", "store:Sort", "registry:tone"])

    assert names == {
        "registry:sort": "promptopt.sort-080d6c.txt",
        "store:Sort": "promptopt.Sort-7aa517.txt",
        "registry:tone": "promptopt.tone.txt",
    }


@pytest.fixture
def written(tmp_path: Path) -> WrittenTexts:
    texts = [tmp_path / f"promptopt.{name}.txt" for name in "abc"]
    for path in texts:
        path.write_text("a prompt")
    kept = WrittenTexts(record=tmp_path / ".promptopt" / "proposed.json")
    kept.keep(texts)
    return kept


def left(written: WrittenTexts) -> list[str]:
    return sorted(path.name for path in written.record.parent.parent.glob("*.*"))


def test_what_was_written_is_removed_unless_it_was_changed(
    written: WrittenTexts, tmp_path: Path
) -> None:
    (tmp_path / "promptopt.a.txt").write_text("mine now")
    (tmp_path / "promptopt.b.txt").unlink()
    (tmp_path / "promptopt.d.txt").write_text("a prompt")

    written.remove()
    written.remove()

    assert left(written) == [".promptopt", "promptopt.a.txt", "promptopt.d.txt"]
    assert not written.record.exists()


@pytest.mark.parametrize("record", ["", "[]", "nonsense", '{"a": 3}'])
def test_without_a_record_that_can_be_read_nothing_is_removed(
    written: WrittenTexts, record: str
) -> None:
    before = left(written)
    written.record.write_text(record)

    written.remove()

    assert left(written) == before


def test_a_record_names_no_other_files_than_proposals(
    written: WrittenTexts, tmp_path: Path
) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("notes")
    written.keep([other])

    written.remove()

    assert other.exists()
