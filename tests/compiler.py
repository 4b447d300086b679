"""Files that the base image of the tests lacks: the C compiler of this machine, and setuptools."""

import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from base_image import LIBRARIES, VERSION, add, closure

PROGRAMS = ("cc1", "collect2", "as", "ld")
PARTS = (
    *("crti.o", "crtbeginS.o", "crtendS.o", "crtn.o", "libgcc.a", "libgcc_s.so"),
    *("libc.so", "libc_nonshared.a", "liblto_plugin.so"),
)
"""What a shared library is linked with."""

SETUPTOOLS = "setuptools==80.9.0"


def compiler() -> bytes:
    """Return gcc as a tar: what it takes to make an extension of Python. Skips where there is none.

    Everything lies where it lies here, but for the headers of Python.
    """
    if shutil.which("gcc") is None or not headers_of_python().joinpath("Python.h").exists():
        pytest.skip("this machine has no gcc, or no headers of its Python")
    found = dict(files())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, path in sorted(found.items()):
            add(tar, name, path.read_bytes(), mode=path.stat().st_mode & 0o755)
    return out.getvalue()


def headers_of_python() -> Path:
    return Path(sysconfig.get_path("include"))


def files() -> Iterator[tuple[str, Path]]:
    """Yield where each file goes, and where it is now."""
    names = ["gcc", *(told("gcc", f"-print-prog-name={one}") for one in PROGRAMS)]
    programs = [Path(place) for name in names if (place := shutil.which(name))]
    parts = [Path(told("gcc", f"-print-file-name={one}")) for one in PARTS]
    for path in (*programs, *parts):
        yield os.path.normpath(path).lstrip("/"), path.resolve()
    for path in closure([*programs, parts[-1]]):
        yield f"{LIBRARIES}/{path.name}", path.resolve()
    ours = headers_of_python()
    used = told("gcc", "-M", "-O3", f"-I{ours}", "-include", "Python.h", "-xc", "/dev/null")
    for name in used.replace("\\\n", " ").split()[1:]:
        path = Path(name)
        if path.is_relative_to(ours):
            yield f"usr/local/include/python{VERSION}/{path.relative_to(ours)}", path
        elif path.suffix == ".h":
            yield str(path.resolve()).lstrip("/"), path


def told(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def setuptools(folder: Path, at: str) -> bytes:
    """Return setuptools as a tar, which lies at a place."""
    words = ("pip", "install", "--quiet", "--target", str(folder), SETUPTOOLS)
    subprocess.run([sys.executable, "-m", "uv", *words], check=True)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(folder, at)
    return out.getvalue()
