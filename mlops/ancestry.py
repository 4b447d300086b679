"""Whether the commit of a run follows the one that was applied before it.

Runs no hook of the repository. Fetches from `origin` what the checkout lacks, and nothing else.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.errors import Problem, RefusedError
from mlops.lineage import ask_git, current_branch, default_branch, open_checkout


class Applied(Struct, frozen=True, kw_only=True):
    """The commit that a revision was applied from."""

    commit: str
    revision: int


class Leave(Struct, frozen=True, kw_only=True):
    """What the person or the job that applies allows: an older commit, another branch."""

    rollback: bool = False
    branch: bool = False


def check_order(
    folder: Path, last: Applied | None, leave: Leave, environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Return sentences on what was not checked. Raises RefusedError for a commit out of order.

    `last` is the last revision that was begun from the default branch.
    """
    repo = open_checkout(folder)
    if repo is None:
        return ("no Git repository: the order of commits is not checked",)
    if ask_git(repo, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        return ("nothing is committed yet: the order of commits is not checked",)
    default = default_branch(repo, environ)
    if not default:
        return ("the default branch is unknown: MLOPS_DEFAULT_BRANCH names it",)
    branch = current_branch(repo, environ)
    if branch != default:
        _check_branch(branch, default, leave)
        return ()
    if last is not None and not leave.rollback:
        _check_follows(repo, last)
    return ()


def _check_branch(branch: str, default: str, leave: Leave) -> None:
    if leave.branch:
        return
    where = f"the branch `{branch}`" if branch else "a detached commit of no known branch"
    raise RefusedError(
        Problem(
            summary=f"this is {where}, and only `{default}` is applied",
            hint=f"apply from `{default}`, or run with `--allow-branch` if you mean it",
        )
    )


def _check_follows(repo: Any, last: Applied) -> None:
    """Raise RefusedError unless HEAD is the last applied commit or a descendant of it."""
    if _follows(repo, last.commit):
        return
    if not _known(repo, last.commit) or _shallow(repo):
        _fetch(repo, last.commit)
    if _follows(repo, last.commit):
        return
    short, head = last.commit[:10], repo.head.commit.hexsha[:10]
    if not _known(repo, last.commit):
        raise RefusedError(
            Problem(
                summary=f"revision {last.revision} was applied from commit `{short}`, which this"
                " checkout lacks, so nobody can tell whether this one is newer",
                hint="check out with `fetch-depth: 0`; if history was rewritten, run with"
                " `--allow-rollback`",
            )
        )
    older = ask_git(repo, "merge-base", "--is-ancestor", "HEAD", last.commit) is not None
    how = "is older than" if older else "does not follow"
    raise RefusedError(
        Problem(
            summary=f"commit `{head}` {how} `{short}`, which revision {last.revision} applied",
            hint="apply the newest commit, or run with `--allow-rollback` if you mean it",
        )
    )


def _follows(repo: Any, commit: str) -> bool:
    return ask_git(repo, "merge-base", "--is-ancestor", commit, "HEAD") is not None


def _known(repo: Any, commit: str) -> bool:
    return ask_git(repo, "cat-file", "-e", f"{commit}^{{commit}}") is not None


def _shallow(repo: Any) -> bool:
    return ask_git(repo, "rev-parse", "--is-shallow-repository") == "true"


def _fetch(repo: Any, commit: str) -> None:
    """Fetch a commit and all that lies between, quietly; what does not come is told later."""
    options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    if _shallow(repo):
        ask_git(repo, "fetch", *options, "--unshallow", "origin")
    if not _known(repo, commit):
        ask_git(repo, "fetch", *options, "origin", commit)
