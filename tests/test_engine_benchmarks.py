"""The benchmarks run, at tiny sizes; what they measure is judged by people."""

import subprocess
import sys
from pathlib import Path

import pytest

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
