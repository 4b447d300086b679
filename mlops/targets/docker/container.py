"""What is sent to the engine for a service: the container, and its settings. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mlops.artefacts import ModelVersion
from mlops.clients.docker.containers import GRACE
from mlops.images import paths
from mlops.plain import thaw
from mlops.services import written_checks
from mlops.spec import Fields, Json
from mlops.targets.docker import marks
from mlops.targets.docker.laid import FOLDER, TLS, File, label
from mlops.targets.docker.settings import RECORDED
from mlops.targets.docker.shape import shape
from mlops.values import Desired

DRAIN = 10.0
"""Seconds that the server may take to finish the requests in flight when it is asked to end."""

PROCESSES = 1024
"""Processes and threads of a container: a fork bomb ends there, numeric libraries do not."""

SECOND = 10**9
"""The engine counts in nanoseconds."""

CODE = "code"
HOME = {"HOME": "/tmp", "TMPDIR": "/tmp"}  # noqa: S108  the container's own
DATA = "/var/azureml-data"
"""Where the volume of collected data is mounted; the data lies in a folder that its server owns."""

CONNECTED = "import socket; s = socket.create_connection(('127.0.0.1', {port}), 3);"
SECURED = " import ssl; s = ssl._create_unverified_context().wrap_socket(s);"
"""Whom it asks is no question: it is in the same container."""
PROBE = (
    " s.sendall(b'GET /readyz HTTP/1.0\\r\\n\\r\\n'); raise SystemExit(b' 200 ' not in s.recv(64))"
)
"""Asks the server whether it is ready. Imports as little as it can: it runs every few seconds."""


class Part(Struct, frozen=True, kw_only=True):
    """One container of a service: its name, its volume, and whether it gets the port."""

    name: str
    volume: str
    image: str
    labels: Mapping[str, str]
    published: bool


def body(wanted: Desired, part: Part) -> dict[str, Any]:
    """Return a container as the engine's API has it."""
    fields, kind = wanted.fields, shape(wanted.fields)
    variables = group(fields, "environment_variables") if kind.brought else HOME
    return {
        "Image": part.image,
        "User": kind.user,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "Labels": dict(part.labels),
        "ExposedPorts": {kind.listens: {}},
        **({} if kind.brought else {"Healthcheck": _healthcheck(fields)}),
        "StopTimeout": GRACE,
        "HostConfig": {
            **confined(),
            **limits(fields),
            "ReadonlyRootfs": not kind.writable,
            "Mounts": _mounts(part, fields),
            "PortBindings": _bindings(part, fields),
            "RestartPolicy": {"Name": "no"},  # until it is ready: a crash in init() stays one
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        },
    }


def _healthcheck(fields: Fields) -> dict[str, Any]:
    return {
        "Test": ["CMD", paths.python(paths.SERVER), "-I", "-S", "-c", _probe(fields)],
        "Interval": 10 * SECOND,
        "Timeout": 5 * SECOND,
        "Retries": 3,
        "StartPeriod": 600 * SECOND,
    }


def confined() -> dict[str, Any]:
    """Return what keeps a container from the engine's machine."""
    return {
        "ReadonlyRootfs": True,
        "Tmpfs": {"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108  the container's own
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
    }


def limits(fields: Fields) -> dict[str, Any]:
    """Return what a container gets, in the units of the engine; all of it can change later."""
    most = fields["resources.limits.memory"]
    return {
        "CpuShares": shares(fields["resources.cpu"]),
        "NanoCpus": nano(fields["resources.limits.cpu"]),
        "MemoryReservation": fields["resources.memory"],
        "Memory": most,
        "MemorySwap": most,  # as much as the memory: none beside it
        "PidsLimit": fields["resources.limits.processes"],
    }


def restarting(fields: Fields) -> dict[str, Any]:
    """Return when the engine starts a container again, once it was ready."""
    return {"RestartPolicy": {"Name": str(fields["restart"])}}


def shares(cores: Json) -> int:
    """Return the weight of a number of cores. The engine takes no less than 2."""
    return max(2, round(1024 * float(str(cores))))


def nano(cores: Json) -> int:
    """Return billionths of cores."""
    return round(SECOND * float(str(cores)))


def labels(
    wanted: Desired, given: Mapping[str, str], image_tag: str, settings: File | None
) -> dict[str, str]:
    """Return the labels of a container: its mark, and its fields but those that may change."""
    words = json.dumps(dict(wanted.labels), sort_keys=True, separators=(",", ":"))
    return {
        **given,
        marks.IMAGE: image_tag,
        **({marks.LAID: label(settings)} if settings else {}),
        marks.FIELDS: told(wanted),
        marks.WORDS: words,
    }


def told(wanted: Desired) -> str:
    """Return the fields that a container keeps for its life, as its label has them."""
    fields = {
        path: thaw(value)
        for path, value in wanted.fields.items()
        if not {path, path.partition(".")[0]} & set(RECORDED)
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def settings(
    wanted: Desired, models: Mapping[str, ModelVersion], variables: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the server in a container reads when it starts. It may hold secrets."""
    return {
        "service": wanted.address.name,
        "server": wanted.fields["server"],
        "host": "0.0.0.0",  # noqa: S104  within the container; the engine publishes the port
        "port": paths.PORT,
        "environment": wanted.fields["environment"],
        "python": paths.python(paths.ENVIRONMENT),
        "code": CODE,
        "source_name": wanted.inputs["source_name"],
        "entry_script": wanted.fields["entry_script"],
        "models": [_model(name, version) for name, version in models.items()],
        "environment_variables": dict(variables),
        "serving": {
            "max_wait": None,
            **group(wanted.fields, "serving"),
            **_collecting(wanted.fields),
        },
        **_faced(wanted.fields),
        **({"auth": {"type": "key"}} if "auth.type" in wanted.fields else {}),
        "checks": written_checks(wanted.checks),
        "drain_grace": DRAIN,
    }


def _faced(fields: Fields) -> dict[str, Any]:
    """Return the settings of how a service faces its clients."""
    told = {name: thaw(fields[name]) for name in ("metrics", "swagger") if name in fields}
    cors = {"cors": thaw(fields["cors.origins"])} if "cors.origins" in fields else {}
    shown = {"tls": {"certificate": TLS, "key": TLS}} if fields["scheme"] == "https" else {}
    return {**told, **cors, **shown, "logs": group(fields, "logs")}


def _collecting(fields: Fields) -> dict[str, Any]:
    told = group(fields, "collect_model_data")
    kept = {key: value for key, value in told.items() if key != "volume"}
    return {"collect": {**kept, "folder": f"{DATA}/{FOLDER}"}} if told else {}


def group(fields: Fields, name: str) -> dict[str, Any]:
    """Return the fields `name.<key>` by their keys."""
    prefix = f"{name}."
    return {
        path.removeprefix(prefix): thaw(value)
        for path, value in fields.items()
        if path.startswith(prefix)
    }


def _mounts(part: Part, fields: Fields) -> list[dict[str, str]]:
    volumes = {
        shape(fields).folder: part.volume,
        DATA: str(fields.get("collect_model_data.volume") or ""),
    }
    return [
        {"Type": "volume", "Source": volume, "Target": target}
        for target, volume in volumes.items()
        if volume
    ]


def _probe(fields: Fields) -> str:
    secured = SECURED if fields["scheme"] == "https" else ""
    return (CONNECTED + secured + PROBE).format(port=paths.PORT)


def _bindings(part: Part, fields: Fields) -> dict[str, list[dict[str, str]]]:
    """Return where the port is published: of a trial nowhere, unless it is asked from outside."""
    kind = shape(fields)
    if part.published:
        return {kind.listens: [{"HostIp": str(fields["host"]), "HostPort": str(fields["port"])}]}
    return {kind.listens: [{"HostIp": "127.0.0.1", "HostPort": ""}]} if kind.brought else {}


def _model(name: str, version: ModelVersion) -> dict[str, Any]:
    folder = f"/{paths.model_folder(version.content)}"
    return {
        "name": name,
        "version": version.version,
        "digest": version.content.digest,
        "files": [
            {"path": entry.path, "size": entry.size, "blob": f"{folder}/{entry.path}"}
            for entry in version.content.files
        ],
    }
