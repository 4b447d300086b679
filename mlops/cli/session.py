"""What a command needs of the rows of the tables: the spec, the world, the means."""

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from mlops.cli.kinds import KINDS
from mlops.cli.left import left_name, left_targets
from mlops.cli.options import Files
from mlops.cli.trusting import Guard
from mlops.clients.text import read_source
from mlops.errors import Problem, SpecError, TargetError
from mlops.facing import trust_of
from mlops.images.lockfile import NAME, Locked, locked_record, read_lock
from mlops.keys import key_generations
from mlops.lineage import lineage, source
from mlops.load import load
from mlops.load.inside import PathError, within
from mlops.load.read import checkout
from mlops.load.suggest import suggestion
from mlops.means import OwnLease, StoreMeans
from mlops.models.table import SOURCES
from mlops.observe import observe
from mlops.plain import freeze
from mlops.protocols import Lease, ModelSource, Target, World
from mlops.resolve import resolve
from mlops.secrets.master import Master, no_master
from mlops.secrets.reader import SecretReader
from mlops.secrets.table import SECRETS
from mlops.spec import Fields, Spec
from mlops.store.blobs import Blobs
from mlops.store.generations import read_generations
from mlops.store.history import History
from mlops.store.holder import this_holder
from mlops.store.lock import Lock
from mlops.store.objects import Objects, open_store
from mlops.store.registry import Registry
from mlops.store.revisions import Revisions, UsedTarget, used_targets
from mlops.targets.table import TARGETS
from mlops.values import Address, Desired, Observed, Owner, Ownership


class Session(Struct, frozen=True, kw_only=True):
    """The rows of the tables that a spec names, made. `today` is one day, however long it takes."""

    spec: Spec
    guard: Guard
    owner: Owner
    targets: Mapping[str, Target]
    sources: Mapping[str, ModelSource]
    objects: Objects
    registry: Registry
    secrets: SecretReader
    master: Master
    locked: tuple[Locked, ...]
    today: str

    @property
    def world(self) -> World:
        """The places and the records of this spec, as the store tells them now."""
        known = self.revisions.targets()
        left = left_targets(known, self.targets, self._made)
        self.guard.check_left(left)
        named = {left_name(one, self.targets): one for one in known}
        return World(
            project=self.spec.project,
            store=self.spec.store,
            places={"store": self.registry, **self.targets, **left},
            records=replace(self._history, left={name: named[name] for name in left}),
            left=tuple(left),
            ignore=self.spec.ignore,
            today=self.today,
        )

    def _made(self, name: str, kind: str, settings: Any) -> Target:
        return TARGETS[kind](name, settings, Path(self.spec.folder), self.owner)

    @property
    def revisions(self) -> Revisions:
        """What the earlier runs set out to make."""
        return Revisions(self.objects, self.spec.project)

    @property
    def _history(self) -> History:
        return History(
            objects=self.objects,
            project=self.spec.project,
            lineage=self.lineage,
            targets=self._used_targets,
        )

    @property
    def used(self) -> tuple[UsedTarget, ...]:
        """The targets of the file, as a run would record them."""
        return used_targets(self._used_targets)

    @property
    def _used_targets(self) -> Fields:
        targets: Fields = freeze(
            {
                name: {"kind": target.kind, "settings": to_builtins(target.settings, enc_hook=dict)}
                for name, target in self.spec.targets.items()
            }
        )
        return targets

    def lock(self, command: str) -> Lock:
        """Return the lock of the project, to be asked for in the name of a command."""
        return Lock(self.objects, self.spec.project, this_holder(self.lineage(), command))

    def lineage(self) -> Fields:
        """Return commit, branch, dirtiness, who, run URL."""
        return lineage(Path(self.spec.folder))

    def means(self, lease: Lease | None = None) -> StoreMeans:
        """Return what the places may use while they apply.

        Without a lease only what cannot collide may be done: registering a model.
        """
        return StoreMeans(
            lease=lease or OwnLease(),
            past=self._history,
            objects=self.objects,
            blobs=Blobs(self.objects),
            models=self.registry,
            sources=self.sources,
            lineage=self.lineage(),
            secrets=self.secrets,
            master=self.master,
            locks={one.path: locked_record(one) for one in self.locked},
        )

    def desired(self) -> tuple[Desired, ...]:
        """Return everything that the spec wants. Raises SpecError."""
        rotated = read_generations(self.objects, self.spec.project)
        locks = {one.asked: one.digest for one in self.locked}
        things = resolve(self.spec, self.registry, self.targets, self.sources, rotated, locks)
        locked = [thing for thing in things if key_generations(thing.fields)]
        if locked and self.master.missing:
            raise SpecError(*(replace(no_master(), where=thing.where) for thing in locked))
        return things

    def service(self, name: str) -> tuple[Target, Address]:
        """Return the target and the address of a deployment. Raises SpecError for no such name."""
        deployment = self.spec.deployments.get(name)
        if deployment is None:
            hint = suggestion(name, self.spec.deployments, "the file has none")
            raise SpecError(Problem(summary=f"no deployment `{name}`", hint=hint))
        address = Address(place=deployment.target, kind="service", name=name)
        return self.targets[deployment.target], address

    def live(self, name: str, *wanted: Desired) -> Observed:
        """Return the live service of a deployment. Raises TargetError if there is none.

        All of its fields are looked at where it is among those that are `wanted`.
        """
        target, address = self.service(name)
        for thing in observe(wanted, {address.place: target}):
            if thing.address == address and thing.ownership is Ownership.OURS:
                trust = thing.trust or trust_of(self.spec.deployments[name])
                return replace(thing, trust=trust)
        raise TargetError(
            Problem(summary=f"`{address}` does not exist", hint="make it with `mlops apply`")
        )


def open_session(files: Files, *, lenient: bool = False, agreed: bool = False) -> Session:
    """Load the files and make the rows that they name. Touches nothing, raises SpecError.

    To look or to destroy, `lenient`: the file may have no deployments, and what it would deliver
    is not read. Unless somebody `agreed` to the file, as whoever applies it does, hosts that only
    a proposal names are asked nothing: raises RefusedError.
    """
    spec = load(files.paths, files.variables, KINDS, lenient=lenient)
    folder = Path(spec.folder)
    owner = Owner(project=spec.project, source=source(folder), root=spec.root, files=spec.files)
    objects = open_store(spec.store, folder)
    secrets = SecretReader({kind: row(folder) for kind, row in SECRETS.items()})
    root = objects.root
    kept = None if root is None else root.with_name(f"{root.name}.private") / "master"
    targets = {
        name: TARGETS[target.kind](name, target.settings, folder, owner)
        for name, target in spec.targets.items()
    }
    guard = Guard(spec=spec, variables=files.variables, agreed=agreed)
    guard.check(targets)
    return Session(
        spec=spec,
        guard=guard,
        owner=owner,
        targets=targets,
        sources={
            name: SOURCES[model.source](model.settings, folder)
            for name, model in spec.models.items()
        },
        objects=objects,
        registry=Registry(objects),
        secrets=secrets,
        today=datetime.now(timezone.utc).date().isoformat(),
        master=Master(spec.master_secret, kept, secrets),
        locked=() if lenient else _locked(folder),
    )


def _locked(folder: Path) -> tuple[Locked, ...]:
    """Return what `mlops.lock` holds; nothing without one. Raises SpecError."""
    try:
        file = within(NAME, folder.resolve(), checkout(folder.resolve()))
    except PathError as error:
        raise SpecError(Problem(summary=error.summary, hint=error.hint)) from error
    return read_lock(read_source(file)) if file.is_file() else ()
