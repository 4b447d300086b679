"""Whether a checkout is a proposal, and what the branch that it is made to has of its files.

Runs no hook of the repository; fetches that branch where a shallow checkout lacks it.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.lineage import ask_git, current_branch, default_branch, open_checkout

REQUESTS = ("GITHUB_HEAD_REF", "CI_MERGE_REQUEST_IID", "SYSTEM_PULLREQUEST_PULLREQUESTID")
"""Variables that a CI sets for a pull request alone, whatever its branch is called."""


class Base(Struct, frozen=True, kw_only=True):
    """The branch that was agreed to: its name, and its files by their path in the checkout."""

    branch: str
    files: Mapping[str, str]


def base_of(
    root: Path, paths: Iterable[str], environ: Mapping[str, str] = os.environ
) -> Base | None:
    """Return what the base has of some files; None where a checkout proposes nothing.

    Without Git, and without a remote or a default branch to compare with, nobody proposes.
    """
    repo = open_checkout(root)
    if repo is None:
        return None
    remote = ask_git(repo, "remote", "get-url", "origin") is not None
    default = default_branch(repo, environ)
    if not (default or remote) or not _proposed(repo, default, environ):
        return None
    tree = _tree(repo, default, remote=remote) if default else None
    found = {path: ask_git(repo, "show", f"{tree}:{path}") for path in paths} if tree else {}
    held = {path: text for path, text in found.items() if text is not None}
    return Base(branch=default or "the default branch", files=held)


def _proposed(repo: Any, default: str, environ: Mapping[str, str]) -> bool:
    """Tell whether this is a pull request, or not the default branch.

    The branch of a pull request proves nothing: a fork may call its own as it likes.
    """
    if any(environ.get(name) for name in REQUESTS):
        return True
    try:
        return not default or current_branch(repo, environ) != default
    except (ValueError, TypeError, OSError):  # a detached HEAD that leads nowhere
        return True


def _tree(repo: Any, branch: str, *, remote: bool) -> str | None:
    """Return the commit of a branch, of the remote where there is one."""
    name = f"refs/remotes/origin/{branch}" if remote else f"refs/heads/{branch}"
    known = ask_git(repo, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if known or not remote:
        return known
    options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    shallow = ask_git(repo, "rev-parse", "--is-shallow-repository") == "true"
    depth = ("--depth=1",) if shallow else ()
    ask_git(repo, "fetch", *options, *depth, "origin", f"+refs/heads/{branch}:{name}")
    return ask_git(repo, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
