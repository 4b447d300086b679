"""The Docker engine of this machine, for tests: a base image of their own, and what they leave."""

import atexit
import contextlib
import functools
import hashlib
import io
import json
import os
import tarfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from base_image import ENVIRONMENT, RUNNING, Interpreter, base_tar

REPOSITORY = "mlops-tests/base"


def client() -> Any:
    """Return a client of the engine. Skips the test in one line where none answers."""
    docker = pytest.importorskip("docker", reason="the Docker SDK is not installed")
    try:
        return docker.APIClient(version="auto", **docker.utils.kwargs_from_env(), timeout=60)
    except docker.errors.DockerException:
        pytest.skip("no Docker engine answers")


@contextlib.contextmanager
def base(*, python: Interpreter = RUNNING, bare: bool = False) -> Iterator[str]:
    """Name a base image, with an interpreter or a `bare` one; no longer at the end. Its name."""
    api = client()
    name = f"{REPOSITORY}:{uuid.uuid4().hex[:12]}"
    api.tag(_imported(python, bare), *name.split(":"))
    try:
        yield name
    finally:
        with contextlib.suppress(Exception):
            api.remove_image(name)


@functools.cache
def _imported(python: Interpreter, bare: bool) -> str:  # noqa: FBT001  a cache has no keywords
    """Make a base image of this process, and remove it when that ends. Its name."""
    api = client()
    name = f"{REPOSITORY}:{uuid.uuid4().hex[:12]}"
    changes = [f"ENV {line}" for line in ENVIRONMENT]
    tar = base_tar(python=python, bare=bare)
    told = api.import_image_from_file(str(tar), *name.split(":"), changes)
    assert '"error"' not in told, told
    atexit.register(_removed, name)
    return name


def _removed(name: str) -> None:
    with contextlib.suppress(Exception):
        client().remove_image(name)


@contextlib.contextmanager
def upon(base: str, *archives: bytes) -> Iterator[str]:
    """Make a base image that has the files of more tars; remove it at the end. Its name."""
    api = client()
    name = f"{REPOSITORY}:{uuid.uuid4().hex[:12]}"
    made = api.create_container(base, ["sh"])["Id"]
    try:
        for archive in archives:
            assert api.put_archive(made, "/", archive)
        api.commit(made, *name.split(":"))
    finally:
        api.remove_container(made)
    try:
        yield name
    finally:
        with contextlib.suppress(Exception):
            api.remove_image(name)


def project() -> str:
    """Return a name that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}"


def containers(name: str) -> list[dict[str, Any]]:
    """Return the containers of a project, whatever they do."""
    return list(client().containers(all=True, filters={"label": [f"mlops.project={name}"]}))


def volumes(name: str) -> list[str]:
    """Return the volumes of a project."""
    found = client().volumes(filters={"label": [f"mlops.project={name}"]})["Volumes"] or []
    return [str(one["Name"]) for one in found]


def images(name: str) -> list[str]:
    """Return the images of a project, by their names, whichever registry they came by."""
    return [
        str(tag)
        for one in client().images()
        for tag in one.get("RepoTags") or ()
        if f"mlops/{name}:" in str(tag)
    ]


def edit(container: str, path: str, old: bytes, new: bytes) -> None:
    """Replace a text, which must be there, in a file of a container, as an editor would."""
    (text,) = read(container, path, path.rpartition("/")[2])
    assert old in text
    data = text.replace(old, new)
    info = tarfile.TarInfo(path.rpartition("/")[2])
    info.size, info.mode, info.mtime = len(data), 0o600, int(time.time())
    info.uid = info.gid = 1000
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(info, io.BytesIO(data))
    assert client().put_archive(container, path.rpartition("/")[0], out.getvalue())


def read(container: str, path: str, name: str) -> list[bytes]:
    """Return what is in each file of that name at a path of a container."""
    data = b"".join(client().get_archive(container, path)[0])
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = [each for each in tar.getmembers() if each.name.rpartition("/")[2] == name]
        return [found.read() for each in files if (found := tar.extractfile(each))]


def clean(name: str) -> None:
    """Remove everything that bears the mark of a project."""
    api = client()
    for one in containers(name):
        with contextlib.suppress(Exception):
            api.remove_container(one["Id"], v=True, force=True)
    for volume in volumes(name):
        with contextlib.suppress(Exception):
            api.remove_volume(volume)
    for image in images(name):
        with contextlib.suppress(Exception):
            api.remove_image(image, force=True)


def forget(host: str) -> None:
    """Remove every image that came from a registry, where an engine answers."""
    with contextlib.suppress(pytest.skip.Exception):
        api = client()
        for one in api.images():
            for name in (*(one.get("RepoTags") or ()), *(one.get("RepoDigests") or ())):
                if str(name).startswith(f"{host}/"):
                    with contextlib.suppress(Exception):  # images of others may lie upon it
                        api.remove_image(name, force=True)


def write_context(folder: Path, name: str, address: str) -> Path:
    """Write a Docker context as `docker context create` does; return where its certificates go."""
    ident = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / ident / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"Host": address, "SkipTLSVerify": False}
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))
    return folder / "contexts" / "tls" / ident / "docker"


def uv_cache() -> str:
    """Return where uv keeps wheels, shared by all tests."""
    return os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
