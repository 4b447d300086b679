"""Lets an engine run extra steps of a Dockerfile upon a base: what it makes is the base then.

Nothing of the user's lies beside them, and no secret is there.
"""

import io
import re
import tarfile
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mlops.clients.docker.engine import Engine
from mlops.clients.oci.login import Login
from mlops.errors import IncompleteError, Problem, TargetError
from mlops.images.bases import EngineBases
from mlops.images.genuine import INPUTS, genuine_id
from mlops.images.inputs import ImageInputs, locked_path, upon
from mlops.protocols import Means
from mlops.values import Progress

STEP = re.compile(r"---> ([0-9a-f]{12,64})")
"""What an engine says once a step has an image."""

FOUND = "---> Using cache"
"""What it says before that, if it had the image."""

LAST = 20
"""Lines of the engine's log that a failure shows."""


def dockerfile(base: str, steps: str) -> str:
    """Return the whole Dockerfile. Pure."""
    return f"FROM {base}\n{steps}\n"


def made(told: Iterable[str]) -> list[str]:
    """Return the images that a build made, by what the engine told of its steps. Pure.

    The first that it tells of is what the steps are run upon.
    """
    pairs = ((before, STEP.fullmatch(line)) for before, line in pairwise(told))
    return [match[1] for before, match in pairs if match and before != FOUND]


class Stepping(Struct, frozen=True, kw_only=True):
    """The making of the base of some inputs, which bears a name of `repository`."""

    engine: Engine
    repository: str
    login: Callable[[str], Login | None]

    def make(self, inputs: ImageInputs, means: Means) -> Iterator[Progress]:
        """Run the steps, if any, unless what they make is there.

        Raises TargetError, or IncompleteError with what the engine said.
        """
        if not inputs.steps:
            return
        name = upon(inputs, self.repository).base
        if genuine_id(self.engine, name, inputs.stepped):
            return
        below = yield from self._base(inputs, means)
        # an image is found by its whole id; a reference that begins with `sha256:` is none
        text = dockerfile(str(below["Id"]).removeprefix("sha256:"), inputs.steps)
        yield Progress(text="running the extra steps")
        before = self.engine.images.ids()
        said: deque[str] = deque(maxlen=LAST)
        told: list[str] = []
        try:
            for line in self.engine.images.built(_archive(text), name, {INPUTS: inputs.stepped}):
                words = str(line.get("stream") or "").strip()
                if words:
                    said.append(words)
                    told += [words] if words.startswith("--->") else []
                    yield Progress(text=words)
        except TargetError as error:
            self._clean(made(told), before)
            raise IncompleteError(
                *(_failed(each) for each in error.problems), log=tuple(said)
            ) from error

    def _clean(self, steps: Sequence[str], before: Collection[str]) -> None:
        """Remove the images of the steps before one that failed, the last first.

        Never one that was there `before`: what a step prints may look like the engine's own words.
        """
        with suppress(TargetError):  # why a step failed is what people need to know
            for ident in reversed(steps):
                if not any(one.startswith(f"sha256:{ident}") for one in before):
                    self.engine.images.remove_step(ident)

    def _base(
        self, inputs: ImageInputs, means: Means
    ) -> Generator[Progress, None, Mapping[str, Any]]:
        bases = EngineBases(
            engine=self.engine,
            inputs=inputs,
            means=means,
            bearer=self.repository,
            login=self.login,
        )
        told: Any = means.recall(locked_path(inputs.lock)) if inputs.lock else None
        return (yield from (bases.pinned(told["base"]) if told else bases.named()))


def _archive(text: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(text.encode())
        tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def _failed(problem: Problem) -> Problem:
    summary = problem.summary.replace("the Docker engine refused", "the extra steps failed")
    return replace(
        problem, summary=summary, hint="correct `extra_dockerfile_steps`, and apply again"
    )
