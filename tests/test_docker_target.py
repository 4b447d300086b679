"""What a Docker target makes of a deployment, and what it makes of what an engine lists. Pure."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make
import pytest
from msgspec.structs import replace
from walk import free_port, until

from mlops.artefacts import Pins
from mlops.claims import Holders
from mlops.errors import SpecError
from mlops.images.engine import split
from mlops.images.layers import Draft, Kind, Member
from mlops.images.lockfile import asked
from mlops.images.wanted import image_inputs
from mlops.services import Limits, Resources
from mlops.targets.docker import container, marks
from mlops.targets.docker.desire import At, desired_images, desired_service
from mlops.targets.docker.health import judged
from mlops.targets.docker.holes import network
from mlops.targets.docker.laid import File, keys_stamp, laid_fields
from mlops.targets.docker.live import Look, Snapshot
from mlops.targets.docker.looking import observed_listeners
from mlops.targets.docker.seen import Eye, observed_services, observed_strangers
from mlops.targets.docker.settings import ServiceSettings
from mlops.values import Desired, Observed, Ownership

NAME = "quickstart-diabetes"
SETTINGS_FILE = File(data=b"{}", stamp=7)
STARTED = "2026-11-23T05:00:00.123456789Z"


def pins(*, lock: str = "", **given: Any) -> Pins:
    inference = replace(make.inference(), **{"base_image": "python:3.11-slim", **given})
    found = Pins(models=(make.pinned(),), code=make.content(), inference=inference)
    return replace(found, locks={asked(image_inputs(found)): lock} if lock else {})


def service(*, of: Pins | None = None, **given: Any) -> Desired:
    settings = ServiceSettings(**given)
    at = At(place="engine", machine="", owner=make.owner())
    where = make.where(file="/checkout/mlops.yaml")
    return desired_service(at, make.deployment(settings=settings, where=where), of or pins())


def body(wanted: Desired) -> dict[str, Any]:
    mark = marks.mark(wanted, make.owner(), NAME, 7)
    part = container.Part(
        name=NAME,
        volume=f"{NAME}.a",
        image="sha256:1",
        labels=container.labels(wanted, mark, "f" * 64, SETTINGS_FILE),
        published=True,
    )
    return container.body(wanted, part)


def listed(wanted: Desired, **given: Any) -> dict[str, Any]:
    mount = {"Name": f"{NAME}.a", "Destination": "/var/azureml-app"}
    return {
        "Id": "abc",
        "Names": [f"/{NAME}"],
        "State": "running",
        "Labels": body(wanted)["Labels"],
        "Mounts": [mount],
        **given,
    }


def looked(wanted: Desired, *, files: dict[str, Any] | None = None, **host: Any) -> Look:
    sent = body(wanted)
    inspected = {
        "Config": sent,
        "HostConfig": {**sent["HostConfig"], **container.restarting(wanted.fields), **host},
        "Mounts": [],
        "NetworkSettings": {"Networks": {"bridge": {}}},
    }
    laid = {"settings.json": stat(size=2, mtime="1970-01-01T00:00:07Z")}
    return Look(inspected=inspected, files={**laid, **(files or {})})


def stat(**given: Any) -> dict[str, Any]:
    return {"size": 110, "mode": 0o600, "mtime": "1970-01-01T00:00:07Z", **given}


def seen(*entries: dict[str, Any], look: Look | None = None) -> list[Observed]:
    wanted = service()
    eye = Eye(
        place="engine",
        owner=make.owner(),
        machine="",
        wanted={"diabetes"},
        images=(),
        claims=Holders((claim, None) for claim in wanted.claims),
        looks={"abc": look} if look else {},
    )
    snapshot = Snapshot(containers=entries, images=[], volumes=[], repository="mlops/quickstart")
    return [*observed_services(eye, snapshot), *observed_strangers(eye, snapshot)]


def test_what_is_sent_to_the_engine(golden: Callable[[str, str], None]) -> None:
    sent = body(service())
    fields = json.loads(sent["Labels"].pop(marks.FIELDS))
    del fields["server"]  # the version of this tool

    text = json.dumps({**sent, "fields": fields}, indent=2, sort_keys=True)

    golden("docker_container.json", text + "\n")


def test_an_image_is_made_while_its_model_is_stored() -> None:
    (image,) = desired_images("engine", pins())

    assert () == image.needs
    assert {"model", "image"} == {address.kind for address in service().needs}


@pytest.mark.parametrize(
    "change",
    [
        {"steps": "RUN true"},
        {"lock": "sha256:12"},
        {"base_image": "python:3.11"},
        {"entry_script": "other.py"},
        {"environment": make.environment(requirements=("six==1.17.0",), digest=make.digest("f"))},
    ],
)
def test_whatever_makes_another_image_changes_the_service(change: dict[str, Any]) -> None:
    before, after = service(), service(of=pins(**change))

    assert before.needs[-1] != after.needs[-1]
    assert before.fields != after.fields


def test_what_runs_as_it_was_made_has_the_wanted_fields() -> None:
    wanted = service()

    (thing,) = seen(listed(wanted), look=looked(wanted))

    assert dict(wanted.fields) == dict(thing.fields)
    assert Ownership.OURS is thing.ownership


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ({"Privileged": True}, "privileged"),
        ({"ReadonlyRootfs": False}, "writable root"),
        ({"CapAdd": ["NET_ADMIN"]}, "capabilities"),
        ({"SecurityOpt": []}, "may gain privileges"),
        (
            {"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]},
            "seccomp unconfined",
        ),
        ({"NetworkMode": "host"}, "NetworkMode host"),
    ],
)
def test_what_is_less_confined_is_told(host: dict[str, Any], told: str) -> None:
    wanted = service()

    (thing,) = seen(listed(wanted), look=looked(wanted, **host))

    assert told == thing.fields["confinement"]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"size": 110, "mtime": "1970-01-01T00:00:07Z"}, "whole"),
        ({"size": 111, "mtime": "1970-01-01T00:00:07Z"}, "edited"),
        ({"size": 110, "mtime": "2026-11-28T07:00:00.5Z"}, "edited"),
        ({"mode": 0o644}, "edited"),
        (None, "edited"),
    ],
)
def test_settings_that_somebody_wrote_are_told_by_their_size_mode_and_time(
    found: dict[str, Any] | None, told: str
) -> None:
    files = {"settings.json": found if found is None else stat(**found)}

    assert {"settings": told} == laid_fields("110 7", files)


@pytest.mark.parametrize(
    ("mtime", "told"),
    [("1970-01-01T13:39:14Z", (3, 2)), ("2026-11-28T07:00:00Z", ("edited", "edited"))],
)
def test_keys_tell_their_generations_by_their_time(mtime: str, told: tuple[Any, Any]) -> None:
    found = laid_fields("", {"keys.json": stat(mtime=mtime)})

    assert told == (found["auth.primary"], found["auth.secondary"])
    assert 3 * 2**14 + 2 == keys_stamp(3, 2)


@pytest.mark.parametrize(
    ("networks", "told"),
    [(["bridge"], "default"), ([], "none"), (["bridge", "other"], "bridge, other")],
)
def test_the_network_of_a_container_is_told(networks: list[str], told: str) -> None:
    inspected = {"NetworkSettings": {"Networks": dict.fromkeys(networks)}}

    assert told == network(inspected)


@pytest.mark.parametrize(("name", "told"), [("docker-proxy", []), ("nginx", ["nginx"])])
def test_the_engine_s_own_listener_for_a_container_of_ours_is_in_nobody_s_way(
    tmp_path: Path, name: str, told: list[str]
) -> None:
    program = tmp_path / name
    program.symlink_to(Path(sys.executable).resolve())
    port = free_port()
    wanted = service(port=port)
    stopping = listed(wanted, State="exited", Ports=[])
    snapshot = Snapshot(containers=[stopping], images=[], volumes=[], repository="mlops/quickstart")
    code = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"

    with subprocess.Popen([str(program), "-I", "-S", "-c", code]) as listener:
        until(lambda: reached(port))
        found = [thing.state for thing in observed_listeners("engine", [wanted], snapshot)]
        listener.kill()

    assert told == [words.split("`")[1] for words in found]


def reached(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_a_copy_beside_ours_is_left_alone_and_what_was_renamed_is_ours() -> None:
    wanted = service()
    copy = listed(wanted, Id="def", Names=["/mine"], Mounts=[])

    beside = [thing.ownership for thing in seen(listed(wanted), copy)]
    (renamed,) = seen(listed(wanted, Names=["/mine"]))

    assert [Ownership.OURS, Ownership.COPY] == beside
    assert ("diabetes", "mine") == (renamed.address.name, renamed.fields["name"])


def test_a_container_of_another_project_is_told_only_where_it_is_in_the_way() -> None:
    labels = {**body(service())["Labels"], marks.PROJECT: "other"}
    port = [{"IP": "127.0.0.1", "PublicPort": 5001}]
    away = listed(service(), Labels=labels, Names=["/other-diabetes"])

    assert [] == seen(away)
    (blocking,) = seen({**away, "Ports": port})
    assert (Ownership.FOREIGN, ("port/5001@127.0.0.1",)) == (blocking.ownership, blocking.claims)


def test_a_limit_below_what_is_sure_is_refused() -> None:
    with pytest.raises(SpecError) as refused:
        service(resources=Resources(cpu=2, memory="4Gi", limits=Limits(cpu=1, memory="1Gi")))

    assert ["the limit of `cpu` is below what `diabetes` is sure to get"] == [
        problem.summary for problem in refused.value.problems[:1]
    ]


@pytest.mark.parametrize(
    ("state", "record", "found"),
    [
        ({"Running": True}, {}, (0, 0, "the server is starting")),
        ({"Running": True}, {"state": "ready", "started": 1795410001}, (1, 0, "ready")),
        ({"Running": True}, {"state": "ready", "started": 1}, (0, 0, "the server is starting")),
        ({"Running": False, "ExitCode": 3}, {}, (0, 1, "the server ended with exit code 3")),
        ({"Running": False, "OOMKilled": True}, {}, (0, 1, "the container needed more than")),
        (
            {"Running": True},
            {"state": "unfit", "started": 1795410001, "error": {"summary": "a check failed"}},
            (0, 1, "a check failed"),
        ),
    ],
)
def test_how_a_container_stands(
    state: dict[str, Any], record: dict[str, Any], found: tuple[int, int, str]
) -> None:
    known = {"State": {"StartedAt": STARTED, **state}, "HostConfig": {"Memory": 2**30}}

    health = judged(known, record)

    assert found[:2] == (health.ready, health.failed)
    assert health.summary.startswith(found[2])


def test_above_a_layer_that_is_new_all_are_sent() -> None:
    drafts = [
        Draft(kind=Kind.CODE, prefix="opt", members=(Member(path=f"opt/{name}"),))
        for name in ("a", "b", "c")
    ]
    known = {("base",): {drafts[0].key: "A"}, ("base", "A", "B"): {drafts[2].key: "C"}}

    assert (("base", "A"), tuple(drafts[1:])) == split(["base"], drafts, known)
