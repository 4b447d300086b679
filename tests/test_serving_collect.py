"""Data collection: v1's folders and columns, by itself or by the script's own collectors."""

import csv
import fcntl
import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from serving_environments import environment, with_schema
from serving_instance import Instance, serving, until

ECHO = """
    import json
    def init(): pass
    def run(data):
        rows = json.loads(data)["data"]
        return [sum(row) if isinstance(row, list) else len(row) for row in rows]
"""
OURS = [
    "$aml_dc_correlation_id",
    "$aml_dc_scoring_timestamp",
    "$aml_dc_boundary",
    "$aml_workspace",
    "$aml_service_name",
    "$aml_model_name",
    "$aml_model_version",
    "$aml_request_id",
]


def model(tmp_path: Path) -> list[Any]:
    (tmp_path / "blob").write_text("bytes")
    files = [{"path": "m.pkl", "blob": str(tmp_path / "blob")}]
    return [{"name": "best", "version": 7, "files": files}]


def day() -> str:
    return datetime.now(timezone.utc).strftime("%Y/%m/%d")


def table(file: Path) -> list[list[str]]:
    with file.open(newline="") as text:
        return list(csv.reader(text))


def collected(service: Instance, place: str, rows: int) -> list[list[str]]:
    file = service.folder / "azureml-app" / "modeldata" / place / day() / "data.csv"

    def enough() -> list[list[str]] | None:
        found = table(file) if file.exists() else []
        return found if len(found) >= rows else None

    found: list[list[str]] = until(enough)
    return found


def test_inputs_and_outputs_are_kept_by_v1s_switch(tmp_path: Path) -> None:
    switch = {"AML_MODEL_DC_STORAGE_ENABLED": "true"}
    with serving(
        tmp_path / "i", ECHO, environment_variables=switch, models=model(tmp_path)
    ) as service:
        service.score({"data": [[1, 2], [3, 4.5]]}, {"x-request-id": "mine"})
        service.score({"data": [[5, 6]]})
        inputs = collected(service, "default/default/default/sums/best/7/inputs", 4)
        outputs = collected(service, "default/default/default/sums/best/7/predictions", 4)

    assert ["f0", "f1", *OURS] == inputs[0]
    assert [["1", "2"], ["3", "4.5"], ["5", "6"]] == [row[:2] for row in inputs[1:]]
    assert [["3"], ["7.5"], ["11"]] == [row[:1] for row in outputs[1:]]
    assert inputs[1][2] == inputs[2][2] == outputs[1][1]
    assert inputs[1][2] != inputs[3][2]
    expected = ["1440", "default/default/default", "sums", "best", "7", "mine"]
    assert expected == inputs[1][4:]


def test_rows_with_names_have_their_names(tmp_path: Path) -> None:
    with serving(tmp_path / "i", ECHO, serving={"collect": {"workspace": "s/g/w"}}) as service:
        service.score({"data": [{"age": 1, "tags": ["x"]}, {"age": None}]})
        inputs = collected(service, "s/g/w/sums/default/default/inputs", 3)

    assert [["age", "tags"], ["1", '["x"]'], ["null", ""]] == [row[:2] for row in inputs]


def test_nothing_is_kept_unless_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path / "i", ECHO) as service:
        service.score({"data": [[1]]})

    assert not (tmp_path / "i" / "azureml-app" / "modeldata").exists()


def test_refused_and_failed_requests_are_not_kept(tmp_path: Path) -> None:
    with serving(tmp_path / "i", ECHO, serving={"collect": True}) as service:
        assert service.score({"nothing": 1}).status == 500
        service.score({"data": [[9]]})
        inputs = collected(service, "default/default/default/sums/default/default/inputs", 2)

    assert ["9"] == [row[0] for row in inputs[1:]]


def test_a_sample_is_kept_where_a_part_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path / "i", ECHO, serving={"collect": {"sample": 0.2}}) as service:
        for n in range(200):
            service.score({"data": [[n]]})
        service.stop()

    file = tmp_path / "i/azureml-app/modeldata/default/default/default/sums/default/default/inputs"
    assert 10 < len(table(file / day() / "data.csv")) < 90


def test_files_are_rolled_by_size_and_where_columns_change(tmp_path: Path) -> None:
    more = {"collect": {"max_bytes": 2000}}
    with serving(tmp_path / "i", ECHO, serving=more) as service:
        for _ in range(20):
            service.score({"data": [[1]]})
        service.score({"data": [[1, 2]]})
        service.stop()

    folder = (
        tmp_path
        / "i/azureml-app/modeldata/default/default/default/sums/default/default/inputs"
        / day()
    )
    found = {file.name: table(file) for file in folder.iterdir()}
    assert len(found) > 2
    assert all(len({len(row) for row in rows}) == 1 for rows in found.values())
    assert sum(len(rows) - 1 for rows in found.values()) == 21
    assert all(file.stat().st_size <= 2000 for file in folder.iterdir())


def test_hours_have_folders_where_the_boundary_says_so(tmp_path: Path) -> None:
    variables = {"AML_MODEL_DC_STORAGE_ENABLED": "true", "AML_MODEL_DC_BOUNDARY": "hour"}
    with serving(tmp_path / "i", ECHO, environment_variables=variables) as service:
        hour = datetime.now(timezone.utc).strftime("%H")
        service.score({"data": [[1]]})
        service.stop()

    root = tmp_path / "i/azureml-app/modeldata/default/default/default/sums/default/default/inputs"
    (file,) = root.glob(f"{day()}/{hour}/data.csv")
    assert table(file)[1][3] == "60"


def test_a_disk_that_does_not_take_anything_stops_no_request(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = str(tmp_path / "file" / "below")
    more = {"collect": {"folder": folder, "queue": 5}}
    with serving(tmp_path / "i", ECHO, serving=more) as service:
        statuses = {service.score({"data": [[n]]}).status for n in range(50)}
        log = service.log

    assert {200} == statuses
    assert "data collection: NotADirectoryError" in log


def test_what_the_queue_cannot_hold_is_dropped_counted_and_said(tmp_path: Path) -> None:
    script = """
        import time
        def init(): pass
        def run(data): return 1
    """
    folder = (
        tmp_path
        / "i/azureml-app/modeldata/default/default/default/sums/default/default/inputs"
        / day()
    )
    folder.mkdir(parents=True)
    with serving(tmp_path / "i", script, serving={"collect": {"queue": 2}}) as service:
        held = os.open(folder / "data.csv", os.O_RDWR | os.O_CREAT)
        fcntl.flock(held, fcntl.LOCK_EX)  # the writer waits for it
        begun = time.monotonic()
        statuses = [service.score({"data": [[n]]}).status for n in range(30)]
        took = time.monotonic() - begun
        service.stop()
        os.close(held)
        log = service.log

    assert {200} == set(statuses)
    assert took < 5
    assert "requests were dropped, the queue is full" in log


def test_two_workers_write_one_file_whole(tmp_path: Path) -> None:
    more = {"collect": True, "workers": 2}
    with serving(tmp_path / "i", ECHO, serving=more) as service:
        for n in range(100):
            service.score({"data": [[n, n]]})
        service.stop()

    file = tmp_path / "i/azureml-app/modeldata/default/default/default/sums/default/default/inputs"
    rows = table(file / day() / "data.csv")
    assert {10} == {len(row) for row in rows}
    assert [str(n) for n in range(100)] == sorted((row[0] for row in rows[1:]), key=int)


COLLECTOR = """
    import json
    import numpy as np
    import pandas as pd
    from azureml.monitoring import ModelDataCollector

    def init():
        global inputs, predictions, frames
        inputs = ModelDataCollector("best", designation="inputs", feature_names=["a", "b"])
        predictions = ModelDataCollector("best", "predictions", feature_names=["y"])
        frames = ModelDataCollector("best", "signals", model_version=3)

    def run(data):
        rows = np.array(json.loads(data)["data"])
        marks = inputs.collect(rows, "mine")
        result = rows.sum(axis=1).reshape(-1, 1)
        predictions.collect(predictions.add_correlations(result, marks))
        frames.collect(pd.DataFrame({"c": [1, 2]}))
        return [type(marks).__name__, inputs.collect([8, 9]) is not None]
"""


def test_scripts_with_a_model_data_collector_go_on_working(tmp_path: Path) -> None:
    switch = {"AML_MODEL_DC_STORAGE_ENABLED": "true"}
    python = str(with_schema())
    with serving(
        tmp_path / "i",
        COLLECTOR,
        python=python,
        environment_variables=switch,
        models=model(tmp_path),
    ) as service:
        answer = service.score({"data": [[1, 2], [3, 4]]})
        root = "default/default/default/sums/best"
        inputs = collected(service, root + "/7/inputs", 4)
        predictions = collected(service, root + "/7/predictions", 3)
        signals = collected(service, root + "/3/signals", 3)

    assert ["dict", True] == answer.json
    assert ["a", "b", *OURS] == inputs[0]
    assert [["1", "2"], ["3", "4"], ["8", "9"]] == [row[:2] for row in inputs[1:]]
    assert inputs[1][2].startswith("mine-")
    assert ["y", *OURS] == predictions[0]
    assert predictions[1][1] == inputs[1][2]
    assert [["c"], ["1"], ["2"]] == signals


def test_a_collector_that_is_switched_off_says_so_and_harms_nobody(tmp_path: Path) -> None:
    with serving(tmp_path / "i", COLLECTOR, python=str(with_schema())) as service:
        answer = service.score({"data": [[1, 2]]})
        log = service.log

    assert ["NoneType", False] == answer.json
    assert "Data collection is not enabled." in log
    assert not (tmp_path / "i" / "azureml-app" / "modeldata").exists()


def test_the_successors_collector_goes_on_working(tmp_path: Path) -> None:
    script = """
        import pandas as pd
        from azureml.ai.monitoring import Collector
        from azureml.ai.monitoring.context import BasicCorrelationContext

        def init():
            global inputs, outputs
            inputs = Collector(name="model_inputs", on_error=lambda error: print("said", error))
            outputs = Collector(name="model_outputs")

        def run(data):
            context = inputs.collect(pd.DataFrame({"a": [1, 2]}), BasicCorrelationContext(id="me"))
            outputs.collect(pd.DataFrame({"y": [3]}), context)
            inputs.collect([1])
            return context.get_id()
    """
    python = str(with_schema())
    with serving(tmp_path / "i", script, python=python, serving={"collect": True}) as service:
        answer = service.score(1)
        root = "default/default/default/sums/default/default/"
        inputs = collected(service, root + "model_inputs", 3)
        outputs = collected(service, root + "model_outputs", 2)
        log = service.log

    assert answer.json == "me"
    assert [["a", OURS[0]], ["1", "me"], ["2", "me"]] == [row[:2] for row in inputs]
    assert ["3", "me"] == outputs[1][:2]
    assert "said data type (list) not supported" in log


def test_what_was_taken_is_written_before_the_end(tmp_path: Path) -> None:
    with serving(tmp_path / "i", ECHO, serving={"collect": True}) as service:
        for n in range(50):
            service.score({"data": [[n]]})
        service.stop()

    root = tmp_path / "i/azureml-app/modeldata/default/default/default/sums/default/default"
    assert 51 == len(table(root / "inputs" / day() / "data.csv"))
    assert json.loads(table(root / "predictions" / day() / "data.csv")[-1][0]) == 49


def test_the_real_package_wins(tmp_path: Path) -> None:
    python = environment("azureml-ai-monitoring", warm="import azureml.ai.monitoring")
    script = """
        import azureml.ai.monitoring as real
        def init(): pass
        def run(data): return "site-packages" in real.__file__
    """
    with serving(tmp_path / "i", script, python=str(python)) as service:
        assert service.score(1).json is True
