"""New settings without a lost request: read again on SIGHUP, tried aside, then switched to.

The protocol, for who writes the instance folder:

1. Lay the new code beside the old (`settings.code` may name any folder below FOLDER, such as
   `code/3f2a`), replace `settings.json` at once (write aside, rename), send SIGHUP to the pid of
   `server.json`. From its first line on, the server survives a SIGHUP.
2. `server.json` then says `"swap": {"settings": <sha256 of the bytes read>, "state": "starting",
   "error": null}` while new workers start; `state` stays `ready`, and the old ones serve.
3. Done: `settings` is the new digest, `swap` is null, `swaps` is one more, `worker_pids` are new.
   Failed: `swap` is `{"settings": <digest>, "state": "failed", "error": {"summary", "log"}}`,
   `settings` is the old digest, the old workers go on. It stays so until the next SIGHUP.
4. The old workers end once they have answered what was in their pipes; `retiring` is true until
   then. Links to models that nobody needs any more are removed here, and code folders beside the
   one in use: hold the lock of FOLDER/code (flock) from before you lay code until the settings
   name it.

A SIGHUP with the digest that runs clears a failed swap and ends one that is starting. A SIGHUP
during a swap begins again with what is written then. `host` and `port` cannot change: that fails.
If only what the front obeys has changed (limits, auth, tls, cors, swagger, metrics, logs, checks),
no worker is started. New workers must pass the checks, and so must the old ones if the checks
themselves have changed. A crash of the server in between: the next start reads the new settings.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from .crew import Crew
from .failure import Failure
from .instance import app_root, link, prune, sweep_code
from .launch import launch
from .limits import UnfitError
from .logs import reshape
from .ready import EARLY
from .routes import Rules
from .settings import Settings, digest, raw, settings
from .tls import Certificate
from .trial import Trial

log = logging.getLogger("mlops_serving")

POLL = 0.05


class Next(NamedTuple):
    """What may come next: everything that can fail, made before anything is changed."""

    settings: Settings
    digest: str
    rules: Rules
    certificate: Certificate | None
    crew: Crew | None


class Sweep:
    """Removes links and code that nobody needs any more, once nobody does."""

    def __init__(self, service: Any, trying: Callable[[], bool]) -> None:
        self._service = service
        self._trying = trying
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Clean up as soon as that is safe."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._sweep())

    async def stop(self) -> None:
        """Leave the rest to the next start."""
        if self._task is not None:
            await ended(self._task)

    async def _sweep(self) -> None:
        service = self._service
        while self._busy() or not await self._code():  # noqa: ASYNC110 - once a swap
            await asyncio.sleep(POLL)
        prune(service.folder, service.settings.models)
        service.tell(retiring=False)

    async def _code(self) -> bool:
        service = self._service
        return await asyncio.to_thread(sweep_code, service.folder, service.settings.code)

    def _busy(self) -> bool:
        """Say whether somebody may still need what is not in the settings."""
        service = self._service
        return service.pool.retiring or self._trying() or not service.alone


class Swaps:
    """Changes what a service runs, one change at a time."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._task: asyncio.Task[None] | None = None
        self._trying: Crew | None = None
        self._held: Failure | None = None
        self.count = 0
        self.sweep = Sweep(service, lambda: self._trying is not None)

    def ask(self) -> None:
        """Hear a SIGHUP."""
        if self._service.app.state not in ("draining", "failed"):
            before, self._task = self._task, None
            self._task = asyncio.get_running_loop().create_task(self._change(before))

    def ask_if_changed(self) -> None:
        """Change at once if the settings were replaced since they were read."""
        try:
            same = digest(raw(self._service.folder)) == self._service.record.settings
        except UnfitError:
            return
        if not same:
            self.ask()

    def hold(self, failure: Failure) -> bool:
        """Keep a failure of the old workers back while new ones start; say whether it is."""
        if self._trying is None or self._held is not None:
            return False
        self._held = failure
        return True

    async def stop(self) -> None:
        """End a change that is under way."""
        if self._task is not None:
            await ended(self._task)
        await self.sweep.stop()

    async def _change(self, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await ended(before)
        service = self._service
        name = None
        try:
            text = raw(service.folder)
            name = digest(text)
            if name == service.record.settings:
                service.tell(swap=None)
                return
            service.tell(swap={"settings": name, "state": "starting", "error": None})
            log.info("%s swaps to the settings %s", service.settings.service, name[:12])
            following = await self._prepared()
        except UnfitError as problem:
            log.error("the swap failed: %s", problem)  # noqa: TRY400 - a sentence
            self._failed(name, Failure(summary=str(problem), log=[]))
            return
        if isinstance(following, Failure):
            log.error("the swap failed: %s", following.summary)
            self._failed(name, following)
            return
        await self._switch(following)

    async def _prepared(self) -> Next | Failure:
        """Make everything that can fail, and start the new workers."""
        service = self._service
        wanted, name = settings(service.folder)
        check(service.settings, wanted, service.record.port)
        rules = Rules(wanted, name)
        certificate = Certificate(wanted.tls) if wanted.tls else None
        models = link(service.folder, wanted.models)
        start = launch(wanted, service.folder, models)
        old = service.pool.crew
        crew = None
        if start != old.launch or wanted.limits.workers != old.size or self._broken():
            crew = service.pool.hire(start, wanted.limits.workers)
        failure = await self._try(crew, rules)
        if failure is not None:
            return failure
        return Next(settings=wanted, digest=name, rules=rules, certificate=certificate, crew=crew)

    def _broken(self) -> bool:
        return not self._service.pool.crew.live

    async def _try(self, crew: Crew | None, rules: Rules) -> Failure | None:
        """Start the new workers, if any are needed, and have them pass the checks."""
        service = self._service
        pool = service.pool
        if crew is None:
            same = rules.settings.checks == service.settings.checks
            known = same and service.app.state not in EARLY
            return None if known else await Trial(rules, pool.queue, pool.crew).run()
        self._trying = crew
        try:
            failure = await crew.start() or await Trial(rules, pool.queue, crew).run()
        except asyncio.CancelledError:
            await crew.stop()
            raise
        finally:
            self._trying = None
        if failure is not None:
            await crew.stop()
        return failure

    async def _switch(self, following: Next) -> None:
        """Change everything between two requests."""
        service = self._service
        spoken = service.certificate.tls if service.certificate else None
        service.settings, service.rules = following.settings, following.rules
        service.app.rules = following.rules
        service.pool.limits = service.door.limits = following.settings.limits
        reshape(following.settings.logs)
        if following.settings.tls != spoken:
            service.certificate = following.certificate
            context = following.certificate.context if following.certificate else None
            await service.door.open(context)
        if following.crew is not None:
            service.pool.relieve(following.crew)
            service.app.learn(following.crew.born)
        if service.app.state in EARLY:
            service.app.state = "ready"
        self.count += 1
        self._held = None
        retiring = service.pool.retiring
        service.tell(
            settings=following.digest, swap=None, swaps=self.count, retiring=retiring, error=None
        )
        log.info("%s has swapped", following.settings.service)
        await service.beside.follow()
        self.sweep.start()

    def _failed(self, name: str | None, failure: Failure) -> None:
        service = self._service
        app_root(service.folder, service.settings.source_name, service.settings.code)
        error = {"summary": failure.summary, "log": failure.log}
        service.tell(swap={"settings": name, "state": "failed", "error": error})
        held, self._held = self._held, None
        if held is not None:
            service.fail(held)


def check(old: Settings, new: Settings, port: int) -> None:
    """Refuse what the listener would have to move for."""
    if new.host != old.host or new.port not in (old.port, port):
        raise UnfitError(f"`host` and `port` cannot change while the server runs on port {port}")


async def ended(task: "asyncio.Task[None]") -> None:
    """End a task and wait until it has."""
    task.cancel()
    await asyncio.wait([task])
