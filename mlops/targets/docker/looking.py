"""Looks at an engine: three lists, and of what is wanted all of it. Changes nothing.

Of the files in a volume it sees how large and how old they are, never what they hold.
"""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from msgspec.structs import replace

from mlops.claims import Holders, port_claim, resource
from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError
from mlops.clients.listeners import listening
from mlops.images.genuine import labels_below
from mlops.targets.docker import marks
from mlops.targets.docker.desire import At
from mlops.targets.docker.laid import wanted_files
from mlops.targets.docker.live import Entry, Look, Snapshot, images, main_of, marked
from mlops.targets.docker.seen import Eye
from mlops.targets.docker.shape import shape
from mlops.values import Address, Desired, Observed, Ownership

PROXY = "docker-proxy"
"""The process that listens for a container: a moment before it runs, and one after it ended."""

AT_ONCE = 8
"""Containers that are inspected at the same time."""


def snapshot_of(engine: Engine, repository: str) -> Snapshot:
    """Return what an engine lists."""
    snapshot = Snapshot(
        containers=engine.containers.listed(),
        images=engine.images.listed(),
        volumes=engine.volumes.listed(marks.PROJECT),
        repository=repository,
    )
    parents = {str(entry.get("ParentId") or "") for entry in images(snapshot).values()}
    return replace(snapshot, below={one: labels_below(engine, one) for one in parents})


def eye(
    engine: Engine, snapshot: Snapshot, at: At, wanted: Collection[Address], claims: Holders[None]
) -> Eye:
    """Return what is looked for in an engine, and all that is to be known of the services there.

    Of those that nobody wants, too: what somebody did to one before it is removed is no news then.
    """
    labels = (marks.labels_of(each) for each in marked(snapshot))
    names = {address.name for address in wanted if address.kind == "service"}
    ours = {one[marks.SERVICE] for one in labels if one[marks.PROJECT] == at.owner.project}
    return Eye(
        place=at.place,
        owner=at.owner,
        machine=at.machine,
        wanted=names,
        images={address for address in wanted if address.kind == "image"},
        claims=claims,
        looks=looks(engine, snapshot, at.owner.project, {*names, *ours}),
    )


def looks(
    engine: Engine, snapshot: Snapshot, project: str, services: Collection[str]
) -> Mapping[str, Look]:
    """Return what there is to know about the containers of some services, by their ids."""
    found = (main_of(snapshot, project, service) for service in services)
    mains = [main for main in found if main is not None]

    def looked(main: Entry) -> tuple[str, Look] | None:
        ref = str(main["Id"])
        with suppress(MissingError):  # it went since it was listed
            inspected = engine.containers.inspected(ref)
            told = marks.written(marks.labels_of(main), marks.FIELDS)
            folder = shape(told).folder
            files = {
                name: engine.files.stat(ref, f"{folder}/{name}") for name in wanted_files(told)
            }
            return ref, Look(inspected=inspected, files=files)
        return None

    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="look") as pool:
        return dict(one for one in pool.map(looked, mains) if one is not None)


def observed_listeners(
    place: str, wanted: Collection[Desired], snapshot: Snapshot
) -> Iterator[Observed]:
    """Yield each process of this machine that listens on a wanted port and is no container."""
    claims = Holders((claim, thing) for thing in wanted for claim in thing.claims)
    asked = {
        int(resource(claim).removeprefix("port/")) for thing in wanted for claim in thing.claims
    }
    for listener in listening(asked - _published(snapshot)):
        claim = port_claim(listener.host, listener.port)
        passing = listener.name == PROXY and listener.port in _ours(snapshot)
        if claims.of(claim) and not passing:
            yield Observed(
                address=Address(place=place, kind="listener", name=claim.removeprefix("port/")),
                fields={},
                identity=str(listener.pid),
                ownership=Ownership.FOREIGN,
                claims=(claim,),
                state=listener.words,
            )


def _ours(snapshot: Snapshot) -> set[int]:
    """Return the ports that containers of ours were made for, whether they run or not."""
    told = (marks.written(marks.labels_of(each), marks.FIELDS) for each in marked(snapshot))
    return {fields["port"] for fields in told if isinstance(fields.get("port"), int)}


def _published(snapshot: Snapshot) -> set[int]:
    return {
        int(one["PublicPort"])
        for each in snapshot.containers
        for one in each.get("Ports") or ()
        if one.get("PublicPort")
    }
