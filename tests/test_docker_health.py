"""How a container stands, told by an engine that counts what it is asked."""

import json
from types import SimpleNamespace
from typing import Any

from mlops.targets.docker.health import Records


class CountingFiles:
    """The one file of a container, `text` written at `time`; counts how often it is read."""

    def __init__(self) -> None:
        self.text = ""
        self.time = 0
        self.read_so_far = 0

    def stat(self, ref: str, path: str) -> dict[str, Any] | None:
        del ref, path
        return {"size": len(self.text), "mtime": self.time} if self.text else None

    def read(self, ref: str, path: str) -> bytes:
        del ref, path
        self.read_so_far += 1
        return self.text.encode()

    def write(self, **record: str) -> None:
        self.text, self.time = json.dumps(record), self.time + 1


def test_what_a_server_says_is_read_once_and_again_when_it_says_something_else() -> None:
    files = CountingFiles()
    engine: Any = SimpleNamespace(files=files)
    records = Records(engine)

    assert {} == records.of("a")
    files.write(state="starting")
    assert [{"state": "starting"}] * 3 == [records.of("a") for _ in range(3)]
    assert 1 == files.read_so_far
    files.write(state="readying")  # as long as before
    assert {"state": "readying"} == records.of("a")
    assert 2 == files.read_so_far
