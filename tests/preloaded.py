"""Imports whatever a command may, so that no fork of this process waits for it. Runs nothing."""

import gc
import importlib
import pkgutil
import tempfile

import docker  # noqa: F401  imported once, for every fork
import jsonschema  # noqa: F401  as above
import obstore  # noqa: F401  as above
import psutil
import uv  # noqa: F401  as above

import mlops

LEFT = ("mlops.__main__", "mlops.cli.starter", "mlops.serving")
"""How the modules begin that no command imports."""


def preload() -> None:
    """Import every module of a command; assert that a fork lacks nothing of this process."""
    for module in pkgutil.walk_packages(mlops.__path__, "mlops."):
        if not module.name.startswith(LEFT):
            importlib.import_module(module.name)
    assert 1 == psutil.Process().num_threads(), "a thread would be lost in a fork"
    assert tempfile.tempdir is None, "where temporary files go is for each command to find"
    gc.freeze()
