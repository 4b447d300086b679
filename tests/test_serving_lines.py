"""What scripts print stays in the log: as it is, or as one JSON object a line with its request."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from serving_environments import interpreter
from serving_instance import Instance, failed, serving, until

PRINTS = """
    import json, logging, os, sys
    logging.basicConfig(level=logging.INFO)

    def init():
        print("loading")

    def run(data):
        act = json.loads(data)
        if act == "die":
            raise ValueError("no such row")
        if act == "log":
            logging.info("told")
            try:
                1 / 0
            except ZeroDivisionError:
                logging.exception("caught")
        if act == "native":
            os.write(1, b"from below\\n")
            os.system("echo from a child")
        print("half", end=" ")
        print("and", act, flush=True)
        print("two\\nlines", file=sys.stderr)
        return act
"""
JSON = {"logs": {"format": "json"}}


def lines(service: Instance) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.log.splitlines()]


def printed(service: Instance, message: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        return next((line for line in lines(service) if line["message"] == message), None)

    found: dict[str, Any] = until(there)
    return found


def test_prints_bear_their_request(tmp_path: Path) -> None:
    with serving(tmp_path, PRINTS, **JSON) as service:
        service.score("a", {"x-request-id": 'mine"'})
        line = printed(service, "half and a")
        both = printed(service, "two\nlines")

        assert ("INFO", "stdout", 'mine"') == (line["level"], line["stream"], line["request_id"])
        assert ("stderr", 'mine"') == (both["stream"], both["request_id"])
        assert "request_id" not in printed(service, "loading")


def test_a_traceback_is_one_object(tmp_path: Path) -> None:
    with serving(tmp_path, PRINTS, **JSON) as service:
        answer = service.score("die", {"x-request-id": "mine"})
        line = printed(service, "ValueError: no such row")

        assert answer.status == 500
        assert ("ERROR", "mine") == (line["level"], line["request_id"])
        assert line["traceback"].startswith("Traceback (most recent call last):\n")
        assert 'raise ValueError("no such row")' in line["traceback"]


def test_logging_and_what_it_caught_is_kept(tmp_path: Path) -> None:
    with serving(tmp_path, PRINTS, **JSON) as service:
        service.score("log", {"x-request-id": "mine"})
        caught = printed(service, "ZeroDivisionError: division by zero")

        assert "mine" == printed(service, "INFO:root:told")["request_id"]
        assert caught["traceback"].startswith("ERROR:root:caught\nTraceback")


def test_what_native_code_and_children_print_is_json_too(tmp_path: Path) -> None:
    with serving(tmp_path, PRINTS, **JSON) as service:
        service.score("native")

        assert "INFO" == printed(service, "from below")["level"]
        assert printed(service, "from a child")


def test_every_line_is_json_until_the_end(tmp_path: Path) -> None:
    script = "raise ImportError('no model')"
    code, record, log = failed(tmp_path, script, **JSON)

    told = [json.loads(line) for line in log.splitlines()]
    assert code == 3
    assert record["error"]["summary"] == "ImportError: no model"
    assert "ImportError: no model" == told[-1]["message"]


def test_a_worker_that_dies_has_its_last_words_in_the_log(tmp_path: Path) -> None:
    script = """
        import os
        def init(): pass
        def run(data):
            print("last words")
            os._exit(1)
    """
    with serving(tmp_path, script, **JSON) as service:
        assert 502 == service.score(1).status
        assert printed(service, "last words")["request_id"]


@pytest.mark.parametrize(
    ("run", "concurrency"), [("def run", 4), ("async def run", 4), ("async def run", None)]
)
def test_side_by_side_each_line_has_its_own_request(
    tmp_path: Path, run: str, concurrency: int | None
) -> None:
    pause = "await asyncio.sleep(0.1)" if "async" in run else "time.sleep(0.1)"
    script = f"""
        import asyncio, time
        def init(): pass
        {run}(data):
            print("before", data)
            {pause}
            print("after", data)
    """
    limits = {"concurrency": concurrency} if concurrency else {}
    with serving(tmp_path, script, serving=limits, **JSON) as service:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda n: service.score(n, {"x-request-id": f"r{n}"}), range(8)))
        time.sleep(0.1)
        found = [line for line in lines(service) if line.get("stream") == "stdout"]

    assert 16 == len(found)
    assert [] == [one for one in found if one["request_id"] != "r" + one["message"].split()[1]]


@pytest.mark.parametrize("version", ["3.6", "3.13"])
def test_every_python_writes_them(tmp_path: Path, version: str) -> None:
    with serving(tmp_path, PRINTS, python=str(interpreter(version)), **JSON) as service:
        service.score("é", {"x-request-id": "mine"})

        assert "mine" == printed(service, "half and é")["request_id"]


def test_in_text_mode_prints_stay_as_they_are(tmp_path: Path) -> None:
    with serving(tmp_path, PRINTS) as service:
        service.score("a", {"x-request-id": "mine"})
        service.score("die")

        assert "\nloading\n" in "\n" + service.log
        assert "\nhalf and a\n" in service.log
        assert "\ntwo\nlines\n" in service.log
        assert "\nValueError: no such row\n" in service.log
