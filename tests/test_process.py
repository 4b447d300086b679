"""The process target's own parts: instance folders of any content, logs, processes, names."""

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import make
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.hashing import HashCache
from mlops.services import Serving, endpoint
from mlops.targets.process import world
from mlops.targets.process.desire import desired_environment, desired_service
from mlops.targets.process.live import observed_service, process_state
from mlops.targets.process.logs import follow_lines, last_lines
from mlops.targets.process.make import METADATA
from mlops.targets.process.settings import IMPACT, ServiceSettings
from mlops.values import Impact, Observed, Ownership

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
KEYS = st.sampled_from(
    (
        *("mark", "models", "serving", "port", "host", "python", "environment", "fields"),
        *("labels", "name", "files", "path", "blob", "size", "project", "file", "error", "pid"),
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=9)


def seen(folder: Path, *, wanted: bool = True, **owner: Any) -> Observed:
    instance = world.instance(folder, None)
    owned = make.owner(**owner)
    return observed_service("laptop", instance, owned, HashCache.open(), wanted=wanted)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@given(mark=OBJECTS, settings_=OBJECTS, record=OBJECTS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_an_instance_folder_holds_is_observed(
    tmp_path: Path, mark: Any, settings_: Any, record: Any
) -> None:
    for name, value in (("mark", mark), ("settings", settings_), ("server", record)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")

    thing = seen(tmp_path)

    assert thing.address.name == tmp_path.name


def test_a_folder_that_an_apply_left_before_its_mark_is_ours(tmp_path: Path) -> None:
    thing = seen(tmp_path / "begun")

    assert (thing.ownership, thing.state) == (Ownership.OURS, "stopped")


@pytest.mark.parametrize(
    ("mark", "ownership", "state"),
    [
        ({}, Ownership.OURS, "stopped"),
        ({"name": "b"}, Ownership.COPY, "a copy of `b`"),
        ({"project": "x"}, Ownership.FOREIGN, "of the project `x`"),
        ({"source": "host/b"}, Ownership.FOREIGN, "of the repository host/b"),
        ({"file": "gone.yaml"}, Ownership.OURS, "stopped"),
        (
            {"file": "other.yaml"},
            Ownership.FOREIGN,
            "defined in `other.yaml`, which was not loaded",
        ),
    ],
    ids=str,
)
def test_a_mark_says_whose_a_folder_is(
    tmp_path: Path, mark: dict[str, str], ownership: Ownership, state: str
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (tmp_path / "other.yaml").touch()
    named = {"project": "p", "source": "host/a", "file": "mlops.yaml", "name": "a", **mark}
    world.write_json(folder / "mark.json", {"mark": named})

    thing = seen(
        folder,
        wanted=False,
        project="p",
        source="host/a",
        root=str(tmp_path),
        files=(str(tmp_path / "mlops.yaml"),),
    )

    assert (ownership, state) == (thing.ownership, thing.state)


def test_a_server_carries_its_mark(tmp_path: Path) -> None:
    mark = {"project": "p", "name": "a"}
    environ = {world.MARK: json.dumps(mark)}
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()

        carried = world.carried_mark(server.pid)
        without = world.carried_mark(psutil.Process().pid)

    assert ({"mark": mark}, {}) == (carried, without)
    assert tmp_path.exists()


def test_a_dead_server_that_failed_says_so(tmp_path: Path) -> None:
    world.write_json(tmp_path / "server.json", {"state": "failed", "pid": 1})

    assert process_state(world.instance(tmp_path, None)) == "failed"


def test_removing_leaves_what_is_not_empty(tmp_path: Path) -> None:
    first, second = (tmp_path / "targets" / "t" / "services" / name for name in "ab")
    for folder in (first, second):
        folder.mkdir(parents=True)

    world.remove(first)
    assert second.is_dir()
    world.remove(second)

    assert list(tmp_path.iterdir()) == [tmp_path / "cache"] or list(tmp_path.iterdir()) == []


def test_a_target_folder_of_the_user_loses_no_parent(tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "target" / "services" / "a"
    folder.mkdir(parents=True)

    world.remove(folder)

    assert (tmp_path / "mine").is_dir()
    assert not (tmp_path / "mine" / "target").exists()


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("a\nb\nc")

    assert list(last_lines(log, 2)) == ["b", "c"]
    assert list(last_lines(log, 0)) == []
    assert list(last_lines(tmp_path / "none", 2)) == []


def test_a_followed_log_yields_whole_lines_and_starts_again_when_it_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("old\n")

    def write() -> None:
        for mode, text in (("a", "ha"), ("a", "lf\n"), ("w", "n\n")):
            time.sleep(0.5)
            with log.open(mode) as file:
                file.write(text)

    writer = threading.Thread(target=write)
    writer.start()
    lines = list(itertools.islice(follow_lines(log, 1), 3))
    writer.join()

    assert lines == ["old", "half", "n"]


def test_a_followed_log_loses_nothing_written_while_its_tail_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("old\n")
    followed = follow_lines(log, 1)

    def write(text: str) -> None:
        with log.open("a") as file:
            file.write(text)

    first = next(followed)
    write("at once\n")
    writer = threading.Timer(0.7, write, ["later\n"])
    writer.start()
    rest = list(itertools.islice(followed, 2))
    writer.join()

    assert ["old", "at once", "later"] == [first, *rest]


def test_a_followed_log_shows_an_unfinished_line_once_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"a\nb\r\nhal\xc3")

    def finish() -> None:
        with log.open("ab") as file:
            file.write(b"\xa4f\n")

    writer = threading.Timer(0.5, finish)
    writer.start()
    lines = list(itertools.islice(follow_lines(log, 1), 2))
    writer.join()

    assert ["b", "hal\u00e4f"] == lines


def test_a_log_that_a_longer_one_replaces_is_read_from_its_start(tmp_path: Path) -> None:
    log, fresh = tmp_path / "server.log", tmp_path / "fresh.log"
    log.write_text("old\n")
    followed = follow_lines(log, 1)

    first = next(followed)
    fresh.write_text("a new beginning\n")
    fresh.replace(log)

    assert ("old", "a new beginning") == (first, next(followed))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A process that looks like the server of an instance folder, and that folder."""
    server, folder = tmp_path / "mlops" / "serving", tmp_path / "a"
    server.mkdir(parents=True)
    folder.mkdir()
    (server / "__main__.py").write_text("print(flush=True)\nwhile True: input()\n")
    with subprocess.Popen(
        [sys.executable, "-I", str(server), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield folder, process.pid
        process.kill()


def test_the_server_that_a_record_names_is_found_without_a_look_at_all_processes(
    served: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, pid = served
    world.write_json(folder / "server.json", {"pid": pid})

    def refused(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(psutil, "process_iter", refused)

    assert pid == world.server(folder)


@pytest.mark.parametrize("told", [None, 0, -1, 1, "1", True, 10**30], ids=str)
def test_a_record_that_names_another_process_hides_no_server(
    served: tuple[Path, int], told: object
) -> None:
    folder, pid = served
    world.write_json(folder / "server.json", {"pid": told})

    assert pid == world.server(folder)


def test_a_mark_tells_metadata_and_nothing_that_can_be_looked_at(tmp_path: Path) -> None:
    fields = {"tags.a": "b", "description": "d", "port": 1, "code": "x", "models.m": "sha256:0"}
    world.write_json(tmp_path / "mark.json", {"fields": fields})
    world.write_json(tmp_path / "settings.json", {"port": 80})

    thing = seen(tmp_path)

    told = {path: value for path, value in thing.fields.items() if path in fields}
    assert {"tags.a": "b", "description": "d", "port": 80} == told


def test_what_a_mark_tells_is_what_restarts_nothing() -> None:
    free = {word for word, impact in IMPACT.items() if impact is Impact.METADATA}
    free -= {"auth.primary", "auth.secondary"}  # the mark tells of them, and keys.json decides

    assert {*METADATA} == free - {"leftovers"}


def test_the_fields_of_a_service_are_complete_and_plain() -> None:
    serving = Serving(timeout="90s", max_wait="500ms")
    service = desired_service(
        "laptop",
        make.deployment(settings=ServiceSettings(port=1234, serving=serving), protect=True),
        make.pins(),
        make.owner(),
    )

    assert service.fields["serving.timeout"] == 90.0
    assert service.fields["serving.max_wait"] == 0.5
    assert (service.fields["port"], service.fields["host"]) == (1234, "127.0.0.1")
    assert service.fields["process"] == "running"
    assert list(service.claims) == ["port/1234@127.0.0.1"]
    assert None not in service.fields.values()
    assert service.protect


def test_an_environment_is_named_by_its_digest_and_counts_its_requirements() -> None:
    one = desired_environment("laptop", make.environment())
    two = desired_environment("laptop", make.environment(requirements=("a", "b")))

    assert one.address.name == "e" * 12
    assert (one.summary, two.summary) == (
        "Python 3.11, 1 requirement",
        "Python 3.11, 2 requirements",
    )


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]")],  # noqa: S104  not bound
)
def test_a_service_is_scored_at_an_address_of_this_machine(host: str, address: str) -> None:
    assert f"http://{address}:80/score" == endpoint(host, 80)
