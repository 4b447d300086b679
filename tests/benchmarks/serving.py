"""The scoring server beside its peers: the same `run()`, the same body, in turn."""

import socket
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.driving import Round, drive, wrk
from benchmarks.measure import Row, aligned
from benchmarks.rivals import (
    ASYNC,
    AZML,
    BARE,
    BODY,
    OURS,
    RIVALS,
    Place,
    Running,
    started,
)
from serving_instance import ACTS, serving

HELD = 2.0
"""Seconds for which a `run()` holds the GIL while `/livez` is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One server's medians of all rounds, and its CPU over all of them."""

    rate: float
    cpu: float  # microseconds of one request: the same on a machine that is busy
    p50: float
    p99: float
    ready: float
    memory: float
    failed: int


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Print a table of all servers; yield how ours stands to its bars."""
    wrk()
    (folder / "body.json").write_text(BODY)
    rounds, seconds = (1, 1) if small else (5, 5)
    found = {}
    for workers in (1, 2):
        with running(folder / f"{workers}", workers) as servers:
            found[workers] = measured(servers, rounds, seconds, folder)
        sys.stdout.write(f"\n{workers} worker{'s' if workers > 1 else ''}\n")
        sys.stdout.write(aligned(lines(found[workers])))
    sys.stdout.write("\n")
    one = found[1]
    yield beside(one[OURS], one[BARE], BARE, 0.8, OURS)
    yield beside(one[OURS], one[AZML], AZML, 8, OURS)
    yield beside(one[ASYNC], one[BARE], BARE, 0.7, ASYNC)
    yield alive(folder)


@contextmanager
def running(folder: Path, workers: int) -> Iterator[list[Running]]:
    """Start every server, and leave no process behind."""
    folder.mkdir()
    with ExitStack() as ends:
        servers = []
        for number, rival in enumerate(RIVALS):
            place = Place(folder=folder / f"{number}", port=free_ports(), workers=workers)
            server = started(rival, place)
            ends.callback(server.end)
            servers.append(server)
        yield servers


def free_ports() -> int:
    """Return a port with two free ones behind it."""
    while True:
        with ExitStack() as probes:
            first = probes.enter_context(socket.create_server(("127.0.0.1", 0)))
            port: int = first.getsockname()[1]
            try:
                for more in (1, 2):
                    probes.enter_context(socket.create_server(("127.0.0.1", port + more)))
            except (OSError, OverflowError):
                continue
            return port


def measured(
    servers: Sequence[Running], rounds: int, seconds: int, folder: Path
) -> Mapping[str, Result]:
    """Drive one server after the other, again and again."""
    for server in servers:
        drive(server.port, 1, folder)
    found: dict[str, list[Round]] = {server.name: [] for server in servers}
    spent = dict.fromkeys(found, 0.0)
    for _ in range(rounds):
        for server in servers:
            before = server.cpu
            found[server.name].append(drive(server.port, seconds, folder))
            spent[server.name] += server.cpu - before
    return {
        server.name: result(server, found[server.name], spent[server.name]) for server in servers
    }


def result(server: Running, rounds: Sequence[Round], spent: float) -> Result:
    """Return the medians, and the CPU of one request."""
    return Result(
        cpu=spent / sum(one.requests for one in rounds) * 1e6,
        rate=statistics.median(one.rate for one in rounds),
        p50=statistics.median(one.p50 for one in rounds),
        p99=statistics.median(one.p99 for one in rounds),
        ready=server.ready,
        memory=server.memory,
        failed=sum(one.failed for one in rounds),
    )


HEAD = (
    "server",
    "req/s",
    "x bare",
    "x azml",
    "CPU us",
    "p50 ms",
    "p99 ms",
    "ready",
    "MB",
    "failed",
)


def lines(found: Mapping[str, Result]) -> list[tuple[str, ...]]:
    """Return the lines of the table, the fastest server first."""
    bare, azml = found[BARE].rate, found[AZML].rate
    return [
        HEAD,
        *(
            (
                name,
                f"{one.rate:,.0f}",
                f"{one.rate / bare:.2f}",
                f"{one.rate / azml:.1f}",
                f"{one.cpu:.0f}",
                f"{one.p50:.2f}",
                f"{one.p99:.2f}",
                f"{one.ready:.1f}",
                f"{one.memory:.0f}",
                f"{one.failed}",
            )
            for name, one in sorted(found.items(), key=lambda item: -item[1].rate)
        ),
    ]


def beside(ours: Result, theirs: Result, name: str, bar: float, what: str) -> Row:
    """Return how one server stands to another at one worker."""
    return Row(
        what=f"{what}: requests per second beside {name}",
        measured=f"{ours.rate:,.0f}",
        beside=f"{theirs.rate:,.0f}",
        ratio=ours.rate / theirs.rate,
        bar=bar,
        least=True,
    )


def alive(folder: Path) -> Row:
    """Return the slowest `/livez` while a `run()` holds the GIL."""
    slowest, asked = 0.0, 0
    with serving(folder / "held", ACTS) as service:
        hold = threading.Thread(target=service.score, args=({"hold": HELD},))
        hold.start()
        while hold.is_alive():
            began = time.perf_counter()
            with urllib.request.urlopen(f"http://127.0.0.1:{service.record['port']}/livez") as one:
                one.read()
            slowest = max(slowest, time.perf_counter() - began)
            asked += 1
            time.sleep(0.005)
        hold.join()
    return Row(
        what=f"slowest /livez of {asked} while run() holds the GIL for {HELD:g} s",
        measured=f"{slowest * 1000:.1f} ms",
        beside="50 ms",
        ratio=slowest / 0.05,
        bar=1,
    )
