"""Locked lists with wheels that were built from source, and what their builder is told."""

from pathlib import Path

import make
import pytest
from source_package import source

from mlops.artefacts import FileEntry
from mlops.environments.built import built_lock, built_wheels
from mlops.environments.lock import compile_lock
from mlops.environments.pip import pip_settings
from mlops.environments.unpack import locked_packages
from mlops.environments.uv import WheelError
from mlops.environments.versions import running_version
from mlops.errors import TargetError
from mlops.images import wheels_from_source

WHEEL = FileEntry(path="tiny_source-1.0-py3-none-any.whl", size=7, digest="a" * 64)
FETCHED = {
    "name": "Six",
    "version": "1.17.0",
    "url": "https://files.example/six-1.17.0-py3-none-any.whl#egg=six",
    "sha256": "b" * 64,
}
BUILT = {"name": "tiny.source", "version": "1.0", "url": "file:///tmp/tiny.tar.gz", "sha256": ""}


def test_a_list_tells_which_of_its_wheels_were_built() -> None:
    lock = built_lock("3.11", [BUILT, FETCHED], [WHEEL])

    assert lock == (
        "# locked for Python 3.11\n"
        f"# built from source: tiny_source-1.0-py3-none-any.whl 7 {'a' * 64}\n"
        f"six==1.17.0 \\\n    --hash=sha256:{'b' * 64}\n"
        f"tiny-source==1.0 \\\n    --hash=sha256:{'a' * 64}\n"
    )
    assert (WHEEL,) == built_wheels(lock)
    assert ("six==1.17.0", "tiny-source==1.0") == locked_packages(lock)
    assert () == built_wheels("# locked for Python 3.11\nsix==1.17.0\n")


@pytest.mark.parametrize(
    "told",
    [
        {**FETCHED, "name": "six\n--index-url=https://evil.example"},
        {**FETCHED, "version": "1 --hash=sha256:0"},
        {**FETCHED, "sha256": "0"},
        {**FETCHED, "url": "http://files.example/six-1.17.0-py3-none-any.whl"},
        {**FETCHED, "url": "https://files.example/six-1.17.0.tar.gz"},
        "six",
    ],
)
def test_what_the_code_of_a_package_may_have_told_is_never_locked(told: object) -> None:
    with pytest.raises(TargetError, match="no package that can be locked"):
        built_lock("3.11", [told], [WHEEL])


def test_whatever_other_machines_cannot_fetch_and_check_is_built() -> None:
    assert wheels_from_source.fetched(FETCHED)
    for other in (BUILT, {**FETCHED, "sha256": ""}, {**FETCHED, "url": "file:///tmp/six.whl"}):
        assert not wheels_from_source.fetched(other)
    assert "tiny.source==1.0\n" == wheels_from_source.line(BUILT, [BUILT, FETCHED])
    exactly = f"Six==1.17.0 --hash=sha256:{'b' * 64}\n"
    assert exactly == wheels_from_source.line(FETCHED, [FETCHED])


def test_pip_in_a_container_asks_the_indexes_that_uv_asks_here() -> None:
    environ = {"UV_DEFAULT_INDEX": "https://a.example/simple", "UV_INDEX": "corp=https://b.example"}

    assert {
        "PIP_INDEX_URL": "https://a.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://b.example",
    } == pip_settings(environ)
    assert {"PIP_INDEX_URL": "https://c.example"} == pip_settings(
        {"PIP_INDEX_URL": "https://c.example", "OUR_TOKEN": "t"}
    )
    assert {} == pip_settings({})


@pytest.mark.parametrize(
    "environ",
    [
        {"UV_DEFAULT_INDEX": "https://ci:hunter2@a.example"},
        {"UV_INDEX": "corp=https://b.example", "UV_INDEX_CORP_PASSWORD": "hunter2"},
        {"UV_INDEX": "https://b.example", "UV_KEYRING_PROVIDER": "subprocess"},
    ],
)
def test_an_index_with_a_password_is_told_to_nobody_and_nothing_is_looked_for_elsewhere(
    environ: dict[str, str],
) -> None:
    with pytest.raises(TargetError, match="no password of your package index") as caught:
        pip_settings(environ)

    assert "hunter2" not in str(caught.value)


def test_an_index_that_netrc_has_a_password_for_is_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine b.example login ci password hunter2\n")
    netrc.chmod(0o600)

    with pytest.raises(TargetError, match="no password of your package index"):
        pip_settings({"UV_INDEX": "https://b.example/simple"})
    assert pip_settings({"UV_INDEX": "https://a.example/simple"})


def test_a_package_that_has_its_source_alone_is_told_apart_and_nothing_of_it_runs_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source(tmp_path, "2.0")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    wanted = make.environment(requirements=("mlops-tiny-source",), python=running_version())

    with pytest.raises(WheelError, match="has no wheel") as caught:
        compile_lock(wanted)

    assert "told to break" not in str(caught.value)
