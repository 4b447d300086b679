import json
import sys
from pathlib import Path

import pytest

from mlops.environments.read import read_environment
from mlops.errors import Problem, Where
from mlops.spec import Environment

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ASKED = Where(file="mlops.yaml", line=9, column=3, text="  block:", width=5)


def environment(
    folder: Path, *, lines: str | None = None, conda: str | None = None, python: str | None = None
) -> Environment:
    found, problems = _read(folder, lines, conda, python)
    assert problems == ()
    assert found is not None
    return found


def refused(
    folder: Path, *, lines: str | None = None, conda: str | None = None, python: str | None = None
) -> tuple[Problem, ...]:
    found, problems = _read(folder, lines, conda, python)
    assert found is None
    assert all(problem.where and problem.hint for problem in problems)
    return problems


def _read(
    folder: Path, lines: str | None, conda: str | None, python: str | None
) -> tuple[Environment | None, tuple[Problem, ...]]:
    requirements, conda_file = folder / "requirements.txt", folder / "environment.yml"
    requirements.write_text(lines or "")
    conda_file.write_text(conda or "")
    return read_environment(
        requirements=requirements if lines is not None else None,
        conda_file=conda_file if conda is not None else None,
        python=python,
        where=ASKED,
    )


def test_plain_requirements_are_kept_as_written(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        lines=(
            "# what the script needs\n\nnumpy==1.26.4   # pinned\n"
            "Scikit_Learn >=1.3, <2\nuvicorn[standard]\n"
            'pywin32 ; sys_platform == "win32"\npandas \\\n  == 2.1\n'
        ),
    )

    expected = (
        "numpy==1.26.4",
        "Scikit_Learn >=1.3, <2",
        "uvicorn[standard]",
        'pywin32 ; sys_platform == "win32"',
        "pandas   == 2.1",
    )
    assert expected == found.requirements
    assert found.python == HERE


@pytest.mark.parametrize(
    ("line", "summary"),
    [
        ("-e .", "`-e` names an editable package, no plain requirement"),
        ("--editable=.", "`--editable` names an editable package, no plain requirement"),
        ("-r other.txt", "`-r` names another file, no plain requirement"),
        ("-rother.txt", "`-rother.txt` names another file, no plain requirement"),
        ("-c limits.txt", "`-c` names a constraints file, no plain requirement"),
        ("--index-url https://x/y", "`--index-url` names a package index, no plain requirement"),
        ("--extra-index-url=https://x",
         "`--extra-index-url` names a package index, no plain requirement"),
        ("-f wheels", "`-f` names another place of packages, no plain requirement"),
        ("--pre", "`--pre` is an option, no plain requirement"),
        ("numpy==1 --hash=sha256:00", "`--hash` is no part of a plain requirement"),
        ("numpy==1 --global-option=x", "options are no part of a plain requirement"),
        ("git+https://x/y.git", "an address of version control is no plain requirement"),
        ("name @ git+https://x/y", "an address of version control is no plain requirement"),
        ("name @ https://x/y.whl", "`name @ address` is no plain requirement"),
        ("name@https://x/y.whl", "`name @ address` is no plain requirement"),
        ("https://x/y.whl", "an address is no plain requirement"),
        ("file:///x/y", "an address is no plain requirement"),
        ("./package", "a path is no plain requirement"),
        ("../package", "a path is no plain requirement"),
        ("/opt/package", "a path is no plain requirement"),
        ("wheels/x.whl", "a path is no plain requirement"),
        ("x-1.0-py3-none-any.whl", "a file is no plain requirement"),
        ("x-1.0.tar.gz", "a file is no plain requirement"),
        ("requirements.txt", "a file is no plain requirement"),
        ("numpy==${VERSION}", "no variable may stand in a requirement"),
        ("numpy=1.20", "`numpy=1.20` is no requirement"),
        ("numpy 1.20", "`numpy 1.20` is no requirement"),
        ("numpy==", "`numpy==` is no requirement"),
        ("import numpy", "`import numpy` is no requirement"),
    ],
)  # fmt: skip
def test_what_is_no_plain_requirement_is_refused_with_its_line(
    tmp_path: Path, line: str, summary: str
) -> None:
    problems = refused(tmp_path, lines=f"six\n  {line}  # why\n")

    assert [summary] == [problem.summary for problem in problems]
    where = problems[0].where
    assert where is not None
    assert (2, 3, len(line)) == (where.line, where.column, where.width)


def test_every_line_that_is_wrong_is_told(tmp_path: Path) -> None:
    problems = refused(tmp_path, lines="-e .\nnumpy\n-r x\ngit+https://x\n")

    assert [problem.where.line for problem in problems if problem.where] == [1, 3, 4]


def test_a_single_equals_sign_is_corrected(tmp_path: Path) -> None:
    problems = refused(tmp_path, lines="scikit-learn=0.20.0\n")

    assert problems[0].hint == "write `scikit-learn==0.20.0`"


def test_the_digest_does_not_know_order_spelling_and_comments(tmp_path: Path) -> None:
    one = environment(tmp_path, lines="numpy==1.26.4\nscikit-learn>=1.3,<2\n")
    two = environment(tmp_path, lines="Scikit_Learn <2, >=1.3 # x\nNumPy == 1.26.4\n")
    three = environment(tmp_path, lines="numpy==1.26.5\nscikit-learn>=1.3,<2\n")

    assert one.digest == two.digest
    assert one.digest != three.digest


def test_the_digest_knows_the_python(tmp_path: Path) -> None:
    one = environment(tmp_path, lines="", python="3.10")
    two = environment(tmp_path, lines="", python="3.11")
    three = environment(tmp_path, lines="", python="3.11.4")

    assert len({one.digest, two.digest, three.digest}) == 3
    assert [one.python, two.python, three.python] == ["3.10", "3.11", "3.11"]


def test_no_file_at_all_is_an_environment_without_packages(tmp_path: Path) -> None:
    found = environment(tmp_path)

    assert (found.python, found.requirements) == (HERE, ())


def test_the_python_and_the_pip_part_of_a_conda_file_count(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        conda=(
            "name: project_environment\nchannels:\n  - conda-forge\ndependencies:\n"
            "  - python=3.6.2\n  - pip=20.1\n"
            "  - pip:\n    - azureml-defaults\n    - scikit-learn==0.20.0\n"
            "    - inference-schema[numpy-support]\n"
        ),
    )

    packages = ("azureml-defaults", "scikit-learn==0.20.0", "inference-schema[numpy-support]")
    assert ("3.6", packages) == (found.python, found.requirements)


def test_a_bound_of_a_conda_file_is_met_by_the_python_of_the_block(tmp_path: Path) -> None:
    found = environment(tmp_path, conda="dependencies: ['python>=3.8,<4']\n", python="3.9")

    assert found.python == "3.9"


@pytest.mark.parametrize(
    ("conda", "line", "summary"),
    [
        ("dependencies:\n  - numpy[md5=1]\n", 2, "`numpy[md5=1]` asks for no conda package"),
        ("dependencies:\n  - ./numpy.conda\n", 2, "`./numpy.conda` asks for no conda package"),
        ("dependencies:\n  - ../up::numpy\n", 2, "`../up` is no channel"),
        ("dependencies: []\nchannels:\n  - http://conda.example/team\n", 3,
         "the channel `http://conda.example/team` is not asked by https"),
        ("dependencies: []\nchannels: [file:///srv/channel]\n", 2,
         "`file:///srv/channel` is no address of a channel"),
        ("dependencies:\n  - pip:\n    - -e .\n", 3,
         "`-e` names an editable package, no plain requirement"),
        ("dependencies:\n  - pip: numpy\n", 2, "`pip` must be a list of requirements"),
        ("dependencies:\n  - pip: [1.5]\n", 2, "a requirement must be text"),
        ("dependencies:\n  - {pip: [], x: 1}\n", 2, "a dependency must be text, or a `pip:` list"),
        ("dependencies:\n  - python=new\n", 2, "`python=new` names no Python version"),
        ("dependencies: []\nvariables: {A: b}\n", 2, "unknown key `variables` in a conda file"),
        ("dependencies: []\nchannels: main\n", 2, "`channels` must be a list of names"),
        ("dependencies: []\nname: 3\n", 2, "`name` must be text"),
        ("name: x\n", 1, "`dependencies` must be a list"),
        ("- python\n", 1, "a conda file must hold keys"),
        ("", 1, "the file is empty"),
        ("dependencies: [\n", 1, "a value is missing here"),
        ("dependencies:\n  - python=2.7\n", 2, "Python 2.7 cannot serve"),
        ("dependencies:\n  - python=3.5.10\n", 2, "Python 3.5 cannot serve"),
        ("dependencies:\n  - python=4.0\n", 2, "Python 4.0 cannot serve"),
        ("dependencies: ['python>=9']\n", 1, f"Python {HERE} is outside of `python>=9`"),
    ],
)  # fmt: skip
def test_a_conda_file_that_asks_for_more_is_refused_with_its_line(
    tmp_path: Path, conda: str, line: int, summary: str
) -> None:
    problems = refused(tmp_path, conda=conda)

    assert [(line, summary)] == [
        (problem.where.line, problem.summary) for problem in problems if problem.where
    ]


CONDA = """\
name: project_environment
channels: [pytorch, conda-forge, nodefaults]
dependencies:
  - Python=3.11.4
  - pip
  - numpy =1.26=py311h_0
  - 'conda-forge::gdal >= 3.8, <4'
  - pip:
    - flask==3.0.3
"""


def test_what_conda_alone_can_install_has_one_form(tmp_path: Path) -> None:
    found = environment(tmp_path, conda=CONDA)
    again = environment(
        tmp_path,
        conda='channels: ["pytorch", "conda-forge"]\n'
        "dependencies: [{pip: [flask==3.0.3]}, numpy=1.26=py311h_0, 'conda-forge::gdal>=3.8,<4',"
        " pip, python=3.11.4]\n",
    )

    assert found.conda is not None
    assert {
        "channels": ["pytorch", "conda-forge"],
        "dependencies": [
            *("conda-forge::gdal>=3.8,<4", "numpy=1.26=py311h_0", "pip", "python=3.11.4"),
        ],
    } == json.loads(found.conda.text)
    assert ("3.11", ("flask==3.0.3",)) == (found.python, found.requirements)
    assert 6 == found.conda.where.line
    assert found.digest == again.digest


def test_a_conda_file_that_pins_no_python_gets_that_of_the_block(tmp_path: Path) -> None:
    found = environment(tmp_path, conda="dependencies: [gdal, 'python>=3.8']\n", python="3.10")

    assert found.conda is not None
    assert {
        "channels": ["conda-forge"],
        "dependencies": ["gdal", "python=3.10", "python>=3.8"],
    } == json.loads(found.conda.text)


@pytest.mark.parametrize(
    "address",
    ["https://ci:hidden@conda.example/team", "https://conda.example/t/hidden/team"],
)
def test_a_channel_whose_address_holds_a_secret_is_refused_without_telling_it(
    tmp_path: Path, address: str
) -> None:
    (problem,) = refused(tmp_path, conda=f"dependencies: []\nchannels: ['{address}']\n")

    assert "conda.example" in problem.summary
    assert "hidden" not in str(problem)


def test_two_pythons_that_differ_are_told_at_the_block(tmp_path: Path) -> None:
    problems = refused(tmp_path, conda="dependencies: [python=3.6.2]\n", python="3.11")

    assert [problem.where for problem in problems] == [ASKED]


def test_a_python_that_is_too_old_is_told_at_the_block_that_names_it(tmp_path: Path) -> None:
    problems = refused(tmp_path, conda="dependencies: []\n", python="3.5")

    assert [("Python 3.5 cannot serve", ASKED)] == [
        (problem.summary, problem.where) for problem in problems
    ]


def test_two_pythons_that_agree_in_their_minor_version_are_fine(tmp_path: Path) -> None:
    found = environment(tmp_path, conda="dependencies: [python=3.11.4]\n", python="3.11")

    assert found.python == "3.11"
