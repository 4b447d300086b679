"""The servers that are measured: how each is installed, started, looked at and ended."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
from serving_environments import environment
from serving_instance import SERVER, write

PEERS = Path(__file__).parent / "peers"
BODY = json.dumps({"data": [[row + column / 2 for column in range(10)] for row in range(10)]})
EXPECTED = [sum(row) for row in json.loads(BODY)["data"]]
KIND = {"content-type": "application/json"}
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server is to run: its folder holds a copy of `peers`."""

    folder: Path
    port: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A kind of server. `words` prepares the folder and says what to start there."""

    name: str
    packages: Sequence[str]
    words: Callable[[Path, Place], Sequence[object]]
    warm: str = ""

    @property
    def python(self) -> Path:
        """Return the interpreter of its own environment, made at the first call."""
        if not self.packages:
            return Path(sys.executable)
        return environment(*self.packages, warm=self.warm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers as it should."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    ready: float

    @property
    def memory(self) -> float:
        """Return megabytes; what processes share is counted once."""
        return sum(one.memory_full_info().pss for one in family(self.process.pid)) / 1e6

    @property
    def cpu(self) -> float:
        """Return the seconds of CPU that its processes have taken."""
        return sum(sum(one.cpu_times()[:2]) for one in family(self.process.pid))

    def end(self) -> None:
        """End every process: some leave children behind."""
        end(family(self.process.pid))
        self.process.wait()


def family(pid: int) -> list[psutil.Process]:
    """Return a process, what it started, and what is left of its session without a parent."""
    found: set[psutil.Process] = set()
    for one in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(one.pid) == pid:
                found.update((one, *one.children(recursive=True)))
    return list(found)


def end(processes: Sequence[psutil.Process]) -> None:
    """End processes by their ids, and wait for it."""
    left = list(processes)
    for act in (psutil.Process.terminate, psutil.Process.kill):
        for one in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                act(one)
        _, left = psutil.wait_procs(left, timeout=5)


def started(rival: Rival, place: Place) -> Running:
    """Start a server, and see that it gives the answer that all must give."""
    shutil.copytree(PEERS, place.folder)
    words = [str(word) for word in rival.words(rival.python, place)]
    log = place.folder / "server.log"
    began = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            cwd=place.folder,
            env={**os.environ, **environ(place)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        answer = first_answer(place.port, process)
        assert answer == EXPECTED, answer
    except BaseException:
        end(family(process.pid))
        sys.stderr.write(f"{rival.name}:\n{log.read_text(encoding='utf-8')[-3000:]}\n")
        raise
    ready = time.perf_counter() - began
    return Running(name=rival.name, port=place.port, process=process, ready=ready)


def first_answer(port: int, process: "subprocess.Popen[bytes]") -> object:
    """Ask until there is an answer."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("POST", "/score", BODY, KIND)
            answer = connection.getresponse()
            if answer.status == 200:
                return json.loads(answer.read())
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    message = f"no answer within {PATIENCE:.0f} seconds, exit code {process.poll()}"
    raise TimeoutError(message)


def environ(place: Place) -> Mapping[str, str]:
    """Return what some of them read from the environment."""
    return {
        "AML_APP_ROOT": str(place.folder),
        "AZUREML_ENTRY_SCRIPT": "score.py",
        "BENTOML_DO_NOT_TRACK": "true",
        "BENTOML_HOME": str(place.folder),
        "WORKERS": str(place.workers),
    }


def ours(python: Path, place: Place, script: str = "score.py") -> Sequence[object]:
    """Return how our server is started."""
    serving = {"workers": place.workers}
    write(place.folder, "", port=place.port, serving=serving, entry_script=script)
    for one in PEERS.glob("score*.py"):
        shutil.copy(one, place.folder / "code")
    return python, "-I", SERVER, place.folder


def uvicorn(python: Path, place: Place) -> Sequence[object]:
    """Return how a bare ASGI application is started on uvicorn, with all that makes it fast."""
    fast = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    words = (python, "-m", "uvicorn", "bare:app", "--host", "127.0.0.1", "--port", place.port)
    return *words, "--workers", place.workers, *fast


def azmlinfsrv(python: Path, place: Place) -> Sequence[object]:
    """Return what `azmlinfsrv` starts, but on loopback: its own command binds every interface."""
    app = "azureml_inference_server_http.server.entry:app"
    logs = ("--access-logfile", "-", "--error-logfile", "/dev/null")
    words = (python, "-m", "gunicorn", "-b", f"127.0.0.1:{place.port}", "-w", place.workers)
    return *words, "--timeout", 300, *logs, app


def mlserver(python: Path, place: Place) -> Sequence[object]:
    """Return how MLServer is started; without a pool for one worker, which is its faster way."""
    ports = {"http_port": place.port, "grpc_port": place.port + 1, "metrics_port": place.port + 2}
    pool = place.workers if place.workers > 1 else 0
    settings = {"host": "127.0.0.1", **ports, "parallel_workers": pool, "debug": False}
    (place.folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "score", "implementation": "with_mlserver.Score"}
    (place.folder / "model-settings.json").write_text(json.dumps(model))
    return python.with_name("mlserver"), "start", "."


def bentoml(python: Path, place: Place) -> Sequence[object]:
    """Return how BentoML is started."""
    words = (python, "-m", "bentoml", "serve", "with_bentoml:Score")
    return *words, "--host", "127.0.0.1", "--port", place.port


def litserve(python: Path, place: Place) -> Sequence[object]:
    """Return how LitServe is started."""
    return python, "with_litserve.py", place.port, place.workers


OURS, ASYNC, BARE, AZML = "mlops", "mlops, async run", "uvicorn, bare ASGI", "azmlinfsrv"
RIVALS = (
    Rival(name=OURS, packages=(), words=ours),
    Rival(name=ASYNC, packages=(), words=lambda python, place: ours(python, place, ASYNC_SCRIPT)),
    Rival(name=BARE, packages=("uvicorn[standard]~=0.54",), words=uvicorn, warm="import uvicorn"),
    Rival(
        name=AZML,
        packages=("azureml-inference-server-http==1.5.1", "setuptools<80"),
        words=azmlinfsrv,
        warm="import flask, gunicorn, inference_schema, pydantic",
    ),
    Rival(
        name="mlserver",
        packages=("mlserver==1.7.*", "uvloop<0.22"),  # its pool does not start on a newer one
        words=mlserver,
        warm="import mlserver",
    ),
    Rival(name="litserve", packages=("litserve==0.2.*",), words=litserve, warm="import litserve"),
    Rival(name="bentoml", packages=("bentoml==1.4.*",), words=bentoml, warm="import bentoml"),
)
ASYNC_SCRIPT = "score_async.py"
