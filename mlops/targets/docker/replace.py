"""Puts a new container in the place of one: tried aside first, then given the port.

Safe to be cut short anywhere: names are deterministic, and what is left over bears a mark.
"""

import time
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from msgspec import Struct

from mlops.errors import IncompleteError, LockedError, MlopsError, Problem, TargetError
from mlops.images import paths
from mlops.plain import NOTHING
from mlops.targets.docker import container, marks
from mlops.targets.docker.desire import image_of
from mlops.targets.docker.health import Records, health, last_lines
from mlops.targets.docker.laid import SETTINGS, File, data_folder
from mlops.targets.docker.lay import files_of
from mlops.targets.docker.live import Entry, volume_of
from mlops.targets.docker.names import NEXT, OLD, TRIAL
from mlops.targets.docker.shape import shape
from mlops.targets.docker.subject import Subject
from mlops.values import Desired, Health, Progress

PATIENCE = 600.0
"""Seconds that a new container may take from its start to the end of `init()`."""

PAUSE = 0.05
"""Seconds between two looks at a container that starts: each takes some 10 ms."""


class Replacement(Struct, frozen=True, kw_only=True):
    """A new container for a service. `image` is the id of what it runs."""

    subject: Subject
    wanted: Desired
    image: str

    def run(self) -> Generator[Progress, None, float]:
        """Make the container and let it take over. If it can't, what served before still does.

        Return the seconds without an answer, from the stop of the old one to the end of `init()`.
        """
        main = self.subject.main
        serving = main is not None and main.get("State") == "running"
        yield Progress(text="writing its settings")
        files = files_of(self.wanted, self.subject.means)
        self._volumes()
        trial = ""
        if serving:
            yield Progress(text="trying it beside what serves")
            trial, fresh = self._tried(files)
        else:
            fresh = self._created(NEXT, files)
        if main is None:
            self.subject.engine.containers.rename(fresh, self.subject.name)
            yield Progress(text="starting the container")
            begun = time.monotonic()
            self._serving(fresh)
            return time.monotonic() - begun
        yield Progress(text="switching: the old one stops, the new one starts")
        begun = time.monotonic()
        self._switched(main, fresh, trial, serving=serving)
        outage = time.monotonic() - begun
        self.subject.engine.volumes.remove(volume_of(main))
        return outage

    def _switched(self, main: Entry, fresh: str, trial: str, *, serving: bool) -> None:
        """Let a new container take over; if it can't, the old one serves again.

        The trial goes while the old one stops: it writes where the new one will.
        """
        old = str(main["Id"])
        containers = self.subject.engine.containers
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="trial") as pool:
            removed = pool.submit(containers.remove, trial) if trial else None
            containers.stop(old)
        try:
            if removed is not None:
                removed.result()
            containers.rename(old, self.subject.name + OLD)
            containers.rename(fresh, self.subject.name)
            self._serving(fresh)
        except LockedError:
            raise  # somebody else may be at it
        except MlopsError:
            with suppress(TargetError):
                containers.remove(fresh)
            with suppress(TargetError):
                self.subject.engine.volumes.remove(self.subject.free_volume)
            with suppress(TargetError):
                containers.rename(old, self.subject.name)
            if serving:
                containers.start(old)
            raise
        containers.remove(old)

    def _tried(self, files: Mapping[str, File]) -> tuple[str, str]:
        """See a container ready that gets no port, and make the one that shall take over meanwhile.

        Return the ids of both. If the first one fails, both are removed.
        """
        engine = self.subject.engine
        made = [self._created(TRIAL, files)]
        try:
            engine.containers.start(made[0])
            made.append(self._created(NEXT, files, laid=True))
            self._awaited(made[0])
        except MlopsError:
            with suppress(LockedError):
                for ref in made:
                    engine.containers.remove(ref)
                engine.volumes.remove(self.subject.free_volume)
            raise
        return made[0], made[1]

    def _serving(self, ref: str) -> None:
        """Start a container for good: from the end of its `init()` the engine keeps it going."""
        self.subject.engine.containers.start(ref)
        self._awaited(ref)
        self.subject.engine.containers.update(ref, container.restarting(self.wanted.fields))

    def _awaited(self, ref: str) -> None:
        """Wait until the `init()` of a container ended. What fails is stopped."""
        found = self._settled(ref)
        if found.ready:
            return
        log = found.log or last_lines(self.subject.engine, ref)
        self.subject.engine.containers.stop(ref)
        raise IncompleteError(Problem(summary=found.summary), log=log)

    def _settled(self, ref: str) -> Health:
        patience = float(str(self.wanted.fields.get("image.start_timeout", PATIENCE)))
        deadline = time.monotonic() + patience
        records = Records(self.subject.engine)
        while True:
            self.subject.engine.allowed()
            found = health(self.subject.engine, ref, records)
            if found.ready or found.failed or time.monotonic() > deadline:
                return found
            time.sleep(PAUSE)

    def _created(self, ending: str, files: Mapping[str, File], *, laid: bool = False) -> str:
        """Make a container and lay its files into its volume, unless they are; return its id."""
        subject, wanted, kind = self.subject, self.wanted, shape(self.wanted.fields)
        mark = marks.mark(
            wanted,
            subject.owner,
            subject.name + (TRIAL if ending == TRIAL else ""),
            subject.means.lease.number,
        )
        part = container.Part(
            name=subject.name + ending,
            volume=subject.free_volume,
            image=self.image,
            labels=container.labels(
                wanted,
                mark,
                "" if kind.brought else image_of(wanted).tag,
                files.get(SETTINGS),
            ),
            published=ending != TRIAL,
        )
        made = subject.engine.containers.create(part.name, container.body(wanted, part))
        if laid:
            return made
        links = NOTHING if kind.brought else {container.CODE: f"/{paths.CODE}"}
        subject.lay(made, kind, files, links)
        if "collect_model_data.volume" in wanted.fields:
            subject.engine.files.put(made, container.DATA, data_folder())
        return made

    def _volumes(self) -> None:
        """Make the volume anew: what a server wrote there before is not for this one.

        That of collected data stays, whoever made it.
        """
        subject, name = self.subject, self.subject.free_volume
        mark = marks.mark(self.wanted, subject.owner, name, subject.means.lease.number)
        subject.engine.volumes.remove(name)
        subject.engine.volumes.create(name, mark)
        data = self.wanted.fields.get("collect_model_data.volume")
        if data is not None:
            told = {key: value for key, value in mark.items() if key != marks.BEARER}
            subject.engine.volumes.create(str(data), told)
