"""Where a run comes from: commit, branch, dirtiness, who, run URL, and the name of the source.

Runs no hook, file monitor, filter or external diff of the repository. Keeps no credentials of a
URL.
"""

import getpass
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from mlops.spec import Fields

PATIENCE = 10
"""Seconds that Git may take to say whether anything was changed."""

FETCH_PATIENCE = 120
"""Seconds that Git may take for anything else, a fetch included."""

QUIET = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "safe.bareRepository=explicit")
"""Settings under which `git status` starts no program but a filter driver's."""

ALONE = (*QUIET, "protocol.ext.allow=never", "gc.auto=0", "maintenance.auto=false")
"""Settings under which a fetch starts nothing but the transport."""


def lineage(folder: Path, environ: Mapping[str, str] = os.environ) -> Fields:
    """Return what can be known of the commit, its branch, who applies it, and the run URL."""
    repo = open_checkout(folder)
    asked: Mapping[str, Callable[[], Any]] = {
        "commit": lambda: _commit(repo),
        "branch": lambda: repo and current_branch(repo, environ),
        "default_branch": lambda: repo and default_branch(repo, environ),
        "dirty": lambda: repo and _dirty(repo),
        "who": lambda: _who(repo, environ),
        "run_url": lambda: _run_url(environ),
    }
    known = {key: _told(ask) for key, ask in asked.items()}
    return {key: value for key, value in known.items() if value is not None and value != ""}


def source(folder: Path) -> str:
    """Return the remote that a folder is a checkout of: `host/team/project//folder/within`.

    Empty without Git, without a remote `origin`, or if that can't be read.
    """
    root = _checkout(folder)
    repo = _repository(root) if root else None
    if root is None or repo is None:
        return ""
    remote = normalised(_told(lambda: _setting(repo, 'remote "origin"', "url")) or "")
    within = Path(os.path.realpath(folder)).relative_to(root).as_posix()
    return f"{remote}//{within}" if remote and within != "." else remote


def normalised(url: str) -> str:
    """Return one name for every way to reach a remote, without its credentials and port."""
    text = url.strip()
    short = re.fullmatch(r"(?:[^/]*@)?([^/:@]+):(?!//)(.*)", text)
    if short:
        host, path = short.groups()
    elif "://" in text:
        parts = urlsplit(text)
        host, path = (parts.hostname or ""), parts.path
    else:
        host, path = "", text
    path = path.rstrip("/").removesuffix(".git").rstrip("/")
    if not host:
        return path
    return _azure(f"{host.lower()}/{path.lstrip('/')}")


def _azure(name: str) -> str:
    """Return the HTTPS name of an Azure DevOps repository that was named as for SSH."""
    return re.sub(
        r"^ssh\.dev\.azure\.com/v3/([^/]+)/([^/]+)/([^/]+)$", r"dev.azure.com/\1/\2/_git/\3", name
    )


def open_checkout(folder: Path) -> Any:
    """Return the repository that a folder is in; None without one, or if it can't be used."""
    root = _checkout(folder)
    return _repository(root) if root else None


def default_branch(repo: Any, environ: Mapping[str, str]) -> str:
    """Return the branch that is applied as a rule; empty if nobody says which."""
    told = environ.get("MLOPS_DEFAULT_BRANCH") or environ.get("CI_DEFAULT_BRANCH")
    return told or _of_event(environ) or _of_origin(repo)


def current_branch(repo: Any, environ: Mapping[str, str]) -> str:
    """Return the branch of the checkout; of a detached one what the CI says of this commit."""
    if not repo.head.is_detached:
        return str(repo.active_branch.name)
    commit = repo.head.commit.hexsha
    for branch, sha in _branches_of_ci(environ):
        if branch and sha in ("", commit):
            return branch
    default = _of_origin(repo)
    tip = ask_git(repo, "rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{default}")
    return default if default and tip == commit else ""


def _branches_of_ci(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the branch and the commit that GitHub, GitLab and Azure DevOps tell of."""
    github = environ.get("GITHUB_HEAD_REF") or ""
    if not github and environ.get("GITHUB_REF_TYPE") == "branch":
        github = environ.get("GITHUB_REF_NAME", "")
    azure = environ.get("BUILD_SOURCEBRANCH", "")
    return (
        (github, environ.get("GITHUB_SHA", "")),
        (environ.get("CI_COMMIT_BRANCH", ""), environ.get("CI_COMMIT_SHA", "")),
        (
            azure.removeprefix("refs/heads/") if azure.startswith("refs/heads/") else "",
            environ.get("BUILD_SOURCEVERSION", ""),
        ),
    )


def _of_event(environ: Mapping[str, str]) -> str:
    """Return the default branch that the event of a GitHub run names."""
    path = environ.get("GITHUB_EVENT_PATH")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        return str(event["repository"]["default_branch"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _of_origin(repo: Any) -> str:
    head = ask_git(repo, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    if head:
        return head.removeprefix("origin/")
    known = [
        name
        for name in ("main", "master")
        if ask_git(repo, "rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{name}")
        or ask_git(repo, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}")
    ]
    return known[0] if len(known) == 1 else ""


def ask_git(repo: Any, *words: str) -> str | None:
    """Return what Git prints, asked without hooks and questions; None if it refuses."""
    from git.exc import GitCommandError  # noqa: PLC0415  the library costs 0.25 s

    options = [word for setting in ALONE for word in ("-c", setting)]
    try:
        told: str = repo.git.execute(
            ["git", *options, *words],
            kill_after_timeout=FETCH_PATIENCE,
            env={"GIT_TERMINAL_PROMPT": "0"},
        )
    except GitCommandError:
        return None
    return told


def _checkout(folder: Path) -> Path | None:
    """Return the checkout that a folder is in.

    Only a `.git` counts: files of a checkout may look like a bare repository, whose configuration
    would then be a stranger's.
    """
    start = Path(os.path.realpath(folder))
    return next((place for place in (start, *start.parents) if (place / ".git").exists()), None)


def _repository(root: Path) -> Any:
    """Return the repository of a checkout; None if it can't be used. Loads the library late."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # else no `git` program is an ImportError
    try:
        import git  # noqa: PLC0415  costs 0.25 s

        return git.Repo(root, expand_vars=False)
    except Exception:  # noqa: BLE001  a broken repository raises anything; lineage is only words
        return None


def _told(ask: Callable[[], Any]) -> Any:
    """Return the answer; None if there is none, as on an unborn branch or a detached HEAD."""
    try:
        return ask()
    except Exception:  # noqa: BLE001  see _repository
        return None


def _commit(repo: Any) -> str | None:
    """Return the commit of HEAD, from the files alone."""
    if repo is None:
        return None
    commit: str | None = repo.head.dereference_recursive(repo, "HEAD")
    return commit


def _dirty(repo: Any) -> bool:
    """Tell whether a tracked file differs from the commit.

    Filter drivers (Git LFS) are left out, since what they name may lie in the checkout: a file of
    theirs that was merely touched counts as changed.
    """
    quiet = [*QUIET]
    with repo.config_reader() as settings:
        for section in settings.sections():
            if driver := re.fullmatch(r'filter "([^=]*)"', section):
                name = f"filter.{driver[1]}"
                quiet += [f"{name}.clean=", f"{name}.process=", f"{name}.required=false"]
    return bool(
        repo.git(c=quiet, no_optional_locks=True).status(
            porcelain=True,
            untracked_files="no",
            ignore_submodules="dirty",
            kill_after_timeout=PATIENCE,
        )
    )


def _who(repo: Any, environ: Mapping[str, str]) -> str | None:
    for key in ("GITHUB_ACTOR", "BUILD_REQUESTEDFOR", "GITLAB_USER_LOGIN"):
        if environ.get(key):
            return environ[key]
    name = _told(lambda: _setting(repo, "user", "name")) if repo else None
    return name or getpass.getuser()


def _setting(repo: Any, section: str, option: str) -> str:
    with repo.config_reader() as settings:
        return str(settings.get_value(section, option))


def _run_url(environ: Mapping[str, str]) -> str:
    """Return the page of the CI run; empty outside of GitHub, Azure DevOps and GitLab."""

    def words(*keys: str) -> list[str] | None:
        found = [environ.get(key, "") for key in keys]
        return found if all(found) else None

    if github := words("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        return "{}/{}/actions/runs/{}".format(*github)
    if azure := words("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID"):
        collection, project, build = azure
        return f"{collection.rstrip('/')}/{quote(project)}/_build/results?buildId={build}"
    return environ.get("CI_JOB_URL", "")
