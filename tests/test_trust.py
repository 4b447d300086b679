"""Hosts that a proposal names are asked nothing before the base branch or CI names them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import checkouts
import pytest
from checkouts import git

from mlops.cli.options import Files
from mlops.cli.session import open_session

LAPTOP = "version: 1\nproject: p\ntargets: {laptop: {kind: process}}\n"
HIDDEN = ("GITHUB", "CI_", "BUILD_", "SYSTEM_", "MLOPS_", "DOCKER_", "AWS_")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A checkout on a branch beside `main`, and a host that somebody else owns: it hangs up."""

    folder: Path
    listener: socket.socket
    environ: dict[str, str] = field(default_factory=dict)
    callers: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    @property
    def evil(self) -> str:
        """A file whose target is an engine on that host."""
        return LAPTOP.replace("{kind: process}", f'{{kind: docker, host: "tcp://me@{self.host}"}}')

    def propose(self, text: str, branch: str = "feature") -> None:
        git(self.folder, "checkout", "-q", "-B", branch)
        (self.folder / "mlops.yaml").write_text(text)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(self._run, words)
            while not running.done():
                self._hang_up()
        return running.result()

    def _run(self, words: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        kept = {key: it for key, it in os.environ.items() if not key.startswith(HIDDEN)}
        return subprocess.run(
            [sys.executable, "-I", "-m", "mlops", *words],
            cwd=self.folder,
            env={**kept, **self.environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def asked(self) -> bool:
        """Tell whether anybody called the host."""
        self._hang_up()
        return bool(self.callers)

    def _hang_up(self) -> None:
        with suppress(TimeoutError):
            connection, address = self.listener.accept()
            connection.close()
            self.callers.append(str(address))


@pytest.fixture
def proposal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proposal]:
    checkouts.alone(tmp_path, monkeypatch)
    folder = checkouts.clone(checkouts.bare(tmp_path / "origin.git"), tmp_path / "checkout")
    (folder / "mlops.yaml").write_text(LAPTOP)
    checkouts.commit(folder, "base")
    git(folder, "push", "-q", "origin", "HEAD:main")
    git(folder, "fetch", "-q")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        yield Proposal(folder=folder, listener=listener)


COMMANDS = (("status",), ("show", "svc"), ("logs", "svc"), ("models", "list"))


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_host_that_only_a_proposal_names_is_asked_nothing(
    words: tuple[str, ...], proposal: Proposal
) -> None:
    proposal.propose(proposal.evil)

    done = proposal.run(*words)

    assert done.returncode == 3
    assert f"`{proposal.host}` is no host that the file names on `main`" in done.stderr
    assert f"MLOPS_TRUSTED_HOSTS={proposal.host}" in done.stderr
    assert not proposal.asked


def test_the_branch_of_a_fork_may_be_called_like_the_base(proposal: Proposal) -> None:
    proposal.propose(proposal.evil, branch="main")
    proposal.environ["GITHUB_HEAD_REF"] = "main"

    done = proposal.run("status")

    assert done.returncode == 3
    assert not proposal.asked


def test_the_base_is_fetched_where_a_shallow_checkout_lacks_it(proposal: Proposal) -> None:
    proposal.propose(proposal.evil)
    git(proposal.folder, "commit", "-q", "-a", "-m", "evil")
    git(proposal.folder, "push", "-q", "origin", "HEAD:refs/pull/1/merge")
    origin = proposal.folder.parent / "origin.git"
    shallow = proposal.folder.parent / "shallow"
    git(proposal.folder.parent, "init", "-q", str(shallow))
    git(shallow, "remote", "add", "origin", f"file://{origin}")
    git(shallow, "fetch", "-q", "--depth=1", "origin", "refs/pull/1/merge")
    git(shallow, "checkout", "-q", "--detach", "FETCH_HEAD")
    environ = {"GITHUB_HEAD_REF": "feature", "MLOPS_DEFAULT_BRANCH": "main"}

    strange = Proposal(folder=shallow, listener=proposal.listener, environ=environ).run("status")
    git(proposal.folder, "push", "-q", "origin", "HEAD:main")
    git(shallow, "update-ref", "-d", "refs/remotes/origin/main")
    known = Proposal(folder=shallow, listener=proposal.listener, environ=environ).run("status")

    assert strange.returncode == 3
    assert "is no host that the file names" not in known.stderr


def test_a_store_that_only_a_proposal_names_is_not_read(proposal: Proposal) -> None:
    proposal.propose(LAPTOP + "store: s3://evil/store\n")
    proposal.environ["AWS_ENDPOINT"] = f"http://{proposal.host}"

    done = proposal.run("status")

    assert done.returncode == 3
    assert "`s3://evil` is no host" in done.stderr
    assert not proposal.asked


def test_a_target_of_records_that_a_proposal_brings_is_asked_nothing(proposal: Proposal) -> None:
    proposal.propose(proposal.evil)
    before = open_session(Files(paths=(proposal.folder,), variables={}), lenient=True, agreed=True)
    before.world.records.begin(1, (), ())
    proposal.propose(LAPTOP)

    done = proposal.run("status")

    assert done.returncode == 3
    assert f"`{proposal.host}` is no host" in done.stderr
    assert not proposal.asked


@pytest.mark.parametrize("trusted", ["other, {host}", "127.0.0.1"])
def test_a_host_that_ci_names_may_be_asked(trusted: str, proposal: Proposal) -> None:
    proposal.propose(proposal.evil)
    proposal.environ["MLOPS_TRUSTED_HOSTS"] = trusted.format(host=proposal.host)

    done = proposal.run("models", "list")

    assert (0, "") == (done.returncode, done.stderr)
    assert proposal.asked


def test_a_host_that_the_base_names_is_none_of_a_proposal(proposal: Proposal) -> None:
    proposal.propose(proposal.evil)
    git(proposal.folder, "commit", "-q", "-a", "-m", "agreed")
    git(proposal.folder, "push", "-q", "origin", "HEAD:main")

    done = proposal.run("models", "list")

    assert (0, "") == (done.returncode, done.stderr)
    assert proposal.asked


def test_the_default_branch_proposes_nothing(proposal: Proposal) -> None:
    proposal.propose(proposal.evil, branch="main")

    done = proposal.run("models", "list")

    assert (0, "") == (done.returncode, done.stderr)
    assert proposal.asked


def test_what_is_on_this_machine_needs_nobodys_word(proposal: Proposal) -> None:
    file = LAPTOP.replace("{kind: process}", '{kind: docker, host: "unix:///nowhere.sock"}')
    proposal.propose(file)

    done = proposal.run("models", "list")

    assert (0, "") == (done.returncode, done.stderr)
