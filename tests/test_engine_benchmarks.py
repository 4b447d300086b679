"""The benchmarks run, at tiny sizes; what they measure is judged by people."""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.rivals import ASYNC, OURS, RIVALS, Place, family, started
from benchmarks.serving import free_ports

RUN = Path(__file__).parent / "benchmarks" / "run.py"


@pytest.mark.parametrize("name", ["services", "quiet", "storing", "starting", "handing"])
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
