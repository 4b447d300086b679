"""What a container may do or reach that ours may not, told from all that the engine knows. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlops.spec import Json
from mlops.targets.docker.container import DATA
from mlops.targets.docker.shape import Shape, shape

BRIDGES = ("bridge", "podman")
"""How engines call the network that a container is in unless it was put elsewhere."""

DEFAULT = "default"

_NAMELESS = re.compile(r"[0-9a-f]{64}")
"""How an engine calls a volume that an image asks for."""


def network(inspected: Mapping[str, Any]) -> str:
    """Return the network of a container: `default`, `none`, or those that it was put into."""
    found = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    if len(found) == 1 and set(found) <= set(BRIDGES):
        return DEFAULT
    return ", ".join(sorted(found)) or "none"


def holes(inspected: Mapping[str, Any], fields: Mapping[str, Json]) -> Iterator[str]:
    """Yield what a container may do that ours may not."""
    host, config, kind = inspected["HostConfig"], inspected["Config"], shape(fields)
    if host.get("Privileged"):
        yield "privileged"
    if config.get("User") != kind.user:
        yield f"runs as `{config.get('User') or 'root'}`"
    if host.get("GroupAdd"):
        yield "more groups"
    if not (host.get("ReadonlyRootfs") or kind.writable):
        yield "writable root"
    if "ALL" not in (host.get("CapDrop") or ()) or host.get("CapAdd"):
        yield "capabilities"
    yield from _security(host)
    yield from _shared(host)
    yield from _mounted(inspected, fields)
    yield from _published(host, kind)


def _security(host: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the options of the kernel's guards let through."""
    options = [str(one).replace("=", ":") for one in host.get("SecurityOpt") or ()]
    if not {"no-new-privileges", "no-new-privileges:true"} & set(options):
        yield "may gain privileges"
    yield from (one.replace(":", " ") for one in options if one.endswith(":unconfined"))


def _shared(host: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a container shares with its machine."""
    modes = ("NetworkMode", "PidMode", "IpcMode", "UTSMode", "UsernsMode")
    yield from (f"{name} host" for name in modes if host.get(name) == "host")
    yield from (f"device {one.get('PathOnHost')}" for one in host.get("Devices") or ())
    yield from ("devices" for _ in (host.get("DeviceRequests") or ())[:1])


def _mounted(inspected: Mapping[str, Any], fields: Mapping[str, Json]) -> Iterator[str]:
    kept, kind = fields.get("collect_model_data.volume"), shape(fields)
    declared = inspected["Config"].get("Volumes") or {}
    for one in inspected.get("Mounts") or ():
        data = one["Destination"] == DATA and kept is not None and one.get("Name") == kept
        own = kind.brought and one["Destination"] in declared and _nameless(one)
        if one["Destination"] != kind.folder and not data and not own:
            yield f"mounts {one.get('Source')}"


def _nameless(mount: Mapping[str, Any]) -> bool:
    """Tell whether a volume was made for a container alone, and goes with it."""
    return mount.get("Type") == "volume" and bool(_NAMELESS.fullmatch(str(mount.get("Name"))))


def _published(host: Mapping[str, Any], kind: Shape) -> Iterator[str]:
    others = set(host.get("PortBindings") or ()) - {kind.listens}
    yield from (f"publishes {port}" for port in sorted(others))
    if host.get("PublishAllPorts"):
        yield "publishes all ports"
