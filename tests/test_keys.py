"""Keys follow from a master: what each is, where the master lies, and which generation counts."""

import stat
from pathlib import Path

import make
import pytest

from mlops.errors import TargetError
from mlops.keys import generated, key_fields, key_generations, key_labels
from mlops.secrets.master import Master
from mlops.secrets.reader import SecretReader
from mlops.store.generations import next_generation, read_generations
from mlops.store.objects import open_store

SERVICE = make.address()


def test_a_key_differs_by_all_that_it_is_made_of() -> None:
    made = {
        generated("m", SERVICE, "primary", 1),
        generated("n", SERVICE, "primary", 1),
        generated("m", make.address("laptop/service/other"), "primary", 1),
        generated("m", make.address("prod/service/diabetes"), "primary", 1),
        generated("m", SERVICE, "secondary", 1),
        generated("m", SERVICE, "primary", 2),
    }

    assert len(made) == 6
    assert {len(key) for key in made} == {43}
    assert generated("m", SERVICE, "primary", 1) in made


def test_the_fields_of_a_locked_service_hold_generations_and_no_key() -> None:
    fields = key_fields("key", {"primary": 3})

    assert fields == {"auth.type": "key", "auth.primary": 3, "auth.secondary": 1}
    assert key_generations(fields) == {"primary": 3, "secondary": 1}
    assert key_generations({"port": 1}) == {}
    assert key_labels(fields)["auth.primary"] == "generation 3"
    assert key_labels({"port": 1}) == {}


def test_a_master_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "store.private" / "master"
    reader = SecretReader({})

    first = Master(None, file, reader).key(SERVICE, "primary", 1)
    again = Master(None, file, SecretReader({})).key(SERVICE, "primary", 1)

    assert first == again
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == [".gitignore", "master"]
    assert reader.masked(f"it said {first}") == "it said ***"


def test_a_master_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "master"
    file.write_text("known to all\n")
    file.chmod(0o644)

    with pytest.raises(TargetError, match="is open to others"):
        Master(None, file, SecretReader({})).key(SERVICE, "primary", 1)


def test_several_machines_need_a_master_that_the_file_names() -> None:
    master = Master(None, None, SecretReader({}))

    assert master.missing
    with pytest.raises(TargetError) as caught:
        master.key(SERVICE, "primary", 1)
    assert "`master_secret: {secret: env/NAME}`" in caught.value.problems[0].hint


def test_the_highest_generation_counts(tmp_path: Path) -> None:
    objects = open_store("store", tmp_path)

    before = read_generations(objects, "p")
    numbers = [next_generation(objects, "p", SERVICE, "primary") for _ in range(3)]

    assert (before, numbers) == ({}, [2, 3, 4])
    assert read_generations(objects, "p") == {"laptop/diabetes": {"primary": 4}}
