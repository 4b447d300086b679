"""Whole runs against a cloud store of which every request fails once: told to go away, or lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from azurite import Azurite, MissingError, running
from proxy import proxy
from unkind import Fault
from walk import NO_CHANGES, Answer, Walk, walking


@pytest.fixture(scope="module")
def emulator() -> Iterator[Azurite]:
    try:
        with running() as azurite:
            yield azurite
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def walk(emulator: Azurite, tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        store = f"project: starter\nstore: {emulator.container()}"
        begun.edit("mlops.yaml", "project: starter", store)
        yield begun


def run(walk: Walk, emulator: Azurite, port: int, *words: str) -> Answer:
    """Run a command whose store answers at a port."""
    url = f"http://127.0.0.1:{port}"
    return walk.run(*words, environ={**emulator.environ, "AZURITE_BLOB_STORAGE_URL": url})


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.BROKEN, Fault.LOST])
def test_what_was_agreed_to_is_done_once_though_each_request_fails_once(
    fault: Fault, emulator: Azurite, walk: Walk
) -> None:
    asked: set[str] = set()

    def rule(method: str, path: str) -> Fault | None:
        new = f"{method} {path}" not in asked
        asked.add(f"{method} {path}")
        return fault if new else None

    with proxy(emulator.port, rule) as port:
        digest = json.loads(run(walk, emulator, port, "plan", "--format", "json").out)["digest"]
        asked.clear()
        applied = run(walk, emulator, port, "apply", "--auto-approve", "--digest", digest)
        asked.clear()
        again = run(walk, emulator, port, "apply", "--auto-approve", "--digest", digest)
    plan = run(walk, emulator, emulator.port, "plan")
    (revision,) = run(walk, emulator, emulator.port, "history", "--format", "json").json

    assert (0, 0) == (applied.code, again.code), applied.out + applied.err + again.err
    assert NO_CHANGES == plan.out
    assert (1, "done") == (revision["revision"], revision["result"])
    assert ["diabetes"] == list(walk.servers().values())
