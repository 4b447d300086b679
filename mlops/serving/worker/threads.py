"""`concurrency > 1`: several `run()`s at once, each on a thread of its own. Only where asked for.

There is no signal for a thread. When its time is over the client is answered, and an exception is
raised in the thread, which ends Python code but no call into C. What goes on for longer than the
grace period is hung: this worker then begins nothing new, finishes what the other threads do, and
ends; the front starts another one and sends it what was not begun.
"""

import ctypes
import os
import queue
import socket
import threading
import time
from typing import Any, Iterator, Set

from . import wire
from .alarm import RunTimeoutError
from .progress import Progress
from .score import Call, Scorer, flush

GRACE = 2.0
"""Seconds from the exception in the thread to giving the worker up."""
HUNG = 71
"""Exit code of a worker that was given up (EX_OSERR)."""


class Job:
    """One frame on a thread."""

    __slots__ = ("answered", "ends", "ident", "thread")

    def __init__(self, ident: int, ends: float) -> None:
        self.ident = ident
        self.ends = ends
        self.thread = threading.get_ident()
        self.answered = False


class Threads:
    """The threads of a worker, and the one that watches them."""

    def __init__(self, scorer: Scorer, timeout: float, concurrency: int) -> None:
        self._scorer = scorer
        self._timeout = timeout
        self._slots = threading.Semaphore(concurrency)
        self._jobs: Set[Job] = set()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._waiting: Any = queue.Queue()
        self._concurrency = concurrency
        self._closing = False
        self._channel: Any = None

    def serve(
        self, frames: Iterator[wire.Frame], channel: socket.socket, progress: Progress
    ) -> None:
        """Answer frames until there are no more."""
        self._channel = channel
        for _ in range(self._concurrency):
            threading.Thread(target=self._work, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()
        for frame in frames:
            self._slots.acquire()  # freed by the thread that answers
            with self._lock:
                if self._closing:
                    break
                progress.begin(self._scorer.clock())
            self._waiting.put(frame)
        while self._closing:  # the watching thread ends the process
            time.sleep(1)

    def _work(self) -> None:
        """Answer one frame after the other."""
        while True:
            frame = self._waiting.get()
            job = Job(frame[0], self._scorer.clock() + self._timeout)
            with self._lock:
                self._jobs.add(job)
            answer = b""
            try:
                answer = self._answer(frame)
            except RunTimeoutError:
                pass  # it arrived after run() was over
            finally:
                self._done(job, answer or self._scorer.expired(frame[0]))

    def _done(self, job: Job, answer: bytes) -> None:
        """Send the answer unless the watching thread did; a late exception is taken back."""
        try:
            with self._lock:
                self._jobs.discard(job)
                first, job.answered = not job.answered, True
                if not first:
                    interrupt(job.thread, None)
        except RunTimeoutError:  # it came while the lock was waited for
            self._done(job, answer)
            return
        if first:
            self._send(answer)
        self._slots.release()

    def _answer(self, frame: wire.Frame) -> bytes:
        """Return the frame that answers `frame`."""
        scorer = self._scorer
        call = scorer.prepare(frame)
        if isinstance(call, bytes):
            return call
        try:
            result = self._call(call)
        except RunTimeoutError:
            raise
        except BaseException as error:  # noqa: BLE001 - not even sys.exit() in a script harms
            return scorer.raised(call, error)
        return scorer.finished(call, result)

    def _call(self, call: Call) -> Any:
        if call.context is None:
            return self._scorer.run(**call.arguments)
        with call.context:
            return self._scorer.run(**call.arguments)

    def _send(self, answer: bytes) -> None:
        with self._sending:
            try:
                self._channel.sendall(answer)
            except OSError:
                os._exit(0)  # the front is gone

    def _watch(self) -> None:
        """Look after the time of every job."""
        tick = max(0.01, min(0.25, self._timeout / 10))
        while True:
            time.sleep(tick)
            now = self._scorer.clock()
            with self._lock:
                late = [job for job in self._jobs if now > job.ends and not job.answered]
                for job in late:
                    job.answered = True
                    interrupt(job.thread, RunTimeoutError)
                hung = [job for job in self._jobs if now > job.ends + GRACE]
                self._closing = self._closing or bool(hung)
                over = self._closing and len(hung) == len(self._jobs) and self._waiting.empty()
            for job in late:
                self._send(self._scorer.expired(job.ident))
            if over:
                flush()
                os._exit(HUNG)


def interrupt(thread: int, error: Any) -> None:
    """Raise an exception in a thread as soon as it runs Python code; None takes it back."""
    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)
