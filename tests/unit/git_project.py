"""A git repository in a temporary folder, cut off from the machine's own settings."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

QUIET = {
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}


class GitProject:
    """A repository whose files and commits a test writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def started(cls, path: Path) -> GitProject:
        path.mkdir(parents=True, exist_ok=True)
        project = cls(path)
        project.git("init", "--quiet", "--initial-branch=main", "--template=")
        # For clones of one commit by its id, and without blobs.
        project.git("config", "uploadpack.allowAnySHA1InWant", "true")
        project.git("config", "uploadpack.allowFilter", "true")
        return project

    def copy(self, path: Path) -> GitProject:
        return GitProject(shutil.copytree(self.path, path, symlinks=True))

    def git(self, *arguments: str) -> str:
        # A hook that runs the tests would lead git to its own repository.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            check=True,
            capture_output=True,
            env={**kept, **QUIET},
        )
        return done.stdout.decode().strip()

    def typed(self, command: str) -> None:
        """Run a git command as an error's hint gives it."""
        program, *arguments = shlex.split(command)
        assert program == "git"
        self.git(*arguments)

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            path.write_bytes(data)

    def commit(self) -> str:
        """Commit what is in the folder, and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A commit")
        return self.git("rev-parse", "HEAD")

    def commit_files(self, files: dict[str, str | bytes]) -> str:
        self.write(files)
        return self.commit()

    def clone(self, path: Path, *options: str) -> GitProject:
        """Clone over a protocol that knows depth and filters."""
        path.mkdir()
        cloned = GitProject(path)
        url = f"file://{self.path}"
        cloned.git("clone", "--quiet", *options, "--", url, str(path))
        return cloned
