"""Layers: the same bytes from the same files, in any order, at any time, on any machine."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from mlops.errors import StaleError
from mlops.images.layers import Draft, Kind, Layer, Member, chunks, ordered, write
from mlops.images.tar import Type, header


def member(path: str, data: bytes = b"text", *, executable: bool = False) -> Member:
    digest = hashlib.sha256(data).hexdigest()
    return Member(path=path, size=len(data), digest=digest, source=data, executable=executable)


def draft(*members: Member) -> Draft:
    return Draft(kind=Kind.CODE, prefix="opt/code", members=members)


def written(given: Draft) -> bytes:
    out = io.BytesIO()
    layer = write(given, out)
    data = out.getvalue()
    assert (
        Layer(kind=given.kind, diff_id=f"sha256:{hashlib.sha256(data).hexdigest()}", size=len(data))
        == layer
    )
    return data


def test_a_layer_is_a_tar_that_begins_at_its_prefix() -> None:
    data = written(draft(member("opt/code/b/c.py"), member("opt/code/a.py", executable=True)))

    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        listed = [(one.name, oct(one.mode), one.isdir(), one.uid, one.mtime) for one in tar]
    assert listed == [
        ("opt/code", "0o755", True, 0, 0),
        ("opt/code/a.py", "0o755", False, 0, 0),
        ("opt/code/b", "0o755", True, 0, 0),
        ("opt/code/b/c.py", "0o644", False, 0, 0),
    ]


def test_the_order_of_members_and_the_times_of_files_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"text")
    first = Member(path="opt/code/a.py", size=4, source=file)
    second = member("opt/code/b.py")
    before = written(draft(first, second))

    os.utime(file, (1, 1))
    file.chmod(0o700)

    assert before == written(draft(second, first))


def test_links_and_folders_that_all_may_write_to_are_kept() -> None:
    link = Member(path="opt/code/python", link="/usr/bin/python3")
    folder = Member(path="opt/code/run", everybody=True)

    with tarfile.open(fileobj=io.BytesIO(written(draft(link, folder)))) as tar:
        assert tar.getmember("opt/code/python").linkname == "/usr/bin/python3"
        assert tar.getmember("opt/code/run").mode == 0o1777


def test_long_and_foreign_names_survive() -> None:
    paths = [f"opt/code/{'long' * 60}.py", "opt/code/größe/π.py"]

    with tarfile.open(fileobj=io.BytesIO(written(draft(*map(member, paths))))) as tar:
        assert sorted(paths) == sorted(one.name for one in tar if one.isfile())


@pytest.mark.parametrize("start", [0, 1, 511, 512, 513, 1024, 1500, 1536, 1600, 2048, 99999])
def test_a_tar_can_be_continued_anywhere(start: int) -> None:
    given = draft(member("opt/code/a.py", b"x" * 700), member("opt/code/b.py", b""))
    whole = b"".join(chunks(given))

    assert whole[start:] == b"".join(chunks(given, start))
    assert given.size == len(whole)


def test_a_file_may_be_larger_than_old_tars_can_say() -> None:
    head = header("opt/models/a", Type.FILE, mode=0o644, size=10 * 2**30)

    with tarfile.open(fileobj=io.BytesIO(head), mode="r|") as tar:
        told = tar.next()

    assert told is not None
    assert (told.name, told.size) == ("opt/models/a", 10 * 2**30)


@pytest.mark.parametrize("length", range(85, 120))
def test_a_name_of_any_length_is_read_back(length: int) -> None:
    name = "opt/" + "é" * (length - 4)
    head = header("a", Type.LINK, mode=0o777, link=name) + bytes(1024)

    with tarfile.open(fileobj=io.BytesIO(head)) as tar:
        assert [name] == [one.linkname for one in tar]


def test_a_file_that_changed_since_it_was_planned_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(b"other")
    planned = Member(path="opt/code/model.pkl", size=5, digest="0" * 64, source=file)

    with pytest.raises(StaleError, match=r"model\.pkl"):
        write(draft(planned), io.BytesIO())


def test_the_key_tells_layers_apart_by_what_is_in_them() -> None:
    one = draft(member("opt/code/a.py"))

    assert one.key == draft(member("opt/code/a.py")).key
    assert one.key != draft(member("opt/code/b.py")).key
    assert one.key != draft(member("opt/code/a.py", b"other")).key
    assert one.key != draft(member("opt/code/a.py", executable=True)).key


def test_layers_lie_in_the_order_of_their_kinds() -> None:
    layers = [Layer(kind=kind, diff_id=kind.value, size=1) for kind in reversed(Kind)]

    assert [kind.value for kind in Kind] == [layer.diff_id for layer in ordered(layers)]
