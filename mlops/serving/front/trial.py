"""Asks a crew what the checks ask, from inside: nothing of it is counted, traced or logged."""

import asyncio
import time

from ..worker import wire
from .answers import Answer, message, scored
from .app import App
from .checks import Check, Reply, checks, misanswered, wrong
from .crew import Crew
from .failure import Failure
from .queued import Queue
from .reader import Reader
from .request import Request
from .routes import Rules

PATIENCE = 60.0
"""Seconds that an answer may take: as long as `mlops test` waits."""
GONE = message(502, "The worker ended.")


class Trial:
    """One crew, asked before any client may ask it."""

    def __init__(self, rules: Rules, queue: Queue, crew: Crew) -> None:
        self.crew = crew
        self.limits = rules.limits
        self.held = 0
        self._rules = rules
        self._queue = queue
        self._app = App(rules, self, lambda: b"")
        self._app.state = "ready"
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if crew.born is not None:
            self._app.learn(crew.born)

    async def run(self) -> Failure | None:
        """Ask everything, one after the other; return what was not as expected."""
        keys = self._rules.keys.values.values() if self._rules.keys else ()
        asked = checks(self._rules.settings.checks, next(iter(keys), ""))
        found = [problem for one in asked for problem in await self._run(one)]
        if not found:
            return None
        return Failure(summary=found[0], log=found if len(found) > 1 else [])

    async def _run(self, check: Check) -> list[str]:
        try:
            reply = await self._ask(check)
            problems = wrong(check, reply)
            if problems and not misanswered(check, reply):
                # It was slow and nothing else: the first request of a worker often is.
                problems = wrong(check, await self._ask(check))
        except asyncio.TimeoutError:
            return [f"{check.name} did not answer within {PATIENCE:g} s"]
        return problems

    async def _ask(self, check: Check) -> Reply:
        loop = asyncio.get_running_loop()
        self.held = 0
        self._answer = loop.create_future()
        began = time.perf_counter()
        refusal = Reader(self, self, time.monotonic).feed(check.request)
        if refusal is not None:
            self._settle(refusal)
        answer = await asyncio.wait_for(self._answer, PATIENCE)
        seconds = time.perf_counter() - began
        return Reply(status=answer.status, body=answer.body, seconds=seconds)

    def headed(self, request: Request) -> None:
        """See the headers of a request."""
        self._app.headed(request)

    def whole(self, request: Request) -> None:
        """Answer a request as the service would."""
        answer = request.refused or self._app.answer(request)
        if answer is not None:
            self._settle(answer)

    def score(self, request: Request) -> None:
        """Have this crew score a request, whichever crew serves."""
        if not self._queue.entrust(request, self.crew):
            self._settle(GONE)

    def asker(self) -> tuple[str, str]:
        """Say that the server itself asks."""
        return "", "http"

    def scored(self, request: Request, frame: wire.Frame) -> None:
        """Take what a worker answered."""
        answer = scored(frame)
        self._settle(request.shaped(answer) if request.shaped else answer)

    def _settle(self, answer: Answer) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)
