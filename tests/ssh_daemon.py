"""A machine that is reached by ssh, as far as anybody can tell: an sshd of the test's own.

It listens on loopback, with keys made for the test; a configuration of `ssh` calls it `lab`.
"""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from walk import free_port

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH')}:/usr/sbin:/sbin")
SSH, KEYGEN, DOCKER = map(shutil.which, ("ssh", "ssh-keygen", "docker"))
SEPARATED = Path("/run/sshd")
"""The folder without which an sshd of root does not start; the system makes it at boot."""

DAEMON = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/mine.pub
AuthenticationMethods publickey
StrictModes no
UsePAM no
PidFile none
LogLevel VERBOSE
SetEnv PATH={folder}/there DOCKER_HOST={engine}
"""
CONFIG = """\
Host lab
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {folder}/{key}
    IdentitiesOnly yes
    IdentityAgent none
    GlobalKnownHostsFile none
    UserKnownHostsFile {folder}/{known}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshDaemon:
    """An sshd below a folder. The PATH of who comes in is `there`."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def programs(self, *, key: str = "mine", known: str = "known", ssh: bool = True) -> str:
        """Return a PATH with an `ssh` that a configuration tells of `lab`; or with none."""
        place = self.folder / f"{key}-{known}-{ssh}"
        place.mkdir(exist_ok=True)
        told = {"folder": self.folder, "port": self.port, "user": getpass.getuser()}
        (place / "config").write_text(CONFIG.format(key=key, known=known, **told))
        if not ssh:
            return str(place)
        (place / "ssh").write_text(f'#!/bin/sh\nexec {SSH} -F {place}/config "$@"\n')
        (place / "ssh").chmod(0o755)
        return f"{place}:{os.environ['PATH']}"

    @property
    def sessions(self) -> int:
        """How many connections there are."""
        return len(psutil.Process(self.process.pid).children())


@contextlib.contextmanager
def running(folder: Path) -> Iterator[SshDaemon]:
    """Run an sshd, or skip the test in one line; it ends with everything that it started."""
    if not (SSHD and SSH and KEYGEN and DOCKER):
        pytest.skip("a machine that is reached by ssh needs sshd, ssh and the docker program")
    port = free_port()
    furnish(folder, port)
    if not os.geteuid():
        SEPARATED.mkdir(exist_ok=True)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
    try:
        wait(folder, port, process)
        yield SshDaemon(folder=folder, port=port, process=process)
    finally:
        alive = psutil.Process(process.pid)
        for each in (*alive.children(recursive=True), alive):
            with contextlib.suppress(psutil.Error):
                each.kill()
        process.wait()


def furnish(folder: Path, port: int) -> None:
    """Make keys, the configuration, and the `docker` that is found there."""
    for name in ("host", "mine", "other"):
        words = ("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
        subprocess.run([str(KEYGEN), *words], check=True)
    for known, host in (("known", "host"), ("changed", "other")):
        key = (folder / f"{host}.pub").read_text()
        (folder / known).write_text(f"[127.0.0.1]:{port} {key}")
    engine = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    told = DAEMON.format(port=port, folder=folder, engine=engine)
    (folder / "sshd_config").write_text(told)
    (folder / "there").mkdir()
    (folder / "there" / "docker").symlink_to(str(DOCKER))


def wait(folder: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until it answers. Skips the test in one line where it does not start."""
    end = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    last = (folder / "log").read_text().strip().rpartition("\n")[2]
    pytest.skip(f"no sshd starts here: {last}")
