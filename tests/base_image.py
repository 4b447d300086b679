"""A base image out of an interpreter of this machine: its files as a tar, in seconds, no network.

Holds the interpreter at /usr/local/bin, its standard library and pip, `sh`, and every shared
library that these and manylinux wheels need. The same interpreter gives the same bytes.
"""

import fcntl
import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
LAYOUT = 2
"""Raised when the tar changes, so that no cached one is taken."""

LIBRARIES = "usr/lib/x86_64-linux-gnu"
LEFT_OUT = re.compile(
    r"/(site-packages|dist-packages|test|tests|idlelib|tkinter|turtledemo|lib2to3|__pycache__)$"
    r"|/config-[^/]*$"
)
STUBS = ("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1")
"""What glibc keeps for wheels that were linked before 2.34."""
LINKED = ("libstdc++.so.6", "libgcc_s.so.1", "libgomp.so.1")
"""What manylinux allows a wheel to expect of the system."""

FOLDERS = {"tmp": 0o1777, "etc": 0o755, "root": 0o700, "var/tmp": 0o1777}
LINKS = {"lib": "usr/lib", "lib64": "usr/lib64", "bin": "usr/bin"}
TEXTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": b"hosts: files dns\n",
}
ENVIRONMENT = ("PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",)
"""What the configuration of the image says, as that of a public Python image does."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python of this machine: its version, as `3.11`, and the folder that it lies in."""

    version: str
    prefix: Path

    @property
    def binary(self) -> Path:
        return (self.prefix / "bin" / f"python{self.version}").resolve()

    @property
    def library(self) -> Path:
        return self.prefix / "lib" / f"python{self.version}"


RUNNING = Interpreter(version=VERSION, prefix=Path(sys.base_prefix))


def base_tar(
    *, compressed: bool = False, python: Interpreter = RUNNING, bare: bool = False
) -> Path:
    """Return the file of the tar, which is made once a machine and interpreter.

    A `bare` one has all that a Python needs, and none.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlops-tests"
    cache.mkdir(parents=True, exist_ok=True)
    told = f"{LAYOUT} {sys.version} {sys.base_prefix} {Path('/etc/debian_version').exists()}"
    told += f" {python} {bare}" if bare or python != RUNNING else ""
    name = f"base-{hashlib.sha256(told.encode()).hexdigest()[:12]}.tar"
    file = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            write_tar(file.with_suffix(".part"), python, bare=bare)
            file.with_suffix(".part").rename(file)
        if compressed and not file.with_suffix(".tar.gz").exists():
            part = file.with_suffix(".gz.part")
            with part.open("wb") as out, gzip.GzipFile("", "wb", 1, out, mtime=0) as packed:
                packed.write(file.read_bytes())
            part.rename(file.with_suffix(".tar.gz"))
    return file.with_suffix(".tar.gz") if compressed else file


def write_tar(file: Path, python: Interpreter, *, bare: bool) -> None:
    """Write the tar: sorted, without times and owners."""
    left = re.compile(r"^usr/local/|/libpython" if bare else r"^$")
    found = {name: path for name, path in files(python) if not left.search(name)}
    links = {
        "usr/local/bin/python3": f"python{python.version}",
        "usr/local/bin/python": "python3",
    }
    with tarfile.open(file, "w") as tar:
        for name, mode in FOLDERS.items():
            add(tar, name, kind=tarfile.DIRTYPE, mode=mode)
        for name, link in {**LINKS, **({} if bare else links)}.items():
            add(tar, name, kind=tarfile.SYMTYPE, link=link)
        for name, data in TEXTS.items():
            add(tar, name, data)
        for name, data in () if bare else pip(python):
            add(tar, name, data)
        for name in sorted(found):
            mode = 0o755 if os.access(found[name], os.X_OK) else 0o644
            add(tar, name, found[name].read_bytes(), mode=mode)


def add(
    tar: tarfile.TarFile,
    name: str,
    data: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    mode: int = 0o644,
    link: str = "",
) -> None:
    """Add one thing to a tar."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.size = kind, mode, link, len(data)
    tar.addfile(info, io.BytesIO(data))


def files(python: Interpreter = RUNNING) -> Iterator[tuple[str, Path]]:
    """Yield where each file goes, and where it is now."""
    binary, library = python.binary, python.library
    yield f"usr/local/bin/python{python.version}", binary
    yield "usr/bin/dash", Path("/bin/sh").resolve()
    yield "usr/bin/sh", Path("/bin/sh").resolve()
    extensions = []
    for path in walk(library):
        yield f"usr/local/lib/python{python.version}/{path.relative_to(library)}", path
        if path.suffix == ".so":
            extensions.append(path)
    needed = [find(name) for name in (*STUBS, *LINKED)]
    for path in closure([binary, Path("/bin/sh"), *extensions, *needed]):
        loader = path.name.startswith("ld-linux")
        yield f"{'usr/lib64' if loader else LIBRARIES}/{path.name}", path
    yield "etc/ssl/certs/ca-certificates.crt", Path("/etc/ssl/certs/ca-certificates.crt")


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files of the standard library that a service may need."""
    for path in sorted(folder.iterdir()):
        if LEFT_OUT.search(str(path)):
            continue
        if path.is_dir():
            yield from walk(path)
        elif path.suffix not in (".a", ".pyc"):
            yield path


def pip(python: Interpreter) -> Iterator[tuple[str, bytes]]:
    """Yield the files of pip, out of the wheel that the interpreter bundles, where it does."""
    bundled = python.library / "ensurepip" / "_bundled"
    for wheel in sorted(bundled.glob("pip-*.whl"))[-1:]:
        with zipfile.ZipFile(wheel) as packed:
            for name in sorted(packed.namelist()):
                to = f"usr/local/lib/python{python.version}/site-packages/{name}"
                yield to, packed.read(name)


def find(name: str) -> Path:
    """Return where the system keeps a shared library."""
    folders = (Path("/usr/lib/x86_64-linux-gnu"), Path("/lib/x86_64-linux-gnu"), Path("/usr/lib64"))
    return next(folder / name for folder in folders if (folder / name).exists())


def closure(wanted: Iterable[Path]) -> set[Path]:
    """Return every shared library that the files need, under the names that they ask for."""
    given = list(dict.fromkeys(wanted))
    done = subprocess.run(
        ["/usr/bin/ldd", *map(str, given)], capture_output=True, text=True, check=False
    )
    lines = re.findall(r"(?:=> |^\s)(/\S+) \(0x", done.stdout, re.MULTILINE)
    libraries = {Path(line) for line in lines}
    named = {
        path.name: path for path in [*libraries, *(one for one in given if ".so." in one.name)]
    }
    return set(named.values())
