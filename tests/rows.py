"""Small rows for the front door: what a file may name, without anything behind it."""

from collections.abc import Mapping
from typing import Annotated, cast

from msgspec import Struct

from mlops.protocols import Kinds, ModelSource, Target
from mlops.settings import DURATION_HINT, HOST, HOST_HINT, POSITIVE, Setting


class Serving(Struct, frozen=True, kw_only=True):
    timeout: Annotated[str, Setting("Longest time.", pattern=POSITIVE, hint=DURATION_HINT)] = "60s"


class ProcessSettings(Struct, frozen=True, kw_only=True):
    folder: Annotated[
        str | None, Setting("Folder of the services.", path=True, own=".mlops/targets/{name}")
    ] = None


class ProcessService(Struct, frozen=True, kw_only=True):
    port: Annotated[int, Setting("TCP port it listens on.", minimum=1, maximum=65535)] = 5001
    host: Annotated[str, Setting("Address it listens on.", pattern=HOST, hint=HOST_HINT)] = (
        "127.0.0.1"
    )
    serving: Annotated[Serving, Setting("How requests are served.")] = Serving()


class Process:
    Settings = ProcessSettings
    ServiceSettings = ProcessService


class ClusterService(Struct, frozen=True, kw_only=True):
    scale: Annotated[Mapping[str, int], Setting("How many replicas.")]
    weight: Annotated[float, Setting("Share of the requests.", minimum=0)] = 1.0


class Cluster:
    Settings = ProcessSettings
    ServiceSettings = ClusterService


class PathSettings(Struct, frozen=True, kw_only=True):
    path: Annotated[str, Setting("File or folder, relative to the file.", path=True)]


class PathSource:
    Settings = PathSettings


KINDS = Kinds(
    targets=cast("dict[str, type[Target]]", {"process": Process, "cluster": Cluster}),
    sources=cast("dict[str, type[ModelSource]]", {"path": PathSource}),
)


class UrlSettings(Struct, frozen=True, kw_only=True):
    url: Annotated[str, Setting("Address of the file.")]
    sha256: Annotated[str, Setting("Digest of the file.", pattern="^[0-9a-f]{64}$")]


class UrlSource:
    Settings = UrlSettings


TWO_SOURCES = Kinds(
    targets=KINDS.targets,
    sources=cast("dict[str, type[ModelSource]]", {"path": PathSource, "url": UrlSource}),
)
