"""Commit, branch, dirtiness, who, run URL, and the name of the source."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkouts import alone, git

from mlops.lineage import lineage, normalised, source

NOBODY: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone(tmp_path, monkeypatch)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    return folder


@pytest.fixture
def committed(checkout: Path) -> Path:
    (checkout / "a.txt").write_text("a")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", "first")
    return checkout


def test_a_clean_checkout_tells_commit_branch_and_who(committed: Path) -> None:
    expected = {
        "commit": git(committed, "rev-parse", "HEAD"),
        "branch": "main",
        "default_branch": "main",
        "dirty": False,
        "who": "Ada",
    }

    assert expected == lineage(committed, NOBODY)


def test_a_folder_within_the_checkout_tells_the_same(committed: Path) -> None:
    (committed / "deep" / "er").mkdir(parents=True)

    assert lineage(committed, NOBODY) == lineage(committed / "deep" / "er", NOBODY)


def test_a_changed_file_is_dirty_and_an_untracked_one_is_not(committed: Path) -> None:
    (committed / "new.txt").write_text("new")
    assert lineage(committed, NOBODY)["dirty"] is False

    (committed / "a.txt").write_text("b")
    assert lineage(committed, NOBODY)["dirty"] is True


def test_a_staged_file_is_dirty(committed: Path) -> None:
    (committed / "new.txt").write_text("new")
    git(committed, "add", "new.txt")

    assert lineage(committed, NOBODY)["dirty"] is True


def test_a_packed_branch_tells_its_commit(committed: Path) -> None:
    git(committed, "pack-refs", "--all")

    assert git(committed, "rev-parse", "HEAD") == lineage(committed, NOBODY)["commit"]


def test_an_unborn_branch_has_no_commit(checkout: Path) -> None:
    found = lineage(checkout, NOBODY)

    assert "commit" not in found
    assert "main" == found["branch"]


def test_a_detached_head_has_no_branch(committed: Path) -> None:
    git(committed, "checkout", "-q", "--detach")

    found = lineage(committed, NOBODY)

    assert "branch" not in found
    assert git(committed, "rev-parse", "HEAD") == found["commit"]


def test_a_linked_worktree_tells_its_own_branch(committed: Path, tmp_path: Path) -> None:
    git(committed, "remote", "add", "origin", "https://host/a/b.git")
    git(committed, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))

    found = lineage(tmp_path / "tree", NOBODY)

    assert ("other", False) == (found["branch"], found["dirty"])
    assert "host/a/b" == source(tmp_path / "tree")


def test_without_git_only_who_is_known(tmp_path: Path) -> None:
    assert {"who"} >= set(lineage(tmp_path, NOBODY))
    assert "" == source(tmp_path)


@pytest.mark.parametrize("text", [None, "", "nonsense", "gitdir: /nowhere"])
def test_a_broken_repository_is_no_error(tmp_path: Path, text: str | None) -> None:
    if text is None:
        (tmp_path / ".git").mkdir()
    else:
        (tmp_path / ".git").write_text(text)

    assert {"who"} >= set(lineage(tmp_path, NOBODY))
    assert "" == source(tmp_path)


def test_a_repository_with_a_broken_head_and_configuration_is_no_error(committed: Path) -> None:
    (committed / ".git" / "HEAD").write_bytes(b"\xff\xff")
    (committed / ".git" / "config").write_bytes(b"[[[\xff")

    assert {"who"} >= set(lineage(committed, NOBODY))
    assert "" == source(committed)


def test_without_the_git_program_all_but_dirtiness_is_known(committed: Path) -> None:
    git(committed, "remote", "add", "origin", "https://host/a/b.git")
    program = (
        "import sys; from pathlib import Path; from mlops.lineage import lineage, source;"
        "f = Path(sys.argv[1]); print(sorted(lineage(f, {})), source(f))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(committed)],
        env={"PATH": "/nonexistent", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
        capture_output=True,
        text=True,
    )

    assert ("['branch', 'commit', 'who'] host/a/b\n", "") == (done.stdout, done.stderr)


def test_looking_runs_no_program_of_the_repository(committed: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    hooks = committed / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        shutil.copy(trap, hooks / hook)
    for key in ("core.fsmonitor", "diff.external", "diff.trap.textconv", "diff.trap.command"):
        git(committed, "config", key, str(trap))
    for key in ("clean", "smudge", "process"):
        git(committed, "config", f"filter.tr.ap.{key}", str(trap))
    git(committed, "config", "filter.tr.ap.required", "true")
    (committed / ".gitattributes").write_text("* diff=trap filter=tr.ap\n")
    os.utime(committed / "a.txt", (1, 1))

    found = lineage(committed, NOBODY)
    source(committed)

    assert found["dirty"] is False
    assert not (tmp_path / "sprung").exists()


def test_files_that_look_like_a_bare_repository_are_not_believed(
    committed: Path, tmp_path: Path
) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    evil = committed / "evil"
    git(committed, "init", "-q", "--bare", str(evil))
    git(evil, "config", "core.fsmonitor", str(trap))
    git(evil, "config", "core.worktree", str(committed))
    git(evil, "config", "remote.origin.url", "https://evil/a/b")
    git(committed, "remote", "add", "origin", "https://host/a/b")

    found = lineage(evil, NOBODY)

    assert git(committed, "rev-parse", "HEAD") == found["commit"]
    assert "host/a/b//evil" == source(evil)
    assert not (tmp_path / "sprung").exists()


def test_looking_writes_nothing(committed: Path) -> None:
    os.utime(committed / "a.txt", (1, 1))
    before = (committed / ".git" / "index").stat().st_mtime_ns

    lineage(committed, NOBODY)

    assert before == (committed / ".git" / "index").stat().st_mtime_ns


def test_the_source_names_remote_and_folder_without_credentials(committed: Path) -> None:
    (committed / "deploy" / "prod").mkdir(parents=True)
    git(committed, "remote", "add", "origin", "https://ci:s3cret@GitHub.com/team/repo.git")

    assert "github.com/team/repo" == source(committed)
    assert "github.com/team/repo//deploy/prod" == source(committed / "deploy" / "prod")


def test_a_checkout_without_a_remote_has_no_source(committed: Path) -> None:
    assert "" == source(committed)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("git@github.com:a/b.git", "github.com/a/b"),
        ("github.com:a/b", "github.com/a/b"),
        ("user:tok@host:a/b.git", "host/a/b"),
        ("ssh://git@host:7999/a/b.git", "host/a/b"),
        ("https://user:tok@host/a/b.git/", "host/a/b"),
        ("https://tok@host:8443/a/b", "host/a/b"),
        ("https://host/a/b?token=s3cret#frag", "host/a/b"),
        ("https://org@dev.azure.com/org/p/_git/r", "dev.azure.com/org/p/_git/r"),
        ("git@ssh.dev.azure.com:v3/org/p/r", "dev.azure.com/org/p/_git/r"),
        ("/srv/git/b.git", "/srv/git/b"),
        ("file:///srv/git/b.git", "/srv/git/b"),
        ("../b.git", "../b"),
        ("", ""),
    ],
)
def test_every_way_to_write_a_remote_has_one_name(url: str, expected: str) -> None:
    assert expected == normalised(url)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ID": "7",
            },
            "https://github.com/a/b/actions/runs/7",
        ),
        (
            {
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/org/",
                "SYSTEM_TEAMPROJECT": "my project",
                "BUILD_BUILDID": "9",
            },
            "https://dev.azure.com/org/my%20project/_build/results?buildId=9",
        ),
        ({"CI_JOB_URL": "https://gitlab.com/a/b/-/jobs/3"}, "https://gitlab.com/a/b/-/jobs/3"),
        ({"GITHUB_RUN_ID": "7"}, None),
    ],
)
def test_a_ci_run_tells_its_page(
    tmp_path: Path, environ: dict[str, str], expected: str | None
) -> None:
    assert expected == lineage(tmp_path, environ).get("run_url")


def test_a_ci_run_tells_who_started_it(committed: Path) -> None:
    assert "octocat" == lineage(committed, {"GITHUB_ACTOR": "octocat"})["who"]
    assert "Ada L." == lineage(committed, {"BUILD_REQUESTEDFOR": "Ada L."})["who"]
