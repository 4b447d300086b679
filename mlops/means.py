"""What places may use while they apply: model bytes, locked lists, the lineage of the run."""

from collections.abc import Mapping
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

from msgspec import Struct

from mlops.artefacts import Content, ModelVersion
from mlops.environments.lock import compile_lock
from mlops.errors import LockedError, Problem, TargetError
from mlops.plain import NOTHING
from mlops.protocols import Lease, ModelSource, ModelStore
from mlops.secrets.master import Master
from mlops.secrets.reader import SecretReader
from mlops.spec import Environment, Fields, SecretRef
from mlops.store.blobs import Blobs
from mlops.store.objects import Objects
from mlops.store.records import create_record, read_record
from mlops.values import Address, Applied, Desired


class Past(Protocol):
    """What the records tell of earlier runs."""

    def read(self) -> Mapping[Address, Applied]:
        """Return what was last applied to each address."""

    def desired(self, number: int) -> Mapping[Address, Desired]:
        """Return what a revision wanted."""


class OwnLease:
    """The right to change things that nobody but this process can take away."""

    def __init__(self, number: int = 1) -> None:
        self._number = number
        self._revoked = Flag()

    @property
    def number(self) -> int:
        """The number of the revision."""
        return self._number

    def check(self) -> None:
        """Raise LockedError once the right was given up."""
        if self._revoked.is_set():
            raise LockedError(Problem(summary="this run has ended and changes nothing more"))

    def revoke(self) -> None:
        """Give the right up for this process."""
        self._revoked.set()


class StoreMeans(Struct, frozen=True, kw_only=True):
    """The means of a run whose models and locks lie in one store."""

    objects: Objects
    blobs: Blobs
    models: ModelStore
    sources: Mapping[str, ModelSource]
    lineage: Fields
    lease: Lease
    past: Past
    secrets: SecretReader
    master: Master
    locks: Mapping[str, Fields] = NOTHING

    def healthy(self, address: Address) -> Desired | None:
        """Return what a service was when it was last ready and checked; None if it never was."""
        applied = self.past.read().get(address)
        return self.past.desired(applied.revision).get(address) if applied else None

    def model_source(self, model: str, path: str) -> Path:
        """Return a local file with the bytes of the file `path` of a model of the spec."""
        return self.sources[model].open(path)

    def registered(self, model: str, digest: str) -> ModelVersion:
        """Return the version that holds this content. Raises TargetError if there is none."""
        for version in reversed(self.models.versions(model)):
            if version.content.digest == digest:
                return version
        raise TargetError(
            Problem(
                summary=f"the store has no version of `{model}` with the planned content",
                hint="apply again: it registers the model first",
            )
        )

    def model_files(self, content: Content) -> Mapping[str, Path]:
        """Return where each file of a model lies on this machine, by its path.

        What is not registered yet lies where the file says. Raises what its source raises.
        """
        if not all(self.blobs.holds(entry) for entry in content.files):
            for source in self.sources.values():
                if source.pin().digest == content.digest:
                    return {entry.path: source.open(entry.path) for entry in content.files}
        return {entry.path: self.blobs.path(entry.digest) for entry in content.files}

    def code_files(self, content: Content, source: Path) -> Mapping[str, Path]:
        """Return local files with the code of a service, kept in the store from now on."""
        missing = [entry for entry in content.files if not self.blobs.holds(entry)]
        for _ in self.blobs.add_all(missing, lambda path: source / path):
            self.lease.check()
        return {entry.path: self.blobs.path(entry.digest) for entry in content.files}

    def lock(self, environment: Environment) -> Path:
        """Return the locked list of an environment; the first one to resolve it wins."""
        name = f"environments/{environment.digest.removeprefix('sha256:')}.txt"
        if not self.objects.exists(name):
            self.objects.create(name, compile_lock(environment).encode())
        return self.objects.local(name)

    def recall(self, path: str) -> Fields | None:
        """Return a record that somebody kept in the store; None if nobody did.

        What `mlops.lock` holds is kept when it is first used, so that a rollback finds it.
        """
        if path in self.locks:
            create_record(self.objects, path, self.locks[path])
        record: Fields | None = read_record(self.objects, path)
        return record

    def keep(self, path: str, record: Fields) -> Fields:
        """Keep a record in the store for good; return what is there: the first writer wins."""
        create_record(self.objects, path, record)
        return self.recall(path) or record

    def secret(self, ref: SecretRef) -> str:
        """Return the value of a secret, which appears from then on in nothing that is shown."""
        return self.secrets.read(ref).value

    def masked(self, text: str) -> str:
        """Return `text` without the secrets that were asked for."""
        return self.secrets.masked(text)

    def key(self, address: Address, slot: str, generation: int) -> str:
        """Return a key of a service, which appears from then on in nothing that is shown."""
        return self.master.key(address, slot, generation)
