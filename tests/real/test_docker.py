"""Services on a real Docker engine: made, changed behind our back, broken, removed."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import docker_engine
import make
import pytest
from docker_walk import DockerWalk, docker_walking, put_right_after_a_commit
from msgspec.structs import replace
from test_serving_tls import issue
from test_walk_facing import subject
from walk import NO_CHANGES, until

from mlops.errors import StaleError
from mlops.plain import freeze
from mlops.targets.docker.settings import Settings
from mlops.targets.docker.target import DockerTarget
from mlops.unmoved import check_unmoved
from mlops.values import Action, Owner

PROBES = ("exec_", "health_status")
"""Events of the engine's own health checks."""

BYTECODE = "/var/azureml-app/.bytecode/opt/mlops/mlops_serving/front"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with docker_engine.base() as name:
        yield name


@pytest.fixture
def user(tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerWalk]:
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    with docker_walking(tmp_path, base) as begun:
        yield begun


def test_a_service_serves_confined_and_an_apply_of_nothing_asks_for_nothing(
    user: DockerWalk,
) -> None:
    user.apply()

    user.settled()
    assert [205.826] == pytest.approx(user.walk.score(), abs=0.001)
    assert "[205.8" in user.walk.run("invoke", "diabetes").out
    assert " is ready" in user.walk.run("logs", "diabetes").out
    host, config = user.main["HostConfig"], user.main["Config"]
    assert ("1000:1000", ["ALL"], ["no-new-privileges"]) == (
        config["User"],
        host["CapDrop"],
        host["SecurityOpt"],
    )
    assert (True, False, None) == (host["ReadonlyRootfs"], host["Privileged"], host["CapAdd"])
    assert (2 * 2**30, 2 * 2**30, 10**9, 1024) == (
        host["Memory"],
        host["MemorySwap"],
        host["NanoCpus"],
        host["PidsLimit"],
    )
    assert [{"HostIp": "127.0.0.1", "HostPort": str(user.walk.port)}] == host["PortBindings"][
        "5001/tcp"
    ]
    begun = int(time.time()) + 1
    time.sleep(1)
    assert NO_CHANGES == user.walk.apply().out
    assert [] == events(user.project, begun)


def events(project: str, since: int) -> list[str]:
    """Return what changed at the containers of a project since a second."""
    told = docker_engine.client().events(
        since=since,
        until=int(time.time()) + 1,
        filters={"label": [f"mlops.project={project}"]},
        decode=True,
    )
    return [one["Action"] for one in told if not one["Action"].startswith(PROBES)]


def test_words_and_limits_change_no_container_and_code_does(user: DockerWalk) -> None:
    user.apply()
    first = user.main

    user.walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    user.walk.edit("mlops.yaml", "    port:", "    resources: {limits: {memory: 1Gi}}\n    port:")
    shown = user.walk.plan()
    user.apply()

    assert "nothing restarts" in shown
    assert (first["Id"], first["State"]["StartedAt"]) == (
        user.main["Id"],
        user.main["State"]["StartedAt"],
    )
    assert 2**30 == user.main["HostConfig"]["Memory"]
    user.walk.edit("score/score.py", "import json", "import json  # changed")
    assert re.search(r"no answers for about \d", user.walk.plan())
    user.apply()
    assert first["Id"] != user.main["Id"]
    user.settled()
    _, found = docker_engine.client().get_archive(user.main["Id"], BYTECODE)
    assert found["size"]  # its trial compiled it


def test_what_somebody_does_behind_our_back_is_seen_and_mended(user: DockerWalk) -> None:
    user.apply()
    api, name = docker_engine.client(), f"{user.project}-diabetes"
    first = user.main["Id"]

    api.update_container(
        name, mem_limit="300m", memswap_limit="400m", restart_policy={"Name": "no"}
    )
    api.disconnect_container_from_network(name, "bridge")
    docker_engine.edit(name, "/var/azureml-app/settings.json", b'"queue": 100', b'"queue": 101')
    seen = user.walk.run("drift")
    assert 8 == seen.code
    assert "resources.limits.memory 2Gi -> 300Mi" in unspaced(seen.out)
    assert "restart unless-stopped -> no" in unspaced(seen.out)
    assert "network default -> none" in unspaced(seen.out)
    assert "settings whole -> edited" in unspaced(seen.out)
    api.rename(name, f"{name}-away")
    api.pause(f"{name}-away")
    shown = unspaced(user.walk.plan())
    assert f"name {name}-away -> {name}" in shown
    assert "container paused -> running" in shown
    user.apply()
    user.settled()
    api.stop(name, timeout=1)
    assert "container running -> stopped" in unspaced(user.walk.run("drift").out)
    stopped = user.main["Id"]
    user.apply()
    assert stopped == user.main["Id"]
    api.remove_container(name, force=True)
    assert "somebody deleted it" in user.walk.plan()
    user.apply()
    user.settled()
    assert first != user.main["Id"]


def test_an_image_that_was_given_the_name_of_ours_is_put_right(user: DockerWalk, base: str) -> None:
    user.apply()
    started = user.main["State"]["StartedAt"]
    (name,) = docker_engine.images(user.project)

    docker_engine.client().tag(base, *name.split(":"))
    seen = user.walk.run("drift")
    shown = user.walk.plan()
    user.apply()

    assert 8 == seen.code
    assert 'digest "another image" ->' in unspaced(shown)
    assert "0 to change" in shown
    assert started == user.main["State"]["StartedAt"]
    user.settled()


def test_an_image_that_was_committed_under_the_name_of_ours_is_put_right(
    user: DockerWalk,
) -> None:
    user.apply()

    put_right_after_a_commit(user)


def test_an_image_that_was_committed_under_a_name_that_nobody_needs_any_more_is_left_alone(
    user: DockerWalk,
) -> None:
    user.apply()
    (name,) = docker_engine.images(user.project)
    committed = docker_engine.client().commit(user.main["Id"], *name.split(":"))["Id"]
    user.walk.edit("score/score.py", "import json", "import json  # changed")

    user.apply()
    shown = user.walk.plan()

    assert "is another image by the name of one of ours; it is left alone" in shown
    assert NO_CHANGES in shown
    assert committed == docker_engine.client().inspect_image(name)["Id"]


def unspaced(text: str) -> str:
    """Return a text as one line, its words a space apart."""
    return " ".join(text.split())


def test_what_crashes_in_init_or_fails_its_checks_never_serves(user: DockerWalk) -> None:
    user.apply()
    first = user.main

    user.walk.edit(
        "score/score.py", "def init() -> None:", "def init() -> None:\n    raise SystemExit('oops')"
    )
    begun = time.monotonic()
    crashed = user.walk.apply()

    assert (7, True) == (crashed.code, "SystemExit: oops" in crashed.err)
    assert time.monotonic() - begun < 60
    assert first["State"]["StartedAt"] == user.main["State"]["StartedAt"]
    user.walk.edit("score/score.py", "\n    raise SystemExit('oops')", "")
    user.walk.edit("mlops.yaml", "json: [205.826]", "json: [999]")
    refused = user.walk.apply()
    assert (7, True) == (refused.code, "expected 999, found 205.82" in refused.err)
    assert first["State"]["StartedAt"] == user.main["State"]["StartedAt"]
    assert [205.826] == pytest.approx(user.walk.score(), abs=0.001)


def test_what_is_somebody_elses_is_never_touched(user: DockerWalk, base: str) -> None:
    api, name = docker_engine.client(), f"{user.project}-diabetes"
    stranger = api.create_container(base, ["true"], name=name, labels={"t": user.project})

    taken = user.walk.run("plan")
    api.remove_container(stranger)
    user.apply()
    copied = api.commit(name, repository=f"mlops/{user.project}-copy")["Id"]
    copy = api.create_container(copied, name=f"{user.project}-mine")["Id"]
    noted = user.walk.run("plan")
    destroyed = user.walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

    assert 1 == taken.code
    assert f"is the container `{name}` without a mark of ours" in taken.err
    assert f"is a copy of `{name}`; it is left alone" in noted.out + noted.err
    assert (0, [copy]) == (
        destroyed.code,
        [one["Id"] for one in docker_engine.containers(user.project)],
    )
    api.remove_container(copy)
    api.remove_image(copied, force=True)


def test_a_port_that_is_taken_is_told_in_the_plan(user: DockerWalk, base: str) -> None:
    api = docker_engine.client()
    binding = api.create_host_config(port_bindings={80: ("127.0.0.1", user.walk.port)})
    words = ["python3", "-c", "import time; time.sleep(60)"]
    other = api.create_container(base, words, host_config=binding, ports=[80])["Id"]
    api.start(other)

    taken = user.walk.run("plan")
    api.remove_container(other, force=True)

    assert (1, True) == (taken.code, f"port {user.walk.port} is taken by" in taken.err)


def test_secrets_are_in_the_volume_alone_and_a_key_turns_without_a_restart(
    user: DockerWalk,
) -> None:
    user.walk.edit(
        "mlops.yaml",
        "    base_image:",
        "    environment_variables: {TOKEN: {secret: env/PLANTED}}\n    base_image:",
    )
    user.walk.edit("mlops.yaml", "    port:", "    auth: {type: key}\n    port:")
    secret = {"PLANTED": "hunter2-hunter2"}
    answer = user.walk.run("apply", "--auto-approve", environ=secret)
    assert 0 == answer.code, answer.err
    first = user.main
    keys = user.walk.run("keys", "diabetes").out.split()
    docker_engine.edit(user.main["Id"], "/var/azureml-app/keys.json", keys[1].encode(), b"mine")
    edited = user.walk.run("drift")

    turned = user.walk.run(
        "keys", "diabetes", "--rotate", "primary", "--auto-approve", environ=secret
    )

    assert 0 == turned.code, turned.err
    assert first["State"]["StartedAt"] == user.main["State"]["StartedAt"]
    assert "auth.primary generation 1 -> edited" in unspaced(edited.out)
    _, primary, _, secondary = user.walk.run("keys", "diabetes").out.split()
    assert (True, keys[3]) == (primary not in (keys[1], "mine"), secondary)
    assert "[205.8" in user.walk.run("invoke", "diabetes").out
    api = docker_engine.client()
    (image,) = docker_engine.images(user.project)
    told = json.dumps([user.main, api.inspect_image(image), api.history(image)])
    told += api.logs(user.main["Id"]).decode() + answer.out + answer.err
    assert [] == [word for word in ("hunter2", keys[1], keys[3]) if word in told]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_a_certificate_is_renewed_as_it_runs_and_what_is_collected_stays(
    user: DockerWalk, tmp_path: Path
) -> None:
    issue(tmp_path, "first")
    key = tmp_path / "tls" / "tls.key"
    shutil.copytree(tmp_path / "tls", user.walk.folder / "tls")
    user.walk.edit(
        "mlops.yaml",
        "    port:",
        f"    tls: {{certificate: tls/tls.crt, key: {{secret: file/{key}}}}}\n"
        "    collect_model_data: {boundary: hour}\n    port:",
    )

    user.apply()
    assert 0 == user.walk.run("test").code
    started = user.main["State"]["StartedAt"]
    issue(tmp_path, "second")
    shutil.copy(tmp_path / "tls" / "tls.crt", user.walk.folder / "tls" / "tls.crt")
    renewed = user.apply()
    until(lambda: "second" in subject(user.walk))

    assert "a secret has another value" in renewed
    assert "[205.8" in user.walk.run("invoke", "diabetes").out
    assert started == user.main["State"]["StartedAt"]
    until(lambda: user.main["State"]["Health"]["Status"] == "healthy", 30)
    assert user.walk.plan().endswith(NO_CHANGES)
    rows = docker_engine.read(user.main["Id"], "/var/azureml-data/modeldata", "data.csv")
    assert [b"59,2,32.1,101," in rows[0], b"205.8" in rows[1]] == [True, True]
    assert 0 == user.walk.run("destroy", "--auto-approve", "--allow-deletes", "1").code
    assert [f"{user.project}-diabetes.data"] == docker_engine.volumes(user.project)


def test_nothing_is_left_after_destroy(user: DockerWalk) -> None:
    user.apply()

    destroyed = user.walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

    assert 0 == destroyed.code, destroyed.err
    left = (docker_engine.containers, docker_engine.volumes, docker_engine.images)
    assert [[], [], []] == [look(user.project) for look in left]


def test_a_dead_engine_is_told_at_once(user: DockerWalk) -> None:
    user.walk.edit("mlops.yaml", "kind: docker", "kind: docker, host: 'unix:///nobody.sock'")
    begun = time.monotonic()

    answer = user.walk.run("plan")

    assert (6, True) == (answer.code, "no Docker engine answers at" in answer.err)
    assert time.monotonic() - begun < 10


def test_a_base_that_is_not_there_is_told_in_the_words_of_the_engine(user: DockerWalk) -> None:
    user.walk.edit("mlops.yaml", "base_image: ", "base_image: 127.0.0.1:9/nothing/")

    answer = user.walk.apply()

    assert 7 == answer.code  # the model was registered
    assert "the base image `127.0.0.1:9/nothing/" in answer.err
    assert "Traceback" not in answer.err


def test_what_somebody_changes_after_the_plan_is_refused_right_before_it_is_changed(
    user: DockerWalk,
) -> None:
    user.apply()
    root = str(user.walk.folder)
    owner = Owner(project=user.project, source="", root=root, files=(str(user.walk.spec),))
    target = DockerTarget("laptop", Settings(), user.walk.folder, owner)
    wanted = make.desired("laptop/service/diabetes")
    seen = next(one for one in target.observe([wanted]) if one.address == wanted.address)
    recorded = replace(seen, fields=freeze({**seen.fields, "tags.team": "vision"}))
    change = make.change(
        wanted.address, Action.UPDATE, before=recorded, after=replace(wanted, fields=seen.fields)
    )

    check_unmoved(change, target)
    docker_engine.client().update_container(user.main["Id"], mem_limit="1g", memswap_limit="1g")

    with pytest.raises(StaleError, match=r"was changed by somebody \(`resources.limits.memory`\)"):
        check_unmoved(change, target)
