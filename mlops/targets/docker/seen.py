"""What an engine has, as a plan sees it: services, what a change left, what is somebody else's.

Pure: works on what was listed and inspected.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timezone

from msgspec import Struct

from mlops.claims import Holders
from mlops.images.bases import LOOKED
from mlops.keys import key_labels
from mlops.plain import freeze
from mlops.targets.docker import marks
from mlops.targets.docker.laid import EDITED
from mlops.targets.docker.live import (
    STOPPED,
    Entry,
    Look,
    Snapshot,
    genuine_images,
    image_address,
    images,
    live_fields,
    main_of,
    marked,
    name_of,
    needs_of,
    observed_images,
    observed_volumes,
    state_of,
    words_of,
)
from mlops.targets.docker.machine import SCORE, answers_at, claim_of
from mlops.targets.docker.names import container_name, passing_names
from mlops.values import Address, Observed, Owner, Ownership


class Eye(Struct, frozen=True, kw_only=True):
    """What a target looks for in an engine, and what it found out there, by ids.

    `wanted` are the names of services, `images` those of images, `claims` the ports that they want.
    """

    place: str
    owner: Owner
    machine: str
    wanted: Collection[str]
    images: Collection[Address]
    claims: Holders[None]
    looks: Mapping[str, Look]


def observed(eye: Eye, snapshot: Snapshot) -> Iterator[Observed]:
    """Yield all that bears our mark, and what is in the way of what is wanted."""
    yield from observed_images(eye.place, snapshot, eye.images)
    yield from observed_services(eye, snapshot)
    yield from observed_strangers(eye, snapshot)
    yield from observed_volumes(eye.place, snapshot, eye.owner, eye.wanted)


def observed_services(eye: Eye, snapshot: Snapshot) -> Iterator[Observed]:
    """Yield each container that bears a mark, whosever it is."""
    for entry in marked(snapshot):
        labels = marks.labels_of(entry)
        service = labels.get(marks.SERVICE, "")
        whose, words = marks.ownership(labels, eye.owner, wanted=service in eye.wanted)
        if whose is not Ownership.OURS:
            yield from _stranger(eye, entry, snapshot, words)
        elif entry is main_of(snapshot, eye.owner.project, service):
            yield _service(eye, entry, snapshot)
        elif name_of(entry) in passing_names(eye.owner.project, service):
            yield _leftover(eye, entry)
        else:
            yield _copy(eye, entry, labels)


def observed_strangers(eye: Eye, snapshot: Snapshot) -> Iterator[Observed]:
    """Yield the containers without a mark that are in our way, or run an image of ours."""
    names = {container_name(eye.owner.project, service): service for service in eye.wanted}
    ours = {str(image.get("Id")): tag for tag, image in images(snapshot).items()}
    for entry in snapshot.containers:
        if marks.PROJECT in marks.labels_of(entry):
            continue
        if marks.labels_of(entry).get(LOOKED) == snapshot.repository:
            yield _leftover(eye, entry)
            continue
        tag = ours.get(str(entry.get("ImageID")), "")
        claims = _held(eye, entry)
        if name_of(entry) in names or tag or claims:
            yield Observed(
                address=_address(eye, entry),
                fields={},
                identity=str(entry.get("Id")),
                ownership=Ownership.FOREIGN,
                needs=needs_of(eye.place, {"Labels": {marks.IMAGE: tag}}),
                claims=claims,
                state=f"the container `{name_of(entry)}` without a mark of ours",
            )


def _service(eye: Eye, entry: Entry, snapshot: Snapshot) -> Observed:
    labels = marks.labels_of(entry)
    fields = live_fields(entry, eye.looks.get(str(entry.get("Id"))), genuine_images(snapshot))
    told = marks.written(labels, marks.WORDS)
    known = {path: value for path, value in fields.items() if value != EDITED}
    words = {path: str(text) for path, text in told.items() if path in known}
    host, port = str(fields.get("host")), fields.get("port")
    at = (host, port, eye.machine) if isinstance(port, int) else None
    scheme = str(fields.get("scheme", "http"))
    return Observed(
        address=Address(place=eye.place, kind="service", name=labels[marks.SERVICE]),
        fields=freeze(fields),
        identity=str(entry.get("Id")),
        needs=needs_of(eye.place, entry),
        claims=(claim_of(*at),) if at and state_of(entry) != STOPPED else (),
        labels=freeze({**words, **words_of(fields), **key_labels(known)}),
        endpoint=answers_at(*at, scheme, str(fields.get("image.score", SCORE))) if at else "",
        state=_state(entry),
        since=_since(entry),
    )


def _leftover(eye: Eye, entry: Entry) -> Observed:
    return Observed(
        address=_address(eye, entry),
        fields={},
        identity=str(entry.get("Id")),
        needs=needs_of(eye.place, entry),
        state="left by an apply that was cut short",
    )


def _copy(eye: Eye, entry: Entry, labels: Mapping[str, str]) -> Observed:
    return Observed(
        address=_address(eye, entry),
        fields={},
        identity=str(entry.get("Id")),
        ownership=Ownership.COPY,
        needs=needs_of(eye.place, entry),
        claims=_held(eye, entry),
        state=f"a copy of `{labels.get(marks.BEARER)}`",
    )


def _stranger(eye: Eye, entry: Entry, snapshot: Snapshot, words: str) -> Iterator[Observed]:
    """Yield what bears another mark, unless it has nothing to do with this project."""
    address, claims, needs = _address(eye, entry), _held(eye, entry), needs_of(eye.place, entry)
    ours = {image_address(eye.place, tag) for tag in images(snapshot)}
    kin = marks.labels_of(entry).get(marks.PROJECT) == eye.owner.project
    if kin or claims or address.kind == "service" or ours & set(needs):
        yield Observed(
            address=address,
            fields={},
            identity=str(entry.get("Id")),
            ownership=Ownership.FOREIGN,
            needs=needs,
            claims=claims,
            state=words,
        )


def _address(eye: Eye, entry: Entry) -> Address:
    """Return the address of a container: that of the wanted service whose name it has, if any."""
    name = name_of(entry)
    names = {container_name(eye.owner.project, service): service for service in eye.wanted}
    if name in names:
        return Address(place=eye.place, kind="service", name=names[name])
    return Address(place=eye.place, kind="container", name=name)


def _held(eye: Eye, entry: Entry) -> tuple[str, ...]:
    """Return the claims of the wanted ports that a running container holds."""
    held = (
        claim_of(str(one.get("IP") or "0.0.0.0"), int(one["PublicPort"]), eye.machine)  # noqa: S104  the engine's default
        for one in entry.get("Ports") or ()
        if one.get("PublicPort")
    )
    return tuple(claim for claim in dict.fromkeys(held) if eye.claims.of(claim))


def _state(entry: Entry) -> str:
    """Return how a container stands, in the words of the other targets."""
    status = str(entry.get("Status", ""))
    if entry.get("State") != "running":
        return state_of(entry)
    if "(unhealthy)" in status:
        return "unhealthy"
    return "starting" if "(health: starting)" in status else "ready"


def _since(entry: Entry) -> str:
    made = datetime.fromtimestamp(int(entry.get("Created") or 0), timezone.utc)
    return made.isoformat(timespec="seconds")
