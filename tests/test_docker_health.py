"""How a container stands, told by an engine that counts what it is asked."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from serving_instance import serving, until

from mlops.targets.docker.health import STATE, Records


class CountingFiles:
    """The one file of a container, `text` written at `time`; counts how often it is read.

    Beside it is the link that bears the state, if its server makes one.
    """

    def __init__(self) -> None:
        self.link = ""
        self.text = ""
        self.time = 0
        self.read_so_far = 0

    def stat(self, ref: str, path: str) -> dict[str, Any] | None:
        del ref
        if path == STATE:
            return {"linkTarget": self.link} if self.link else None
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


def test_a_state_that_a_link_tells_is_read_nowhere_else() -> None:
    files = CountingFiles()
    records = Records(SimpleNamespace(files=files))  # type: ignore[arg-type]
    files.write(state="starting")

    found = []
    for state in ("starting", "ready"):
        files.link = f"/var/azureml-app/{state}@1795410001.5"
        found.append(records.of("a"))

    assert [{"state": one, "started": 1795410001.5} for one in ("starting", "ready")] == found
    assert 0 == files.read_so_far


@pytest.mark.parametrize("link", ["failed@1795410001.5", "unfit@1.0", "strange", "ready@strange"])
def test_why_a_server_failed_is_read_and_what_a_link_does_not_tell(link: str) -> None:
    files = CountingFiles()
    files.write(state="failed", error="it had no model")
    files.link = f"/var/azureml-app/{link}"

    found = Records(SimpleNamespace(files=files)).of("a")  # type: ignore[arg-type]

    assert {"state": "failed", "error": "it had no model"} == found


def test_a_server_links_its_state_with_its_start(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        link, started = tmp_path / Path(STATE).name, service.record["started"]

        until(lambda: Path(f"ready@{started}") == link.readlink())  # just after the record
        service.stop()
        assert Path(f"draining@{started}") == link.readlink()
