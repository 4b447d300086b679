"""Fetches one blob into a file: checked on the way, resumed where a connection broke."""

import hashlib
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

from mlops.clients.oci.manifest import Descriptor
from mlops.clients.oci.session import ATTEMPTS, Ask, BrokenError, Session
from mlops.clients.oci.words import mixed
from mlops.writing import put_whole


def fetch(session: Session, repository: str, blob: Descriptor, file: Path) -> Iterator[int]:
    """Write a blob into `file`, which is whole or not there; yield the bytes so far."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", suffix=".part") as part:
        digest = yield from _written(session, repository, blob, part.file)
        if digest != blob.digest:
            raise mixed(session.host, blob.digest)
        part.flush()
        Path(part.name).chmod(0o644)
        put_whole(Path(part.name), file)


def _written(
    session: Session, repository: str, blob: Descriptor, out: IO[bytes]
) -> Generator[int, None, str]:
    digest, got, broken = hashlib.sha256(), 0, 0
    while got < blob.size:
        try:
            for chunk in _parts(session, repository, blob, got):
                out.write(chunk)
                digest.update(chunk)
                got += len(chunk)
                broken = 0
                yield got
        except BrokenError as error:
            broken += 1
            if broken == ATTEMPTS:
                raise session.failed(f"read `{blob.digest}`", str(error)) from error
            session.wait(broken)
    return f"sha256:{digest.hexdigest()}"


def _parts(session: Session, repository: str, blob: Descriptor, start: int) -> Iterator[bytes]:
    what = f"read `{blob.digest}`"
    ask = Ask(
        method="GET",
        path=f"/v2/{repository}/blobs/{blob.digest}",
        scopes=(f"repository:{repository}:pull",),
        headers={"Range": f"bytes={start}-"} if start else {},
        stream=True,
    )
    answer = session.call(ask, expect=(200, 206), what=what)
    if start and answer.status != 206:
        raise session.failed(what, "it can't go on in the middle")
    for chunk in session.parts(answer):
        start += len(chunk)
        yield chunk
    if start < blob.size:
        raise BrokenError(f"the connection ended after {start} of {blob.size} bytes")
