"""An update of the code under load: no request fails."""

import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.measure import Row
from walk import ROW, walking

CLIENTS = 4


def rows(folder: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield how many requests failed while the code was changed again and again."""
    updates = 1 if small else 5
    over = threading.Event()
    answers: list[str] = []
    with walking(folder) as walk:
        assert walk.apply().code == 0
        clients = [
            threading.Thread(target=_asks, args=(walk.port, number % 2 == 0, over, answers))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        script = walk.folder / "score" / "score.py"
        for number in range(updates):
            script.write_text(f"{script.read_text(encoding='utf-8')}# {number}\n", encoding="utf-8")
            assert walk.apply().code == 0
        over.set()
        for client in clients:
            client.join()
    failed = [answer for answer in answers if answer != "200"]
    yield Row(
        what=f"{updates} updates of code under load: failed requests",
        measured=f"{len(failed)} of {len(answers)}",
        beside="0",
        ratio=len(failed),
        bar=0,
    )


def _asks(port: int, keep: bool, over: threading.Event, answers: list[str]) -> None:  # noqa: FBT001  read once
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    while not over.is_set():
        try:
            connection.request("POST", "/score", f'{{"data": [{ROW}]}}')
            answer = connection.getresponse()
            answer.read()
            answers.append(str(answer.status))
        except (OSError, HTTPException) as error:
            answers.append(repr(error))
            connection.close()
        if not keep:
            connection.close()
    connection.close()
