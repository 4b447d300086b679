"""A user locks a service: its keys are shown, rotated and sent, and kept in one file of its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from walk import NO_CHANGES, ROW, Walk, walking

AUTH = "    auth: {type: key}\n    checks:"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        begun.edit("mlops.yaml", "    checks:", AUTH)
        yield begun


def status(walk: Walk, key: str | None = None) -> int:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    body = json.dumps({"data": [ROW]}).encode()
    request = Request(f"http://127.0.0.1:{walk.port}/score", data=body, headers=headers)
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310  the address is ours
            return int(answer.status)
    except HTTPError as error:
        return error.code


def keys(walk: Walk) -> dict[str, str]:
    answer = walk.run("keys", "diabetes", "--format", "json")
    assert answer.code == 0, answer.err
    found: dict[str, str] = answer.json
    return found


def holders(walk: Walk, value: str) -> list[str]:
    return [
        str(path.relative_to(walk.folder))
        for path in walk.folder.rglob("*")
        if path.is_file() and value.encode() in path.read_bytes()
    ]


def test_a_locked_service_opens_to_its_keys_alone(walk: Walk) -> None:
    applied = walk.apply()
    found = keys(walk)
    told = [walk.run("test"), walk.run("invoke", "diabetes"), walk.run("show", "diabetes")]
    told += [walk.run("history", "1", "--format", "json"), walk.run("logs", "diabetes")]

    assert applied.code == 0, applied.err
    assert [answer.code for answer in told] == [0] * len(told), told
    assert list(found) == ["primary", "secondary"]
    assert [status(walk, key) for key in (None, "wrong", *found.values())] == [401, 401, 200, 200]
    assert walk.plan() == NO_CHANGES
    held = ".mlops/targets/laptop/services/diabetes/keys.json"
    assert [holders(walk, key) for key in found.values()] == [[held], [held]]
    assert (walk.folder / held).stat().st_mode & 0o777 == 0o600
    assert not any(key in each.out + each.err for each in told for key in found.values())


def test_the_master_is_kept_on_this_machine_and_in_no_commit(walk: Walk) -> None:
    walk.apply()
    master = walk.folder / ".mlops" / "store.private" / "master"
    value = master.read_text(encoding="utf-8").strip()

    assert len(value) == 43
    assert master.stat().st_mode & 0o777 == 0o600
    assert (master.parent / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert holders(walk, value) == [".mlops/store.private/master"]


def test_a_key_is_rotated_without_a_restart_and_the_other_goes_on(walk: Walk) -> None:
    walk.apply()
    before, record = keys(walk), walk.record()

    answer = walk.run("keys", "diabetes", "--rotate", "primary", "--auto-approve")
    after = keys(walk)

    assert answer.code == 0, answer.err
    assert after["primary"] in answer.out
    assert (after["primary"] == before["primary"], after["secondary"]) == (
        False,
        before["secondary"],
    )
    assert [status(walk, key) for key in after.values()] == [200, 200]
    assert status(walk, before["primary"]) == 401
    assert walk.plan() == NO_CHANGES
    assert walk.run("drift").code == 0
    assert walk.record()["worker_pids"] == record["worker_pids"]


def test_nobody_rotates_a_key_without_a_yes(walk: Walk) -> None:
    walk.apply()
    before = keys(walk)

    alone = walk.run("keys", "diabetes", "--rotate", "primary")
    refused = walk.at_terminal("keys", "diabetes", "--rotate", "primary", typed="no")

    assert (alone.code, refused.code) == (3, 3)
    assert "nobody is there to say yes" in alone.err
    assert "not rotated; nothing was changed" in refused.out
    assert keys(walk) == before


def test_a_rotation_that_was_only_recorded_is_finished_by_the_next_apply(walk: Walk) -> None:
    walk.apply()
    record = walk.folder / ".mlops/store/keys/starter/laptop/diabetes/primary/2.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"generation": 2}\n', encoding="utf-8")
    before = keys(walk)

    planned = walk.plan()
    walk.apply()

    assert "auth.primary  generation 1 -> generation 2  config, metadata\n" in planned
    assert "metadata: nothing restarts" in planned
    assert keys(walk)["primary"] != before["primary"]
    assert keys(walk)["secondary"] == before["secondary"]


@pytest.mark.parametrize(
    "edit", ['{"primary": "mine", "secondary": "mine too"}', None, '{"third": "mine"}']
)
def test_keys_that_somebody_edits_are_drift_and_come_back(walk: Walk, edit: str | None) -> None:
    walk.apply()
    before, file = keys(walk), walk.instance / "keys.json"
    if edit is None:
        file.chmod(0o644)
    else:
        file.write_text(edit, encoding="utf-8")

    drift = walk.run("drift")
    mended = walk.apply()

    assert drift.code == 8
    assert "auth.primary    generation 1 -> edited\n" in drift.out
    assert mended.code == 0, mended.err
    assert keys(walk) == before
    assert walk.plan() == NO_CHANGES


def test_a_lock_is_put_on_and_taken_off_without_losing_the_server(walk: Walk) -> None:
    walk.apply()
    server = walk.record()["pid"]
    before = keys(walk)

    walk.edit("mlops.yaml", AUTH, "    checks:")
    off = walk.plan()
    walk.apply()
    opened, shown = status(walk), walk.run("keys", "diabetes")
    left = walk.plan()
    walk.edit("mlops.yaml", "    checks:", AUTH)
    on = walk.plan()
    walk.apply()

    assert "auth.type       key; who bears none is answered 401 -> (none)  config, rolling" in off
    assert "auth.type       (none) -> key; who bears none is answered 401  config, rolling" in on
    assert (opened, left) == (200, NO_CHANGES)
    assert shown.code == 1
    assert "`diabetes` asks for no key: everybody who reaches it may use it" in shown.err
    assert (status(walk), status(walk, before["primary"])) == (401, 200)
    assert walk.record()["pid"] == server


def test_a_master_of_the_file_makes_the_same_keys_anywhere(walk: Walk) -> None:
    walk.edit("mlops.yaml", "project:", "master_secret: {secret: env/MASTER}\nproject:")
    environ = {"MASTER": "the-planted-master-secret"}

    missing = walk.apply()
    first = walk.run("apply", "--auto-approve", environ=environ)
    before = keys(walk)
    walk.run("destroy", "--auto-approve", "--allow-deletes", "1")
    again = walk.run("apply", "--auto-approve", environ=environ)

    assert missing.code == 7
    assert "the secret `env/MASTER` is not there" in missing.err + missing.out
    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert keys(walk) == before
    assert holders(walk, environ["MASTER"]) == []
