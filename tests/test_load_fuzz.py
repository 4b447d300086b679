"""Whatever a file holds, `load` ends in a spec or in problems that have a place and a hint."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import KINDS
from test_load import BROKEN, lay_out

from mlops.errors import SpecError
from mlops.load import load

VALID = (BROKEN / "checkout" / "mlops.yaml").read_bytes()
EXAMPLES = int(os.environ.get("MLOPS_FUZZ", "50"))
PIECES = [
    b"\t", b"\n", b"  ", b":", b": ", b"- ", b"[", b"]", b"{", b"}", b'"', b"'", b"&a ", b"*a",
    b"!!x ", b"!!python/object:os.system ", b"<<: *a", b"${var.x}", b"${git.sha}", b"$${", b"${",
    b"? ", b"| ", b"> ", b"#", b"---\n", b"...\n", b"%YAML 1.3\n", b"null", b"yes", b"3.10",
    b".inf", b"0x", b"..", b"/", b"../..", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8",
    b"\r", b"1e999", b"~", b"\\", b"\xed\xa0\x80", b"version: 2\n", b"deployments:\n",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        checkout = lay_out(Path(name) / "checkout")
        before = Path.cwd()
        os.chdir(checkout)
        yield checkout
        os.chdir(before)


def check(folder: Path, data: bytes) -> None:
    (folder / "mlops.yaml").write_bytes(data)
    try:
        load([Path("mlops.yaml")], {}, KINDS)
    except SpecError as error:
        problems = error.problems
    else:
        return
    assert problems
    for problem in problems:
        where = problem.where
        assert where is not None
        assert min(where.line, where.column, where.width) >= 1
        assert problem.hint
        assert "\n" not in problem.summary
        assert "under any of the given schemas" not in problem.summary


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_refused_in_words(folder: Path, data: bytes) -> None:
    check(folder, data)


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(VALID)),
            st.integers(0, 12),
            st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_valid_file_with_random_edits_is_taken_or_refused_in_words(
    folder: Path, edits: list[tuple[int, int, bytes]]
) -> None:
    data = VALID
    for start, length, piece in edits:
        data = data[:start] + piece + data[start + length :]

    check(folder, data)


_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    section=st.sampled_from(["variables", "models", "inference", "targets", "deployments"]),
    key=st.sampled_from(["", "target", "kind", "checks", "tags", "path", "requirements"]),
    tree=_TREES,
)
def test_any_data_in_any_place_is_taken_or_refused_in_words(
    folder: Path, section: str, key: str, tree: object
) -> None:
    entry = {key: tree} if key else tree
    data = {"version": 1, "project": "p", section: {"diabetes": entry}}

    check(folder, json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
