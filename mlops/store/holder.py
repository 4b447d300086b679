"""Who holds a lock: words for people, and the process by which its death can be proved."""

import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.spec import Fields


class Process(Struct, frozen=True, kw_only=True):
    """A process, told from every other one, on every machine and after every reboot.

    `machine` names the machine, its boot and the namespace that the number `pid` belongs to;
    `started` the moment of its start in the words of the system. Empty: not known here.
    """

    machine: str
    pid: int
    started: str


class Holder(Struct, frozen=True, kw_only=True):
    """Who asks for a lock. All but `process` is for people."""

    who: str
    host: str
    run_url: str = ""
    command: str = ""
    process: Process


def this_holder(lineage: Fields, command: str) -> Holder:
    """Return this process, with the `who` and the `run_url` of a lineage."""
    return Holder(
        who=str(lineage.get("who") or "somebody"),
        host=socket.gethostname(),
        run_url=str(lineage.get("run_url") or ""),
        command=command,
        process=this_process(),
    )


def this_process() -> Process:
    """Return the process that runs this."""
    pid = os.getpid()
    return Process(machine=machine(), pid=pid, started=_started(pid))


def process_record(process: Process) -> Fields:
    """Return a process as plain JSON."""
    return {"machine": process.machine, "pid": process.pid, "started": process.started}


def process_of(record: Any) -> Process:
    """Return the process that a record names; an unknown one for whatever else."""
    match record:
        case Mapping() if (
            isinstance(record.get("machine"), str)
            and isinstance(record.get("started"), str)
            and type(record.get("pid")) is int
        ):
            return Process(machine=record["machine"], pid=record["pid"], started=record["started"])
    return Process(machine="", pid=0, started="")


def dead(process: Process) -> bool:
    """Tell whether a process has provably ended; False wherever that can't be known."""
    here = machine()
    if not here or process.machine != here or not process.started or process.pid <= 0:
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # another user's: it exists
    now = _started(process.pid)
    return now not in ("", process.started)


@cache
def machine() -> str:
    """Return a name of this machine, its boot and its process numbers; empty if there is none.

    A boot's id alone is no proof: copies of one snapshot of a virtual machine share it. So do
    containers of one machine, whose processes have numbers of their own.
    """
    if sys.platform == "linux":
        proc = Path("/proc")
        try:
            parts = [
                (proc / "sys/kernel/random/boot_id").read_text().strip(),
                str((proc / "self/ns/pid").readlink()),
                _link(proc / "self/ns/time"),
            ]
        except OSError:
            return ""
    else:
        words = ["sysctl", "-n", "kern.bootsessionuuid"]
        try:
            asked = subprocess.run(words, capture_output=True, text=True, timeout=5, check=True)
        except (OSError, subprocess.SubprocessError):
            return ""
        parts = [asked.stdout.strip()]
    return " ".join((*parts, _machine_id(), platform.node())) if parts[0] else ""


def _started(pid: int) -> str:
    """Return the moment a process started, `ended` for one that only waits to be reaped.

    Linux's own count of ticks since boot: a time of day would move with the machine's clock.
    """
    if sys.platform != "linux":
        import psutil  # noqa: PLC0415  loaded late

        try:
            return str(int(psutil.Process(pid).create_time()))
        except psutil.Error:
            return ""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    state, threads, started = fields[0], int(fields[17]), fields[19]
    # a first thread that ended before the others looks like a process that ended
    return "ended" if state in "ZX" and threads <= 1 else started


def _link(path: Path) -> str:
    """Return what a link says; empty where the system has none (time namespaces: Linux 5.6)."""
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _machine_id() -> str:
    try:
        return Path("/etc/machine-id").read_text().strip()
    except OSError:
        return ""
