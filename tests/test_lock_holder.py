"""Whether the process that holds a lock has provably ended."""

import os
import subprocess
import sys
import time

import pytest
from msgspec.structs import replace

from mlops.plain import freeze
from mlops.store.holder import (
    Process,
    dead,
    process_of,
    process_record,
    this_holder,
    this_process,
)

ME = this_process()


def child() -> tuple["subprocess.Popen[str]", Process]:
    source = (
        "import sys\nfrom mlops.store.holder import *\np = this_process()\n"
        "print(p.pid, p.started, flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid, started = process.stdout.readline().split()
    return process, replace(ME, pid=int(pid), started=started)


def test_this_process_and_another_living_one_are_not_dead() -> None:
    process, other = child()

    assert not dead(ME)
    assert not dead(other)

    process.communicate("")
    assert dead(other)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of zombies")
def test_a_killed_process_that_nobody_waited_for_is_dead() -> None:
    process, other = child()

    process.kill()
    end = time.monotonic() + 10
    while not dead(other) and time.monotonic() < end:
        time.sleep(0.01)

    assert dead(other)
    process.communicate()


def test_a_number_that_another_process_has_now_is_a_dead_process() -> None:
    assert dead(replace(ME, started="1"))
    assert dead(replace(ME, pid=os.getppid()))


@pytest.mark.parametrize(
    "process",
    [
        replace(ME, pid=2**22 + 1, machine="elsewhere"),
        replace(ME, pid=2**22 + 1, machine=""),
        replace(ME, pid=2**22 + 1, started=""),
        replace(ME, pid=0),
        replace(ME, pid=-1),
    ],
)
def test_what_can_not_be_proved_is_not_dead(process: Process) -> None:
    assert not dead(process)


def test_a_process_is_read_back_and_anything_else_is_an_unknown_one() -> None:
    assert ME == process_of(freeze(process_record(ME)))
    for record in (None, 4, {}, {"machine": ME.machine, "pid": True, "started": "1"}):
        assert not dead(process_of(freeze(record)))


def test_a_holder_is_named_by_its_lineage() -> None:
    holder = this_holder({"who": "alice", "run_url": "https://ci.example/7"}, "mlops apply")

    assert ("alice", "https://ci.example/7", "mlops apply") == (
        holder.who,
        holder.run_url,
        holder.command,
    )
    assert "somebody" == this_holder({}, "").who
