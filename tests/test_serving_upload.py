"""Collected data goes to a store: v1's layout, every row once, whoever else writes there."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import azurite
import obstore
import pytest
from azurite import Azurite
from obstore.store import LocalStore, from_url
from serving_instance import serving, until
from test_serving_collect import ECHO, OURS, day, model
from test_serving_metrics import read

from mlops.serving.side.upload import Uploader, files

PLACE = "modeldata/default/default/default/sums/best/7"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Azurite]:
    try:
        with azurite.running() as found:
            yield found
    except azurite.MissingError as problem:
        pytest.skip(str(problem))


def rows(store: Any, path: str) -> list[list[str]]:
    text = bytes(obstore.get(store, path).bytes()).decode()
    return list(csv.reader(io.StringIO(text)))


def paths(store: Any) -> list[str]:
    return sorted(one["path"] for page in obstore.list(store) for one in page)


def test_inputs_and_outputs_get_to_azure(
    emulator: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in emulator.environ.items():
        monkeypatch.setenv(name, value)
    address = emulator.container()
    collect = {"store": address}
    models = model(tmp_path)
    with serving(tmp_path / "i", ECHO, serving={"collect": collect}, models=models) as service:
        for n in range(20):
            service.score({"data": [[n, 1]]}, {"x-request-id": f"r{n}"})
        assert service.stop() == 0

    store = from_url(address)
    inputs = rows(store, f"{PLACE}/inputs/{day()}/data.csv")
    outputs = rows(store, f"{PLACE}/predictions/{day()}/data.csv")
    assert ["f0", "f1", *OURS] == inputs[0]
    assert [[str(n), "1"] for n in range(20)] == [row[:2] for row in inputs[1:]]
    assert [f"r{n}" for n in range(20)] == [row[-1] for row in outputs[1:]]


def test_v1s_variables_name_a_folder_and_rows_arrive_while_it_serves(tmp_path: Path) -> None:
    variables = {
        "AML_MODEL_DC_STORAGE_ENABLED": "true",
        "AML_MODEL_DC_STORAGE": str(tmp_path / "store"),
    }
    place = f"{PLACE}/inputs/{day()}/data.csv"
    models = model(tmp_path)
    with serving(tmp_path / "i", ECHO, environment_variables=variables, models=models) as service:
        service.score({"data": [[1]]})
        until((tmp_path / "store" / place).exists, 20)
        service.score({"data": [[2]]})
        until(lambda: len(rows(LocalStore(tmp_path / "store"), place)) == 3, 20)


def test_a_second_server_writes_beside_the_first(tmp_path: Path) -> None:
    collect = {"store": str(tmp_path / "store")}
    for name in ("a", "b"):
        with serving(tmp_path / name, ECHO, serving={"collect": collect}) as service:
            service.score({"data": [[1]]}, {"x-request-id": name})
            service.stop()

    place = f"modeldata/default/default/default/sums/default/default/inputs/{day()}"
    store = LocalStore(tmp_path / "store")
    assert "a" == rows(store, f"{place}/data.csv")[1][-1]
    assert "b" == rows(store, f"{place}/data_1.csv")[1][-1]


def test_a_restarted_server_goes_on_with_its_file(tmp_path: Path) -> None:
    collect = {"store": str(tmp_path / "store")}
    for n in range(2):
        with serving(tmp_path / "i", ECHO, serving={"collect": collect}) as service:
            service.score({"data": [[n]]})
            service.stop()

    store = LocalStore(tmp_path / "store")
    inputs = [path for path in paths(store) if "/inputs/" in path]
    assert 1 == len(inputs)
    assert ["0", "1"] == [row[0] for row in rows(store, inputs[0])[1:]]


def test_a_store_that_does_not_answer_stops_no_request(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    collect = {"store": str(tmp_path / "file")}
    with serving(tmp_path / "i", ECHO, serving={"collect": collect}) as service:
        assert [200] * 20 == [service.score({"data": [[1]]}).status for _ in range(20)]
        until(lambda: "the store does not take it" in service.log, 20)
        assert service.stop() == 0


def test_what_found_no_room_is_counted(tmp_path: Path) -> None:
    collect = {"queue": 0, "boundary": "day"}
    script = """
        import threading, mlops_serving.worker.sink as sink
        from mlops_serving.worker.collection import current
        def init():
            sink.Sink._start = lambda self: setattr(self, "_thread", 1)  # nothing is taken out
            current().sink._queue.maxsize = 2
        def run(data):
            return 1
    """
    with serving(tmp_path / "i", script, serving={"collect": collect}) as service:
        for _ in range(5):
            service.score(1)

        assert 3 == read(service)["mlops_collect_dropped_total"]


@pytest.fixture
def uploader(tmp_path: Path) -> Uploader:
    (tmp_path / "spool").mkdir()
    return Uploader(tmp_path / "spool", LocalStore(tmp_path / "store", mkdir=True), full=100)


def spooled(tmp_path: Path, place: str, text: str) -> Path:
    path = tmp_path / "spool" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_what_is_past_or_full_is_removed_here(tmp_path: Path, uploader: Uploader) -> None:
    old = spooled(tmp_path, "x/2020/01/01/data.csv", "old")
    full = spooled(tmp_path, f"x/{day()}/data.csv", "f" * 100)
    open_ = spooled(tmp_path, f"x/{day()}/data_1.csv", "open")

    uploader.sweep()

    assert [False, False, True] == [path.exists() for path in (old, full, open_)]
    assert 3 == len(paths(LocalStore(tmp_path / "store")))


def test_a_file_made_anew_gets_a_new_object(tmp_path: Path, uploader: Uploader) -> None:
    for text in ("f" * 100, "g"):
        spooled(tmp_path, f"x/{day()}/data.csv", text)
        uploader.sweep()

    names = [path.rpartition("/")[2] for path in paths(LocalStore(tmp_path / "store"))]
    assert ["data.csv", "data_1.csv"] == names


def test_the_oldest_files_are_dropped_where_too_many_wait(
    tmp_path: Path,
) -> None:
    uploader = Uploader(tmp_path / "spool", None, full=100, room=25)
    for n in range(4):
        spooled(tmp_path, f"x/2020/01/0{n + 1}/data.csv", "0123456789")

    uploader.bound()

    left = [path.parent.name for path in files(tmp_path / "spool")]
    assert 2 == len(left)
    assert "04" in left


def test_the_settings_of_the_store_are_in_no_log(tmp_path: Path) -> None:
    collect = {"store": "az://nowhere/x"}
    variables = {
        "AZURE_STORAGE_ACCOUNT_NAME": "none",
        "AZURE_STORAGE_SAS_KEY": "sig=topsecret",
        "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:9",
        "AZURE_ALLOW_HTTP": "true",
        "OBJECT_STORE_MAX_RETRIES": "0",
    }
    given: Any = {"serving": {"collect": collect}, "environment_variables": variables}
    with serving(tmp_path / "i", ECHO, **given) as service:
        service.score({"data": [[1]]})
        service.stop()

    assert "topsecret" not in service.log
    assert json.dumps(collect["store"]) not in service.log
