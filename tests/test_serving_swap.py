"""New code, models and settings for a running server: no request is lost."""

import fcntl
import hashlib
import json
import os
import signal
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from serving_instance import ACTS, Instance, alive, ask, serving, until, write

SAYS = """
    import time
    def init():
        time.sleep({init})
    def run(data):
        return "{word}"
"""


def says(word: str, init: float = 0.0) -> str:
    return SAYS.format(word=word, init=init)


def change(service: Instance, script: str, **changes: Any) -> str:
    """Lay new code beside the old and ask for the swap, as a target would; return the digest."""
    name = f"code/{hashlib.sha256(script.encode()).hexdigest()[:8]}"
    with laying(service.folder / "code"):
        (service.folder / name).mkdir(parents=True, exist_ok=True)
        (service.folder / name / "score.py").write_text(textwrap.dedent(script))
        return rewrite(service, code=name, **changes)


@contextmanager
def laying(code: Path) -> Iterator[None]:
    """Keep the server from removing code that its settings do not name yet."""
    descriptor = os.open(code, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def rewrite(service: Instance, **changes: Any) -> str:
    path = service.folder / "settings.json"
    text = json.dumps({**json.loads(path.read_text()), **changes})
    fresh = path.with_name("settings.json.new")
    fresh.write_text(text)
    fresh.replace(path)
    service.process.send_signal(signal.SIGHUP)
    return hashlib.sha256(text.encode()).hexdigest()


def swapped(service: Instance, digest: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        record = service.record
        return record if record["settings"] == digest and record["swap"] is None else None

    found: dict[str, Any] = until(done)
    return found


def refused(service: Instance) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        swap: dict[str, Any] | None = service.record["swap"]
        return swap if swap and swap["state"] == "failed" else None

    found: dict[str, Any] = until(done)
    return found


@contextmanager
def asked(service: Instance, clients: int) -> Iterator[list[tuple[int, Any]]]:
    """Ask from many clients, half of them over one connection, half over one each time."""
    answers: list[tuple[int, Any]] = []
    over = threading.Event()

    def client(number: int) -> None:
        connection = service.connect()
        while not over.is_set():
            if number % 2:
                connection.close()
                connection = service.connect()
            answers.append(status(connection))
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def status(connection: HTTPConnection) -> tuple[int, Any]:
    try:
        answer = ask(connection, "POST", "/score", b"{}", {"content-type": "application/json"})
    except OSError as error:
        return 0, repr(error)
    return answer.status, answer.json


def test_new_code_takes_over(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as service:
        old = service.record
        digest = change(service, says("new"))
        record = swapped(service, digest)

        assert service.score({}).json == "new"
        assert (record["state"], record["swaps"], record["restarts"]) == ("ready", 1, 0)
        assert (old["pid"], old["port"]) == (record["pid"], record["port"])
        assert not set(old["worker_pids"]) & set(record["worker_pids"])
        until(lambda: not service.record["retiring"])
        assert not any(alive(pid) for pid in old["worker_pids"])


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_over_many_swaps(tmp_path: Path, workers: int) -> None:
    limits = {"workers": workers}
    with serving(tmp_path, says("0"), serving=limits) as service, asked(service, 6) as answers:
        for number in range(1, 8):
            swapped(service, change(service, says(str(number))))
            seen = len(answers)
            until(lambda seen=seen: len(answers) > seen + 12)

    assert [answer for answer in answers if answer[0] != 200] == []
    assert {str(number) for number in range(8)} == {answer[1] for answer in answers}
    assert answers[-1][1] == "7"


def test_the_old_worker_serves_while_the_new_one_starts(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as service:
        digest = change(service, says("new", init=0.6))
        swap = until(lambda: service.record["swap"])
        during = service.score({}).json
        ready = service.ask("GET", "/readyz").status
        swapped(service, digest)

        assert {"settings": digest, "state": "starting", "error": None} == swap
        assert (during, ready) == ("old", 200)
        assert service.score({}).json == "new"


def test_the_old_worker_finishes_what_it_runs(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service:
        (old,) = service.record["worker_pids"]
        mark = tmp_path / "begun"
        answers: list[Any] = []

        def score(act: dict[str, Any]) -> None:
            answers.append(service.score(act).json[0])

        acts = [{"sleep": 1.0, "mark": str(mark)}, {"n": 1}]
        threads = [threading.Thread(target=score, args=(act,)) for act in acts]
        threads[0].start()
        until(mark.exists)
        threads[1].start()
        time.sleep(0.1)
        swapped(service, change(service, says("new")))
        assert service.record["retiring"]
        assert service.score({}).json == "new"
        for thread in threads:
            thread.join()

        assert [old, old] == answers
        until(lambda: not alive(old), seconds=5)


def test_a_new_init_that_raises_leaves_the_old_code_serving(tmp_path: Path) -> None:
    broken = """
        def init():
            raise LookupError("no such model")
        def run(data):
            return data
    """
    with serving(tmp_path, says("old")) as service:
        before = service.record
        digest = change(service, broken)
        swap = refused(service)
        record = service.record

        assert digest == swap["settings"]
        assert swap["error"]["summary"] == "LookupError: no such model"
        assert swap["error"]["log"][0] == "Traceback (most recent call last):"
        assert before["settings"] == record["settings"]
        assert (before["worker_pids"], "ready") == (record["worker_pids"], record["state"])
        assert service.score({}).json == "old"


def test_after_a_failed_swap_the_next_one_works(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as service:
        change(service, "def init(:")
        refused(service)
        digest = change(service, says("new"))

        assert swapped(service, digest)["swaps"] == 1
        assert service.score({}).json == "new"


def test_going_back_to_what_runs_clears_a_failed_swap(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as service:
        text = (tmp_path / "settings.json").read_bytes()
        change(service, "def init(:")
        refused(service)
        (tmp_path / "settings.json").write_bytes(text)
        service.process.send_signal(signal.SIGHUP)

        until(lambda: service.record["swap"] is None)
        assert service.record["swaps"] == 0


def test_a_second_change_during_a_swap_is_what_comes(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as service:
        change(service, says("never", init=30))
        until(lambda: service.record["swap"])
        digest = change(service, says("new"))

        assert swapped(service, digest)["swaps"] == 1
        assert service.score({}).json == "new"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"port": 1}, "cannot change while the server runs"),
        ({"host": "127.0.0.2"}, "cannot change while the server runs"),
        ({"entry_script": "other.py"}, "`other.py` is not in"),
        ({"python": "/no/python"}, "`/no/python` is not there"),
        ({"serving": {"workers": 0}}, "out of range"),
        ({"auth": {}}, "keys"),
        ({"tls": {"certificate": "a", "key": "b"}}, "certificate"),
    ],
)
def test_settings_that_cannot_be_met_change_nothing(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with serving(tmp_path, says("old")) as service:
        rewrite(service, **changes)

        assert words in refused(service)["error"]["summary"]
        assert service.score({}).json == "old"


def test_limits_change_without_new_workers(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as service:
        before = service.record["worker_pids"]
        allowed = service.score("x" * 100).status
        swapped(service, rewrite(service, serving={"max_body": 50}, mark={"revision": 2}))

        assert (allowed, service.score("x" * 100).status) == (200, 413)
        assert before == service.record["worker_pids"]


def test_the_number_of_workers_changes(tmp_path: Path) -> None:
    with serving(tmp_path, says("old")) as service:
        swapped(service, rewrite(service, serving={"workers": 3}))

        assert len(set(service.record["worker_pids"])) == 3


def test_models_of_both_sides_are_there_until_the_old_one_is_gone(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"blob{number}").write_text(str(number))
    script = """
        import os, time, json
        def init(): pass
        def run(data):
            time.sleep(json.loads(data))
            return open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "m")).read()
    """

    def models(number: int) -> list[Any]:
        files = [{"path": "m", "blob": str(tmp_path / f"blob{number}")}]
        return [{"name": "m", "version": number, "files": files}]

    folder = tmp_path / "instance"
    with serving(folder, script, models=models(1)) as service:
        answers: list[Any] = []
        slow = threading.Thread(target=lambda: answers.append(service.score(0.8).json))
        slow.start()
        time.sleep(0.2)
        swapped(service, rewrite(service, models=models(2)))
        fresh = service.score(0).json
        slow.join()

        assert (["1"], "2") == (answers, fresh)
        until(lambda: not service.record["retiring"])
        assert ["2"] == [path.name for path in (folder / "azureml-models" / "m").iterdir()]


def test_a_death_of_the_old_worker_gives_its_queue_to_the_new_one(tmp_path: Path) -> None:
    with serving(tmp_path, ACTS) as service:
        mark = tmp_path / "begun"
        answers: dict[str, Any] = {}

        def score(name: str, act: dict[str, Any]) -> None:
            answers[name] = service.score(act)

        dying = {"sleep": 0.8, "die": True, "mark": str(mark)}
        threads = [threading.Thread(target=score, args=("dying", dying))]
        threads[0].start()
        until(mark.exists)
        threads += [threading.Thread(target=score, args=("queued", {"n": 1}))]
        threads[1].start()
        time.sleep(0.1)
        swapped(service, change(service, says("new")))
        for thread in threads:
            thread.join()

        assert answers["dying"].status == 502
        assert (answers["queued"].status, answers["queued"].json) == (200, "new")


def test_a_hangup_before_it_listens_ends_no_server(tmp_path: Path) -> None:
    with serving(tmp_path, says("old", init=0.3)) as service:
        for _ in range(3):
            os.kill(service.process.pid, signal.SIGHUP)

        assert service.score({}).json == "old"


def test_a_raw_script_may_follow_a_plain_one_and_go_again(tmp_path: Path) -> None:
    raw = """
        from azureml.contrib.services.aml_request import rawhttp
        def init(): pass
        @rawhttp
        def run(request):
            return [request.method, "raw"]
    """
    with serving(tmp_path, says("old")) as service, asked(service, 4) as answers:
        for script in (raw, says("new"), raw):
            seen = len(answers)
            swapped(service, change(service, script))
            until(lambda seen=seen: len(answers) > seen + 8)

    assert {200} == {answer[0] for answer in answers}


def test_a_change_while_it_starts_is_what_comes(tmp_path: Path) -> None:
    from serving_instance import end, start  # noqa: PLC0415 - here alone

    service = start(write(tmp_path, says("never", init=30)))
    try:
        until(lambda: service.record["port"] if service.record["state"] == "starting" else None)
        digest = change(service, says("new"))
        swapped(service, digest)

        assert service.record["state"] == "ready"
        assert service.score({}).json == "new"
    finally:
        end(service)
