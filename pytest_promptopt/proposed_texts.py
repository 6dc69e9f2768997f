"""Files with the new texts of prompts that are in no file: a hook supplied them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """Return a file name for each label, ``"promptopt.triage.txt"``, no two alike.

    Labels that would have one name, also where letter case does not count, get a part
    of their digest.
    """
    # Not before there is one: it brings the templates with it.
    from pytest_promptopt.prompts.supplied import proposal_file

    names = {label: proposal_file(label) for label in labels}
    used = Counter(name.casefold() for name in names.values())
    return {
        label: name
        if used[name.casefold()] == 1
        else f"{name.removesuffix('.txt')}-{digest(label)[:6]}.txt"
        for label, name in names.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTexts:
    """What the last search wrote, so that a file of the user's is never taken for it.

    Such a file is the text of a prompt and nothing else, so that it cannot say itself
    where it came from.

    Attributes:
        record: Where the files are listed with their digests; ignored by git.
    """

    record: Path

    def remove(self) -> None:
        """Remove the files of an earlier search that nobody has changed since.

        Beside a run that proposes nothing they would be taken for its proposals.
        """
        for path, written in self._listed().items():
            if path.name.startswith("promptopt.") and _digest_of(path) == written:
                path.unlink(missing_ok=True)
        self.record.unlink(missing_ok=True)

    def keep(self, paths: Iterable[Path]) -> None:
        """List files as they are now.

        Raises:
            OSError: The record cannot be written.
        """
        listed = {str(path): _digest_of(path) for path in paths}
        self.record.parent.mkdir(parents=True, exist_ok=True)
        self.record.write_text(
            json.dumps(listed, indent=1, sort_keys=True), encoding="ascii"
        )

    def _listed(self) -> Mapping[Path, str]:
        try:
            listed = json.loads(self.record.read_bytes())
        except (OSError, ValueError):
            return {}  # then no file is known to be ours
        if not isinstance(listed, dict):
            return {}
        return {Path(path): str(written) for path, written in listed.items()}


def _digest_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
