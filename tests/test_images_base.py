"""What a base image offers, told from its files, links and layers alone."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from mlops.errors import TargetError
from mlops.images.base import Facts, facts, facts_of, facts_record
from mlops.images.tree import LayerTree

Files: TypeAlias = dict[str, bytes | str]
GLIBC = b"\0\0GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.\n\0"
SLIM: Files = {
    "lib": "usr/lib",
    "usr/lib/x86_64-linux-gnu/libc.so.6": GLIBC,
    "usr/local/bin/python3.11": b"ELF",
    "usr/local/bin/python3": "python3.11",
}


def layer(
    folder: Path, name: str, files: Mapping[str, bytes | str], *, zipped: bool = False
) -> Path:
    """Write a layer: bytes are files, texts are links, and `hard:` begins a hard one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            if isinstance(data, str):
                hard = data.startswith("hard:")
                info.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
                info.linkname = data.removeprefix("hard:")
                tar.addfile(info)
            else:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    file = folder / name
    file.write_bytes(gzip.compress(out.getvalue()) if zipped else out.getvalue())
    return file


def found(folder: Path, *layers: Mapping[str, bytes | str], **given: Any) -> Facts:
    files = [layer(folder, f"{at}.tar", files) for at, files in enumerate(layers)]
    wanted = {"python": "3.11", "platform": "linux/amd64", **given}
    return facts(LayerTree(files), {"Env": ["PATH=/usr/local/bin:/usr/bin"]}, **wanted)


def test_a_slim_image_of_debian_is_understood(tmp_path: Path) -> None:
    assert found(tmp_path, SLIM) == Facts(
        python="/usr/local/bin/python3.11", version="3.11", glibc="2.36", platform="linux/amd64"
    )


def test_an_older_library_tells_its_version_by_its_name(tmp_path: Path) -> None:
    older: Files = {
        "lib/x86_64-linux-gnu/libc.so.6": "libc-2.28.so",
        "lib/x86_64-linux-gnu/libc-2.28.so": b"",
    }

    assert found(tmp_path, {**older, "usr/bin/python3.11": b""}).glibc == "2.28"


def test_the_python_of_a_virtual_environment_is_the_one_that_it_leads_to(tmp_path: Path) -> None:
    venv: Files = {"opt/venv/bin/python3.11": "../../../usr/local/bin/python3.11"}

    assert found(tmp_path, SLIM, venv).home == "/usr/local/bin"


def test_a_hard_link_leads_to_its_file(tmp_path: Path) -> None:
    files = {key: value for key, value in SLIM.items() if "python" not in key}
    linked: Files = {
        "usr/bin/python3.11-real": b"",
        "usr/bin/python3.11": "hard:usr/bin/python3.11-real",
    }

    assert found(tmp_path, {**files, **linked}).python == "/usr/bin/python3.11-real"


def test_conda_is_found_where_no_path_leads(tmp_path: Path) -> None:
    files = {key: value for key, value in SLIM.items() if "python" not in key}

    assert found(tmp_path, {**files, "opt/conda/bin/python3.11": b""}).home == "/opt/conda/bin"


@pytest.mark.parametrize(
    "gone", ["usr/local/bin/.wh.python3.11", "usr/local/bin/.wh..wh..opq", "usr/.wh.local"]
)
def test_what_a_layer_takes_away_is_gone(tmp_path: Path, gone: str) -> None:
    with pytest.raises(TargetError, match=r"no Python 3\.11: it has none"):
        found(tmp_path, SLIM, {gone: b""})


def test_what_a_layer_puts_back_is_there(tmp_path: Path) -> None:
    back: Files = {"usr/local/bin/.wh..wh..opq": b"", "usr/local/bin/python3.11": b""}

    assert found(tmp_path, SLIM, back).home == "/usr/local/bin"


def test_the_pythons_that_are_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"no Python 3\.9: it has 3\.11") as told:
        found(tmp_path, SLIM, python="3.9")

    assert "set `python`" in told.value.problems[0].hint


def test_another_library_or_machine_is_refused(tmp_path: Path) -> None:
    alpine: Files = {"lib/ld-musl-x86_64.so.1": b"", "usr/local/bin/python3.11": b""}

    with pytest.raises(TargetError, match="no GNU C library for `linux/amd64`"):
        found(tmp_path, alpine)
    with pytest.raises(TargetError, match="no GNU C library for `linux/arm64`"):
        found(tmp_path, SLIM, platform="linux/arm64")


def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    files: Files = {"a": "b", "b": "a", "up": "../../../usr", "usr/x": b""}

    tree = LayerTree([layer(tmp_path, "a.tar", files, zipped=True)])

    assert tree.real("/a") == ""
    assert tree.real("/up/x") == "/usr/x"


def test_what_is_no_layer_is_told(tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(b"\x28\xb5\x2f\xfd zstd")

    with pytest.raises(TargetError, match="no tar that can be read"):
        LayerTree([tmp_path / "layer"])


def test_facts_travel_as_plain_json(tmp_path: Path) -> None:
    written = found(tmp_path, SLIM)

    assert written == facts_of(facts_record(written))
