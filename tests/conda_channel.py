"""A conda channel of the tests' own: real packages, made in a second, and served on loopback."""

import hashlib
import io
import json
import re
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from base_image import RUNNING, VERSION, files

PLACE = ("/opt/anaconda1anaconda2anaconda3/conda-bld/" + "placehold_" * 25)[:255]
"""What a package holds in the place of the prefix that it will have."""

ELF_ARM64 = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00"
BLOCK = 1 << 17
NAME = "conda-forge"


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a package; a link where `link` says where it leads. `kind`: text or binary."""

    data: bytes = b""
    link: str = ""
    executable: bool = False
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of a channel, in the old format or the new one."""

    name: str
    version: str = "1.0"
    build: str = "0"
    subdir: str = "linux-64"
    depends: Sequence[str] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    entry_points: Sequence[str] = ()
    python: bool = False
    """Tells of a package for every Python: `noarch: python`."""
    old: bool = False
    listed: Mapping[str, File] | None = None
    """What the package says that it holds, where that is something else."""

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.build}{'.tar.bz2' if self.old else '.conda'}"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel that is served. `alias` is where channels lie that are only named."""

    folder: Path
    alias: str

    @property
    def url(self) -> str:
        return f"{self.alias}/{NAME}"

    def add(self, *packages: Package) -> None:
        """Write packages, and list them."""
        for one in (Package(name="", subdir="noarch"), *packages):
            lists = self.folder / one.subdir / "repodata.json"
            lists.parent.mkdir(parents=True, exist_ok=True)
            told = json.loads(lists.read_text()) if lists.exists() else {"packages.conda": {}}
            if one.name:
                data = packed(one)
                (lists.parent / one.file_name).write_bytes(data)
                kind = "packages" if one.old else "packages.conda"
                found = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                told.setdefault(kind, {})[one.file_name] = {**index(one), **found}
            lists.write_text(json.dumps(told))


@contextmanager
def serving(parent: Path, *packages: Package) -> Iterator[Channel]:
    """Serve a channel with some packages."""
    handler = partial(Quiet, directory=str(parent))
    server = Patient(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    channel = Channel(folder=parent / NAME, alias=f"http://127.0.0.1:{server.server_port}")
    try:
        channel.add(*packages)
        yield channel
    finally:
        server.shutdown()
        server.server_close()


class Patient(ThreadingHTTPServer):
    """A server whose clients may go before they have read the answer."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it came


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name
        del format, args


def usual() -> tuple[Package, ...]:
    """Return a Python as this one, and packages of each sort, for both platforms."""
    return (python(), arm_python(), *native("linux-64"), *native("linux-aarch64"), greeting())


def python(version: str = "", *, subdir: str = "linux-64") -> Package:
    """Return the running interpreter as a package, whose settings name its prefix."""
    found: dict[str, File] = {}
    for name, path in files():
        if not name.startswith("usr/local/"):
            continue
        to, data = name.removeprefix("usr/local/"), path.read_bytes()
        if re.search(r"_sysconfigdata[^/]*\.py$", to):
            data = data.replace(str(RUNNING.prefix).encode(), PLACE.encode())
            found[to] = File(data=data, kind="text")
        else:
            found[to] = File(data=data, executable=to.startswith("bin/"))
    found |= dict(libpython(found[f"bin/python{VERSION}"].data))
    found["bin/python3"] = File(link=f"python{VERSION}")
    found["bin/python"] = File(link=f"python{VERSION}")
    return Package(
        name="python",
        version=version or f"{VERSION}.7",
        build="h1_cpython",
        subdir=subdir,
        depends=["__glibc >=2.17,<3.0.a0"],
        files=found,
    )


def libpython(binary: bytes) -> Iterator[tuple[str, File]]:
    """Yield the library of an interpreter that has one, and its binary, which finds it beside."""
    told = f"{RUNNING.prefix}/lib".encode() + b"\0"
    for path in RUNNING.prefix.glob(f"lib/libpython{VERSION}.so.*"):
        beside = b"$ORIGIN/../lib".ljust(len(told), b"\0")
        yield f"lib/{path.name}", File(data=path.read_bytes(), executable=True)
        yield f"bin/python{VERSION}", File(data=binary.replace(told, beside), executable=True)


def arm_python() -> Package:
    """Return a Python for another platform, which nobody starts here."""
    binary = File(data=ELF_ARM64 + PLACE.encode() + bytes(9), executable=True, kind="binary")
    return Package(
        name="python",
        version="3.11.9",
        build="h2_cpython",
        subdir="linux-aarch64",
        files={"bin/python3.11": binary, "bin/python": File(link="python3.11")},
    )


def native(subdir: str) -> tuple[Package, ...]:
    """Return a package for one platform: texts and bytes that name the prefix, and a link."""
    head = ELF_ARM64 if subdir == "linux-aarch64" else b"\x7fELF\x02\x01\x01" + bytes(11) + b">\0"
    library = head + PLACE.encode() + b"/share/native\0tail"
    return (
        Package(
            name="native",
            version="2.1",
            subdir=subdir,
            depends=["__linux", "__glibc >=2.17"],
            old=True,
            files={
                "etc/native.conf": File(data=f"root={PLACE}/share\n".encode(), kind="text"),
                "lib/libnative.so.2": File(data=library, kind="binary", executable=True),
                "lib/libnative.so": File(link="libnative.so.2"),
                "share/native/data": File(data=b"1"),
                "lib/native": File(link="../share/native"),
                "bin/.native-post-link.sh": File(data=b"#!/bin/sh\ntouch /RAN\n"),
            },
        ),
    )


def greeting() -> Package:
    """Return a package for every Python, with a command, as pip would know it."""
    told = b"Metadata-Version: 2.1\nName: greeting\nVersion: 1.5\nRequires-Dist: markupsafe\n"
    script = f"#!{PLACE}/bin/python\nimport greeting\n".encode()
    return Package(
        name="greeting",
        version="1.5",
        build="py_0",
        subdir="noarch",
        depends=["python >=3.6", "native"],
        python=True,
        entry_points=["greet = greeting:main"],
        files={
            "site-packages/greeting/__init__.py": File(
                data=b"import sys\n\n\ndef main():\n    print('hello from', sys.prefix)\n"
            ),
            "site-packages/greeting-1.5.dist-info/METADATA": File(data=told),
            "python-scripts/old-greet": File(data=script, executable=True, kind="text"),
        },
    )


def packed(package: Package) -> bytes:
    """Return the file of a package."""
    info = {name: File(data=json.dumps(told).encode()) for name, told in about(package).items()}
    if package.old:
        return tar({**info, **package.files}, "w:bz2")
    stem = package.file_name.removesuffix(".conda")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        file.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        file.writestr(f"info-{stem}.tar.zst", zstandard(tar(info, "w")))
        file.writestr(f"pkg-{stem}.tar.zst", zstandard(tar(package.files, "w")))
    return out.getvalue()


def index(package: Package) -> dict[str, Any]:
    """Return what a channel says of a package, but for its bytes."""
    return {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": 0,
        "depends": list(package.depends),
        "subdir": package.subdir,
        **({"noarch": "python"} if package.python else {}),
    }


def about(package: Package) -> dict[str, Any]:
    """Return the documents of a package's folder `info`."""
    said = package.files if package.listed is None else package.listed
    paths = [listed(name, file) for name, file in said.items()]
    documents: dict[str, Any] = {
        "info/index.json": index(package),
        "info/paths.json": {"paths": paths, "paths_version": 1},
    }
    if package.python:
        told = {"type": "python", "entry_points": list(package.entry_points)}
        documents["info/link.json"] = {"package_metadata_version": 1, "noarch": told}
    return documents


def listed(name: str, file: File) -> dict[str, Any]:
    """Return what a package's list says of a file."""
    told = {
        "_path": name,
        "path_type": "softlink" if file.link else "hardlink",
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "size_in_bytes": len(file.data),
    }
    return {**told, **({"prefix_placeholder": PLACE, "file_mode": file.kind} if file.kind else {})}


def tar(members: Mapping[str, File], mode: Any) -> bytes:
    """Return a tar of files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as packed:
        for name, file in members.items():
            info = tarfile.TarInfo(name)
            info.mode = 0o755 if file.executable else 0o644
            info.size = len(file.data)
            if file.link:
                info.type, info.linkname = tarfile.SYMTYPE, file.link
            packed.addfile(info, io.BytesIO(file.data))
    return out.getvalue()


def zstandard(data: bytes) -> bytes:
    """Return data in the format of zstandard, stored: blocks of bytes as they are."""
    parts = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)] or [b""]
    blocks = [
        ((len(part) << 3) | (at == len(parts) - 1)).to_bytes(3, "little") + part
        for at, part in enumerate(parts)
    ]
    return b"\x28\xb5\x2f\xfd" + bytes([0, 0x38]) + b"".join(blocks)
