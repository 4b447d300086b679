"""One value of a YAML text is changed, and nothing else: comments, layout, line ends stay."""

import difflib
import re
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops.clients.text import text_source
from mlops.clients.yaml import parse
from mlops.clients.yaml_edit import with_value
from mlops.errors import SpecError
from mlops.plain import canonical

FILE = """\
# the top
s:
  a:  # the first
    tags: {stage: dev, team: x}  # who

    # about the port
    port: 8890   # open
    text: 'it''s'
    long: |
      one
      # two

    # the end of a
  b: {port: 1}
  c:
    serving:
      timeout: 30s # long
      queue: 5
    tags:
      stage: dev
"""

TABLE = [
    ("a plain value", "s a port", 9, "    port: 8890   # open", "    port: 9   # open"),
    ("a quoted value", "s a text", "it isn't", "'it''s'", "'it isn''t'"),
    ("a value of several lines", "s a long", "now", "|\n      one\n      # two\n", "now\n"),
    ("a value in braces", "s a tags stage", "prod", "stage: dev, team", "stage: prod, team"),
    ("a new key in braces", "s a tags cost", "7", "team: x}", 'team: x, cost: "7"}'),
    ("a new key in a block", "s c serving workers", 2, "queue: 5", "queue: 5\n      workers: 2"),
    (
        "a new key above a comment",
        "s c description",
        "x y",
        "stage: dev\n",
        "stage: dev\n    description: x y\n",
    ),
    ("a new key below braces", "s b tags team", "x", "{port: 1}", "{port: 1, tags: {team: x}}"),
    (
        "a new mapping",
        "s c logs format",
        "json",
        "      stage: dev\n",
        "      stage: dev\n    logs: {format: json}\n",
    ),
    (
        "behind a text of several lines",
        "s a protect",
        True,
        "      # two\n",
        "      # two\n    protect: true\n",
    ),
    ("a key that goes from a block", "s c serving queue", None, "      queue: 5\n", ""),
    ("the first key that goes from braces", "s a tags stage", None, "stage: dev, ", ""),
    ("the last key that goes from braces", "s a tags team", None, ", team: x", ""),
    ("the only key of a mapping", "s c tags stage", None, "    tags:\n      stage: dev\n", ""),
    (
        "a text of several lines that goes",
        "s a long",
        None,
        "    long: |\n      one\n      # two\n",
        "",
    ),
    (
        "a list",
        "s c cors origins",
        ["https://a.b", "*"],
        "      stage: dev\n",
        '      stage: dev\n    cors: {origins: ["https://a.b", "*"]}\n',
    ),
]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("case", TABLE, ids=lambda case: case[0])
def test_only_the_place_of_the_value_changes(case: tuple[Any, ...], end: str) -> None:
    _, path, value, old, new = case
    assert FILE.count(old) == 1 or "stage: dev" in old
    head, found, tail = FILE.rpartition(old)

    made = with_value(FILE.replace("\n", end), "f.yaml", path.split(), value)

    assert (head + new + tail if found else "").replace("\n", end) == made


def test_a_file_without_an_end_of_line_gets_none_in_its_middle() -> None:
    made = with_value("s:\n  a:\n    port: 1", "f.yaml", ["s", "a", "host"], "::1")

    assert 's:\n  a:\n    port: 1\n    host: "::1"' == made


ANCHORS = """\
s:
  a: {tags: &t {stage: dev}, port: &p 1}
  b: {tags: *t, port: *p, host: &h x}
  c: {host: *h}
"""


def test_an_alias_gives_way_to_a_value_of_its_own() -> None:
    made = with_value(ANCHORS, "f.yaml", ["s", "b", "port"], 2)

    assert ANCHORS.replace("*p", "2") == made


@pytest.mark.parametrize("path", ["s a tags stage", "s b tags stage", "s a port", "s b host"])
def test_what_an_anchor_shares_is_refused(path: str) -> None:
    with pytest.raises(SpecError) as refused:
        with_value(ANCHORS, "f.yaml", path.split(), "prod")

    (problem,) = refused.value.problems
    assert "can't be written without changing something else" in problem.summary
    assert problem.where
    assert problem.hint


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
VALUES = st.one_of(st.booleans(), st.integers(-9, 99), TEXTS)
KEYS = st.sampled_from(["a", "b c", "yes", "1", "long-name", "x.y", "{q}"])
LEAVES = st.dictionaries(KEYS, VALUES, max_size=3)
ENTRIES = st.dictionaries(KEYS, st.one_of(VALUES, LEAVES), min_size=1, max_size=4)
STYLES = st.sampled_from(["block", "flow", "mixed"])


def written(data: Any, style: str) -> str:
    """Return data as YAML, a comment on each line that can have one."""
    flow = {"block": False, "flow": True, "mixed": None}[style]
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True, width=1000)
    lines = [
        f"{line}  # {number}" if line.endswith(":") else line
        for number, line in enumerate(text.splitlines())
    ]
    return "\n".join(lines) + "\n"


def can_hold(data: Any, path: list[str]) -> bool:
    """Tell whether everything on the way to a path is a mapping, or not there."""
    for step in path[:-1]:
        data = data.get(step, {})
        if not isinstance(data, dict):
            return False
    return True


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a busy machine
@given(st.dictionaries(KEYS, ENTRIES, min_size=1, max_size=3), STYLES, st.data())
def test_any_value_can_be_set_and_taken_out(
    entries: dict[str, Any], style: str, data: st.DataObject
) -> None:
    text = written({"s": entries}, style)
    before = parse(text_source("f.yaml", text))
    name = data.draw(st.sampled_from(sorted(entries)))
    path = [
        "s",
        name,
        data.draw(KEYS),
        *data.draw(st.one_of(st.just([]), KEYS.map(lambda key: [key]))),
    ]
    value = data.draw(st.one_of(st.none(), VALUES))

    try:
        made = with_value(text, "f.yaml", path, value)
    except SpecError:
        emptied = value is None and len(entries[name]) == 1  # an entry itself stays
        assert emptied or not can_hold({"s": entries}, path)
        return

    after = parse(text_source("f.yaml", made))
    assert not before.problems
    assert not after.problems
    found: Any = after.data
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    assert canonical(value) == canonical(found)
    delta = [
        line for line in difflib.ndiff(text.splitlines(), made.splitlines()) if line[0] in "+-"
    ]
    assert len([line for line in delta if line[0] == "+"]) <= 1
    comments = re.findall(r":(  # [0-9]+)$", text, re.MULTILINE)
    assert value is None or [] == [comment for comment in comments if comment not in made]
