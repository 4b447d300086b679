"""Azurite, the emulator of Azure Blob storage: installed once from npm, started for the tests."""

import base64
import fcntl
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.request import Request, urlopen

VERSION = "3.35.0"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key that every emulator has; it is no secret."""


class MissingError(Exception):
    """The emulator can't be had here, and why."""


@dataclass(frozen=True, kw_only=True)
class Azurite:
    """A running emulator."""

    port: int

    @property
    def environ(self) -> Mapping[str, str]:
        """What a user sets to reach it."""
        return {
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{self.port}",
        }

    def container(self) -> str:
        """Make a new container; return the address of a store in it."""
        name = f"c{uuid.uuid4().hex}"
        date, version = formatdate(usegmt=True), "2021-08-06"
        headers = f"x-ms-date:{date}\nx-ms-version:{version}"
        path = f"/{ACCOUNT}/{ACCOUNT}/{name}"
        text = "\n".join(["PUT", *[""] * 11, headers, path, "restype:container"])
        mac = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256)
        signature = base64.b64encode(mac.digest()).decode()
        request = Request(
            f"http://127.0.0.1:{self.port}/{ACCOUNT}/{name}?restype=container",
            method="PUT",
            headers={
                "x-ms-date": date,
                "x-ms-version": version,
                "Authorization": f"SharedKey {ACCOUNT}:{signature}",
            },
        )
        with urlopen(request, timeout=10):  # noqa: S310  the address is ours
            return f"az://{name}/store"


@contextmanager
def running() -> Iterator[Azurite]:
    """Run an emulator on a free port. Raises MissingError."""
    main = _installed() / "node_modules/azurite/dist/src/blob/main.js"
    node = shutil.which("node")
    if node is None:
        raise MissingError("Azurite needs node")
    port = _free_port()
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    how = ["--skipApiVersionCheck", "--silent", "--inMemoryPersistence", "--disableTelemetry"]
    process = subprocess.Popen(
        [node, str(main), *where, *how], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(process, port)
        yield Azurite(port=port)
    finally:
        process.kill()
        process.wait()


def _installed() -> Path:
    """Return the folder that holds the emulator, installing it once for all workers."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "mlops-tests" / f"azurite-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            npm = shutil.which("npm")
            if npm is None:
                raise MissingError("Azurite needs npm")
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
            try:
                subprocess.run(
                    [npm, "install", *options, f"azurite@{VERSION}"],
                    check=True,
                    capture_output=True,
                    timeout=300,
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise MissingError(f"npm can't install Azurite: {error}") from error
            (folder / "whole").touch()
    return folder


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise MissingError("Azurite does not start") from None
            time.sleep(0.1)
        else:
            return
