"""A package that has no wheel: its source alone, which needs nothing but Python to build one."""

import base64
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

VERSION = "1.0"
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = '''
"""Builds a wheel of what is there, and tells in it where and as whom."""
import os, socket, sys, zipfile
META = "Metadata-Version: 2.1\\nName: mlops-tiny-source\\nVersion: {version}\\n"
INFO = "mlops_tiny_source-{version}.dist-info"
def get_requires_for_build_wheel(config=None):
    return []
def prepare_metadata_for_build_wheel(folder, config=None):
    os.mkdir(os.path.join(folder, INFO))
    with open(os.path.join(folder, INFO, "METADATA"), "w") as file:
        file.write(META)
    return INFO
def build_wheel(folder, config=None, metadata=None):
    if "{version}" == "2.0":
        print("tiny source says why")
        raise SystemExit("it is told to break")
    name = "mlops_tiny_source-{version}-py3-none-linux_x86_64.whl"
    told = repr({"host": socket.gethostname(), "user": os.getuid(), "environ": dict(os.environ)})
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("mlops_tiny_source.py", "TOLD = " + told + "\\n")
        wheel.writestr(INFO + "/METADATA", META)
        tag = "Tag: py3-none-linux_x86_64\\n"
        wheel.writestr(INFO + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\n" + tag)
        names = ["mlops_tiny_source.py", *(INFO + "/" + n for n in ("METADATA", "WHEEL", "RECORD"))]
        wheel.writestr(INFO + "/RECORD", "".join(name + ",,\\n" for name in names))
    return name
'''

INFO = "Metadata-Version: 2.1\nName: mlops-tiny-source\nVersion: {version}\n"

IMPORTED = "from setuptools.build_meta import *\n"
SETUP = """\
from setuptools import Extension, setup
setup(name="mlops-tiny-c", version="1.0", ext_modules=[Extension("mlops_tiny_c", ["tiny.c"])])
"""
C = """\
#include <Python.h>
static PyObject *twice(PyObject *self, PyObject *number) {
    return PyLong_FromLong(2 * PyLong_AsLong(number));
}
static PyMethodDef methods[] = {{"twice", twice, METH_O, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "mlops_tiny_c", "", -1, methods};
PyMODINIT_FUNC PyInit_mlops_tiny_c(void) { return PyModule_Create(&module); }
"""


def source(folder: Path, version: str = VERSION) -> Path:
    """Write the source distribution into a folder; return its file. Version 2.0 can't be built."""
    texts = {"pyproject.toml": PROJECT, "backend.py": BACKEND, "PKG-INFO": INFO}
    files = {name: text.replace("{version}", version) for name, text in texts.items()}
    return packed(folder, f"mlops_tiny_source-{version}", files)


def in_c(folder: Path, setuptools: str) -> Path:
    """Write one whose only module is in C, which `setuptools`, of a folder of its own, builds."""
    files = {
        "pyproject.toml": PROJECT,
        "backend.py": f"import sys\nsys.path.insert(0, {setuptools!r})\n{IMPORTED}",
        "setup.py": SETUP,
        "tiny.c": C,
        "PKG-INFO": "Metadata-Version: 2.1\nName: mlops-tiny-c\nVersion: 1.0\n",
    }
    return packed(folder, "mlops_tiny_c-1.0", files)


def packed(folder: Path, stem: str, files: Mapping[str, str]) -> Path:
    """Write a source distribution of texts into a folder; return its file."""
    file = folder / f"{stem}.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        for name, text in files.items():
            data = text.encode()
            info = tarfile.TarInfo(f"{stem}/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file


def steps(*files: Path) -> str:
    """Return the steps that lay source distributions where the pip of a base finds them."""
    lines = ["USER root"]
    for file in files:
        data = base64.b64encode(file.read_bytes()).decode()
        words = f"import base64; open('/tmp/{file.name}', 'wb').write(base64.b64decode('{data}'))"
        lines.append(f'RUN python3 -c "{words}"')
    lines.append("RUN printf '[global]\\nno-index = true\\nfind-links = /tmp\\n' > /etc/pip.conf")
    return "\n".join(lines) + "\n"
