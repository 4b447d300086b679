"""Large uploads: read once, in little memory, through tokens that run out and busy registries."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxy import Passing, proxy
from registry import Registry, needs_registry, running
from test_oci import DATA, sent, unknown

from mlops.clients.oci import upload
from mlops.clients.oci.reference import reference
from mlops.clients.oci.registry import Repository
from mlops.clients.oci.session import Session
from mlops.clients.oci.upload import blob_of

pytestmark = needs_registry

MIB = 1024 * 1024
LARGE = 320 * MIB
UPLOADS = """
import json, sys
from pathlib import Path
from mlops.clients.oci.reference import reference
from mlops.clients.oci.registry import Repository
from mlops.clients.oci.upload import Blob
from mlops.images.layers import Draft, Kind, Member, Tar
file, place = Path(sys.argv[1]), Repository(reference(sys.argv[2]))
member = Member(path="opt/models/a/model.bin", size=file.stat().st_size, source=file)
tar = Tar(Draft(kind=Kind.MODEL, prefix="opt/models/a", members=(member,)))
sent = list(place.upload(Blob(size=tar.size, chunks=tar.chunks)))
counted = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
status = dict(line.split(":\\t") for line in Path("/proc/self/status").read_text().splitlines())
peak = int(status["VmHWM"].removesuffix("kB")) * 1024  # what getrusage says began in our parent
print(json.dumps({"sent": sent[-2], "read": int(counted["rchar"]), "peak": peak}))
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        yield found


def test_a_large_model_is_read_once_and_never_lies_in_memory(
    registry: Registry, tmp_path: Path
) -> None:
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(LARGE)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

    done = subprocess.run(
        [sys.executable, "-c", UPLOADS, str(tmp_path / "model.bin"), f"{registry.host}/team/large"],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
    )

    found = json.loads(done.stdout)
    assert LARGE < found["sent"] < LARGE + MIB
    assert LARGE < found["read"] < LARGE + 20 * MIB  # the rest is Python itself
    assert found["peak"] < 150 * MIB


def test_a_token_that_runs_out_in_the_middle_is_renewed_and_the_upload_goes_on(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "PIECE", 300_000)
    given: list[str] = []
    told: list[tuple[str, int]] = []

    class Expiring(Passing):
        """Gives tokens that are good for two pieces."""

        def pass_on(self) -> None:
            token = f"t{len(given)}"
            used = sum(known == token for known, _ in told)
            if self.path.startswith("/token"):
                given.append(self.path)
                self.reply(200, {}, json.dumps({"token": f"t{len(given)}"}).encode())
            elif self.headers.get("Authorization") != f"Bearer {token}" or used == 2:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                given.extend([""] * (used == 2))  # that one is good for nothing any more
                realm = f"http://{self.headers['Host']}/token"
                self.reply(401, {"www-authenticate": f'Bearer realm="{realm}"'}, b"")
            else:
                if self.command == "PATCH":
                    told.append((token, int(self.headers["Content-Length"])))
                super().pass_on()

    with proxy(registry.port, lambda *_: None, Expiring) as port:
        place = reference(f"127.0.0.1:{port}/team/expiring")
        digest = sent(Repository(place, session=Session(place, sleep=lambda _: None)), unknown())

    assert blob_of(DATA).digest == digest
    assert [300_000, 300_000, 300_000, 148_576] == [length for _, length in told]
    assert len({token for token, _ in told}) > 1


def test_a_registry_is_given_the_time_that_it_asks_for(registry: Registry) -> None:
    slept: list[float] = []

    class Busy(Passing):
        """Takes the first piece later."""

        def pass_on(self) -> None:
            if self.command == "PATCH" and not slept:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(503, {"retry-after": "3"}, b"")
            else:
                super().pass_on()

    with proxy(registry.port, lambda *_: None, Busy) as port:
        place = reference(f"127.0.0.1:{port}/team/busy")
        digest = sent(Repository(place, session=Session(place, sleep=slept.append)), unknown())

    assert blob_of(DATA).digest == digest
    assert [3.0] == slept
