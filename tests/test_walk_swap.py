"""New code while requests come in: none is lost, and what can't start never serves."""

import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from typing_extensions import Self
from walk import ROW, Walk, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        assert begun.apply().code == 0
        yield begun


class Clients:
    """Clients that ask without a pause, one over a kept connection, one over new ones."""

    def __init__(self, port: int) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._port = port
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(keep,)) for keep in (True, False)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, keep: bool) -> None:  # noqa: FBT001  read once, above
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._over.is_set():
            try:
                connection.request("POST", "/score", f'{{"data": [{ROW}]}}')
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(str(answer.status))
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
            self.answered += 1
            if not keep:
                connection.close()
        connection.close()


def changed(walk: Walk, line: str) -> None:
    script = walk.folder / "score" / "score.py"
    script.write_text(f"{script.read_text()}\n{line}\n")


def test_new_code_and_new_settings_lose_no_request(walk: Walk) -> None:
    server = walk.record()["pid"]

    with Clients(walk.port) as clients:
        changed(walk, "# two")
        code = walk.apply()
        walk.edit("mlops.yaml", "    port:", "    serving: {timeout: 20s}\n    port:")
        settings = walk.apply()

    assert (0, 0) == (code.code, settings.code)
    assert "rolling: no request is lost" in code.out
    assert [] == clients.failures
    assert clients.answered > 20
    assert server == walk.record()["pid"]
    walk.settled()


def test_code_that_cannot_start_never_serves(walk: Walk) -> None:
    server = walk.record()["pid"]

    with Clients(walk.port) as clients:
        changed(walk, 'raise RuntimeError("no")')
        answer = walk.apply()

    assert answer.code == 7
    assert "RuntimeError: no" in answer.err
    assert [] == clients.failures
    assert server == walk.record()["pid"]
    assert "is held at what it was" in walk.plan()
    assert "ready, held" in walk.run("status").out


def test_code_edited_where_it_runs_is_laid_anew_and_loaded_again(walk: Walk) -> None:
    before = walk.record()["worker_pids"]
    for script in walk.instance.glob("code/*/score.py"):
        script.write_text("edited = True\n")

    answer = walk.apply()

    assert answer.code == 0, answer.err
    assert before != walk.record()["worker_pids"]
    assert walk.score()
    walk.settled()
