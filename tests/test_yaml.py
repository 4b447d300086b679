from pathlib import Path
from typing import Any

import pytest

from mlops.clients.yaml import Document, read
from mlops.clients.yaml_tree import DEPTH, NODES


def parsed(folder: Path, text: str | bytes) -> Document:
    file = folder / "file.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(file)


def told(document: Document) -> list[tuple[int, int, str]]:
    """Return line, column and summary of each problem; none may lack a hint."""
    assert all(problem.hint for problem in document.problems)
    places = [(problem.where, problem.summary) for problem in document.problems]
    return [(where.line, where.column, summary) for where, summary in places if where]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-7", -7),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("3.10", 3.1),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2001-12-14", "2001-12-14"),
        ("3.6.2", "3.6.2"),
        ("'3.10'", "3.10"),
        ("!!str 3.10", "3.10"),
        ("!!int '3'", 3),
        ("!!float 3", 3.0),
        ("=", "="),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(tmp_path: Path, text: str, value: Any) -> None:
    document = parsed(tmp_path, f"key: {text}\n")

    assert {"key": value} == document.data
    assert type(value) is type(document.data["key"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1, "`a` is written twice")),
        ("1: x\n", (1, 1, "a key must be text, not `1`")),
        ("true: x\n", (1, 1, "a key must be text, not `true`")),
        ("~: x\n", (1, 1, "a key must be text, not `~`")),
        ("[a]: x\n", (1, 1, "a key must be text, not a list or a mapping")),
        ("a: {{ x }}\n", (1, 5, "a key must be text, not a list or a mapping")),
        ("a: &a x\n*a : x\n", (2, 1, "a key must be text, not an alias")),
        ("<<: {a: 1}\n", (1, 1, "there are no merge keys")),
        ("a: 1\n---\nb: 2\n", (2, 1, "a file may hold only one document")),
        ("", (1, 1, "the file is empty")),
        ("# nothing\n", (1, 1, "the file is empty")),
        ("a: .inf\n", (1, 4, "`.inf` is a number that JSON cannot hold")),
        ("a: 1e999\n", (1, 4, "`1e999` is a number that JSON cannot hold")),
        (f"a: {'9' * 5000}\n", (1, 4, "a number of 5000 digits is too long")),
        ("a: !!int x\n", (1, 4, "`x` does not fit the tag `!!int`")),
        ("a: !!python/name:os.system x\n",
         (1, 4, "YAML is data here: the tag `!!python/name:os.system` is refused")),
        ("a: !mine x\n", (1, 4, "YAML is data here: the tag `!mine` is refused")),
        ("a: !!timestamp 2001-12-14\n",
         (1, 4, "YAML is data here: the tag `!!timestamp` is refused")),
        ("a: *b\n", (1, 4, "there is no anchor `&b` above")),
        ("a: &a [1, *a]\n", (1, 11, "the alias `*a` is inside of what it stands for")),
        ("a:\n\t- b\n", (2, 1, "a tab may not indent YAML")),
        ("a: 'b\n", (1, 4, "this quote is never closed")),
        ("a: [1, 2\nb: 3\n", (1, 4, "this `[` is not closed")),
        ("a: {b: 1\nc: 2\n", (1, 4, "this `{` is not closed")),
        ("a: [${var.x}]\n", (1, 6, "`${...}` inside `[]` or `{}` needs quotes")),
        ("a: b: c\n", (1, 5, "a `:` is not expected here")),
        ("a: @b\n", (1, 4, "text cannot begin with `@` in YAML")),
        ("a: *.pkl\n", (1, 4, "`*` and `&` have a meaning of their own in YAML")),
        ('a: "C:\\dir"\n', (1, 7, "no such escape in double quotes")),
        ("a: 1\nb 2\nc: 3\n", (2, 1, "this line is no `key: value`")),
        ("a: 1\n- b\n", (2, 1, "this does not belong to the keys above")),
        ("é: \x01\n", (1, 4, "the control character U+0001 may not stand in a file")),
        ('a: "\\0"\n', (1, 4, "text may not hold the character U+0000")),
        (b"a: 1\nb: \xc3\xa9\xff\n", (2, 5, "the byte 0xff is not UTF-8 text")),
        ("a: 1\n".encode("utf-16"), (1, 1, "the file is UTF-16, not UTF-8 text")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(
    tmp_path: Path, text: str | bytes, problem: tuple[int, int, str]
) -> None:
    document = parsed(tmp_path, text)

    assert [problem] == told(document)


def test_several_problems_are_told_at_once(tmp_path: Path) -> None:
    document = parsed(tmp_path, "a: !x 1\nb: .nan\na: 2\n<<: 1\nd: 'x\n")

    assert [line for line, _, _ in told(document)] == [1, 2, 3, 4, 5]


def test_a_duplicate_key_names_the_first_place(tmp_path: Path) -> None:
    document = parsed(tmp_path, "x:\n  a: 1\n  a: 2\n")

    assert document.problems[0].hint.endswith("file.yaml:2:3")


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_deep_nesting_is_refused(tmp_path: Path, text: str) -> None:
    document = parsed(tmp_path, text)

    assert [f"this is nested deeper than {DEPTH} levels"] == [row[2] for row in told(document)]


def test_aliases_that_nest_deeply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100)]

    document = parsed(tmp_path, "\n".join(lines))

    assert [f"this alias nests deeper than {DEPTH} levels"] == [row[2] for row in told(document)]


def test_a_bomb_of_aliases_is_refused_at_the_alias_that_is_too_much(tmp_path: Path) -> None:
    rows = ["a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    rows += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefg", "bcdefgh", strict=True)
    ]

    document = parsed(tmp_path, "\n".join(rows))

    assert [
        (6, f"this makes more than {NODES:,} values, aliases counted as what they stand for")
    ] == [(line, summary) for line, _, summary in told(document)]


def test_an_alias_stands_for_its_value(tmp_path: Path) -> None:
    document = parsed(tmp_path, "a: &a {b: [1]}\nc: *a\n")

    assert document.data == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert document.value(("c", "b", 0)).line == 1


def test_places_count_characters_from_one(tmp_path: Path) -> None:
    document = parsed(tmp_path, "\ufeffa: 1\r\nschlüssel: {ü: größer, x: [1, zwei]}\r\n")

    value = document.value(("schlüssel", "ü"))
    item = document.value(("schlüssel", "x", 1))
    assert (value.line, value.column, value.width) == (2, 16, 6)
    assert (item.line, item.column, item.width) == (2, 31, 4)
    assert value.text == "schlüssel: {ü: größer, x: [1, zwei]}"


def test_a_key_without_a_value_is_shown_by_the_key(tmp_path: Path) -> None:
    document = parsed(tmp_path, "a:\n  b:\n  c: 1\n")

    where = document.value(("a", "b"))

    assert (where.line, where.column, where.width) == (2, 3, 1)


def test_the_raw_text_of_a_number_is_kept(tmp_path: Path) -> None:
    document = parsed(tmp_path, "python: 3.10 # quoted?\n")

    assert document.raw(("python",)) == "3.10"


def test_text_over_several_lines_is_marked_on_its_first(tmp_path: Path) -> None:
    document = parsed(tmp_path, "a: >-\n  one\n  two\nb: 'x\n  y'\n")

    where = document.value(("b",))
    assert document.data == {"a": "one two", "b": "x y"}
    assert document.value(("a",)).width == 2
    assert (where.line, where.column, where.width) == (4, 4, 2)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    document = parsed(tmp_path, b"#" * (10 * 1024 * 1024 + 1))

    assert document.problems[0].summary.endswith("is larger than 10 MiB")


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, name: str) -> None:
    document = read(tmp_path / name)

    assert not document.whole
    assert len(document.problems) == 1
    assert document.problems[0].hint
