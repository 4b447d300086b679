"""A hundred thousand requests: the memory of front and worker does not grow."""

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
from benchmarks.measure import Row
from serving_instance import ECHO, Instance, serving

WARM = 20_000
"""Requests until caches are filled and the allocator has what it needs."""
MIB = 1024 * 1024
REQUEST = b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield by how much each process has grown, beside its size before."""
    count = 10_000 if small else 100_000
    with serving(folder / "flat", ECHO) as service:
        front = psutil.Process(service.process.pid)
        worker = psutil.Process(service.record["worker_pids"][0])
        asked(service, WARM)
        before = [process.memory_info().rss for process in (front, worker)]
        asked(service, count)
        after = [process.memory_info().rss for process in (front, worker)]
    for name, then, now in zip(("front", "worker"), before, after, strict=True):
        yield Row(
            what=f"{count:,} requests: memory of the {name}",
            measured=f"{now / MIB:.1f} MB",
            beside=f"{then / MIB:.1f} MB",
            ratio=now / then,
            bar=1.05,
        )


def asked(service: Instance, count: int) -> None:
    """Ask over and over, each connection for a thousand requests, in batches."""
    for _ in range(count // 1000):
        with socket.create_connection(("127.0.0.1", service.record["port"]), timeout=20) as line:
            for _ in range(20):
                line.sendall(REQUEST * 50)
                found = b""
                while not (found.endswith(b'"{}"') and found.count(b"\r\n\r\n") == 50):
                    found += line.recv(1 << 18)
                assert found.count(b"HTTP/1.1 200") == 50
