"""The texts of an arm in a copy of the project, for an application run beside us."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.items.delivery.arm_texts import edits_for
from pytest_promptopt.items.delivery.project_copy import ProjectCopy
from pytest_promptopt.items.delivery.way import by_arm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_promptopt.items.handle import PromptHandle
    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.prompts import Prompt


@dataclass(slots=True, kw_only=True)
class AsFile:
    """A sub-process runs the application on an edited copy of the project.

    Attributes:
        prompt: The prompt as it is in the files.
        root: The project's folder.
        pythonpath: Folders of pytest's ``pythonpath``.
        copy: The copy, made at first need and removed at the end.
        calls_application: It does.
    """

    prompt: Prompt
    root: Path
    pythonpath: tuple[Path, ...]
    copy: ProjectCopy | None = None
    calls_application: bool = True

    def parts(self, batch: Batch) -> list[Batch]:
        """Divide trials by their arms: a file has one text at a time."""
        return by_arm(batch)

    def in_place(self, part: Batch) -> AbstractContextManager[None]:
        """Keep the texts of the part's arm in the copy.

        Raises:
            PromptOptError: They cannot be written there.
        """
        return self._written(part[0].arm.prompt)

    def unused(self, handle: PromptHandle) -> tuple[str, str] | None:
        """Say that the body never asked where the copy is."""
        if handle.tree_used:
            return None
        return (
            "deliver=\"file\", and the body never uses 'prompt.tree'",
            "run the application there, with subprocess.run(..., cwd=prompt.tree, "
            "env=prompt.env), else every prompt gets the same score",
        )

    def close(self) -> None:
        """Remove the copy."""
        if self.copy is not None:
            self.copy.remove()
            self.copy = None

    @contextmanager
    def _written(self, prompt: Prompt) -> Iterator[None]:
        if self.copy is None:
            self.copy = ProjectCopy.make(
                self.root,
                pythonpath=self.pythonpath,
                needed=[source.path for source in self.prompt.sources],
            )
        self.copy.hold(edits_for(self.prompt, prompt))
        yield
