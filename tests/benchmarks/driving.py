"""Drives a server with `wrk`, over connections that are kept alive."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
HINT = "it drives the servers: install it (Debian: `apt-get install wrk`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round came to; the latencies are milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int

    @property
    def rate(self) -> float:
        """Return requests per second."""
        return self.requests / self.seconds


def wrk() -> str:
    """Return where `wrk` is; get it if that is easy."""
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-qq", "-y", "wrk"], check=False)  # noqa: S607  where it is differs
    found = shutil.which("wrk")
    if found is None:
        sys.exit(f"error: `wrk` is not here\nhint: {HINT}")
    return found


def drive(port: int, seconds: int, folder: Path) -> Round:
    """Ask as fast as a server answers; `folder` holds the body."""
    script = Path(__file__).parent / "peers" / "post.lua"
    words = [wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    url = f"http://127.0.0.1:{port}/score"
    done = subprocess.run([*words, url], check=True, capture_output=True, text=True, cwd=folder)
    return Round(**json.loads(done.stdout.splitlines()[-1]))
