"""Makes one change in an engine: of an image, of a service, or of what is left of one."""

from collections.abc import Generator
from typing import Any

from mlops.clients.docker.engine import Engine
from mlops.protocols import Means
from mlops.targets.docker.image import change_image
from mlops.targets.docker.looking import snapshot_of
from mlops.targets.docker.make import changed, remove_leftover
from mlops.targets.docker.subject import Subject
from mlops.values import Change, Owner, Progress


def carry_out(
    engine: Engine, change: Change, means: Means, owner: Owner, settings: Any, repository: str
) -> Generator[Progress, None, float]:
    """Make a change; return the seconds without an answer. `settings` are those of the target."""
    if change.address.kind == "image":
        yield from change_image(engine, change, settings, repository, means)
        return 0.0
    snapshot = snapshot_of(engine, repository)
    if change.address.kind != "service":
        yield Progress(text="removing")
        remove_leftover(engine, change.address, snapshot)
        return 0.0
    subject = Subject(
        engine=engine,
        snapshot=snapshot,
        owner=owner,
        means=means,
        settings=settings,
        service=change.address.name,
    )
    return (yield from changed(subject, change))
