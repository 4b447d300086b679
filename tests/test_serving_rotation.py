"""The log is rotated: bounded, and no line is lost or cut."""

import itertools
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from serving_instance import end, failed, serving, until
from test_serving_handover import relieve

from mlops.targets.process.logs import follow_lines, last_lines

CHATTY = """
    import ctypes, os, subprocess, sys
    def init():
        pass
    def run(data):
        count = int(data)
        for number in range(count):
            sys.stdout.write("line %d %s\\n" % (number, "x" * 50))
        os.write(2, b"native\\n")
        subprocess.run(["echo", "child"])
        sys.stderr.write("error\\n")
        return count
"""
SMALL = {"path": "server.log", "max_bytes": 20_000, "keep": 2}
LARGE = {**SMALL, "keep": 9}


def told(folder: Path) -> list[str]:
    return list(last_lines(folder / "server.log", 10**6))


def test_the_logs_stay_small_and_end_with_what_was_written_last(tmp_path: Path) -> None:
    with serving(tmp_path, CHATTY, log_file=SMALL) as service:
        assert service.score(3000).json == 3000
        until(lambda: told(tmp_path)[-3:] == ["native", "child", "error"])

    logs = sorted(path.name for path in tmp_path.glob("server.log*"))
    sizes = [path.stat().st_size for path in tmp_path.glob("server.log*")]
    assert ["server.log", "server.log.1", "server.log.2"] == logs
    assert max(sizes) < 20_000 + 100
    numbers = [int(line.split()[1]) for line in told(tmp_path) if line.startswith("line")]
    assert list(range(numbers[0], 3000)) == numbers


def test_no_line_is_lost_or_cut_when_two_workers_write(tmp_path: Path) -> None:
    with serving(tmp_path, CHATTY, log_file=LARGE, serving={"workers": 2}) as service:
        threads = [threading.Thread(target=service.score, args=(900,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: told(tmp_path).count("error") == 2)

    lines = [line for line in told(tmp_path) if line.startswith("line")]
    assert all(re.fullmatch(r"line \d+ x{50}", line) for line in lines)
    assert sorted([*range(900), *range(900)]) == sorted(int(line.split()[1]) for line in lines)


def test_who_follows_sees_every_line_across_rotations(tmp_path: Path) -> None:
    with serving(tmp_path, CHATTY, log_file=LARGE) as service:
        there = threading.Event()

        def followed() -> Iterator[str]:
            for line in follow_lines(tmp_path / "server.log", 1):
                there.set()  # by the line that was last: from here on none may be missing
                if line.startswith("line"):
                    yield line

        next_lines: list[str] = []
        reading = threading.Thread(
            target=lambda: next_lines.extend(itertools.islice(followed(), 1500))
        )
        reading.start()
        assert there.wait(10)
        for _ in range(3):
            service.score(500)
        reading.join(20)

    assert [*range(500)] * 3 == [int(line.split()[1]) for line in next_lines]


def test_the_reason_of_an_end_is_still_told(tmp_path: Path) -> None:
    code, record, log = failed(
        tmp_path,
        "import os\ndef init():\n    os.write(2, b'native words\\n')\n    os._exit(9)\n"
        "def run(data): pass",
        log_file=SMALL,
    )

    assert code == 3
    assert "native words" in record["error"]["log"]
    assert "native words" in log


def test_two_servers_that_relieve_each_other_share_the_logs(tmp_path: Path) -> None:
    with serving(tmp_path, CHATTY, log_file=LARGE) as old:
        old.score(500)
        new = relieve(old)
        try:
            new.until("ready")
            new.score(500)
            old.process.wait(timeout=20)
            until(lambda: told(tmp_path).count("error") == 2)
        finally:
            end(new)

    numbers = [int(line.split()[1]) for line in told(tmp_path) if line.startswith("line")]
    assert sorted([*range(500), *range(500)]) == sorted(numbers)
