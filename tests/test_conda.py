"""Conda packages: solved for an image from a channel of the tests' own, and laid out for it."""

import io
import json
import os
import socket
import sys
import tarfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from conda_channel import Channel, File, Package, serving, usual

from mlops.environments.conda.asked import asked_text
from mlops.environments.conda.brought import brought
from mlops.environments.conda.channels import addresses
from mlops.environments.conda.install import lay_out
from mlops.environments.conda.locked import conda_packages
from mlops.environments.conda.solve import solved
from mlops.environments.lock import compile_lock
from mlops.errors import Problem, TargetError
from mlops.images.conda import conda_draft, python_packages
from mlops.images.layers import Kind, Layer, write
from mlops.spec import Environment

AMD, ARM = "linux/amd64", "linux/arm64"

pytest.importorskip("rattler", reason="py-rattler is not installed")
pytestmark = pytest.mark.usefixtures("alias")


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    parts = (
        Package(name="needs-new", depends=["__glibc >=2.99"]),
        Package(name="part", subdir="noarch"),
        Package(name="part", version="2.0", subdir="noarch"),
        Package(name="likes-old", depends=["part <2"]),
        Package(name="likes-new", depends=["part >=2"]),
    )
    with serving(tmp_path_factory.mktemp("channel"), *usual(), *parts) as found:
        yield found


@pytest.fixture
def alias(channel: Channel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", channel.alias)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def solve(*packages: str, channels: tuple[str, ...] = ("conda-forge",), platform: str = AMD) -> str:
    return ended(solved(asked_text(channels, packages), platform, "2.36"))


def ended(steps: Generator[Any, None, str]) -> str:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return str(end.value)


def unsolved(*packages: str, **given: Any) -> Problem:
    with pytest.raises(TargetError) as told:
        solve(*packages, **given)
    (problem,) = told.value.problems
    return problem


def laid(lock: str, platform: str = AMD) -> tuple[Layer, dict[str, tarfile.TarInfo | bytes]]:
    """Return the layer of a lock, with the bytes of its files, and what else is in it."""
    out = io.BytesIO()
    layer = write(conda_draft(Kind.CONDA, lock, platform), out)
    out.seek(0)
    files: dict[str, tarfile.TarInfo | bytes] = {}
    with tarfile.open(fileobj=out) as tar:
        for member in tar:
            data = tar.extractfile(member) if member.isfile() else None
            name = member.name.removeprefix("opt/conda-packages/")
            files[name] = data.read() if data else member
            if member.mode & 0o100 and data:
                files[f"{name} runs"] = b""
    return layer, files


def test_packages_are_those_of_the_images_platform_and_c_library() -> None:
    here, there = solve("greeting", "python=3.11"), solve("greeting", "python", platform=ARM)

    assert ("greeting=1.5", "native=2.1", "python=3.11.9") == conda_packages(there)
    assert {"noarch", "linux-64"} == {json.loads(line)["subdir"] for line in here.splitlines()}
    assert {"noarch", "linux-aarch64"} == {
        json.loads(line)["subdir"] for line in there.splitlines()
    }
    assert "__glibc >=2.99" in unsolved("needs-new").summary


def test_what_is_locked_has_its_address_and_its_digest(channel: Channel) -> None:
    (line,) = solve("native").splitlines()

    told = json.loads(line)
    assert f"{channel.url}/linux-64/native-2.1-0.tar.bz2" == told["url"]
    assert 64 == len(told["sha256"])


@pytest.mark.parametrize(
    ("wanted", "summary", "hint"),
    [
        ("nativ", "no channel has the conda package `nativ` for `linux/amd64`", "`native`"),
        ("native=3", "no channel has the conda package `native 3.*`", "there is `native=2.1`"),
        ("native=2.1=cuda", "no channel has the conda package `native", "there is `native=2.1`"),
        ("likes-old,likes-new", "likes-old 1.0 would require part <2", "correct the names"),
        ("native=~1=x=", "a conda package is asked for wrongly", "correct it"),
    ],
)
def test_what_does_not_fit_is_told_with_what_there_is(wanted: str, summary: str, hint: str) -> None:
    problem = unsolved(*wanted.split(","))

    assert summary in problem.summary
    assert hint in problem.hint


def test_a_package_that_the_images_platform_has_not_is_told(channel: Channel) -> None:
    problem = unsolved("likes-old", platform=ARM)

    assert "no channel has the conda package `likes-old` for `linux/arm64`" == problem.summary
    assert channel.url in problem.hint


@pytest.mark.parametrize("channel_", ["http://127.0.0.1:9", "no-such-channel"])
def test_a_channel_that_is_none_is_told_at_once(channel_: str) -> None:
    begun = time.monotonic()

    problem = unsolved("native", channels=(channel_,))

    assert "the packages of a conda channel cannot be had" in problem.summary
    assert channel_ in problem.hint
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "address", ["https://ci:hidden@conda.example", "http://conda.example", "/srv/channels"]
)
def test_where_named_channels_lie_is_held_to_the_same_rules(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", address)

    problem = unsolved("native")

    assert problem.summary.startswith("`CONDA_CHANNEL_ALIAS`: ")
    assert "hidden" not in str(problem)


def test_who_stops_waiting_for_a_channel_is_free_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        steps = solved(asked_text([address], ["native"]), AMD, "2.36")
        told = [next(steps).text, next(steps).text]
        begun = time.monotonic()

        steps.close()

        assert ["resolving conda packages"] * 2 == told
        assert time.monotonic() - begun < 5


def test_who_stops_waiting_for_packages_is_free_at_once_and_leaves_nothing(
    tmp_path: Path, channel: Channel
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/noarch"
        lock = solve("part").replace(f"{channel.url}/noarch", address)
        steps = python_packages(lock, AMD)
        told = [next(steps).text, next(steps).text]
        begun = time.monotonic()

        steps.close()

        assert ["fetching conda packages: 0 of 1"] * 2 == told
        assert time.monotonic() - begun < 5
    assert [] == list((tmp_path / "cache" / "mlops" / "unpacked").iterdir())


def test_without_rattler_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rattler", None)

    assert "run `pip install 'mlops-apply[conda]'`" == unsolved("native").hint


def test_a_channel_that_only_a_package_names_is_asked_too(channel: Channel) -> None:
    found = solve(f"{channel.url}::native", channels=())

    assert ("native=2.1",) == conda_packages(found)


def test_defaults_are_what_conda_means_by_them() -> None:
    found = addresses(["defaults", "https://conda.example/team/", "nodefaults", "bioconda"], {})

    assert (
        "https://repo.anaconda.com/pkgs/main",
        "https://repo.anaconda.com/pkgs/r",
        "https://conda.example/team",
        "https://conda.anaconda.org/bioconda",
    ) == found


def test_files_name_the_prefix_that_they_will_have() -> None:
    _, files = laid(solve("greeting", "python=3.11"))

    assert b"root=/opt/conda-packages/share\n" == files["etc/native.conf"]
    library = files["lib/libnative.so.2"]
    assert isinstance(library, bytes)
    assert b"/opt/conda-packages/share/native\0" in library
    assert library.endswith(b"\0tail")
    settings = [files[name] for name in files if "_sysconfigdata" in name]
    assert settings
    assert all(b"/opt/conda-packages" in bytes(one) for one in settings)  # type: ignore[arg-type]
    left = {name for name in files if b"placehold_placehold" in _bytes(files[name])}
    assert {name for name in left if not name.startswith("conda-meta/")} == set()


def _bytes(found: tarfile.TarInfo | bytes) -> bytes:
    return found if isinstance(found, bytes) else b""


def test_commands_start_the_python_of_the_prefix() -> None:
    _, files = laid(solve("greeting", "python=3.11"))

    assert _bytes(files["bin/greet"]).startswith(b"#!/opt/conda-packages/bin/python3.11\n")
    assert _bytes(files["bin/old-greet"]).startswith(b"#!/opt/conda-packages/bin/python\n")
    assert {"bin/greet runs", "bin/old-greet runs", "bin/python3.11 runs"} <= files.keys()
    assert "etc/native.conf runs" not in files
    assert "lib/python3.11/site-packages/greeting/__init__.py" in files


def test_links_stay_links() -> None:
    _, files = laid(solve("native"))

    links = {name: one.linkname for name, one in files.items() if isinstance(one, tarfile.TarInfo)}
    assert "libnative.so.2" == links["lib/libnative.so"]
    assert "../share/native" == links["lib/native"]


def test_no_script_of_a_package_is_run_and_it_is_said() -> None:
    steps = list(conda_draft(Kind.CONDA, solve("native"), AMD).prepare())

    assert "the conda package native has a script that is not run" in [one.text for one in steps]
    assert not Path("/RAN").exists()


def test_the_layer_is_the_same_on_every_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = solve("greeting", "python=3.11")
    first, files = laid(lock)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another" / "cache"))
    mask = os.umask(0o077)

    try:
        second, _ = laid(lock)
    finally:
        os.umask(mask)

    assert first == second
    assert "conda-meta/native-2.1-0.json" in files
    assert not [name for name in files if str(tmp_path).encode() in _bytes(files[name])]


def test_bytes_that_are_not_what_was_locked_are_refused() -> None:
    lock = solve("native")
    digest = json.loads(lock)["sha256"]

    with pytest.raises(TargetError, match="hash mismatch"):
        laid(lock.replace(digest, "0" * 64))


def test_a_package_of_another_platform_is_refused() -> None:
    with pytest.raises(TargetError, match="is for `linux-64`, not for `linux-aarch64`"):
        laid(solve("native"), ARM)


@pytest.mark.parametrize(
    ("name", "holds", "listed"),
    [
        ("through-a-link", {"share": "FOLDER"}, "share/key"),
        ("as-a-link", {"key": "FOLDER/key"}, "key"),
        ("up", {}, "../key"),
    ],
)
def test_a_package_brings_no_file_of_this_machine(
    tmp_path: Path, channel: Channel, name: str, holds: dict[str, str], listed: str
) -> None:
    for folder in (tmp_path / "own", tmp_path / "cache" / "mlops" / "conda"):
        folder.mkdir(parents=True)
        (folder / "key").write_text("secret")
    files = {at: File(link=to.replace("FOLDER", str(tmp_path / "own"))) for at, to in holds.items()}
    said = {listed: File(data=b"secret", kind="text")}
    channel.add(Package(name=name, files=files, listed=said))

    with pytest.raises(TargetError, match=rf"`{name}=1\.0` names `{listed}`, which is outside"):
        laid(solve(name))


def test_pip_adds_nothing_that_conda_brought(tmp_path: Path) -> None:
    for _ in lay_out(solve("greeting", "python=3.11"), AMD, "/opt/x", tmp_path / "prefix"):
        pass
    there = brought(tmp_path / "prefix")
    wanted = Environment(python="3.11", requirements=("greeting", "flask==3.0.3"), digest="")

    lock = compile_lock(wanted, there=there)

    assert [("greeting", "1.5")] == [(one.name, one.version) for one in there]
    assert "markupsafe==" in lock
    assert "flask==3.0.3" in lock
    assert "greeting" not in lock


@pytest.mark.parametrize(
    "told",
    [
        b"Name: ../../out\nVersion: 1\n",
        b"Name: fine\nVersion: 1\n --index-url=http://strange.example\n",
        b"Name: fine\nVersion: of old\n",
        b"Name: fine\n",
        b"",
    ],
)
def test_what_conda_brought_under_no_name_or_version_is_not_told_to_pip(
    tmp_path: Path, told: bytes
) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, text in {"odd": told, "good": b"Name: Good\nVersion: 1.0\n"}.items():
        (packages / f"{name}.dist-info").mkdir(parents=True)
        (packages / f"{name}.dist-info" / "METADATA").write_bytes(text)

    found = brought(tmp_path)

    assert [("Good", "1.0")] == [(one.name, one.version) for one in found]


def test_what_pip_wants_otherwise_than_conda_is_told(tmp_path: Path) -> None:
    for _ in lay_out(solve("greeting", "python=3.11"), AMD, "/opt/x", tmp_path / "prefix"):
        pass
    wanted = Environment(python="3.11", requirements=("greeting==2.0",), digest="")

    with pytest.raises(TargetError, match=r"greeting==1\.5"):
        compile_lock(wanted, there=brought(tmp_path / "prefix"))
