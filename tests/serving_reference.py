"""v1's own server in a folder, for the tests: started with one script, asked, stopped."""

import os
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

from serving_environments import SCHEMA, environment
from serving_instance import Instance, until

PACKAGES = ("azureml-inference-server-http==1.5.1", *SCHEMA)
WARM = """
import flask, flask_cors, gunicorn.app.base, gunicorn.workers.gthread, gunicorn.workers.sync
import inference_schema.parameter_types.pandas_parameter_type
import inference_schema.schema_decorators
from azureml_inference_server_http import amlserver
from azureml_inference_server_http.server import create_app
"""
# Its own command binds every interface.
PROGRAM = """
import sys
from azureml_inference_server_http import amlserver
amlserver.DEFAULT_HOST = "127.0.0.1"
sys.argv[1:] = ["--entry_script", "score.py", "--port", sys.argv[1]]
amlserver.run()
"""
LOADED = r"""
import os, sys
from azureml_inference_server_http.server.create_app import create
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        from azureml_inference_server_http.server import config
        config.config.entry_script = name
        create()
        os._exit(0)
    os.write(1, f"code {name} {os.waitpid(child, 0)[1]}\n".encode())
"""


class Theirs:
    """v1's server with one script."""

    def __init__(self, port: int) -> None:
        self.record = {"port": port}

    connect = Instance.connect
    ask = Instance.ask


def reference() -> Path:
    """Return the interpreter of its environment."""
    return environment(*PACKAGES, warm=WARM)


@contextmanager
def theirs(folder: Path, script: str, variables: Mapping[str, str]) -> Iterator[Any]:
    """Run v1's server, and leave no process behind."""
    python = reference()
    folder.mkdir(parents=True)
    (folder / "score.py").write_text(textwrap.dedent(script), encoding="utf-8")
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "AML_APP_ROOT": str(folder), "SERVICE_NAME": "sums", **variables}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), "-c", PROGRAM, str(port)],
            cwd=folder,
            env=environ,
            stdout=log,
            stderr=log,
        )
    try:
        server = Theirs(port)

        def up() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                return bool(server.ask("GET", "/").status == 200)  # type: ignore[misc]
            except OSError:
                return False

        until(up, 60)
        yield server
    finally:
        process.terminate()  # gunicorn ends its workers
        process.wait()


def refused(folder: Path, scripts: Mapping[str, str]) -> dict[str, bool]:
    """Return for each script whether v1's server refuses to start with it."""
    for number, text in enumerate(scripts.values()):
        (folder / f"{number}.py").write_text(text, encoding="utf-8")
    names = [f"{number}.py" for number in range(len(scripts))]
    done = subprocess.run(
        [str(reference()), "-c", LOADED, *names],
        env={**os.environ, "AML_APP_ROOT": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    codes = dict(line.split()[1:] for line in done.stdout.splitlines() if line[:5] == "code ")
    return {name: codes[f"{number}.py"] != "0" for number, name in enumerate(scripts)}
