"""Ports and names: taken by a stranger, exchanged, passed on."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Walk, free_port, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def test_a_port_that_a_stranger_holds_is_an_error_with_its_place(walk: Walk) -> None:
    before = walk.files()
    with socket.create_server(("127.0.0.1", walk.port)):
        answer = walk.apply()

    line = walk.spec.read_text(encoding="utf-8").splitlines().index(f"    port: {walk.port}") + 1
    assert answer.code == 1
    assert answer.err.startswith(f"error: mlops.yaml:{line}:11: port {walk.port} is taken by ")
    assert answer.out == ""
    assert before == walk.files()


def test_a_service_moves_to_the_port_that_another_one_leaves(walk: Walk) -> None:
    second, third = free_port(), free_port()
    walk.add_service("other", second)
    assert walk.apply().code == 0
    walk.edit("mlops.yaml", f"port: {second}", f"port: {third}")
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {second}")

    answer = walk.apply()

    assert answer.code == 0, answer.err
    assert [205.826] == pytest.approx(walk.score(second), abs=0.001)
    assert [205.826] == pytest.approx(walk.score(third), abs=0.001)
    walk.settled()


def test_two_services_exchange_their_ports(walk: Walk) -> None:
    second = free_port()
    walk.add_service("other", second)
    assert walk.apply().code == 0
    walk.edit("mlops.yaml", f"port: {second}", "port: 1")
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {second}")
    walk.edit("mlops.yaml", "port: 1}", f"port: {walk.port}}}")

    answer = walk.apply()

    assert answer.code == 0, answer.err
    assert {second, walk.port} == {walk.record()["port"], walk.record("other")["port"]}
    assert walk.record()["port"] == second
    walk.settled()


def test_a_service_takes_the_port_of_one_that_is_deleted(walk: Walk) -> None:
    second = free_port()
    walk.add_service("other", second)
    assert walk.apply().code == 0
    walk.drop_service("other")
    walk.add_service("heir", second)

    answer = walk.apply("--allow-deletes", "1")

    assert answer.code == 0, answer.err
    assert [205.826] == pytest.approx(walk.score(second), abs=0.001)
    walk.settled()


def test_two_services_share_a_port_on_two_addresses_and_exchange_them(walk: Walk) -> None:
    walk.edit("mlops.yaml", f"port: {walk.port}\n", f"port: {walk.port}\n    host: 127.0.0.1\n")
    walk.add_service("other", walk.port)
    walk.edit("mlops.yaml", f"port: {walk.port}}}", f"port: {walk.port}, host: 127.0.0.2}}")
    first = walk.apply()
    assert (first.code, walk.record()["host"]) == (0, "127.0.0.1"), first.err
    walk.edit("mlops.yaml", "host: 127.0.0.1", "host: 127.0.0.3")
    walk.edit("mlops.yaml", "host: 127.0.0.2", "host: 127.0.0.1")
    walk.edit("mlops.yaml", "host: 127.0.0.3", "host: 127.0.0.2")

    answer = walk.apply()

    assert answer.code == 0, answer.err
    assert ("127.0.0.2", "127.0.0.1") == (walk.record()["host"], walk.record("other")["host"])
    walk.settled()


def test_a_stranger_on_another_address_is_in_nobodys_way(walk: Walk) -> None:
    with socket.create_server(("127.0.0.2", walk.port)):
        answer = walk.apply()

    assert answer.code == 0, answer.err


def test_all_addresses_are_refused_where_a_stranger_has_one(walk: Walk) -> None:
    walk.edit("mlops.yaml", f"port: {walk.port}\n", f"port: {walk.port}\n    host: 0.0.0.0\n")
    with socket.create_server(("127.0.0.2", walk.port)):
        answer = walk.run("plan")

    assert f"port {walk.port} is taken by " in answer.err


@pytest.mark.parametrize("same", [True, False], ids=["its port kept", "another port"])
def test_a_service_gets_another_name_in_one_run(walk: Walk, *, same: bool) -> None:
    assert walk.apply().code == 0
    port = walk.port if same else free_port()
    walk.edit("mlops.yaml", "  diabetes:\n    target:", "  glucose:\n    target:")
    walk.edit("mlops.yaml", f"port: {walk.port}", f"port: {port}\n    renamed_from: diabetes")

    answer = walk.apply()

    assert answer.code == 0, answer.err
    assert "renamed from `diabetes`" in answer.out
    assert same == ("replace: no answers from the stop of `diabetes`" in answer.out)
    assert "Plan: 1 to add, 0 to change, 1 to destroy.\n" in answer.out
    assert {"glucose"} == set(walk.servers().values())
    assert [205.826] == pytest.approx(walk.score(port), abs=0.001)
    walk.settled()


def test_a_port_that_two_targets_of_this_machine_want_is_an_error_of_the_plan(walk: Walk) -> None:
    walk.edit(
        "mlops.yaml", "laptop: {kind: process}", "laptop: {kind: process}\n  barn: {kind: process}"
    )
    walk.add_service("extra", walk.port)
    walk.edit("mlops.yaml", "extra: {target: laptop", "extra: {target: barn")

    answer = walk.run("plan")

    assert answer.code == 1
    words = f"port {walk.port} is wanted twice: `laptop/service/diabetes` has it"
    assert words in answer.err


def test_a_service_stays_until_what_takes_its_port_has_an_environment(walk: Walk) -> None:
    port = free_port()
    walk.add_service("old", port)
    walk.apply()
    walk.drop_service("old")
    walk.add_service("new", port)
    (walk.folder / "score" / "requirements.txt").write_text("mlops-none-such==1\n", "utf-8")

    answer = walk.apply("--allow-deletes", "1")

    assert answer.code == 6, answer.out + answer.err
    assert walk.score(port) == walk.score()
    assert "skipped   - laptop/service/old" in answer.out
