"""Who may ask: keys, their rotation, what stays open."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_instance import ECHO, Instance, failed, serving, until

FIRST, SECOND = "first-key-0123456789", "second-key-0123456789"


def keep(folder: Path, mode: int = 0o600, **keys: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "keys.new"
    fresh.write_text(json.dumps(keys))
    fresh.chmod(mode)
    fresh.replace(folder / "keys.json")
    return folder


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = keep(tmp_path_factory.mktemp("auth"), primary=FIRST, secondary=SECOND)
    with serving(folder, ECHO, auth={"type": "key"}) as instance:
        yield instance


@pytest.mark.parametrize("key", [FIRST, SECOND])
def test_either_key_opens(service: Instance, key: str) -> None:
    assert service.score(1, bearer(key)).status == 200


def test_without_a_key_it_is_401_with_a_challenge(service: Instance) -> None:
    answer = service.score(1)

    assert (answer.status, set(answer.json)) == (401, {"message"})
    assert answer.headers["www-authenticate"] == 'Bearer realm="score"'


@pytest.mark.parametrize(
    "value",
    ["Bearer wrong", "Bearer", "Bearer ", f"Basic {FIRST}", FIRST, f"Bearer {FIRST}x", "Bearer é"],
)
def test_a_wrong_key_is_401(service: Instance, value: str) -> None:
    answer = service.score(1, {"authorization": value})

    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_the_scheme_is_read_in_any_case(service: Instance) -> None:
    assert service.score(1, {"authorization": f"bearer {FIRST}"}).status == 200


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz"])
def test_the_health_routes_stay_open(service: Instance, path: str) -> None:
    assert service.ask("GET", path).status == 200


@pytest.mark.parametrize("path", ["/swagger.json", "/metrics"])
def test_what_tells_about_the_service_needs_a_key(service: Instance, path: str) -> None:
    assert service.ask("GET", path).status == 401
    assert service.ask("GET", path, headers=bearer(FIRST)).status == 200


def test_a_refused_body_is_not_kept_and_the_connection_lives_on(service: Instance) -> None:
    connection = service.connect()
    connection.request("POST", "/score", b"x" * 1_000_000)
    first = connection.getresponse()
    first.read()
    connection.request("POST", "/score", b"1", bearer(FIRST))
    second = connection.getresponse()
    second.read()
    connection.close()

    assert (first.status, second.status) == (401, 200)


def test_swagger_may_be_open_or_off(tmp_path: Path) -> None:
    folder = keep(tmp_path / "open", primary=FIRST)
    with serving(folder, auth={}, swagger="open", metrics="off") as service:
        found = (service.ask("GET", "/swagger.json"), service.ask("GET", "/metrics"))
    with serving(tmp_path / "off", swagger="off") as service:
        off = service.ask("GET", "/swagger.json")

    assert (found[0].status, found[1].status, off.status) == (200, 404, 404)


def test_keys_are_rotated_without_a_restart(tmp_path: Path) -> None:
    with serving(keep(tmp_path, primary=FIRST, secondary=SECOND), auth={}) as service:
        before = service.record["worker_pids"]
        keep(tmp_path, primary="another-key", secondary=SECOND)
        at_once = service.score(1, bearer("another-key")).status
        until(lambda: service.score(1, bearer(FIRST)).status == 401, seconds=3)

        assert at_once == 200
        assert service.score(1, bearer(SECOND)).status == 200
        assert before == service.record["worker_pids"]


def test_a_broken_file_of_keys_changes_nothing(tmp_path: Path) -> None:
    with serving(keep(tmp_path, primary=FIRST), auth={}) as service:
        (tmp_path / "keys.json").write_text("{")
        until(lambda: "the keys stay as they were" in service.log)

        assert service.score(1, bearer(FIRST)).status == 200


@pytest.mark.parametrize(
    ("keys", "mode", "words"),
    [
        ({"primary": FIRST}, 0o644, "open to others"),
        ({}, 0o600, "must hold keys"),
        ({"primary": ""}, 0o600, "must hold keys"),
        ({"primary": 5}, 0o600, "must hold keys"),
    ],
)
def test_keys_that_protect_nothing_are_a_failure(
    tmp_path: Path, keys: dict[str, Any], mode: int, words: str
) -> None:
    code, record, _ = failed(keep(tmp_path, mode, **keys), auth={})

    assert (code, record["state"]) == (1, "failed")
    assert words in record["error"]["summary"]


def test_missing_keys_are_a_failure(tmp_path: Path) -> None:
    code, record, _ = failed(tmp_path, auth={})

    assert code == 1
    assert "cannot be read" in record["error"]["summary"]


def test_a_key_is_in_no_log_and_no_record(service: Instance) -> None:
    service.score(1, bearer("not-a-key-but-secret"))

    text = service.log + (service.folder / "server.json").read_text()
    assert not any(word in text for word in (FIRST, SECOND, "not-a-key-but-secret"))


def kept_secrets(folder: Path, mode: int = 0o600, **values: str) -> dict[str, str]:
    (folder / "secrets").mkdir(parents=True)
    file = folder / "secrets" / "abc.json"
    file.write_text(json.dumps({"salt": "x", "values": values}))
    file.chmod(mode)
    return {"file": "secrets/abc.json"}


VARIABLES = """
    import os

    def init():
        pass

    def run(data):
        return [os.environ["TOKEN"], os.environ["LEVEL"]]
"""


def test_a_variable_that_holds_a_secret_comes_from_a_file_of_its_own(tmp_path: Path) -> None:
    told = kept_secrets(tmp_path, TOKEN=FIRST)
    with serving(
        tmp_path, VARIABLES, environment_variables={"LEVEL": "1"}, secret_variables=told
    ) as service:
        assert service.score(1).json == [FIRST, "1"]


def test_secrets_that_are_open_to_others_are_a_failure(tmp_path: Path) -> None:
    told = kept_secrets(tmp_path, 0o644, TOKEN=FIRST)

    code, record, log = failed(tmp_path, secret_variables=told)

    assert code == 1
    assert "open to others" in record["error"]["summary"]
    assert FIRST not in log + str(record)
