"""Extra lines of a Dockerfile, as they are read: nothing of them is run."""

from pathlib import Path

import pytest

from mlops.environments.steps import REFUSED, read_steps
from mlops.errors import Where

HERE = Where(file="mlops.yaml", line=1, column=1)


def test_steps_are_the_lines_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "extra"
    file.write_text("\n# a comment\nRUN echo \\\n  from here\nENV A=b\n")

    steps, problems = read_steps(file, HERE)

    assert ("# a comment\nRUN echo \\\n  from here\nENV A=b", []) == (steps, problems)


@pytest.mark.parametrize("word", ["FROM", "copy", "Add", *sorted(REFUSED)])
def test_what_makes_no_sense_here_is_told_with_its_line(tmp_path: Path, word: str) -> None:
    file = tmp_path / "extra"
    file.write_text(f"RUN true\n  {word} x y\n")

    _, problems = read_steps(file, HERE)

    assert [(f"`{word}` is no extra step", 2, 3)] == [
        (one.summary, one.where.line, one.where.column) for one in problems if one.where
    ]


@pytest.mark.parametrize(
    ("line", "summary"),
    [
        ("apt-get update", "`apt-get` is no instruction of a Dockerfile"),
        ("RUN --mount=type=secret,id=a true", "`RUN --mount` is no extra step"),
    ],
)
def test_what_an_image_would_have_nothing_of_is_told(
    tmp_path: Path, line: str, summary: str
) -> None:
    file = tmp_path / "extra"
    file.write_text(f"RUN one && \\\n\n  # and\n  from two\n{line}\n")

    _, problems = read_steps(file, HERE)

    assert [(summary, 5)] == [(one.summary, one.where.line) for one in problems if one.where]


def test_a_file_without_a_step_is_told_where_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "extra"
    file.write_text("# nothing yet\n")

    (problem,) = read_steps(file, HERE)[1]

    assert (HERE, True) == (problem.where, "has no step" in problem.summary)


@pytest.mark.parametrize("data", [b"RUN \xff", b"RUN \x00", b"#" * 70_000])
def test_what_is_no_text_or_too_much_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "extra"
    file.write_bytes(data)

    assert 1 == len(read_steps(file, HERE)[1])
