"""Makes one change on this machine: of an environment or of a service."""

from collections.abc import Iterator
from pathlib import Path

from mlops.protocols import Means
from mlops.targets.process import make, world
from mlops.targets.process.leftovers import sweep
from mlops.values import Action, Change, Impact, Owner, Progress


def carry_out(folder: Path, change: Change, means: Means, owner: Owner) -> Iterator[Progress]:
    """Make a change to what lies in `folder`. Raises what the machine refuses."""
    means.lease.check()
    if change.after is None:
        yield Progress(text="removing")
        if change.address.kind == "service":
            world.end(folder, means.lease.check)
        world.remove(folder, means.lease.check)
    elif change.address.kind == "environment":
        yield from make.environment(folder, change.after, means)
    elif change.action is Action.UPDATE and change.impact is Impact.METADATA:
        make.mark(folder, change.after, owner, means)
        sweep(folder, means.lease.check)
    else:
        renew = bool(change.fields)
        yield from make.service(folder, change.after, means, owner, renew=renew)
