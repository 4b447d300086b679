"""Changes the container of a service, as little as its change needs."""

from collections.abc import Generator, Iterator
from functools import partial

from mlops.clients.docker.engine import Engine
from mlops.errors import Problem, TargetError
from mlops.images.login import login_of
from mlops.images.pulling import pulled
from mlops.targets.docker import container, marks
from mlops.targets.docker.desire import image_of
from mlops.targets.docker.lay import renewable
from mlops.targets.docker.live import Entry, Snapshot, genuine_images, name_of, volume_of
from mlops.targets.docker.replace import Replacement
from mlops.targets.docker.shape import OURS, REFERENCE
from mlops.targets.docker.subject import Subject
from mlops.values import Address, Change, Desired, Impact, Progress

STILL = ("paused", "stopped")
"""States that a start mends."""


def changed(subject: Subject, change: Change) -> Generator[Progress, None, float]:
    """Make, change or remove a service; return the seconds without an answer."""
    if change.after is not None:
        return (yield from made(subject, change, change.after))
    yield from removed(subject)
    return 0.0


def made(subject: Subject, change: Change, wanted: Desired) -> Generator[Progress, None, float]:
    """Make the container of a service what it shall be; return the seconds without an answer.

    These are 0 where no other container had to start. Raises what the engine refuses.
    """
    main = subject.main
    containers = subject.engine.containers
    if main is not None and name_of(main) != subject.name:
        containers.rename(str(main["Id"]), subject.name)
    subject.sweep()
    if main is not None and change.fields and change.impact is Impact.METADATA:
        yield Progress(text="changing it as it runs")
        _adjust(subject, str(main["Id"]), change, wanted)
    elif main is not None and not change.fields and _serves(main, wanted):
        yield Progress(text="it never stopped")
    elif main is not None and _only_stopped(change):
        yield Progress(text="starting the container")
        containers.start(str(main["Id"]))
    else:
        found = yield from _image(subject, wanted)
        return (yield from Replacement(subject=subject, wanted=wanted, image=found).run())
    return 0.0


def _adjust(subject: Subject, ref: str, change: Change, wanted: Desired) -> None:
    """Change a container as it runs. Words alone are kept by the records: it is not touched."""
    groups = {field.path.partition(".")[0] for field in change.fields}
    if groups & {"resources", "restart"}:
        limits = container.limits(wanted.fields) | container.restarting(wanted.fields)
        subject.engine.containers.update(ref, limits)
    if groups & {"auth", "tls"}:
        subject.lay(ref, OURS, renewable(wanted, subject.means))


def removed(subject: Subject) -> Iterator[Progress]:
    """Remove a service: its container, then what held its settings."""
    main = subject.main
    if main is not None:
        yield Progress(text="stopping the container")
        subject.engine.containers.stop(str(main["Id"]))
        yield Progress(text="removing it")
        subject.engine.containers.remove(str(main["Id"]))
        subject.engine.volumes.remove(volume_of(main))
    subject.sweep()


def remove_leftover(engine: Engine, address: Address, snapshot: Snapshot) -> None:
    """Remove what a change that was cut short left, and the volume that only this one mounts."""
    if address.kind == "volume":
        engine.volumes.remove(address.name)
        return
    engine.containers.remove(address.name)
    entry = next((each for each in snapshot.containers if name_of(each) == address.name), None)
    volume = volume_of(entry) if entry else ""
    others = [each for each in snapshot.containers if each is not entry]
    if volume and volume not in {volume_of(each) for each in others}:
        engine.volumes.remove(volume)


def _image(subject: Subject, wanted: Desired) -> Generator[Progress, None, str]:
    """Return the image of a service, which was made before. Raises TargetError if it went.

    One that somebody brought stays what it was as long as its reference does, whatever a tag has
    come to mean; else it is pulled if the engine lacks it.
    """
    brought = str(wanted.fields.get(REFERENCE, ""))
    if brought:
        main = subject.main
        if main and marks.written(marks.labels_of(main), marks.FIELDS).get(REFERENCE) == brought:
            return str(main["ImageID"])
        told = wanted.inputs.get("registry")
        login = partial(login_of, subject.settings, told, subject.means)
        words = {"what": "image", "key": "registry"}
        return str((yield from pulled(subject.engine, brought, login, **words))["Id"])
    found = genuine_images(subject.snapshot).get(image_of(wanted).tag)
    if found is not None:
        return str(found["Id"])
    raise TargetError(
        Problem(summary="the image is no longer in the engine", hint="apply again: it is made")
    )


def _serves(main: Entry, wanted: Desired) -> bool:
    """Tell whether a container runs what is wanted: one that a failed change left alone."""
    labelled = marks.labels_of(main).get(marks.FIELDS)
    return main.get("State") == "running" and labelled == container.told(wanted)


def _only_stopped(change: Change) -> bool:
    """Tell whether a container is what it shall be, but for being stopped."""
    paths = {field.path for field in change.fields}
    plain = change.before is not None and change.before.fields.get("container") in STILL
    return plain and paths == {"container"}
