"""A plan of many services where nothing changed, behind a live side that takes its time."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from benchmarks.measure import Row, spent

from mlops.cli.kinds import KINDS
from mlops.load import load
from mlops.models.table import SOURCES
from mlops.protocols import World
from mlops.resolve import resolve
from mlops.store.history import History
from mlops.store.objects import Objects, open_store
from mlops.store.registry import Registry
from mlops.store.revisions import Revisions
from mlops.store.versions import Versions
from mlops.survey import survey
from mlops.targets.process.target import ProcessTarget
from mlops.values import Address, Desired, Observed, Owner

LATENCY = 0.05
"""Seconds of one list call."""

TARGETS, MODELS = 5, 20


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield seconds, list calls and memory."""
    count = 20 if small else 1000
    written(folder, count)
    environ = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    for step in ("record", "plan"):
        words = [sys.executable, "-m", "benchmarks.services", step, str(folder)]
        spent(words, environ, folder)
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    assert told["pending"] == 0, told
    what = f"plan of {count} services, nothing changed"
    yield Row(
        what=f"{what}: seconds",
        measured=f"{told['seconds']:.2f} s ({told['cpu']:.2f} s of CPU)",
        beside="2 s",
        ratio=told["seconds"] / 2,
        bar=1,
    )
    yield Row(
        what=f"{what}: list calls of the live side",
        measured=f"{told['lists']} (and {told['store']} of the store)",
        beside="10",
        ratio=told["lists"] / 10,
        bar=1,
    )
    yield Row(
        what=f"{what}: peak memory",
        measured=f"{told['peak']:.0f} MB",
        beside="200 MB",
        ratio=told["peak"] / 200,
        bar=1,
    )


def written(folder: Path, count: int) -> None:
    """Write a checkout with many deployments."""
    (folder / "score").mkdir()
    (folder / "score" / "score.py").write_text(
        "def init():\n    pass\n\n\ndef run(data):\n    return data\n"
    )
    (folder / "score" / "requirements.txt").write_text("")
    lines = ["version: 1", "project: many", "models:"]
    for number in range(MODELS):
        (folder / f"model{number}.bin").write_bytes(bytes([number]) * 1000)
        lines.append(f"  model{number}: {{path: model{number}.bin}}")
    lines += ["inference:", "  score:", "    source_directory: score", "    entry_script: score.py"]
    lines += ["    requirements: requirements.txt", "targets:"]
    lines += [f"  target{number}: {{kind: process}}" for number in range(TARGETS)]
    lines.append("deployments:")
    for number in range(count):
        lines += [
            f"  service-{number}:",
            f"    target: target{number % TARGETS}",
            f"    models: [model{number % MODELS}]",
            "    inference: score",
            f"    port: {10000 + number}",
            "    tags: {stage: prod, team: research}",
            "    checks:",
            "      - request: {json: {data: [[1, 2, 3]]}}",
            "        expect: {status: 200}",
        ]
    (folder / "mlops.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


class Latent(ProcessTarget):
    """A process target whose live side is what is wanted, one list call away."""

    lists = 0

    def observe(self, wanted: Collection[Desired]) -> Iterable[Observed]:
        """Return everything, read anew."""
        Latent.lists += 1
        time.sleep(LATENCY)
        return [
            Observed(
                address=thing.address,
                fields=json.loads(json.dumps(dict(thing.fields))),
                identity=str(number),
                needs=thing.needs,
                claims=tuple(thing.claims),
            )
            for number, thing in enumerate(wanted)
        ]


class Counted(Objects):
    """A store that counts its list calls."""

    lists = 0

    def list(self, prefix: str) -> tuple[str, ...]:
        """Count, and list."""
        Counted.lists += 1
        return super().list(prefix)


def planned(folder: Path) -> tuple[World, Callable[[], tuple[Desired, ...]]]:
    """Return the world of the checkout, and what makes its plan's desired state."""
    spec = load([folder / "mlops.yaml"], {}, KINDS)
    owner = Owner(project=spec.project, source="", root=spec.root, files=spec.files)
    plain = open_store(spec.store, folder)
    objects = Counted(plain.location, plain.root, plain._connection.made)  # noqa: SLF001
    targets = {
        name: Latent(name, one.settings, folder, owner) for name, one in spec.targets.items()
    }
    sources = {
        name: SOURCES[model.source](model.settings, folder) for name, model in spec.models.items()
    }
    registry = Registry(objects)
    history = History(objects=objects, project=spec.project, lineage=dict, targets={})
    world = World(
        project=spec.project,
        store=spec.store,
        places={"store": registry, **targets},
        records=history,
    )
    return world, lambda: resolve(spec, registry, cast("Any", targets), sources)


def record(folder: Path) -> None:
    """Leave behind what an apply of everything leaves."""
    world, desire = planned(folder)
    wanted = desire()
    objects = open_store(world.store, folder)
    for thing in wanted:
        if thing.address.place == "store":
            digest = str(thing.fields["digest"])
            files = thing.inputs["files"]
            _register(objects, thing.address, digest, files, folder)
        world.records.write(1, thing.address, thing.fields)
    Revisions(objects, world.project).begin(1, wanted, {}, "", {}, {})
    world.records.finish(1, {"result": "done"})


def _register(objects: Objects, address: Address, digest: str, files: Any, folder: Path) -> None:
    from mlops.artefacts import FileEntry  # noqa: PLC0415  not for the plan
    from mlops.store.blobs import Blobs  # noqa: PLC0415  as above

    entries = tuple(FileEntry(**entry) for entry in files)
    for entry in entries:
        Blobs(objects).add(folder / entry.path, entry)
    Versions(objects).register(address.name, digest, entries, {})


def plan(folder: Path) -> None:
    """Plan, from the file to the plan; write down what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    world, desire = planned(folder)
    found = survey(world, desire())
    seconds = time.perf_counter() - began
    told = {
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "lists": Latent.lists,
        "store": Counted.lists,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "pending": len(found.pending),
    }
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    {"record": record, "plan": plan}[sys.argv[1]](Path(sys.argv[2]))
