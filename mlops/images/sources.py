"""Builds packages that have no wheel: in a container of the base, never on this machine.

The container gets the list of requirements and a script, no folder, no secret, no rights.
"""

import io
import json
import os
import tarfile
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError, TakenError
from mlops.clients.oci.login import Login
from mlops.environments.built import WHEEL, built_lock
from mlops.environments.pip import pip_settings
from mlops.environments.uv import clean
from mlops.errors import IncompleteError, Problem, TargetError
from mlops.hashing import cache_folder, content_of
from mlops.images.base import Base
from mlops.images.bases import LOOKED, EngineBases
from mlops.images.exported import made_here
from mlops.images.inputs import ImageInputs, upon
from mlops.images.paths import USER
from mlops.images.resolution import built_path
from mlops.images.unbuilt import unbuilt
from mlops.images.wheels_from_source import NO_PIP
from mlops.protocols import Means
from mlops.values import Progress
from mlops.writing import alone

FOLDER = "opt/mlops-build"
"""Where all of it lies in the container."""

PROCESSES = 4096
"""Processes and threads of a build: a fork bomb ends there, compilers do not."""

LAST = 20
"""Lines of pip's log that a failure shows."""

READ = 500
"""Lines of it that are read for what is missing: a build says that, then much more."""

SCRIPT = Path(__file__).with_name("wheels_from_source.py")


class Sources(Struct, frozen=True, kw_only=True):
    """The building for images that bear a name of `repository`, which its containers tell of."""

    engine: Engine
    repository: str
    login: Callable[[str], Login | None]

    def build(
        self, inputs: ImageInputs, base: Base, means: Means
    ) -> Generator[Progress, None, str]:
        """Return the locked list of an image, with wheels that were built once for everybody.

        Raises TargetError, or IncompleteError with what pip said.
        """
        path = built_path(inputs, base)
        lock = cache_folder() / "building" / f"{Path(path).stem}.lock"
        with alone(lock):
            record = means.recall(path)
            if record is None:
                made = yield from _Building(self, inputs, base, means).run(Path(path).stem[:12])
                record = means.keep(path, {"packages": made})
        return str(record["packages"])

    def image(
        self, inputs: ImageInputs, base: Base, means: Means
    ) -> Generator[Progress, None, Mapping[str, Any]]:
        """Return what the engine knows of the base, pulled if it lacks it."""
        given = upon(inputs, self.repository)
        bases = EngineBases(
            engine=self.engine, inputs=given, means=means, bearer=self.repository, login=self.login
        )
        made = made_here(self.engine, given.base)
        if made is None or made.ident == base.digest:
            return (yield from bases.pinned(base.digest))
        made.manifest(base.digest, inputs.platform)  # raises where it is another one by now
        return (yield from bases.named())


class _Building(Struct, frozen=True):
    """One container that is made, run and removed."""

    sources: Sources
    inputs: ImageInputs
    base: Base
    means: Means

    def run(self, key: str) -> Generator[Progress, None, str]:
        told = pip_settings(os.environ)
        image = yield from self.sources.image(self.inputs, self.base, self.means)
        engine, name = self.sources.engine, f"mlops-build-{key}-{self.means.lease.number}"
        with suppress(TakenError):
            engine.containers.create(name, self._body(str(image["Id"]), told))
        try:
            engine.files.put(name, "/", _sent(self.inputs.requirements))
            yield Progress(text="building packages from source")
            engine.containers.start(name)
            yield from self._followed(name)
            return self._taken(name)
        finally:
            engine.containers.remove(name)

    def _body(self, image: str, told: Mapping[str, str]) -> dict[str, Any]:
        quiet = ("PIP_NO_INPUT", "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK")
        variables = {
            **dict.fromkeys(("HOME", "TMPDIR"), f"/{FOLDER}/room"),
            **dict.fromkeys(quiet, "1"),
            "PYTHONPYCACHEPREFIX": f"/{FOLDER}/room/bytecode",  # else each pip compiles itself
            **told,
        }
        if _authority():
            variables["PIP_CERT"] = f"/{FOLDER}/ca.pem"
        return {
            "Image": image,
            "User": USER,
            "Entrypoint": [self.base.facts.python, "-I", f"/{FOLDER}/{SCRIPT.name}"],
            "Cmd": [],
            "Env": [f"{key}={value}" for key, value in variables.items()],
            "Labels": {LOOKED: self.sources.repository},
            "Healthcheck": {"Test": ["NONE"]},
            "HostConfig": {
                "CapDrop": ["ALL"],
                "SecurityOpt": ["no-new-privileges"],
                "PidsLimit": PROCESSES,
                "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m"}},
            },
        }

    def _followed(self, name: str) -> Iterator[Progress]:
        """Tell what pip says until it ends. Raises where it failed."""
        containers, said = self.sources.engine.containers, deque[str](maxlen=READ)
        for line in containers.lines(name, follow=True, count="all", since=0):
            self.means.lease.check()
            if line.strip():
                said.append(line.rstrip())
                yield Progress(text=line.strip()[:120])
        code = int(containers.inspected(name)["State"]["ExitCode"])
        if code == NO_PIP:
            raise TargetError(
                Problem(
                    summary="a package has no wheel, and the base image has no pip to build one",
                    hint="use a `base_image` with pip 22.2 or newer",
                )
            )
        if code:
            raise IncompleteError(unbuilt(said, code), log=tuple(said)[-LAST:])

    def _taken(self, name: str) -> str:
        """Take the wheels out of the container into the store; return the locked list."""
        files = self.sources.engine.files
        packages = json.loads(files.read(name, f"/{FOLDER}/packages.json"))
        with tempfile.TemporaryDirectory(prefix="mlops-wheels-") as room:
            folder = Path(room, "wheels")
            folder.mkdir()
            with suppress(MissingError), tempfile.TemporaryFile(dir=room) as archive:
                for chunk in files.folder(name, f"/{FOLDER}/wheels"):
                    archive.write(chunk)
                archive.seek(0)
                _unpacked(archive, folder)
            content = content_of(folder, cache=None)
            self.means.code_files(content, folder)
        return built_lock(self.base.facts.version, packages, content.files)


def _unpacked(archive: Any, folder: Path) -> None:
    """Write the wheels of an archive into a folder, and nothing else that is in it."""
    with tarfile.open(fileobj=archive) as tar:
        for member in tar:
            name = member.name.rpartition("/")[2]
            file = tar.extractfile(member) if member.isreg() and WHEEL.fullmatch(name) else None
            if file is not None:
                with folder.joinpath(name).open("wb") as out:
                    while chunk := file.read(1 << 20):
                        out.write(chunk)


def _sent(requirements: tuple[str, ...]) -> bytes:
    """Return what the container gets, as a tar: the script, the requirements, the certificates."""
    files = {
        SCRIPT.name: SCRIPT.read_bytes(),
        "requirements.txt": "".join(f"{line}\n" for line in requirements).encode(),
        "ca.pem": _authority(),
    }
    out = io.BytesIO()
    owner = int(USER.partition(":")[0])
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("", "/room"):
            info = tarfile.TarInfo(FOLDER + name)
            info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, 0o755, owner, owner
            tar.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(f"{FOLDER}/{name}")
            info.size, info.uid, info.gid = len(data), owner, owner
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _authority() -> bytes:
    """Return who vouches for indexes on this machine, where its user says so; else nothing."""
    with suppress(OSError):
        return Path(clean(os.environ).get("SSL_CERT_FILE", "")).read_bytes()
    return b""
