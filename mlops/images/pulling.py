"""Brings the images of others into an engine, which most often has them; says why it cannot."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

from mlops.clients.docker.engine import Engine
from mlops.clients.docker.wire import MissingError
from mlops.clients.oci.login import Login, told
from mlops.clients.oci.reference import reference
from mlops.errors import Problem, TargetError
from mlops.values import Progress

REFUSED = ("unauthorized", "denied", "no basic auth")
"""Words of engines and registries for who may not read."""


def pulled(
    engine: Engine, name: str, login: Callable[[str], Login | None], *, what: str, key: str
) -> Generator[Progress, None, Mapping[str, Any]]:
    """Return what the engine knows of an image, pulled if it lacks it. Raises TargetError.

    `what` is how people call it; `key` is where a file says who asks for it.
    """
    try:
        return engine.images.inspected(name)
    except MissingError:
        yield Progress(text=f"pulling {name}")
    try:
        for _ in engine.images.pull(name, told(login(reference(name).host))):
            pass
        return engine.images.inspected(name)
    except TargetError as error:
        because = error.problems[0].summary
        raise TargetError(_not_had(name, because, what, key)) from error


def _not_had(name: str, because: str, what: str, key: str) -> Problem:
    """Return that an image cannot be had, and what to do: an engine says why in many words."""
    refused = any(word in because for word in REFUSED)
    login = f"correct `{key}`, or `docker login {reference(name).host}`"
    return Problem(
        summary=f"the {what} `{name}` cannot be had: {because}",
        hint=login if refused else "check its name, and that the engine may pull it; or load it",
    )
