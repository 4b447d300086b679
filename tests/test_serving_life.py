"""The life of a scoring server: start, failures, drain, end."""

import contextlib
import hashlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from serving_instance import ACTS, SERVER, alive, end, failed, serving, start, until, write


def test_the_record_says_who_serves_where(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        record = service.record

        assert service.process.pid == record["pid"]
        assert tuple(record[key] for key in ("state", "host", "error", "restarts")) == (
            "ready",
            "127.0.0.1",
            None,
            0,
        )
        assert record["port"] > 0
        assert abs(time.time() - record["started"]) < 60
        assert record["created"].endswith("+00:00")
        assert all(alive(pid) for pid in record["worker_pids"])


def test_a_second_server_on_the_same_folder_exits_with_75(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        second = start(tmp_path)

        assert second.process.wait(timeout=10) == 75
        assert "is in use by another server" in service.log
        assert service.process.pid == service.record["pid"]


def test_a_folder_that_cannot_be_written_to_is_told_in_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "none"

    done = subprocess.run(
        [sys.executable, "-I", str(SERVER), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (1, f"{folder} cannot be written to: No such file or directory\n") == (
        done.returncode,
        done.stderr,
    )


def test_a_taken_port_is_a_failure(tmp_path: Path) -> None:
    with serving(tmp_path / "a") as service:
        port = service.record["port"]
        code, record, log = failed(tmp_path / "b", port=port)

    assert code == 1
    assert record["state"] == "failed"
    assert f"port {port} of 127.0.0.1 is not free" in record["error"]["summary"]
    assert record["error"]["summary"] in log


def test_an_init_that_raises_is_a_failure_with_its_traceback_last_in_the_log(
    tmp_path: Path,
) -> None:
    script = """
        def init():
            raise LookupError("no model here")
        def run(data):
            return data
    """

    code, record, log = failed(tmp_path, script)

    assert code == 3
    assert (record["state"], record["worker_pids"]) == ("failed", [])
    assert record["error"]["summary"] == "LookupError: no model here"
    assert log.endswith("LookupError: no model here\n")
    assert record["error"]["log"] == log.splitlines()[-len(record["error"]["log"]) :]
    assert record["error"]["log"][0] == "Traceback (most recent call last):"
    assert not any("mlops/serving" in line for line in record["error"]["log"])


def test_of_several_workers_that_cannot_init_the_last_lines_are_a_traceback_too(
    tmp_path: Path,
) -> None:
    script = "def init():\n    raise ValueError('mine')\ndef run(data): pass\n"

    code, record, log = failed(tmp_path, script, serving={"workers": 4})

    assert (3, "ValueError: mine") == (code, record["error"]["summary"])
    assert "ValueError: mine" == log.splitlines()[-1]
    assert "BrokenPipe" not in log


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("def init(:\n", "SyntaxError"),
        ("import not_there_at_all\n", "No module named 'not_there_at_all'"),
        ("def run(data): pass\n", "has no function init()"),
        ("def init(): pass\n", "has no function run()"),
        ("def init(): pass\ndef run(): pass\n", "needs to accept an argument"),
        ("def init(): pass\ndef run(*data): pass\n", "cannot accept"),
        ("import os\ndef init(): os._exit(9)\ndef run(data): pass\n", "exit code 9"),
        ("import sys\ndef init(): sys.exit('enough')\ndef run(data): pass\n", "SystemExit: enough"),
    ],
)
def test_a_script_that_cannot_be_served_is_a_failure(
    tmp_path: Path, script: str, words: str
) -> None:
    code, record, log = failed(tmp_path, script)

    assert (code, record["state"]) == (3, "failed")
    assert words in record["error"]["summary"]
    assert words in log


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"python": "/no/such/python"}, "`/no/such/python` is not there"),
        ({"entry_script": "other.py"}, "`other.py` is not in"),
        ({"entry_script": "../other.py"}, "leads out of its folder"),
        ({"port": "many"}, "cannot be understood"),
        ({"serving": {"workers": 0}}, "out of range"),
        ({"host": "203.0.113.1", "port": 1}, "is not free"),
        (
            {"models": [{"name": "m", "version": 1, "files": [{"path": "a", "blob": "/no"}]}]},
            "`a` of model `m:1` is not there",
        ),
    ],
)
def test_settings_that_cannot_be_met_are_a_failure(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    code, record, _ = failed(tmp_path, **changes)

    assert (code, record["state"]) == (1, "failed")
    assert words in record["error"]["summary"]


def test_while_init_runs_the_front_is_alive_and_not_ready(tmp_path: Path) -> None:
    script = """
        import os, time
        def init():
            while not os.path.exists("go"):
                time.sleep(0.01)
        def run(data):
            return data
    """
    service = start(write(tmp_path, script))
    try:
        service.until("starting")
        until(lambda: service.record["port"])
        statuses = {
            path: service.ask("GET", path).status
            for path in ("/livez", "/readyz", "/", "/score", "/swagger.json")
        }
        (tmp_path / "code" / "go").touch()
        service.until("ready")

        assert {path: statuses[path] for path in ("/livez", "/readyz", "/")} == {
            "/livez": 200,
            "/readyz": 503,
            "/": 503,
        }
        assert (statuses["/score"], statuses["/swagger.json"]) == (503, 503)
        assert service.ask("GET", "/readyz").status == 200
    finally:
        end(service)


def test_the_worker_never_outlives_a_killed_front(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service:
        (worker,) = service.record["worker_pids"]
        mark = tmp_path / "begun"
        asking = threading.Thread(target=ask_in_vain, args=(service, mark), daemon=True)
        asking.start()
        until(mark.exists)
        service.process.kill()
        service.process.wait()

        until(lambda: not alive(worker), seconds=5)


def ask_in_vain(service: Any, mark: Path) -> None:
    with contextlib.suppress(OSError):
        service.score({"sleep": 30, "mark": str(mark)})


def test_sigterm_finishes_what_runs_and_refuses_the_rest(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service, ThreadPoolExecutor(1) as threads:
        mark = tmp_path / "begun"
        running = threads.submit(service.score, {"sleep": 1, "mark": str(mark)})
        until(mark.exists)
        (worker,) = service.record["worker_pids"]
        service.process.terminate()
        service.until("draining")
        ready, late = service.ask("GET", "/readyz"), service.score({})
        code = service.process.wait(timeout=10)

    assert (running.result().status, ready.status, late.status) == (200, 503, 503)
    assert running.result().headers["connection"] == "close"
    assert code == 0
    assert not alive(worker)


def test_a_drain_ends_after_its_grace(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS, drain_grace=0.3) as service, ThreadPoolExecutor(1) as threads:
        mark = tmp_path / "begun"
        running = threads.submit(service.score, {"sleep": 30, "mark": str(mark)})
        until(mark.exists)
        before = time.monotonic()
        code = service.stop()

        assert (code, running.result().status) == (0, 503)
        assert time.monotonic() - before < 6


def test_a_folder_is_served_again_after_a_kill(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        service.process.kill()
        service.process.wait()
    with serving(tmp_path) as service:
        assert service.score(1).status == 200


def test_the_settings_digest_is_recorded(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        digest = hashlib.sha256((tmp_path / "settings.json").read_bytes()).hexdigest()

        assert digest == service.record["settings"]


def test_a_wrong_command_line_says_how() -> None:
    done = subprocess.run([sys.executable, "-I", str(SERVER)], capture_output=True, check=False)

    assert done.returncode == 1
    assert b"usage" in done.stderr
