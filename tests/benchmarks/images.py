"""Images and their services beside `docker build`, `push` and `run`, everything else cached.

Needs a Docker engine and `docker-registry`; removes what it made in the engine.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import docker_engine
from benchmarks.classic import Classic
from benchmarks.measure import Row
from benchmarks.shipping import MIB, Ours, checkout, timed, until_answer, write
from registry import push_base, repository, running
from walk import free_port

ROUNDS = 3
REQUIREMENTS = ("markupsafe==3.0.2", "six==1.17.0", "idna==3.10", "iniconfig==2.1.0")
"""What the code needs: one more in each round, small so that no download is measured."""


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield the seconds of both ways, medians of interleaved rounds, each with something new."""
    size = (8 if small else 200) * MIB
    with ExitStack() as stack:
        registry = stack.enter_context(running(folder / "registry"))
        base = push_base(repository(registry, "bench/base"), compressed=True)
        alone = stack.enter_context(docker_engine.base())
        ours = stack.enter_context(checkout(folder / "a", base, f"{registry.host}/bench/ours"))
        local = stack.enter_context(checkout(folder / "b", alone))
        theirs = Classic(
            folder=folder / "a" / "work" / "out",
            name=f"{registry.host}/bench/theirs:1",
            port=free_port(),
        )
        stack.callback(docker_engine.forget, registry.host)
        stack.callback(theirs.remove)
        _begin(ours, local, theirs)
        yield _stored(ours, theirs, size)
        yield from _answered(ours, local, theirs, size)
        yield _renewed(ours, theirs)


def _begin(ours: Ours, local: Ours, theirs: Classic) -> None:
    """Make everything once, by both ways."""
    for one in (ours, local):
        write(one.model, MIB)
        one.run("apply", "--auto-approve")
    ours.run("package", "bench", "-o", str(theirs.folder))
    theirs.build()
    theirs.push()
    theirs.run()


def _model(theirs: Classic) -> Path:
    (found,) = (theirs.folder / "models").rglob("model.bin")
    return found


def _stored(ours: Ours, theirs: Classic, size: int) -> Row:
    """Return how long it takes until the registry has the manifest of a new model."""

    def classic() -> None:
        theirs.build()
        theirs.push()

    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        write(ours.model, size)
        found["ours"].append(timed(lambda: ours.run("image", "push", "bench")))
        write(_model(theirs), size)
        found["theirs"].append(timed(classic))
    what = f"a new model of {size // MIB} MiB in the registry: docker build + push"
    return _row(what, found["theirs"], found["ours"], 8)


def _answered(ours: Ours, local: Ours, theirs: Classic, size: int) -> Iterator[Row]:
    """Yield how long a new model takes until a service answers by it, with a registry, without."""

    def classic(*acts: Callable[[], None]) -> float:
        expected = write(_model(theirs), size)
        return until_answer(lambda: [act() for act in acts], theirs.port, expected)

    def applied(one: Ours) -> float:
        expected = write(one.model, size)
        return until_answer(lambda: one.run("apply", "--auto-approve"), one.walk.port, expected)

    found: Mapping[str, list[float]] = {name: [] for name in ("ours", "local", "push", "build")}
    for _ in range(ROUNDS):
        found["ours"].append(applied(ours))
        found["push"].append(classic(theirs.build, theirs.push, theirs.run))
        found["local"].append(applied(local))
        found["build"].append(classic(theirs.build, theirs.run))
    what = f"a new model of {size // MIB} MiB answers: docker build + "
    yield _row(f"{what}push + run", found["push"], found["ours"], 2)
    yield _row(f"{what}run, no registry", found["build"], found["local"], 1)


def _renewed(ours: Ours, theirs: Classic) -> Row:
    """Return how long it takes until the registry has new code and a new requirement."""

    def classic() -> None:
        theirs.build()
        theirs.push()

    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    write(ours.model, MIB)
    for at in range(ROUNDS):
        for code, listed in (
            (ours.walk.folder / "score", ours.walk.folder / "score" / "requirements.txt"),
            (theirs.folder / "code", theirs.folder / "requirements.txt"),
        ):
            with (code / "score.py").open("a") as script:
                script.write(f"# {at}\n")
            listed.write_text("".join(f"{line}\n" for line in REQUIREMENTS[: at + 2]))
        found["ours"].append(timed(lambda: ours.run("image", "push", "bench")))
        found["theirs"].append(timed(classic))
    what = "new code and a new requirement in the registry: docker build + push"
    return _row(what, found["theirs"], found["ours"], 3)


def _row(what: str, theirs: Sequence[float], ours: Sequence[float], bar: float) -> Row:
    measured, beside = statistics.median(theirs), statistics.median(ours)
    return Row(
        what=what,
        measured=f"{measured:.2f} s",
        beside=f"{beside:.2f} s",
        ratio=measured / beside,
        bar=bar,
        least=True,
    )
