"""The requests that no worker has yet: handed out in order, sent away if they wait too long."""

from collections import deque

from .crew import Crew, settle
from .process import Worker
from .request import Request

DEPTH = 16
"""Requests in one worker's pipe, so that it never waits for the next one."""
QUICK = 2.0
"""Milliseconds of work that may lie in a pipe while another worker could have done it."""
WAITED = "The service is overloaded: no worker was free in time. Try again later."
STOPPING = "The service is stopping."


class Queue:
    """Who waits for a worker, and how many wait or are being scored."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self.inside = 0
        self.closed = False

    def __len__(self) -> int:
        """Return how many requests no worker has yet."""
        return len(self._requests)

    def join(self, request: Request) -> None:
        """Take one more request, as the last one."""
        self.inside += 1
        self._requests.append(request)

    def pump(self, crew: Crew) -> None:
        """Hand out requests as long as a worker of a crew has room."""
        queue, live = self._requests, crew.live
        while queue and live:
            worker = live[0] if len(live) == 1 else min(live, key=busy)
            if len(worker.sent) >= depth(crew, worker):
                return
            request = queue.popleft()
            if request.settled:  # its client is gone
                self.inside -= 1
            else:
                worker.send(request)

    def entrust(self, request: Request, crew: Crew) -> bool:
        """Have a certain crew score a request before all others; say whether it lives."""
        if not crew.live:
            return False
        self.inside += 1
        crew.live[0].send(request)
        return True

    def free(self, done: int, crew: Crew) -> None:
        """Forget requests that were answered; a worker may have room now."""
        self.inside -= done
        self.pump(crew)

    def adopt(self, orphans: list[Request]) -> None:
        """Take back what a dead worker had not begun, as the first ones."""
        if self.closed:
            settle(orphans, 503, STOPPING)
        self._requests.extendleft(reversed(orphans))

    def send_away(self, crew: Crew, now: float) -> None:
        """Tell who has waited for too long, here or in the pipe of a worker."""
        while self._requests and 0 < self._requests[0].deadline < now:
            self.inside -= 1
            settle([self._requests.popleft()], 503, WAITED)
        for worker in crew.live:
            for request in list(worker.sent.values())[worker.begun() :]:
                if 0 < request.deadline < now:
                    settle([request], 503, WAITED)

    def close(self) -> None:
        """Tell everybody that nobody will come."""
        self.closed = True
        settle(list(self._requests), 503, STOPPING)
        self._requests.clear()


def busy(worker: Worker) -> int:
    """Return how much a worker has to do."""
    return len(worker.sent)


def depth(crew: Crew, worker: Worker) -> int:
    """Return how many requests may be in the pipe of a worker."""
    at_once = int(worker.asks.get("concurrency", 1))
    if crew.size == 1:
        return max(DEPTH, 2 * at_once)
    # Behind a slow request others would wait while another worker idles.
    behind = max(1, min(DEPTH, int(QUICK / max(worker.milliseconds, 0.01))))
    return behind + at_once - 1
