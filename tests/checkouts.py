"""Git repositories for tests: a bare one, and checkouts of it."""

import subprocess
from pathlib import Path

import pytest


def git(folder: Path, *words: str) -> str:
    """Run Git in a folder; return what it prints."""
    done = subprocess.run(
        ["git", "-C", str(folder), *words],  # noqa: S607  the git of the machine
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own Git configuration, and what its CI says of a run, out."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(home / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "home"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(home))
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ada@example.org")


def bare(folder: Path) -> Path:
    """Make a bare repository that serves any commit, as the forges do."""
    folder.mkdir()
    git(folder, "init", "-q", "--bare", "-b", "main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    return folder


def clone(origin: Path, folder: Path, *options: str) -> Path:
    """Clone a repository over the file protocol, which can be shallow."""
    git(origin.parent, "clone", "-q", *options, f"file://{origin}", str(folder))
    return folder


def commit(folder: Path, text: str) -> str:
    """Commit a file that says `text`; return the commit."""
    (folder / "file.txt").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", text)
    return git(folder, "rev-parse", "HEAD")
