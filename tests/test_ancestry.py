"""Whether a commit follows the one that was applied: in real repositories."""

import json
from pathlib import Path

import pytest
from checkouts import alone, bare, clone, commit, git

from mlops.ancestry import Applied, Leave, check_order
from mlops.errors import RefusedError

NOBODY: dict[str, str] = {}
STRICT = Leave()


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone(tmp_path, monkeypatch)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return bare(tmp_path / "origin.git")


@pytest.fixture
def checkout(tmp_path: Path, origin: Path) -> Path:
    folder = clone(origin, tmp_path / "checkout")
    commit(folder, "first")
    git(folder, "push", "-q", "origin", "main")
    git(folder, "remote", "set-head", "origin", "main")
    return folder


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


def applied(sha: str) -> Applied:
    return Applied(commit=sha, revision=7)


def refusal(folder: Path, last: Applied | None, leave: Leave = STRICT) -> str:
    with pytest.raises(RefusedError) as refused:
        check_order(folder, last, leave, NOBODY)
    return refused.value.problems[0].summary


def test_the_same_commit_and_a_newer_one_are_in_order(checkout: Path) -> None:
    first = head(checkout)
    assert () == check_order(checkout, applied(first), STRICT, NOBODY)

    commit(checkout, "second")

    assert () == check_order(checkout, applied(first), STRICT, NOBODY)


def test_an_older_commit_is_refused_and_allowed_on_request(checkout: Path) -> None:
    first = head(checkout)
    second = commit(checkout, "second")
    git(checkout, "reset", "-q", "--hard", first)

    assert (
        f"commit `{first[:10]}` is older than `{second[:10]}`, which revision 7 applied"
        == refusal(checkout, applied(second))
    )
    assert () == check_order(checkout, applied(second), Leave(rollback=True), NOBODY)


def test_a_squash_merge_follows_what_was_applied_of_the_default_branch(checkout: Path) -> None:
    first = head(checkout)
    git(checkout, "checkout", "-q", "-b", "feature")
    commit(checkout, "one")
    commit(checkout, "two")
    git(checkout, "checkout", "-q", "main")
    git(checkout, "merge", "-q", "--squash", "feature")
    git(checkout, "commit", "-q", "-m", "squashed")

    assert () == check_order(checkout, applied(first), STRICT, NOBODY)


def test_a_shallow_clone_fetches_what_lies_between(
    tmp_path: Path, origin: Path, checkout: Path
) -> None:
    first = head(checkout)
    for number in range(5):
        commit(checkout, f"more {number}")
    git(checkout, "push", "-q", "origin", "main")
    shallow = clone(origin, tmp_path / "shallow", "--depth", "1")

    assert () == check_order(shallow, applied(first), STRICT, NOBODY)


def test_an_older_commit_is_refused_in_a_shallow_clone_too(
    tmp_path: Path, origin: Path, checkout: Path
) -> None:
    second = commit(checkout, "second")
    git(checkout, "push", "-q", "origin", "main")
    git(checkout, "push", "-q", "origin", "HEAD~1:refs/heads/older")
    shallow = clone(origin, tmp_path / "shallow", "--depth", "1", "--branch", "older")
    git(shallow, "checkout", "-q", "-b", "main")

    summary = refusal(shallow, applied(second))

    assert f"is older than `{second[:10]}`" in summary


def test_after_a_force_push_the_run_is_refused(
    tmp_path: Path, origin: Path, checkout: Path
) -> None:
    gone = commit(checkout, "gone")
    git(checkout, "push", "-q", "origin", "main")
    git(checkout, "reset", "-q", "--hard", "HEAD~1")
    commit(checkout, "instead")
    git(checkout, "push", "-q", "--force", "origin", "main")
    fresh = clone(origin, tmp_path / "fresh")

    summary = refusal(fresh, applied(gone))

    assert f"does not follow `{gone[:10]}`, which revision 7 applied" in summary
    assert () == check_order(fresh, applied(gone), Leave(rollback=True), NOBODY)


def test_a_commit_that_nobody_has_any_more_names_what_to_do(checkout: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        check_order(checkout, applied("0" * 40), STRICT, NOBODY)

    problem = refused.value.problems[0]
    assert "was applied from commit `0000000000`, which this checkout lacks" in problem.summary
    assert "`fetch-depth: 0`" in problem.hint


def test_another_branch_is_refused_and_allowed_on_request(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "-b", "feature")

    assert "this is the branch `feature`, and only `main` is applied" == refusal(checkout, None)
    assert () == check_order(checkout, None, Leave(branch=True), NOBODY)


def test_a_detached_commit_is_of_the_branch_that_the_ci_names(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach")
    commit(checkout, "second")
    github = {
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REF_NAME": "main",
        "GITHUB_SHA": head(checkout),
    }

    assert () == check_order(checkout, None, STRICT, github)
    assert "a detached commit of no known branch" in refusal(checkout, None)


def test_what_the_ci_says_of_another_commit_is_not_believed(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach")
    commit(checkout, "second")
    github = {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main", "GITHUB_SHA": "0" * 40}

    with pytest.raises(RefusedError):
        check_order(checkout, None, STRICT, github)


def test_the_event_of_a_run_names_the_default_branch(tmp_path: Path, checkout: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "release"}}))

    with pytest.raises(RefusedError) as refused:
        check_order(checkout, None, STRICT, {"GITHUB_EVENT_PATH": str(event)})

    assert "only `release` is applied" in refused.value.problems[0].summary


def test_without_a_repository_it_is_said_that_nothing_was_checked(tmp_path: Path) -> None:
    told = check_order(tmp_path, None, STRICT, NOBODY)

    assert ("no Git repository: the order of commits is not checked",) == told


def test_without_a_commit_it_is_said_that_nothing_was_checked(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")

    told = check_order(tmp_path, applied("0" * 40), STRICT, NOBODY)

    assert ("nothing is committed yet: the order of commits is not checked",) == told


def test_a_fetch_runs_no_hook_of_the_repository(
    tmp_path: Path, origin: Path, checkout: Path
) -> None:
    first = head(checkout)
    commit(checkout, "second")
    git(checkout, "push", "-q", "origin", "main")
    shallow = clone(origin, tmp_path / "shallow", "--depth", "1")
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc"):
        hook = shallow / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)

    check_order(shallow, applied(first), STRICT, NOBODY)

    assert not (tmp_path / "ran").exists()
