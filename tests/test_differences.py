"""Fields of two revisions told apart, into the depth of nested values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.differences import differences
from mlops.plain import canonical, freeze

TABLE = [
    ("nothing", {"a": 1}, {"a": 1}, []),
    ("a value", {"a": 1, "b": 2}, {"a": 1, "b": 3}, [("b", 2, 3)]),
    ("what came and went", {"a": 1}, {"b": 2}, [("a", 1, None), ("b", None, 2)]),
    ("another type", {"a": 1}, {"a": True}, [("a", 1, True)]),
    ("a part of a mapping", {"a": {"x": {"y": 1, "z": 2}}}, {"a": {"x": {"y": 3, "z": 2}}},
     [("a.x.y", 1, 3)]),
    ("an item of a list", {"a": [1, 2]}, {"a": [1, 3, 4]}, [("a[1]", 2, 3), ("a[2]", None, 4)]),
    ("a mapping for text", {"a": "x"}, {"a": {"secret": "env/X"}},
     [("a", "x", {"secret": "env/X"})]),
]  # fmt: skip


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case[0])
def test_only_what_differs_is_told(case: tuple[Any, ...]) -> None:
    _, before, after, expected = case

    found = differences(freeze(before), freeze(after))

    assert freeze(expected) == tuple((one.path, one.before, one.after) for one in found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy"), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.sampled_from("pqr"), JSON, max_size=3)


@given(FIELDS, FIELDS)
def test_nothing_differs_but_what_is_not_equal(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = list(differences(freeze(before), freeze(after)))

    unequal = {
        path
        for path in {*before, *after}
        if canonical(before.get(path)) != canonical(after.get(path))
    }
    assert {path for path in unequal if any(one.path.startswith(path) for one in found)} == unequal
    assert bool(found) == bool(unequal)
