import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import make
import pytest

from mlops.environments import uv
from mlops.environments.build import build, installed, interpreter
from mlops.environments.lock import compile_lock
from mlops.environments.pythons import find_python, python_versions
from mlops.environments.versions import running_version
from mlops.errors import Problem, TargetError
from mlops.spec import Environment

HERE = running_version()


def wanted(*requirements: str, python: str = HERE) -> Environment:
    return make.environment(requirements=requirements, python=python)


def problem_of(environment: Environment) -> Problem:
    with pytest.raises(TargetError) as caught:
        compile_lock(environment)
    return caught.value.problems[0]


@pytest.fixture(scope="session")
def six() -> str:
    """Return the locked list of one small package, from the real index."""
    return compile_lock(wanted("six==1.17.0"))


@pytest.fixture
def lock(tmp_path: Path, six: str) -> Path:
    file = tmp_path / "lock.txt"
    file.write_text(six)
    return file


def test_a_locked_list_holds_versions_and_hashes_and_nothing_of_this_machine(six: str) -> None:
    lines = [line.strip(" \\") for line in six.splitlines()]

    assert [f"# locked for Python {HERE}", "six==1.17.0"] == lines[:2]
    assert all(line.startswith("--hash=sha256:") for line in lines[2:])


def test_without_requirements_no_index_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")

    assert f"# locked for Python {HERE}\n" == compile_lock(wanted())


def test_the_settings_of_a_checkout_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, six: str
) -> None:
    (tmp_path / "uv.toml").write_text('[pip]\nindex-url = "http://127.0.0.1:9/simple"\n')
    monkeypatch.chdir(tmp_path)

    assert six == compile_lock(wanted("six==1.17.0"))


def test_a_version_that_does_not_exist_is_told_in_the_words_of_uv() -> None:
    problem = problem_of(wanted("six==99"))

    assert problem.summary == (
        "the required packages do not fit together:"
        " there is no version of six==99 and you require six==99"
    )


def test_a_package_without_a_wheel_is_refused_since_building_runs_its_code() -> None:
    problem = problem_of(wanted("docopt==0.6.2"))

    assert problem.summary.startswith("a required package has no wheel for this machine: docopt")
    assert problem.hint.startswith("only wheels are installed")


def test_an_index_that_does_not_answer_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://me:hunter2@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")

    problem = problem_of(wanted("six"))

    assert problem.summary.startswith("the package index did not answer: ")
    assert "hunter2" not in problem.summary + problem.hint


def test_the_wrapped_messages_of_older_versions_of_uv_are_understood() -> None:
    said = [
        "  × No solution found when resolving dependencies:\n",  # noqa: RUF001 - as uv draws it
        "  ╰─▶ Because six==1 has no\n",
        "      usable wheels and you require six==1, we can conclude that your\n",
        "      requirements are unsatisfiable.\n",
    ]

    problem = uv.problem(said, 1)

    assert problem.summary == (
        "a required package has no wheel for this machine:"
        " six==1 has no usable wheels and you require six==1"
    )


def test_uv_hears_of_indexes_and_certificates_but_of_no_setting_that_changes_the_result() -> None:
    environ = {
        "UV_INDEX_CORP_PASSWORD": "p",
        "UV_RESOLUTION": "lowest",
        "VIRTUAL_ENV": "/v",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_CERT": "/ca.pem",
        "PATH": "/p/shims:/bin",
    }

    found = uv.clean(environ)

    assert found == {
        "UV_INDEX_CORP_PASSWORD": "p",
        "PIP_CERT": "/ca.pem",
        "SSL_CERT_FILE": "/ca.pem",
        "PATH": "/bin",
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def test_the_index_that_pip_was_told_is_taken_where_uv_was_told_none() -> None:
    pip = {"PIP_INDEX_URL": "https://a/simple"}

    assert uv.clean(pip)["UV_DEFAULT_INDEX"] == "https://a/simple"
    assert "UV_DEFAULT_INDEX" not in uv.clean(pip | {"UV_INDEX_URL": "https://b/simple"})


def test_an_environment_is_whole_compiled_and_built_once(lock: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "environment"
    environment = wanted("six==1.17.0")

    steps = [step.text for step in build(lock, environment, folder)]
    again = list(build(lock, environment, folder))

    assert "Installed 1 package in" in " ".join(steps)
    assert again == []
    assert installed(folder) == environment.digest
    assert [folder] == list(folder.parent.iterdir())
    assert [f"six.cpython-{HERE.replace('.', '')}.pyc"] == [
        file.name for file in folder.rglob("six*.pyc")
    ]
    words = [str(interpreter(folder)), "-c", "import six; print(six.__version__)"]
    assert subprocess.check_output(words, text=True) == "1.17.0\n"


def test_an_environment_without_packages_asks_no_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    lock = tmp_path / "lock.txt"
    lock.write_text(compile_lock(wanted()))

    list(build(lock, wanted(), tmp_path / "environment"))

    assert installed(tmp_path / "environment")


def test_what_a_killed_build_left_is_wiped(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("")
    for name in ("environment", ".environment.x7"):
        (tmp_path / name / "bin").mkdir(parents=True)

    list(build(lock, wanted(), tmp_path / "environment"))

    assert installed(tmp_path / "environment")
    assert {"environment", "lock.txt"} == {path.name for path in tmp_path.iterdir()}


def test_a_stopped_build_leaves_nothing(lock: Path, tmp_path: Path) -> None:
    steps = build(lock, wanted("six==1.17.0"), tmp_path / "environment")
    next(steps)

    steps.close()  # type: ignore[attr-defined]  # an iterator that is a generator

    assert [path.name for path in tmp_path.iterdir()] == ["lock.txt"]


def test_a_package_with_another_hash_is_refused(lock: Path, tmp_path: Path, six: str) -> None:
    first = six.index("sha256:") + len("sha256:")
    hashes = six[:first] + "0" * 64 + "\n"
    lock.write_text(hashes)

    with pytest.raises(TargetError, match=r"[Hh]ash"):
        list(build(lock, wanted("six==1.17.0"), tmp_path / "environment"))

    assert not (tmp_path / "environment").exists()


def test_an_environment_whose_python_is_gone_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "environment.json").write_text(json.dumps({"digest": "sha256:e"}))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/nowhere/python")

    assert not installed(tmp_path)


def test_a_python_that_is_not_here_is_refused_with_those_that_are(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("")

    with pytest.raises(TargetError) as caught:
        list(build(lock, wanted(python="3.99"), tmp_path / "environment"))

    problem = caught.value.problems[0]
    assert problem.summary == "there is no Python `3.99` on this machine"
    assert f" {HERE}" in problem.hint


def test_every_python_that_is_named_is_found() -> None:
    found = [find_python(version) for version in python_versions()]

    assert all(path and path.exists() for path in found)


def test_the_running_python_is_found_outside_of_its_virtual_environment() -> None:
    found = find_python(HERE)

    assert found
    assert found.is_relative_to(sys.base_prefix)


def test_closing_the_lines_of_uv_kills_it(tmp_path: Path) -> None:
    slow = tmp_path / "uv"
    slow.write_text('#!/bin/sh\necho "$$" >&2\nexec sleep 60\n')
    slow.chmod(0o755)
    lines = uv.lines(["pip"], uv=slow)
    pid = int(next(lines)[1])

    lines.close()  # type: ignore[attr-defined]  # an iterator that is a generator

    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        pytest.fail("uv still runs")
