"""`mlops lock`: what images are made of is written down, used as it is, and never out of date."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from base_image import VERSION
from registry import Registry, needs_registry, push_base, repository, running
from test_cli_image import NO_ENGINE, push
from walk import Answer, Walk, walking

from mlops.clients.text import text_source
from mlops.errors import SpecError
from mlops.images.lockfile import lock_text, read_lock

pytestmark = needs_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        push_base(repository(found, "team/base"), compressed=True)
        yield found


@pytest.fixture
def walk(tmp_path: Path, registry: Registry) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        base = f"{registry.host}/team/base:{VERSION}"
        begun.edit("mlops.yaml", "    entry_script", f"    base_image: {base}\n    entry_script")
        place = f"{registry.host}/{tmp_path.name.replace('_', '-')}/diabetes"
        begun.edit("mlops.yaml", "{kind: process}", f"{{kind: docker, repository: '{place}'}}")
        require(begun, "markupsafe==3.0.2")
        yield begun


def require(walk: Walk, *requirements: str) -> None:
    (walk.folder / "score" / "requirements.txt").write_text("\n".join(requirements) + "\n")


def lock(walk: Walk, *words: str) -> Answer:
    answer = walk.run("lock", *words, environ=NO_ENGINE)
    assert answer.code == 0, answer.err
    return answer


def written(walk: Walk) -> str:
    return (walk.folder / "mlops.lock").read_text()


def test_packages_and_the_base_are_written_with_their_digests(
    walk: Walk, registry: Registry
) -> None:
    answer = lock(walk)

    (entry,) = read_lock(text_source("mlops.lock", written(walk)))
    base = f"{registry.host}/team/base:{VERSION}"
    assert answer.out == (f"score (linux/amd64): 1 package upon {base}\nmlops.lock: written.\n")
    assert entry.names == ("score",)
    assert entry.base == repository(registry, "team/base").digest(VERSION)
    assert re.search(r"^markupsafe==3\.0\.2 \\\n +--hash=sha256:", entry.packages, re.MULTILINE)
    assert "uvloop==" in entry.server
    assert lock_text([entry]) == written(walk)


def test_what_is_locked_stays_until_it_is_asked_to_change(walk: Walk) -> None:
    require(walk, "markupsafe")
    lock(walk)
    file = walk.folder / "mlops.lock"
    file.write_text(re.sub(r"markupsafe==[0-9.]+", "markupsafe==3.0.1", written(walk)))

    kept = lock(walk)
    old = written(walk)
    upgraded = lock(walk, "--upgrade")

    assert kept.out.endswith("mlops.lock: nothing changed.\n")
    assert "markupsafe==3.0.1 " in old
    assert upgraded.out.endswith("mlops.lock: written.\n")
    assert "markupsafe==3.0.1 " not in written(walk)


def test_an_image_is_made_of_what_is_locked_and_named_by_it(walk: Walk, registry: Registry) -> None:
    require(walk, "markupsafe")
    free = push(walk, f"{registry.host}/locked/diabetes")["image"]
    lock(walk)
    newest = re.search(r"markupsafe==[0-9.]+ .*(?:\n +--hash.*)*", written(walk))
    assert newest is not None
    require(walk, "markupsafe==3.0.2")
    lock(walk)
    older = re.search(r"markupsafe==[0-9.]+ .*(?:\n +--hash.*)*", written(walk))
    assert older is not None
    require(walk, "markupsafe")
    lock(walk)
    file = walk.folder / "mlops.lock"
    file.write_text(written(walk).replace(newest[0], older[0]))

    image = push(walk, f"{registry.host}/locked/diabetes")

    assert free != image["image"]
    assert image["new"] == 1  # the packages alone: the base's layers and all others are there


def test_platforms_that_are_locked_are_locked_again(walk: Walk) -> None:
    lock(walk)
    file = walk.folder / "mlops.lock"
    file.write_text(written(walk).replace("linux/amd64", "linux/arm64"))

    answer = walk.run("lock", environ=NO_ENGINE)

    assert answer.code == 6  # the base of the tests is for one platform alone
    assert "is for `linux/amd64`, not for `linux/arm64`" in answer.err


@pytest.mark.parametrize("command", [("plan",), ("image", "push", "diabetes")])
def test_a_lock_that_does_not_fit_is_told_with_the_command(
    walk: Walk, command: tuple[str, ...]
) -> None:
    lock(walk)
    require(walk, "markupsafe==3.0.1")

    answer = walk.run(*command, environ=NO_ENGINE)

    assert answer.code == 1
    assert "`mlops.lock` does not fit the packages and the base of `score`" in answer.err
    assert "hint: run `mlops lock`\n" in answer.err


def test_a_package_holds_what_is_locked(walk: Walk) -> None:
    lock(walk)

    answer = walk.run("package", "diabetes", "-o", "out", environ=NO_ENGINE)

    assert answer.code == 0, answer.err
    assert "--hash=sha256:" in (walk.folder / "out" / "requirements.txt").read_text()
    assert (walk.folder / "out" / "Dockerfile").read_text().count("--require-hashes") == 2


def test_what_cannot_be_resolved_is_told_and_nothing_written(walk: Walk) -> None:
    require(walk, "markupsafe==99.1")

    answer = walk.run("lock", environ=NO_ENGINE)

    assert answer.code == 6
    assert "the required packages do not fit together" in answer.err
    assert not (walk.folder / "mlops.lock").exists()


@pytest.mark.parametrize("text", ["", "version: 2\n", "version: 1\nimages: 3\n", "a: [\n", "- 1\n"])
def test_a_file_that_we_did_not_write_is_told(text: str) -> None:
    with pytest.raises(SpecError, match=r"`mlops\.lock` can't be understood"):
        read_lock(text_source("mlops.lock", text))
