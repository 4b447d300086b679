"""What else is on this machine than services: environments, and who listens on a wanted port."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from mlops.claims import Holders, port_claim, resource
from mlops.environments.build import installed
from mlops.targets.process.listeners import listening
from mlops.values import Address, Desired, Observed, Ownership

ENVIRONMENT = re.compile(r"[0-9a-f]{12}")
LEFTOVER = re.compile(r"\.[0-9a-f]{12}\..+")
"""Names of what we build, and of what a build that was cut short leaves."""


def observed_environments(place: str, folder: Path) -> Iterator[Observed]:
    """Yield each environment of a folder."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield observed_environment(place, path)


def observed_environment(place: str, path: Path) -> Observed:
    """Return the environment in a folder of its own. What is not of our making is foreign."""
    digest = installed(path)
    return Observed(
        address=Address(place=place, kind="environment", name=path.name),
        fields={"digest": digest} if digest else {},
        identity=path.name,
        ownership=Ownership.OURS if digest or _unfinished(path) else Ownership.FOREIGN,
        state="ready" if digest else "a folder without a mark",
    )


def listeners(
    place: str, wanted: Collection[Desired], services: Collection[Observed]
) -> Iterator[Observed]:
    """Yield who listens on a wanted port and is none of our services."""
    claims = Holders((claim, thing) for thing in wanted for claim in thing.claims)
    ours = {each.identity for each in services if each.ownership is Ownership.OURS}
    wanted_ports = {
        int(resource(claim).removeprefix("port/")) for thing in wanted for claim in thing.claims
    }
    for listener in listening(wanted_ports):
        claim = port_claim(listener.host, listener.port)
        if claims.of(claim) and str(listener.pid) not in ours:
            yield Observed(
                address=Address(place=place, kind="listener", name=claim.removeprefix("port/")),
                fields={},
                identity=str(listener.pid),
                ownership=Ownership.FOREIGN,
                claims=(claim,),
                state=listener.words,
            )


def _unfinished(path: Path) -> bool:
    """Tell whether a folder is what is left of an environment of ours, by its name and form."""
    if LEFTOVER.fullmatch(path.name):
        return True
    return bool(ENVIRONMENT.fullmatch(path.name)) and (path / "pyvenv.cfg").is_file()
