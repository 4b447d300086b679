"""A Docker engine of the test's own: another machine, as far as anybody can tell.

It listens on loopback by TLS, takes only clients with a certificate, and can be killed. It has a
bridge of its own: without one (`--bridge=none`) an engine removes `docker0`, which is another's.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker_engine
import psutil
import pytest
from base_image import ENVIRONMENT, base_tar
from walk import free_port

DOCKERD, IP, OPENSSL, UMOUNT = map(shutil.which, ("dockerd", "ip", "openssl", "umount"))
NAMES = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage={}Auth\n"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
BASE = f"{docker_engine.REPOSITORY}:second"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondEngine:
    """An engine below a folder, and the Docker contexts that lead to it."""

    folder: Path
    port: int

    @property
    def contexts(self) -> Path:
        """The folder of the contexts: `lab` has our certificate, `bare` has none."""
        return self.folder / "docker"

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def bridge(self) -> str:
        """The network that its containers are in."""
        return f"mlops{self.port}"

    def client(self) -> Any:
        """Return a client of it."""
        docker = pytest.importorskip("docker")
        place = self.folder / "client"
        ours = (str(place / "cert.pem"), str(place / "key.pem"))
        config = docker.tls.TLSConfig(client_cert=ours, ca_cert=str(place / "ca.pem"), verify=True)
        made = docker.APIClient(base_url=self.address, tls=config, version="1.41", timeout=30)
        made.trust_env = False
        return made

    def start(self) -> None:
        """Start it, and wait until it answers. Skips the test in one line where it cannot."""
        words = {
            "data-root": "data",
            "exec-root": "exec",
            "pidfile": "pid",
            "tlscacert": "ca.pem",
            "tlscert": "server.pem",
            "tlskey": "server.key",
        }
        with (self.folder / "log").open("ab") as log:
            subprocess.Popen(
                [
                    str(DOCKERD),
                    *(f"--{name}={self.folder / file}" for name, file in words.items()),
                    *("--tlsverify", "--host", self.address, f"--bridge={self.bridge}"),
                    *("--iptables=false", "--ip-forward=false", "--ip-masq=false"),
                    f"--containerd-namespace=second-{self.port}",
                    f"--containerd-plugins-namespace=second-plugins-{self.port}",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with contextlib.suppress(Exception):
                self.client().ping()
                return
            time.sleep(0.1)
        pytest.skip("no second Docker engine starts here")

    def kill(self) -> None:
        """End it as a crash does."""
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int((self.folder / "pid").read_text()))
            family = [process, *process.children(recursive=True)]
            for each in family:
                each.kill()
            psutil.wait_procs(family, timeout=10)
        (self.folder / "pid").unlink(missing_ok=True)

    def end(self) -> None:
        """Let it end by itself, and see that nothing stays mounted: it was killed before."""
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int((self.folder / "pid").read_text()))
            process.terminate()
            process.wait(20)
        self.kill()
        subprocess.run([str(UMOUNT), str(self.folder / "data")], capture_output=True, check=False)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[SecondEngine]:
    """Start an engine with the base image of the tests; at the end, remove all that it was."""
    if os.geteuid() or not (DOCKERD and IP and OPENSSL):
        pytest.skip("a second Docker engine needs root, dockerd, ip and openssl")
    engine = SecondEngine(folder=folder, port=free_port())
    certify(folder)
    for name in ("lab", "bare"):
        write_context(engine, name)
    ip("link", "add", engine.bridge, "type", "bridge")
    try:
        ip("addr", "add", f"10.213.{engine.port % 250}.1/24", "dev", engine.bridge)
        ip("link", "set", engine.bridge, "up")
        engine.start()
        changes = [f"ENV {line}" for line in ENVIRONMENT]
        repository, _, tag = BASE.partition(":")
        engine.client().import_image_from_file(str(base_tar()), repository, tag, changes)
        yield engine
    finally:
        with contextlib.suppress(Exception):
            for one in engine.client().containers(all=True):
                engine.client().remove_container(one["Id"], force=True)
        engine.end()
        ip("link", "del", engine.bridge)


def ip(*words: str) -> None:
    """Change the network of this machine. Skips the test in one line where it may not."""
    if subprocess.run([str(IP), *words], capture_output=True, check=False).returncode:
        pytest.skip("a second Docker engine needs a bridge of its own")


def certify(folder: Path) -> None:
    """Make an authority, and certificates of the engine and of its client."""
    (folder / "client").mkdir(parents=True)
    openssl(
        "req", "-x509", *CURVE, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem", at=folder
    )
    for name in ("server", "client"):
        (folder / f"{name}.ext").write_text(NAMES.format(name))
        subject = ("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("req", *CURVE, *subject, at=folder)
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
        files = ("-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", f"{name}.ext")
        openssl("x509", "-req", *signed, *files, at=folder)
    for source, name in (("ca.pem", "ca"), ("client.pem", "cert"), ("client.key", "key")):
        shutil.copy(folder / source, folder / "client" / f"{name}.pem")


def openssl(*words: str, at: Path) -> None:
    """Run openssl in a folder."""
    subprocess.run([str(OPENSSL), *words], cwd=at, check=True, capture_output=True)


def write_context(engine: SecondEngine, name: str) -> None:
    """Write a Docker context of the engine; `bare` has no certificates."""
    place = docker_engine.write_context(engine.contexts, name, engine.address)
    if name != "bare":
        shutil.copytree(engine.folder / "client", place)
