"""The store and its lock in Azure Blob storage, as its emulator answers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import lock_scenes
import pytest
from azurite import ACCOUNT, KEY, Azurite, MissingError, running
from proxy import proxy
from unkind import Fault

from mlops.errors import CredentialsError, TargetError
from mlops.store.holder import this_holder
from mlops.store.lock import Lock, Timing
from mlops.store.objects import CHUNK, Objects, UnavailableError, open_store
from mlops.store.patience import Patience

SHORT = Timing(beat=0.5, stop=2.0, stale=5.0, poll=0.1)
"""Times of the store come in whole seconds: `stale` is longer than for a folder."""


HERE = this_holder({"who": "alice"}, "mlops apply")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Azurite]:
    try:
        with running() as azurite:
            yield azurite
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def store(emulator: Azurite, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in emulator.environ.items():
        monkeypatch.setenv(name, value)
    return emulator.container()


@pytest.fixture(params=["patient", "prompt"])
def objects(request: pytest.FixtureRequest, store: str, tmp_path: Path) -> Objects:
    objects = open_store(store, tmp_path)
    return objects.prompt if request.param == "prompt" else objects


def test_an_object_is_created_once_and_overwritten_often(objects: Objects) -> None:
    assert objects.create("a/1.json", b"first")
    assert not objects.create("a/1.json", b"second")
    assert b"first" == objects.read("a/1.json")
    objects.overwrite("a/1.json", b"third")
    assert b"third" == objects.read("a/1.json")
    assert 5 == objects.size("a/1.json")
    assert ("a/1.json",) == objects.list("a")


def test_an_object_that_is_not_there_is_no_error(objects: Objects) -> None:
    objects.delete(["a"])

    assert objects.read("a") is None
    assert objects.modified("a") is None
    assert () == objects.list("a")


@pytest.mark.parametrize("prompt", [False, True])
def test_a_store_is_reached_by_its_endpoint_and_key(
    prompt: bool,  # noqa: FBT001  a parameter of the test
    emulator: Azurite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    location = emulator.container()
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"http://127.0.0.1:{emulator.port}/{ACCOUNT}")
    monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")
    objects = open_store(location, tmp_path)

    assert (objects.prompt if prompt else objects).create("a", b"x")


def test_a_large_object_arrives_whole(store: str, tmp_path: Path) -> None:
    objects = open_store(store, tmp_path)
    part = b"x" * CHUNK

    objects.upload("big", [part, b"end"])

    assert CHUNK + 3 == objects.size("big")


def test_who_has_another_key_has_no_credentials(
    emulator: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = emulator.container()
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY.lower())
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"http://127.0.0.1:{emulator.port}/{ACCOUNT}")
    monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")

    with pytest.raises(CredentialsError, match="no credentials for the store `az://"):
        open_store(location, tmp_path).prompt.list("a")


@pytest.mark.usefixtures("store")
def test_a_container_that_is_not_there_is_an_error_that_does_not_pass(tmp_path: Path) -> None:
    objects = open_store("az://nothere/store", tmp_path).prompt

    for act in (lambda: objects.list("a"), lambda: objects.create("a", b"")):
        with pytest.raises(TargetError) as caught:
            act()
        assert not isinstance(caught.value, UnavailableError)


def test_a_store_that_nobody_answers_for_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
    monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", "http://127.0.0.1:9")

    with pytest.raises(UnavailableError):
        open_store("az://models/store", tmp_path).prompt.list("a")


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.BROKEN, Fault.LOST])
def test_each_request_may_fail_twice_and_there_is_one_holder(
    fault: Fault, emulator: Azurite, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, since the client itself repeats a request once."""
    location = f"{store}/{fault.name}"
    watcher = Lock(open_store(location, tmp_path), "mnist", HERE)
    assert watcher.holder() is None  # it is connected now, past the door
    asked: list[str] = []

    def rule(method: str, path: str) -> Fault | None:
        asked.append(f"{method} {path}")
        return fault if asked.count(asked[-1]) <= 2 else None

    with proxy(emulator.port, rule) as port:
        monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", f"http://127.0.0.1:{port}")
        unkind = Lock(open_store(location, tmp_path), "mnist", HERE)
        for number in (1, 2):
            with unkind.acquire(0) as lease:
                Patience().ask(lease.beat)
                lease.check()
                held = watcher.holder()
                assert held is not None
                assert (number, number) == (lease.number, held.number)
                asked.clear()
            asked.clear()

    assert watcher.holder() is None


@pytest.mark.parametrize(
    "scene",
    [
        lock_scenes.race,
        lock_scenes.killed_here,
        lock_scenes.killed_elsewhere,
        lock_scenes.stopped,
    ],
)
def test_one_run_at_a_time_writes(
    scene: Callable[[lock_scenes.Scene], None], store: str, tmp_path: Path
) -> None:
    file = tmp_path / "written"
    file.touch()

    scene(lock_scenes.Scene(store=store, file=file, timing=SHORT))
