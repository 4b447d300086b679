"""Old code goes once nobody runs it any more, and not while somebody lays new code."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serving_instance import ACTS, Instance, end, serving, until
from test_serving_handover import relieve
from test_serving_swap import change, laying, refused, says, swapped


def laid(service: Instance) -> set[str]:
    return {path.name for path in (service.folder / "code").iterdir() if path.is_dir()}


def test_old_code_stays_while_a_request_runs_it_and_goes_then(tmp_path: Path) -> None:
    with serving(tmp_path) as service, ThreadPoolExecutor(1) as threads:
        swapped(service, change(service, ACTS))
        running = threads.submit(service.score, {"sleep": 1.5, "mark": str(tmp_path / "begun")})
        until((tmp_path / "begun").exists)
        record = swapped(service, change(service, says("new")))
        during = len(laid(service))

        assert running.result().status == 200
        until(lambda: not service.record["retiring"])

        assert (True, 2) == (record["retiring"], during)
        assert len(laid(service)) == 1
        assert service.score({}).json == "new"


def test_code_that_somebody_lays_right_now_stays(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        swapped(service, change(service, says("one")))
        until(lambda: not service.record["retiring"])
        with laying(tmp_path / "code"):
            swapped(service, change(service, says("two")))
            time.sleep(0.3)
            held = (len(laid(service)), service.record["retiring"])
        until(lambda: not service.record["retiring"])

        assert (2, True) == held
        assert len(laid(service)) == 1


def test_a_new_server_removes_the_old_one_s_code_once_that_has_ended(tmp_path: Path) -> None:
    with serving(tmp_path) as first, ThreadPoolExecutor(1) as threads:
        swapped(first, change(first, ACTS))
        until(lambda: not first.record["retiring"])
        running = threads.submit(first.score, {"sleep": 1.5, "mark": str(tmp_path / "begun")})
        until((tmp_path / "begun").exists)
        rewritten(first, says("new"))
        new = relieve(first)
        try:
            new.until("ready")
            during = (len(laid(new)), new.record["retiring"])
            assert running.result().status == 200
            until(lambda: not new.record["retiring"])

            assert (2, True) == during
            assert len(laid(new)) == 1
            assert new.score({}).json == "new"
        finally:
            end(new)


def rewritten(service: Instance, script: str) -> None:
    """Name new code in the settings, and let the server be."""
    (service.folder / "code" / "next").mkdir()
    (service.folder / "code" / "next" / "score.py").write_text(script.replace("\n    ", "\n"))
    settings = service.folder / "settings.json"
    before = settings.read_text()
    old = before.split('"code": "')[1].split('"')[0]
    settings.write_text(before.replace(f'"{old}"', '"code/next"'))


def test_the_application_folder_follows_the_code_that_serves(tmp_path: Path) -> None:
    with serving(tmp_path, source_name="mine") as service:
        link = tmp_path / "azureml-app" / "mine"
        swapped(service, change(service, says("new")))
        new = link.readlink()
        change(service, "raise LookupError()")
        refused(service)

        assert new == link.readlink()
        assert "new" in (link / "score.py").read_text()
