"""How a service gets ready soon: workers begin before the front's event loop, few modules come."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from serving_instance import SERVER, Instance, end, serving, start, until, write

from mlops.serving.front.door import day

WATCHED = """
    import json, runpy, sys
    from pathlib import Path

    folder = Path(sys.argv[2])
    def look(name):
        (folder / name).write_text(json.dumps(sorted(sys.modules)))
    def hook(event, _):
        if event == "subprocess.Popen":
            look("spawning.json")
    sys.addaudithook(hook)
    sys.argv = sys.argv[1:]
    sys.path.insert(0, sys.argv[0])
    try:
        runpy.run_path(sys.argv[0] + "/__main__.py", run_name="__main__")
    finally:
        look("ended.json")
"""
"""Runs a front, and writes down which modules it had when it started a worker, and at its end."""

OWN_MODULES = """
    import sys

    def init():
        global modules
        modules = sorted(sys.modules)

    def run(data):
        return modules
"""

SELDOM = {
    *("bz2", "calendar", "csv", "dataclasses", "datetime", "email", "importlib.resources", "lzma"),
    *("random", "shutil", "tempfile", "uuid", "zlib"),
}
"""What neither process needs, for most services: each takes a millisecond, compiled or not ten."""

LOOP = {"asyncio", "concurrent.futures", "inspect", "ssl", "uvloop"}

FOREIGN = ("csv", "datetime", "decimal", "logging", "queue", "random", "ssl", "uuid")
"""Names that a user's file may have, of modules that no worker has imported before it."""


@contextmanager
def watched(folder: Path) -> Iterator[Instance]:
    """Run a front that writes down its modules."""
    program = folder / "watch.py"
    program.write_text("\n".join(line[4:] for line in WATCHED.splitlines()))
    with (folder / "server.log").open("ab") as log:
        command = [sys.executable, "-I", str(program), str(SERVER), str(folder)]
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    service = Instance(folder=folder, process=process)
    try:
        service.until("ready")
        yield service
    finally:
        end(service)


def modules(file: Path) -> set[str]:
    """Return the modules that were written down."""
    return set(json.loads(file.read_text()))


def slowly(folder: Path) -> Instance:
    """Start a front that has to compile everything; its worker, which has not, is faster."""
    return start(folder, words=("-X", f"pycache_prefix={folder / 'compiled'}"))


def test_a_worker_is_started_before_the_front_imports_its_event_loop(tmp_path: Path) -> None:
    write(tmp_path, OWN_MODULES)

    with watched(tmp_path) as service:
        service.stop()

    assert "mlops_serving.front.begin" in modules(tmp_path / "spawning.json")
    assert set() == modules(tmp_path / "spawning.json") & (LOOP | SELDOM)
    assert modules(tmp_path / "ended.json") >= LOOP


def test_a_front_imports_nothing_that_few_services_need(tmp_path: Path) -> None:
    write(tmp_path, OWN_MODULES)

    with watched(tmp_path) as service:
        assert 200 == service.score({}).status
        service.stop()

    assert set() == modules(tmp_path / "ended.json") & SELDOM


def test_a_worker_imports_nothing_that_few_scripts_need(tmp_path: Path) -> None:
    with serving(tmp_path, OWN_MODULES) as service:
        found = set(service.score({}).json)

    late = {"decimal", "http.cookies", "logging", "pathlib", "queue", "subprocess", "urllib.parse"}
    assert "mlops_serving.worker.main" in found
    assert set() == found & (SELDOM | late | LOOP - {"inspect"})


@pytest.mark.parametrize(
    ("script", "changes"),
    [
        ("def run(data: int): return data", {}),
        ("async def run(data): return int(data)", {}),
        ("def run(data): return int(data)", {"serving": {"concurrency": 2}}),
        ("def run(data): return int(data)", {"serving": {"collect": True}}),
        ("def run(data): return int(data)", {"logs": {"format": "json"}}),
    ],
    ids=["hints", "async", "threads", "collect", "json"],
)
def test_files_of_the_user_stand_in_the_way_of_nothing_that_comes_late(
    tmp_path: Path, script: str, changes: Mapping[str, Any]
) -> None:
    write(tmp_path, "")
    for name in FOREIGN:
        (tmp_path / "code" / f"{name}.py").write_text("raise RuntimeError('the file of the user')")

    with serving(tmp_path, f"def init(): pass\n{script}\n", **changes) as service:
        sent = {"data": 7} if ": int" in script else 7

        assert 7 == service.score(sent).json


def test_a_worker_that_fails_before_the_front_listens_is_told_of_in_its_own_words(
    tmp_path: Path,
) -> None:
    service = slowly(write(tmp_path, "raise ImportError('no model')"))

    try:
        code = service.process.wait(timeout=30)
    finally:
        end(service)

    assert (3, "ImportError: no model") == (code, service.record["error"]["summary"])
    assert "ImportError: no model" == service.log.splitlines()[-1]


def test_a_signal_that_comes_before_the_front_listens_ends_it_as_any_other(tmp_path: Path) -> None:
    script = "import os, signal\nos.kill(os.getppid(), signal.SIGTERM)\ndef init(): pass\n"
    service = slowly(write(tmp_path, script + "def run(data): pass\n"))

    try:
        code = service.process.wait(timeout=30)
    finally:
        end(service)

    assert 0 == code
    assert service.log.splitlines()[-1].endswith("INFO sums stopped")


def test_a_front_that_is_killed_before_it_listens_leaves_no_worker(tmp_path: Path) -> None:
    script = "import os, signal, time\nopen('pid', 'w').write(str(os.getpid()))\n"
    script += "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)\n"
    service = slowly(write(tmp_path, script))

    try:
        assert -signal.SIGKILL == service.process.wait(timeout=30)
        pid = int((tmp_path / "code" / "pid").read_text())
        until(lambda: not Path(f"/proc/{pid}/exe").exists(), 5)
    finally:
        end(service)


def test_an_interpreter_that_cannot_be_started_is_a_failure(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_bytes(b"\x7fELF")
    python.chmod(0o755)
    service = start(write(tmp_path, "", python=str(python), serving={"workers": 2}))

    try:
        code = service.process.wait(timeout=30)
    finally:
        end(service)

    told = f"`{python}` cannot be started: {os.strerror(8)}"
    assert (3, told) == (code, service.record["error"]["summary"])


def test_the_date_is_written_as_the_standard_library_does() -> None:
    moments = [0, 951_827_696, int(time.time()), *range(1_700_000_000, 1_740_000_000, 2_345_678)]

    assert [formatdate(one, usegmt=True).encode() for one in moments] == list(map(day, moments))
