"""Each command as a process: what it shows, its JSON, its exit code."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import STARTER, Walk, kill, until, walking

import mlops

LISTED = ("status", "models list")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A service that every test of this module looks at, and none changes."""
    with walking(tmp_path_factory.mktemp("live")) as begun:
        assert begun.apply().code == 0
        yield begun


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def test_status_shows_state_models_and_address(live: Walk) -> None:
    head, row = live.run("status").out.splitlines()

    assert head.split() == ["SERVICE", "TARGET", "STATE", "MODELS", "ADDRESS", "SINCE"]
    assert row.split()[:4] == ["diabetes", "laptop", "ready", "diabetes:1"]
    assert row.split()[4] == f"http://127.0.0.1:{live.port}"


def test_status_of_an_empty_world_says_what_is_not_there(walk: Walk) -> None:
    assert "diabetes  laptop  not there" in walk.run("status").out


def test_status_lists_services_by_their_names(walk: Walk) -> None:
    zeta = "  zeta: {target: laptop, models: [diabetes], inference: score, port: 1}\n"
    walk.edit("mlops.yaml", "deployments:\n", f"deployments:\n{zeta}")

    rows = walk.run("status").out.splitlines()[1:]

    assert ["diabetes", "zeta"] == [row.split()[0] for row in rows]


def test_show_shows_every_field(live: Walk) -> None:
    record = live.run("show", "diabetes", "--format", "json").json

    assert (record["service"], record["state"]) == ("diabetes", "ready")
    assert record["fields"]["port"] == live.port
    assert record["fields"]["tags.stage"] == "dev"
    assert ["tags.stage", "dev"] in [
        line.split() for line in live.run("show", "diabetes").out.splitlines()
    ]


def test_show_of_what_is_not_there_yet_says_how_to_make_it(walk: Walk) -> None:
    answer = walk.run("show", "diabetes")

    assert answer.code == 6
    assert "does not exist\n" in answer.err
    assert "mlops apply" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("drift",),
        ("status",),
        ("show", "diabetes"),
        ("test",),
        ("models", "list"),
        ("models", "show", "diabetes"),
        ("models", "show", "diabetes:1"),
        ("version",),
        ("apply",),
    ],
    ids=" ".join,
)
def test_json_is_one_document(live: Walk, words: tuple[str, ...]) -> None:
    answer = live.run(*words, "--format", "json")

    assert answer.code == 0, answer.err
    assert isinstance(answer.json, (dict, list))
    assert answer.err == ""


def test_apply_and_destroy_in_json_are_one_document_each(walk: Walk) -> None:
    made = walk.run("apply", "--auto-approve", "--format", "json")
    gone = walk.run("destroy", "--auto-approve", "--allow-deletes", "1", "--format", "json")

    assert (0, 0) == (made.code, gone.code)
    assert {"done"} == {outcome["type"] for outcome in made.json["outcomes"]}
    assert f"http://127.0.0.1:{walk.port}/score" in made.out
    assert gone.json["outcomes"][0]["address"] == "laptop/service/diabetes"


def test_logs_show_the_last_lines(live: Walk) -> None:
    whole = live.run("logs", "diabetes").out.splitlines()

    assert "diabetes is ready" in whole[-1]
    assert whole[-1:] == live.run("logs", "diabetes", "-n", "1").out.splitlines()


def test_logs_are_followed_until_ctrl_c(live: Walk) -> None:
    command = live.begin("logs", "diabetes", "-f", "-n", "0")
    assert command.stdout is not None
    pipe = command.stdout.fileno()

    def arrived() -> bool:
        with (live.instance / "server.log").open("a", encoding="utf-8") as file:
            file.write("a new line\n")
        ready = select.select([pipe], [], [], 0.2)[0]
        return bool(ready) and os.read(pipe, 65536).startswith(b"a new line\n")

    until(arrived, 20)
    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=10)

    assert command.returncode == 130
    assert "Traceback" not in err


def test_test_runs_the_checks_of_one_or_all(live: Walk) -> None:
    for words in (("test",), ("test", "diabetes")):
        answer = live.run(*words)

        assert answer.code == 0
        assert "diabetes      1  POST /score  passed\n" in answer.out


def test_test_and_invoke_of_a_dead_service_say_so(walk: Walk) -> None:
    assert walk.apply().code == 0
    kill(walk.record()["pid"])

    tested, invoked = walk.run("test"), walk.run("invoke", "diabetes")

    assert (7, 6) == (tested.code, invoked.code)
    assert "failed\n" in tested.out
    assert "error: `diabetes` does not answer: " in invoked.err


def test_models_show_tells_one_version(live: Walk) -> None:
    answer = live.run("models", "show", "diabetes:1", "--format", "json")

    assert answer.json["files"].keys() == {"coefficients.json"}
    unknown = live.run("models", "show", "diabetes:7")
    assert (1, "hint: did you mean `diabetes:1`? there is only diabetes:1\n") == (
        unknown.code,
        unknown.err.splitlines(keepends=True)[-1],
    )


def test_validate_names_the_file_and_every_problem(walk: Walk) -> None:
    assert walk.run("validate").code == 0
    walk.edit("mlops.yaml", "    target: laptop", "    target: lapto\n    prot: 1")
    walk.edit("mlops.yaml", "path: model/coefficients.json", "path: model/none.json")
    before = walk.files()

    answer = walk.run("validate")

    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.count("error: mlops.yaml:") == 3
    assert answer.err.count("\nhint: ") == 3
    assert "did you mean `laptop`" in answer.err
    assert (answer.err, 1) == (walk.run("plan").err, walk.run("apply", "--auto-approve").code)
    assert before == walk.files()


def test_version_is_that_of_the_package(walk: Walk) -> None:
    assert walk.run("version").out.startswith(f"mlops {mlops.__version__} (Python 3.")
    assert walk.run("--version").out == f"mlops {mlops.__version__}\n"


def test_schema_goes_to_standard_output_or_to_a_file(walk: Walk) -> None:
    shown = walk.run("schema")
    written = walk.run("schema", "-o", "schema.json")

    assert (0, 0, "") == (shown.code, written.code, written.out)
    assert shown.out == (walk.folder / "schema.json").read_text(encoding="utf-8")
    assert "properties" in shown.json
    refused = walk.run("schema", "-o", "none/schema.json")
    assert (1, "error: cannot write `none/schema.json`") == (refused.code, refused.err[:38])


def test_init_makes_a_folder_that_plans_and_overwrites_nothing(walk: Walk) -> None:
    made = walk.run("init", "a-b")

    assert made.code == 0
    assert made.out.endswith("\nNext: mlops apply -f a-b\n")
    assert "project: a-b\n" in (walk.folder / "a-b/mlops.yaml").read_text(encoding="utf-8")
    assert walk.run("validate", "-f", "a-b").code == 0
    files = sum(path.is_file() for path in STARTER.rglob("*") if "__pycache__" not in path.parts)
    assert files == len(made.out.splitlines()) - 2
    before = walk.files()
    again = walk.run("init", "a-b")
    assert (1, "error: ") == (again.code, again.err[:7])
    assert before == walk.files()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pln",), "error: no command `pln`\nhint: did you mean `plan`? see `mlops --help`\n"),
        (("frobnicate",), "error: no command `frobnicate`\nhint: see `mlops --help`\n"),
        (("plan", "--formt", "json"), "hint: see `mlops plan --help`\n"),
        (("plan", "extra"), "hint: see `mlops plan --help`\n"),
        (("plan", "--format", "xml"), "hint: see `mlops plan --help`\n"),
        (("apply", "--allow-deletes", "-1"), "hint: see `mlops apply --help`\n"),
        (("models", "shw"), "hint: see `mlops models --help`\n"),
        (("show", "diabets"), "hint: did you mean `diabetes`? there is only diabetes\n"),
        (("logs", "nope"), "hint: there is only diabetes\n"),
        (("plan", "-f", "nowhere"), "error: there is no file `nowhere`\n"),
        (("plan", "--var", "x"), "error: `x` of `--var` sets nothing\nhint: "),
        ((), "Usage: mlops [OPTIONS] COMMAND [ARGS]...\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_usage_errors_have_code_1_and_a_hint(walk: Walk, words: tuple[str, ...], told: str) -> None:
    answer = walk.run(*words)

    assert answer.code == 1
    assert told in answer.err
    assert answer.out == ""


def test_a_file_given_from_elsewhere_means_its_own_folder(live: Walk, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mlops", "status", "-f", str(live.spec), "--format", "json"],
        cwd=tmp_path,
        env=live.environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert [service["state"] for service in json.loads(done.stdout)] == ["ready"]


def test_a_link_to_the_folder_shows_the_same_world(live: Walk, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(live.folder)

    answer = live.run("plan", "-f", str(link))

    assert (0, "No changes.") == (answer.code, answer.out[:11])


def test_ctrl_c_while_python_still_starts_ends_without_a_traceback() -> None:
    code = (
        "import signal, sys, os\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.addaudithook(lambda event, words: os.kill(os.getpid(), signal.SIGINT)"
        " if event == 'import' and words[0] == 'mlops.cli' else None)\n"
        "import mlops.__main__\n"
        "mlops.__main__.main()\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (130, "") == (ended.returncode, ended.stderr)
