"""The files of containers, and of the volumes that they mount."""

import base64
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlops.clients.docker.wire import PATIENCE, MissingError, Wire
from mlops.errors import Problem

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest file that is read out of a container."""


class Files:
    """Reads and writes small files. `allowed` is asked before each change."""

    def __init__(self, wire: Wire, allowed: Callable[[], None]) -> None:
        self._wire = wire
        self._allowed = allowed

    def put(self, ref: str, folder: str, archive: bytes) -> None:
        """Unpack a tar into a folder of a container, or of a volume that it mounts."""
        self._allowed()
        self._wire.ask(lambda api: api.put_archive(ref, folder, archive))

    def read(self, ref: str, path: str) -> bytes:
        """Return a small file of a container. Raises MissingError."""
        data = self._wire.ask(lambda api: _first(api.get_archive(ref, path)[0]))
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            member = tar.next()
            file = tar.extractfile(member) if member and member.isfile() else None
            return file.read(LARGEST) if file else b""

    def folder(self, ref: str, path: str) -> Iterator[bytes]:
        """Yield the tar of a folder of a container. Raises MissingError."""
        yield from self._wire.stream(lambda api: api.get_archive(ref, path)[0])

    def stat(self, ref: str, path: str) -> Mapping[str, Any] | None:
        """Return what is at a path of a container, and where a link leads; None for nothing."""
        try:
            return self._wire.ask(lambda api: _stat(api, ref, path))
        except MissingError:
            return None


def _first(chunks: Iterator[bytes]) -> bytes:
    """Return a tar, up to the largest file that is of use."""
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) > LARGEST:
            break
    return data


def _stat(api: Any, ref: str, path: str) -> Mapping[str, Any]:
    """Ask for what the SDK has no method for: `HEAD` of an archive."""
    address = api._url("/containers/{0}/archive", ref)  # noqa: SLF001  the SDK has no other way
    answer = api.head(address, params={"path": path}, timeout=PATIENCE)
    if answer.status_code == 404:
        raise MissingError(Problem(summary=f"`{path}` is not there"))
    answer.raise_for_status()
    told = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
    return dict(told)
