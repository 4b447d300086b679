"""What was last applied to each address."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops.plain import fingerprint
from mlops.store.applied import read_applied, write_applied
from mlops.store.objects import Objects, open_store
from mlops.values import Address, Applied

SERVICE = Address(place="laptop", kind="service", name="diabetes")
MODEL = Address(place="store", kind="model", name="diabetes")


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_store("store", tmp_path)


def test_an_empty_store_remembers_nothing_and_is_not_made(objects: Objects, tmp_path: Path) -> None:
    assert {} == read_applied(objects, "mnist")
    assert [] == list(tmp_path.iterdir())


def test_what_was_applied_is_remembered_as_hashes(objects: Objects) -> None:
    write_applied(objects, "mnist", SERVICE, {"port": 8890, "gone": None}, revision=7)

    expected = Applied(address=SERVICE, hashes={"port": fingerprint(8890)}, revision=7)
    assert {SERVICE: expected} == read_applied(objects, "mnist")


def test_no_value_is_written(objects: Objects, tmp_path: Path) -> None:
    write_applied(objects, "mnist", SERVICE, {"environment_variables.KEY": "s3cret"})

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [b'{"hashes":{"environment_variables.KEY":"'] == [
        path.read_bytes()[:40] for path in files
    ]
    assert not any(b"s3cret" in path.read_bytes() for path in files)


def test_the_last_record_counts(objects: Objects) -> None:
    for port in range(12):
        write_applied(objects, "mnist", SERVICE, {"port": port})

    assert {"port": fingerprint(11)} == read_applied(objects, "mnist")[SERVICE].hashes


def test_old_records_are_removed_and_numbers_never_reused(objects: Objects) -> None:
    for port in range(12):
        write_applied(objects, "mnist", SERVICE, {"port": port})

    folder = "applied/mnist/laptop/service/diabetes"
    assert (f"{folder}/00000011.json", f"{folder}/00000012.json") == objects.list("applied")


def test_what_was_deleted_is_not_remembered_until_it_is_made_again(objects: Objects) -> None:
    write_applied(objects, "mnist", SERVICE, {"port": 1})
    write_applied(objects, "mnist", SERVICE, None)
    assert {} == read_applied(objects, "mnist")

    write_applied(objects, "mnist", SERVICE, {"port": 2})
    assert [SERVICE] == list(read_applied(objects, "mnist"))


def test_projects_and_addresses_are_kept_apart(objects: Objects) -> None:
    write_applied(objects, "mnist", SERVICE, {"port": 1})
    write_applied(objects, "mnist", MODEL, {"digest": "x"})
    write_applied(objects, "mnist2", SERVICE, {"port": 2})

    assert {SERVICE, MODEL} == set(read_applied(objects, "mnist"))
    assert {"port": fingerprint(2)} == read_applied(objects, "mnist2")[SERVICE].hashes


def test_a_damaged_record_only_means_that_the_cause_is_unknown(
    objects: Objects, tmp_path: Path
) -> None:
    write_applied(objects, "mnist", SERVICE, {"port": 1})
    write_applied(objects, "mnist", MODEL, {"digest": "x"})
    for path in (tmp_path / "store").rglob("laptop/**/*.json"):
        path.write_bytes(b"")

    assert [MODEL] == list(read_applied(objects, "mnist"))


def test_reading_while_others_write_always_finds_a_record(objects: Objects) -> None:
    def write() -> None:
        for port in range(150):
            write_applied(objects, "mnist", SERVICE, {"port": port})

    write_applied(objects, "mnist", SERVICE, {"port": 0})

    with ThreadPoolExecutor(max_workers=1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            assert [SERVICE] == list(read_applied(objects, "mnist"))
        writing.result()


def test_of_many_writers_at_once_one_has_the_last_word(objects: Objects) -> None:
    def write(port: int) -> None:
        write_applied(objects, "mnist", SERVICE, {"port": port})

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(write, range(40)))

    left = read_applied(objects, "mnist")[SERVICE].hashes["port"]
    assert left in {fingerprint(port) for port in range(40)}


def test_a_thousand_addresses_are_read(objects: Objects) -> None:
    addresses = [Address(place="laptop", kind="service", name=f"s{n}") for n in range(1000)]
    for address in addresses:
        objects.create(f"applied/mnist/{address}/00000001.json", b'{"hashes": {}, "revision": 0}')

    assert set(addresses) == set(read_applied(objects, "mnist"))
