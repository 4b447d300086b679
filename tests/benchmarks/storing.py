"""Hashing and storing a large model for the first time, beside `hashlib` alone."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row

from mlops.hashing import HashCache
from mlops.store.blobs import Blobs
from mlops.store.objects import open_store

BLOCK = 1024 * 1024
ROUNDS = 4


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield the seconds of storing a file, the best of some rounds, each beside hashing it."""
    blocks = 16 if small else 1024
    model = folder / "model.bin"
    with model.open("wb") as writer:
        for _ in range(blocks):
            writer.write(os.urandom(BLOCK))
    hashed, stored = [], []
    for _ in range(ROUNDS):
        hashed.append(_hashed(model))
        stored.append(_stored(model, folder / "store"))
        shutil.rmtree(folder / "store")
    yield Row(
        what=f"hashing and storing {blocks} MiB beside hashlib alone",
        measured=f"{min(stored):.2f} s",
        beside=f"{min(hashed):.2f} s",
        ratio=min(stored) / min(hashed),
        bar=1.5,
    )


def _hashed(model: Path) -> float:
    began = time.perf_counter()
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(BLOCK))
    with model.open("rb", buffering=0) as reader:
        while count := reader.readinto(buffer):
            digest.update(buffer[:count])
    return time.perf_counter() - began


def _stored(model: Path, store: Path) -> float:
    began = time.perf_counter()
    Blobs(open_store(str(store), store.parent), HashCache(None)).add(model)
    return time.perf_counter() - began
