"""A plan is agreed to in a pull request and applied after the merge, in real repositories."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkouts import alone, bare, git
from walk import NO_CHANGES, Walk, kill, walking


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    alone(tmp_path, monkeypatch)
    with walking(tmp_path) as begun:
        origin = bare(tmp_path / "origin.git")
        git(begun.folder, "init", "-q", "-b", "main")
        git(begun.folder, "remote", "add", "origin", str(origin))
        commit(begun, "first")
        git(begun.folder, "push", "-q", "origin", "main")
        git(begun.folder, "remote", "set-head", "origin", "main")
        yield begun


def commit(walk: Walk, text: str) -> str:
    git(walk.folder, "add", "-A")
    git(walk.folder, "commit", "-q", "--allow-empty", "-m", text)
    return git(walk.folder, "rev-parse", "HEAD")


def digest(walk: Walk) -> str:
    return str(walk.run("plan", "--format", "json").json["digest"])


def test_a_digest_of_a_pull_request_is_applied_after_a_squash_merge_and_only_once(
    walk: Walk,
) -> None:
    git(walk.folder, "checkout", "-q", "-b", "feature")
    walk.edit("mlops.yaml", "stage: dev", "stage: dev, commit: '${git.sha}'")
    commit(walk, "one")
    seen = digest(walk)
    git(walk.folder, "checkout", "-q", "main")
    git(walk.folder, "merge", "-q", "--squash", "feature")
    commit(walk, "squashed")

    made = walk.run("apply", "--digest", seen)
    again = walk.run("apply", "--digest", seen)
    commit(walk, "another commit changes nothing")
    unchanged = walk.plan()
    (server,) = walk.servers()
    kill(server)
    refused = walk.run("apply", "--digest", seen)

    assert 0 == made.code, made.err
    assert (0, "") == (again.code, again.err)
    assert NO_CHANGES == unchanged
    assert 4 == refused.code
    assert f"the plan `{seen[:12]}` was applied already, by revision 1" in refused.err
    assert {} == walk.servers()


def test_a_plan_file_runs_what_it_says_and_nothing_else(walk: Walk) -> None:
    written = walk.run("plan", "--out", "plan.json")
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {walk.port}\n    description: other")

    refused = walk.run("apply", "plan.json")
    walk.edit("mlops.yaml", "\n    description: other", "")
    made = walk.run("apply", "plan.json")

    plan = json.loads((walk.folder / "plan.json").read_text())
    assert f"Digest: {plan['digest']}\n" in written.out
    assert 4 == refused.code
    assert (
        "error: `laptop/service/diabetes`: it would become something else than what was agreed to"
        in refused.err
    )
    assert 0 == made.code, made.err
    walk.settled()


def test_commits_are_applied_in_their_order_and_from_the_default_branch(walk: Walk) -> None:
    first = git(walk.folder, "rev-parse", "HEAD")
    second = commit(walk, "second")
    made = walk.apply()
    git(walk.folder, "checkout", "-q", "-b", "feature")
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {walk.port}\n    description: other")

    branch = walk.apply()
    git(walk.folder, "checkout", "-q", "-B", "main", first)
    older = walk.apply()
    allowed = walk.apply("--allow-rollback")

    assert 0 == made.code, made.err
    assert 3 == branch.code
    assert "error: this is the branch `feature`, and only `main` is applied" in branch.err
    assert 3 == older.code
    assert f"error: commit `{first[:10]}` is older than `{second[:10]}`" in older.err
    assert 0 == allowed.code, allowed.err


def test_a_level_lets_pass_what_costs_no_more(walk: Walk) -> None:
    new = walk.run("apply", "--auto-approve=metadata")
    made = walk.run("apply", "--auto-approve=rolling")
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {walk.port}\n    description: other")

    told = walk.run("apply", "--auto-approve=metadata")

    assert 3 == new.code
    assert "error: `laptop/service/diabetes`: `+` costs more than `metadata`" in new.err
    assert (0, 0) == (made.code, told.code)


def test_a_rule_of_the_file_refuses_a_plan_wherever_it_is_made(walk: Walk) -> None:
    rules = """
rules:
  no-new-services:
    when: plan.changes.exists(c, c.kind == 'service' && c.action == '+')
    message: new services go through the platform team
"""
    walk.spec.write_text(walk.spec.read_text() + rules)
    told = "error: mlops.yaml:39:11: rule `no-new-services`: new services go through the platform"

    valid = walk.run("validate")
    planned = walk.run("plan")
    applied = walk.apply()

    assert 0 == valid.code, valid.err
    assert 3 == planned.code
    assert "Plan: 2 to add" in planned.out
    assert told in planned.err
    assert (3, True) == (applied.code, told in applied.err)
    assert {} == walk.servers()


@pytest.mark.parametrize("words", [("--digest", "abc"), ("nowhere.json",)])
def test_what_is_no_plan_is_refused_and_touches_nothing(walk: Walk, words: tuple[str, ...]) -> None:
    answer = walk.run("apply", *words)

    assert 1 == answer.code
    assert "Errno" not in answer.err
    assert not (walk.folder / ".mlops").exists()
