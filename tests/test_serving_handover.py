"""One server relieves another on the same folder and the same socket."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from serving_instance import ACTS, SERVER, Instance, alive, ask, end, serving, until, write
from test_serving_swap import asked, says
from test_serving_tls import PAIR, connect, issue, scored, trusting


def relieve(service: Instance) -> Instance:
    """Start another server on the same folder, as a target would."""
    with (service.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", str(SERVER), str(service.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "MLOPS_TAKE_OVER": "1"},
            start_new_session=True,
        )
    return Instance(folder=service.folder, process=process)


def test_no_request_is_lost_over_twenty_hand_overs(tmp_path: Path) -> None:
    with serving(tmp_path, says("x")) as first:
        service = first
        pids = [service.process.pid]
        try:
            with asked(service, 6) as answers:
                for _ in range(20):
                    old, service = service, relieve(service)
                    service.until("ready")
                    assert old.process.wait(timeout=20) == 0
                    pids.append(service.process.pid)
        finally:
            end(service)

    assert [answer for answer in answers if answer[0] != 200] == []
    assert len(set(pids)) == 21
    assert len(answers) > 200


def test_a_kept_connection_is_passed_on_as_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as old:
        connection = old.connect()
        before = ask(connection, "POST", "/score", b"{}").json[0]
        mine = connection.sock.getsockname()
        new = relieve(old)
        try:
            new.until("ready")
            old.process.wait(timeout=10)
            after = ask(connection, "POST", "/score", b"{}")

            assert mine == connection.sock.getsockname()
            assert before != after.json[0]
            assert new.record["worker_pids"] == [after.json[0]]
            assert "connection" not in after.headers
        finally:
            end(new)


def test_the_record_and_the_lock_move(tmp_path: Path) -> None:
    with serving(tmp_path, says("x")) as old:
        before = old.record
        new = relieve(old)
        try:
            record = new.until("ready")
            old.process.wait(timeout=10)
            third = subprocess.run(
                [sys.executable, "-I", str(SERVER), str(tmp_path)], check=False, capture_output=True
            )

            assert (new.process.pid, before["port"]) == (record["pid"], record["port"])
            assert record["swap"] is None
            assert third.returncode == 75
            assert new.record["pid"] == new.process.pid
            assert not any(alive(pid) for pid in before["worker_pids"])
        finally:
            end(new)


def test_what_runs_on_the_old_server_is_answered_by_it(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - here alone

    with serving(tmp_path, ACTS) as old, ThreadPoolExecutor(1) as threads:
        mark = tmp_path / "begun"
        running = threads.submit(old.score, {"sleep": 1.5, "mark": str(mark)})
        until(mark.exists)
        (worker,) = old.record["worker_pids"]
        new = relieve(old)
        try:
            new.until("ready")
            fresh = new.score({}).json[0]

            assert worker == running.result().json[0]
            assert fresh != worker
            assert old.process.wait(timeout=10) == 0
        finally:
            end(new)


def test_a_successor_that_cannot_init_leaves_the_old_one_serving(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as old:
        write(tmp_path, "def init(): raise LookupError('no model')\ndef run(data): pass")
        port = old.record["port"]
        new = relieve(old)
        code = new.process.wait(timeout=10)
        swap: dict[str, Any] = until(lambda: (old.record["swap"] or {}).get("error") and old.record)

        assert code == 3
        assert swap["swap"]["state"] == "failed"
        assert swap["swap"]["error"]["summary"] == "LookupError: no model"
        assert swap["swap"]["front"] == new.process.pid
        assert (swap["pid"], swap["port"], swap["state"]) == (old.process.pid, port, "ready")
        assert old.score({}).json == "old"


def test_a_successor_on_another_port_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as old:
        write(tmp_path, says("new"), port=1)
        new = relieve(old)

        assert new.process.wait(timeout=10) == 1
        found = until(lambda: (old.record["swap"] or {}).get("error"))
        assert "end it first" in found["summary"]
        assert old.score({}).json == "old"


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_successor_that_dies_while_it_starts_harms_nobody(tmp_path: Path, sign: int) -> None:
    with serving(tmp_path, says("old")) as old:
        write(tmp_path, says("new", init=30))
        new = relieve(old)
        until(lambda: old.record["swap"])
        new.process.send_signal(sign)
        new.process.wait(timeout=10)
        until(lambda: old.record["swap"]["state"] == "failed")

        assert old.score({}).json == "old"
        write(tmp_path, says("better"))
        better = relieve(old)
        try:
            better.until("ready")
            assert better.score({}).json == "better"
        finally:
            end(better)


def test_a_successor_that_dies_before_it_reads_what_it_is_given_has_failed(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as old, socket.socket(socket.AF_UNIX) as line:
        opened = os.open(tmp_path, os.O_RDONLY)
        line.connect(f"/proc/self/fd/{opened}/front.sock")
        os.close(opened)
        line.sendall(b'{"front": 1, "settings": "none"}\n')
        until(lambda: old.record["swap"])
        line.close()

        until(lambda: old.record["swap"]["state"] == "failed")
        assert old.record["swap"]["error"]["summary"] == "it ended"
        assert old.score({}).json == "old"


def test_a_successor_may_start_where_nobody_is(tmp_path: Path) -> None:
    write(tmp_path, says("x"))
    (tmp_path / "server.log").touch()
    service = relieve(Instance(folder=tmp_path, process=subprocess.Popen(["true"])))  # noqa: S607
    try:
        service.until("ready")
        assert service.score({}).json == "x"
    finally:
        end(service)


def test_tls_connections_are_closed_after_an_answer(tmp_path: Path) -> None:
    with serving(issue(tmp_path, "a"), says("x"), tls=PAIR) as old:
        kept = connect(old, trusting(tmp_path))
        before = scored(kept)[0]
        new = relieve(old)
        try:
            new.until("ready")
            statuses = [scored(kept)[0] for _ in range(3)]

            assert [before, *statuses] == [200] * 4
            assert old.process.wait(timeout=10) == 0
        finally:
            kept.close()
            end(new)
