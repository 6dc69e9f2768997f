"""The remote repository: whose it is, its branches, and pushing one of ours."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_promptopt.errors import PublishError
from pytest_promptopt.publishing.naming import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.publishing.program import Git, Said

_SHA = re.compile(r"[0-9a-f]{40,64}")
_SCP = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^/:\s]+):(?P<path>[^\s]+)")
_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_NO_BRANCH = "name the branch to merge into: --base=main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What pull requests are to be merged into.

    Attributes:
        branch: Name of the remote's branch.
        commit: Full id of its last commit, which is in this clone.
    """

    branch: str
    commit: str

    @property
    def told(self) -> str:
        """The branch and its commit, for messages."""
        return f"{self.branch} ({self.commit[:8]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A remote of this clone.

    Attributes:
        git: Git at the top of the work tree, with what it needs to get in.
        name: Name of the remote.
        url: Where it pushes to.
    """

    git: Git
    name: str
    url: str

    @classmethod
    def named(cls, git: Git, name: str) -> Remote:
        """Return a remote by its name.

        Raises:
            PublishError: The clone has none of that name.
        """
        known = git.ask("remote").line.split()
        if name not in known:
            raise PublishError(
                f"this clone has no remote {name!r}",
                f"name one of: {', '.join(known)}"
                if known
                else "add one: git remote add origin URL",
            )
        found = git.do("remote", "get-url", "--push", name, hint="see git remote -v")
        return cls(git=git, name=name, url=found.splitlines()[0])

    def repository(self, api_url: str) -> str:
        """Return ``"owner/name"`` if it is on the host of an API; empty if not."""
        host, path = _host_and_path(self.url)
        name = path.strip("/").removesuffix(".git")
        if host != _host(web_address(api_url)) or not _NAME.fullmatch(name):
            return ""
        return name

    def trusted_with(self, token: str, api_url: str) -> Remote:
        """Return the remote with a token to get in, if it is on the API's host.

        Others, and those reached by ssh, have git's own ways. The token is in the
        environment of git's process and nowhere else.
        """
        web = web_address(api_url)
        address = urlsplit(self.url)
        if not token or f"{address.scheme}://{_host(self.url)}" != web:
            return self
        login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        key = f"http.{web}/.extraheader"
        config = (
            # Empties the list: a checkout may have left a header of its own there.
            (key, ""),
            (key, f"Authorization: Basic {login}"),
            ("http.followRedirects", "false"),
        )
        git = replace(
            self.git,
            config=(*self.git.config, *config),
            secrets=(*self.git.secrets, token, login),
        )
        return replace(self, git=git)

    def branches(self) -> tuple[str, dict[str, str]]:
        """Ask for the remote's default branch, and for the last commits of branches.

        Returns:
            The default branch, empty if it has none; and name to full commit id.

        Raises:
            PublishError: The remote does not answer.
        """
        said = self.git.ask("ls-remote", "--symref", self.name, "HEAD", "refs/heads/*")
        if not said.done:
            raise self._unreachable(said)
        default, commits = "", {}
        for line in said.line.splitlines():
            left, _, ref = line.partition("\t")
            if ref == "HEAD" and left.startswith("ref: refs/heads/"):
                default = left.removeprefix("ref: refs/heads/")
            elif ref.startswith("refs/heads/") and _SHA.fullmatch(left):
                commits[ref.removeprefix("refs/heads/")] = left
        return default, commits

    def base(self, default: str, commits: Mapping[str, str], asked: str | None) -> Base:
        """Return what to merge into, and have its commit here.

        Args:
            default: The remote's default branch; empty if it has none.
            commits: Its branches with their commits.
            asked: The branch that was asked for, if one was.

        Raises:
            PublishError: It is unknown, or cannot be fetched.
        """
        if asked is None and not default:
            raise PublishError(
                f"the remote {self.name!r} has no default branch that it would name",
                _NO_BRANCH,
            )
        branch = default if asked is None else asked
        if branch not in commits:
            raise PublishError(
                f"the remote {self.name!r} has no branch {branch!r}", _NO_BRANCH
            )
        if branch.startswith(PREFIX):
            raise PublishError(
                f"{branch!r} is a branch of promptopt pr itself", _NO_BRANCH
            )
        self.fetch(branch, commits[branch])
        return Base(branch=branch, commit=commits[branch])

    def fetch(self, branch: str, commit: str) -> None:
        """Have the last commit of a branch here; no reference of the clone changes.

        Raises:
            PublishError: It cannot be fetched.
        """
        if self._has(commit):
            return
        said = self.git.ask(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--refmap=",
            self.name,
            f"refs/heads/{branch}",
        )
        if not said.done:
            raise self._unreachable(said)
        if not self._has(commit):
            raise PublishError(
                f"{branch} at {self.name!r} has moved while it was read",
                "run the same command again",
            )

    def push(self, commit: str, branch: str, *, instead_of: str) -> None:
        """Push one of our branches.

        Args:
            commit: Its new last commit.
            branch: Its name.
            instead_of: The commit that it has on the remote; empty if there is none.

        Raises:
            PublishError: The remote refuses, or the branch is not at that commit.
        """
        ref = f"refs/heads/{branch}"
        said = self.git.ask(
            "push",
            "--quiet",
            "--no-verify",
            f"--force-with-lease={ref}:{instead_of}",
            self.name,
            f"{commit}:{ref}",
        )
        if not said.done:
            raise PublishError(
                f"{branch} was not pushed to {self.name!r}, and nothing else was done "
                f"with it: {said.told}",
                _push_hint(said),
            )

    def _has(self, commit: str) -> bool:
        return self.git.ask("cat-file", "-e", f"{commit}^{{commit}}").done

    def _unreachable(self, said: Said) -> PublishError:
        return PublishError(
            f"the remote {self.name!r} cannot be read: {said.told}",
            "check its address (git remote -v), the network, and that you may read it",
        )


def web_address(api_url: str) -> str:
    """Return where the repositories of an API are: ``"https://github.com"``."""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.lower().removeprefix('api.')}"


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _host_and_path(url: str) -> tuple[str, str]:
    if "://" in url:
        parts = urlsplit(url)
        host = _host(url)
        # The port of ssh is not that of the web.
        return host.partition(":")[0] if parts.scheme == "ssh" else host, parts.path
    found = _SCP.fullmatch(url)
    return (found["host"].lower(), found["path"]) if found is not None else ("", "")


def _push_hint(said: Said) -> str:
    told = said.errors.lower()
    if "stale info" in told or "fetch first" in told or "non-fast-forward" in told:
        return "somebody pushed to the branch meanwhile: run the same command again"
    if any(word in told for word in ("403", "denied", "401", "not found", "could not")):
        return (
            "give git the right to push: set GITHUB_TOKEN to a token with write "
            "permission for contents; in a workflow: permissions: contents: write"
        )
    return "see the reason; a rule of the repository may protect branches of that name"
