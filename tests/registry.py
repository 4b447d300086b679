"""A real registry (Debian's docker-registry): started on a free port, with a folder of its own."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from base_image import ENVIRONMENT, VERSION, base_tar

from mlops.clients.oci.login import Login
from mlops.clients.oci.manifest import CONFIG, INDEXES, MANIFEST, TAR, Descriptor, manifest_bytes
from mlops.clients.oci.reference import reference
from mlops.clients.oci.registry import Repository
from mlops.clients.oci.upload import Blob, blob_of
from mlops.hashing import digest_file
from mlops.plain import canonical

USERNAME, PASSWORD = "ci", "only for tests"
HTPASSWD = f"{USERNAME}:$2b$05$HGXG8OSljKUBM8CBrtBqV.7XC7SMNAqme/lyvFEbI17SYjedcDW4y\n"

PROGRAM = shutil.which("docker-registry") or shutil.which("registry")
needs_registry = pytest.mark.skipif(PROGRAM is None, reason="no docker-registry")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A running registry. `log` is its access log."""

    port: int
    folder: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def calls(self, *methods: str) -> list[str]:
        """Return the requests that were made by these methods, as `PATCH /v2/… 202`."""
        found = []
        for line in self.log.splitlines():
            _, quote, rest = line.partition('] "')
            words, _, after = rest.partition('" ')
            if quote and words.split(" ")[0] in methods:
                method, path = words.split(" ")[:2]
                found.append(f"{method} {path.partition('?')[0]} {after.split(' ')[0]}")
        return found


@contextmanager
def running(folder: Path, *, password: bool = False, tls: Path | None = None) -> Iterator[Registry]:
    """Run a registry over `folder`; `tls` holds `tls.crt` and `tls.key`."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if tls is not None:
        http = {"certificate": str(tls / "tls.crt"), "key": str(tls / "tls.key")}
        config["http"] = {"addr": f"127.0.0.1:{port}", "tls": http}
    if password:
        (folder / "htpasswd").write_text(HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("ab") as log:
        words = [str(PROGRAM), "serve", str(folder / "config.yml")]
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        wait(process, port)
        yield Registry(port=port, folder=folder)
    finally:
        process.kill()
        process.wait()


def login() -> Login:
    """Return who may use a registry with a password."""
    return Login(username=USERNAME, password=PASSWORD)


def repository(registry: Registry, name: str, *, password: bool = False) -> Repository:
    """Return a repository of the registry."""
    return Repository(reference(f"{registry.host}/{name}"), login if password else lambda: None)


def push_base(repository: Repository, tag: str = VERSION, *, compressed: bool = False) -> str:
    """Push the base image of the tests; return its reference."""
    diff = f"sha256:{digest_file(base_tar(), None)[1]}"
    push(repository, tag, base_tar(compressed=compressed), diff=diff)
    return f"{repository.place.name}:{tag}"


def push(
    repository: Repository, tag: str, tar: Path, *, diff: str = "", architecture: str = "amd64"
) -> Descriptor:
    """Push an image of one layer, a tar of the digest `diff` or a gzip of it."""
    size, hex_digest = digest_file(tar, None)
    kind = f"{TAR}+gzip" if tar.suffix == ".gz" else TAR
    layer = Descriptor(media_type=kind, digest=f"sha256:{hex_digest}", size=size)
    document = {
        "architecture": architecture,
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Env": list(ENVIRONMENT), "Cmd": ["python3"]},
        "rootfs": {"type": "layers", "diff_ids": [diff or layer.digest]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "tests"}],
    }
    config = blob_of(canonical(document))
    for blob in (Blob(size=size, chunks=lambda start: parts(tar, start)), config):
        for _ in repository.upload(blob):
            pass
    described = Descriptor(media_type=CONFIG, digest=config.digest, size=config.size)
    body = manifest_bytes(described, [layer])
    digest = repository.put_manifest(tag, body)
    return Descriptor(media_type=MANIFEST, digest=digest, size=len(body))


def push_index(repository: Repository, tag: str, listed: Mapping[str, Descriptor]) -> str:
    """Push an index of images by their architecture; return its reference."""
    manifests = [
        {
            "mediaType": one.media_type,
            "digest": one.digest,
            "size": one.size,
            "platform": {"os": "linux", "architecture": architecture},
        }
        for architecture, one in listed.items()
    ]
    document = {"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": manifests}
    repository.put_manifest(tag, canonical(document), INDEXES[0])
    return f"{repository.place.name}:{tag}"


def parts(file: Path, start: int) -> Iterator[bytes]:
    """Yield a file from `start` on."""
    with file.open("rb") as data:
        data.seek(start)
        while chunk := data.read(1 << 20):
            yield chunk


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("docker-registry does not start") from None
            time.sleep(0.02)
        else:
            return
