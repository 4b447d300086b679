"""The benchmarks run, at tiny sizes; what they measure is judged by people."""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.rivals import ASYNC, AZML, BARE, OURS, RIVALS, Place, family, started
from benchmarks.serving import Result, free_ports, lines

RUN = Path(__file__).parent / "benchmarks" / "run.py"


@pytest.mark.parametrize("name", ["services", "quiet", "storing", "starting", "handing", "seeing"])
def test_a_benchmark_runs_and_says_which_machine_it_ran_on(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(RUN), name, "--small"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert " cores, Python " in done.stdout
    assert "what " in done.stdout


@pytest.mark.parametrize("name", [OURS, ASYNC])
def test_a_server_of_the_benchmark_answers_and_leaves_nothing_behind(
    tmp_path: Path, name: str
) -> None:
    rival = next(one for one in RIVALS if one.name == name)
    running = started(rival, Place(folder=tmp_path / "place", port=free_ports(), workers=2))
    processes = family(running.process.pid)

    running.end()

    assert 3 == len(processes)
    assert [] == [one for one in processes if one.is_running()]


def test_the_table_of_servers_begins_with_the_fastest_and_tells_how_they_stand() -> None:
    rates = {AZML: 1_000, OURS: 9_000, BARE: 10_000}
    found = {
        name: Result(rate=rate, cpu=1, p50=1, p99=1, ready=1, memory=1, failed=0)
        for name, rate in rates.items()
    }

    _, *actual = lines(found)

    assert [
        (BARE, "10,000", "1.00", "10.0"),
        (OURS, "9,000", "0.90", "9.0"),
        (AZML, "1,000", "0.10", "1.0"),
    ] == [line[:4] for line in actual]
