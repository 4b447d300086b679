"""What an engine has -> containers, images and volumes of ours. Pure.

Fields come from the labels that a container was made with; what may change since is looked at.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mlops.images.genuine import made_of
from mlops.plain import NOTHING
from mlops.settings import memory_words
from mlops.spec import Json
from mlops.targets.docker import marks
from mlops.targets.docker.container import nano, shares
from mlops.targets.docker.holes import holes, network
from mlops.targets.docker.laid import laid_fields
from mlops.targets.docker.names import (
    SLOTS,
    container_name,
    image_name,
    image_tag,
    passing_names,
)
from mlops.targets.docker.shape import INSTANCE, SECRETS, shape
from mlops.values import Address, Observed, Owner, Ownership

Entry = Mapping[str, Any]
"""What the engine says of one thing."""

STOPPED = "stopped"

MEMORY = ("resources.memory", "resources.limits.memory", "resources.limits.swap")
"""The fields that count bytes."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """The lists of an engine. `repository` is what images of ours are called there.

    `below` are the labels of what the engine made these upon, by its id.
    """

    containers: Sequence[Entry]
    images: Sequence[Entry]
    volumes: Sequence[Entry]
    repository: str
    below: Mapping[str, Mapping[str, str]] = NOTHING


class Look(Struct, frozen=True, kw_only=True):
    """All that there is to know of one container, and of the files that were laid for it."""

    inspected: Entry
    files: Mapping[str, Entry | None]


def name_of(entry: Entry) -> str:
    """Return the name of a listed container."""
    names = entry.get("Names") or [""]
    return str(names[0]).lstrip("/")


def marked(snapshot: Snapshot) -> list[Entry]:
    """Return the containers that bear a mark of ours, of any project."""
    return [each for each in snapshot.containers if marks.PROJECT in marks.labels_of(each)]


def main_of(snapshot: Snapshot, project: str, service: str) -> Entry | None:
    """Return the container of a service: by its name, else the only one that bears its mark.

    One that was given another name by hand still mounts the volume that was made for it.
    """
    name = container_name(project, service)
    mine = [
        each
        for each in marked(snapshot)
        if marks.labels_of(each).get(marks.PROJECT) == project
        and marks.labels_of(each).get(marks.BEARER) == name
    ]
    named = [each for each in mine if name_of(each) == name]
    passing = passing_names(project, service)
    volumes = [name + slot for slot in SLOTS]
    renamed = [each for each in mine if name_of(each) not in passing and volume_of(each) in volumes]
    return next(iter(named or renamed), None)


def volume_of(entry: Entry) -> str:
    """Return the name of the volume that holds the settings of a container."""
    mounts = (
        one for one in entry.get("Mounts") or () if one.get("Destination") in (INSTANCE, SECRETS)
    )
    return str(next((one.get("Name") or "" for one in mounts), ""))


def mounted(snapshot: Snapshot) -> set[str]:
    """Return the names of the volumes that a container mounts."""
    return {
        str(one.get("Name")) for each in snapshot.containers for one in each.get("Mounts") or ()
    }


def image_address(place: str, tag: str) -> Address:
    """Return the address of the image with a tag."""
    return Address(place=place, kind="image", name=image_name(tag))


def observed_images(
    place: str, snapshot: Snapshot, wanted: Collection[Address]
) -> Iterator[Observed]:
    """Yield the images of ours, and what was given the name of one.

    The latter is put right where ours is wanted; else it is left to whoever gave it that name.
    """
    known = genuine_images(snapshot)
    for tag, entry in images(snapshot).items():
        address = image_address(place, tag)
        ours = tag in known
        yield Observed(
            address=address,
            fields={"digest": f"sha256:{tag}" if ours else "another image"},
            identity=str(entry.get("Id")),
            ownership=Ownership.OURS if ours or address in wanted else Ownership.FOREIGN,
            state="ready" if ours else "another image by the name of one of ours",
        )


def genuine_images(snapshot: Snapshot) -> dict[str, Entry]:
    """Return the images that are of the inputs which their names tell, by their tags."""
    return {
        tag: entry
        for tag, entry in images(snapshot).items()
        for below in [snapshot.below.get(str(entry.get("ParentId")), NOTHING)]
        if made_of(marks.labels_of(entry), below, f"sha256:{tag}")
    }


def images(snapshot: Snapshot) -> dict[str, Entry]:
    """Return the images that bear a name of ours, by their tags."""
    return {
        tag: entry
        for entry in snapshot.images
        for name in entry.get("RepoTags") or ()
        for tag in [image_tag(name, snapshot.repository)]
        if tag
    }


def observed_volumes(
    place: str, snapshot: Snapshot, owner: Owner, wanted: Collection[str]
) -> Iterator[Observed]:
    """Yield the volumes of ours that no container mounts: what a change that was cut short left.

    That of a wanted service which has no container yet is made anew with it.
    """
    used = mounted(snapshot)
    missing = {name for name in wanted if main_of(snapshot, owner.project, name) is None}
    for entry in snapshot.volumes:
        name, labels = str(entry.get("Name")), marks.labels_of(entry)
        whose, _ = marks.ownership(labels, owner, wanted=True)
        free = name not in used and labels.get(marks.SERVICE) not in missing
        if free and whose is Ownership.OURS and labels.get(marks.BEARER) == name:
            yield Observed(
                address=Address(place=place, kind="volume", name=name),
                fields={},
                identity=name,
                state="used by nothing",
            )


def live_fields(entry: Entry, look: Look | None, images: Mapping[str, Entry]) -> dict[str, Json]:
    """Return the fields of a container as it is now; of one that nobody wants, in short."""
    labels = marks.labels_of(entry)
    fields: dict[str, Json] = dict(marks.written(labels, marks.FIELDS))
    fields["name"] = name_of(entry)
    fields["container"] = _state(entry, images)
    if look is not None:
        host = look.inspected["HostConfig"]
        fields |= laid_fields(labels.get(marks.LAID, ""), look.files)
        fields |= _resources(fields, host)
        fields |= _published(host, shape(fields).listens)
        fields["restart"] = (host.get("RestartPolicy") or {}).get("Name") or "no"
        fields["network"] = network(look.inspected)
        fields["confinement"] = ", ".join(holes(look.inspected, fields)) or "full"
    return {path: value for path, value in fields.items() if value is not None}


def words_of(fields: Mapping[str, Json]) -> dict[str, str]:
    """Return the words for amounts of memory."""
    return {path: memory_words(int(str(fields[path]))) for path in MEMORY if path in fields}


def state_of(entry: Entry) -> str:
    """Return `running`, `paused`, `restarting` or `stopped`."""
    state = str(entry.get("State"))
    return state if state in ("running", "paused", "restarting") else STOPPED


def _state(entry: Entry, images: Mapping[str, Entry]) -> str:
    state = state_of(entry)
    tag = marks.labels_of(entry).get(marks.IMAGE, "")
    image = images.get(tag)
    if image and image.get("Id") != entry.get("ImageID"):
        return f"{state}, with another image"
    return state


def _resources(told: Mapping[str, Json], host: Entry) -> dict[str, Json]:
    """Return what a container gets; as the labels have it where that comes to the same."""
    cpu, most = told.get("resources.cpu"), told.get("resources.limits.cpu")
    weight, billionths = int(host.get("CpuShares") or 0), int(host.get("NanoCpus") or 0)
    memory, swap = int(host.get("Memory") or 0), int(host.get("MemorySwap") or 0)
    return {
        "resources.cpu": cpu if cpu and shares(cpu) == weight else round(weight / 1024, 3),
        "resources.limits.cpu": most if most and nano(most) == billionths else billionths / 10**9,
        "resources.memory": int(host.get("MemoryReservation") or 0),
        "resources.limits.memory": memory,
        "resources.limits.swap": None if swap == memory else swap - memory,
        "resources.limits.processes": host.get("PidsLimit") or 0,
    }


def _published(host: Entry, port: str) -> dict[str, Json]:
    """Return where the port of a container is published; nothing where that is not once."""
    bound = (host.get("PortBindings") or {}).get(port) or []
    if len(bound) != 1 or not str(bound[0].get("HostPort")).isdigit():
        return {"host": None, "port": None}
    return {"host": bound[0].get("HostIp") or "0.0.0.0", "port": int(bound[0]["HostPort"])}  # noqa: S104  the engine's default


def needs_of(place: str, entry: Entry) -> tuple[Address, ...]:
    """Return the image that a container of ours runs."""
    tag = marks.labels_of(entry).get(marks.IMAGE, "")
    return (image_address(place, tag),) if tag else ()
