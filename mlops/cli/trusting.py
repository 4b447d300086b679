"""Which hosts may be asked about a proposal: those that the base branch's file or CI names.

A pull request may name a host that takes down whatever credentials it is sent.
"""

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from mlops.abilities import Reaches
from mlops.cli.kinds import KINDS
from mlops.errors import MlopsError, Problem, RefusedError, Where
from mlops.load import load
from mlops.proposal import Base, base_of
from mlops.protocols import Target
from mlops.spec import Spec
from mlops.store.cloud import host_of
from mlops.targets.table import TARGETS
from mlops.values import Owner

TRUSTED = "MLOPS_TRUSTED_HOSTS"
"""The variable that names hosts, with commas or blanks between them."""

Hosts = Mapping[str, Where | None]


class Guard(Struct, frozen=True, kw_only=True):
    """Keeps a look at a proposal from asking strangers; whoever `agreed` to it asks everybody."""

    spec: Spec
    variables: Mapping[str, str]
    agreed: bool

    def check(self, targets: Mapping[str, Target]) -> None:
        """Raise RefusedError for what the file names."""
        places = {name: target.where for name, target in self.spec.targets.items()}
        store = host_of(self.spec.store)
        asked = {store: None} if store else {}
        self._check({**asked, **_hosts_of(targets, places)})

    def check_left(self, targets: Mapping[str, Target]) -> None:
        """Raise RefusedError for what records name that may lie in the checkout, too."""
        if not host_of(self.spec.store):
            self._check(_hosts_of(targets, {}))

    def _check(self, asked: Hosts) -> None:
        trusted = os.environ.get(TRUSTED, "").replace(",", " ").lower().split()
        strange = {host: where for host, where in asked.items() if not _named(host, trusted)}
        if self.agreed or not strange:
            return
        root = Path(self.spec.root)
        base = base_of(root, [str(Path(file).relative_to(root)) for file in self.spec.files])
        if base is None:
            return
        known = _hosts_of_base(base, self.variables)
        problems = [_strange(host, strange[host], base) for host in strange if host not in known]
        if problems:
            raise RefusedError(*problems)


def _strange(host: str, where: Where | None, base: Base) -> Problem:
    return Problem(
        summary=f"`{host}` is no host that the file names on `{base.branch}`; it is asked nothing",
        where=where,
        hint=f"name it in the file on `{base.branch}` first, or let whoever runs this set"
        f" `{TRUSTED}={host}`",
    )


def _hosts_of(targets: Mapping[str, Target], places: Mapping[str, Where]) -> Hosts:
    """Return the hosts that are asked about some targets, each with the place that names it."""
    return {
        host.lower(): places.get(name)
        for name, target in targets.items()
        if isinstance(target, Reaches)
        for host in target.hosts
    }


def _named(host: str, trusted: Iterable[str]) -> bool:
    """Tell whether a host is named, with its port or without."""
    bare = host if "://" in host else host.rpartition(":")[0]
    return any(name in (host, bare) for name in trusted)


def _hosts_of_base(base: Base, variables: Mapping[str, str]) -> set[str]:
    """Return what the files of the base name; nothing where they can't be understood."""
    with tempfile.TemporaryDirectory(prefix="mlops-base-") as name:
        folder = Path(name).resolve()
        (folder / ".git").mkdir()
        for path, text in base.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        try:
            spec = load([folder / path for path in base.files], variables, KINDS, lenient=True)
        except MlopsError:
            return set()
        owner = Owner(project=spec.project, source="", root=spec.root, files=spec.files)
        found = {host_of(spec.store)}
        for target in spec.targets.values():
            with suppress(MlopsError):  # what can't be reached is named all the same by others
                row = TARGETS[target.kind](target.name, target.settings, folder, owner)
                found |= _hosts_of({target.name: row}, {}).keys()
        return found
