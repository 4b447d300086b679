"""A checkout on a machine without the credentials of one of its targets: what each command says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Answer, Walk, kill, walking

BOX = "  box: {kind: docker}\n"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A process that runs, and a service on an engine that asks for a certificate."""
    with walking(tmp_path_factory.mktemp("walk")) as begun:
        assert begun.apply().code == 0
        begun.edit(
            "mlops.yaml", "  laptop: {kind: process}\n", f"  laptop: {{kind: process}}\n{BOX}"
        )
        begun.add_service("wine", begun.port + 1)
        begun.edit("mlops.yaml", "wine: {target: laptop", "wine: {target: box")
        yield begun


def run(walk: Walk, *words: str) -> Answer:
    """Run a command for which an engine is far away, and its certificates are not here."""
    nobody = {"DOCKER_HOST": "tcp://127.0.0.1:9", "DOCKER_TLS_VERIFY": "1"}
    return walk.run(*words, environ={**nobody, "DOCKER_CERT_PATH": str(walk.folder / "none")})


def test_a_plan_is_shown_and_ends_with_the_code_of_an_authentication(walk: Walk) -> None:
    answer = run(walk, "plan")

    assert answer.code == 6
    assert "not observed: box (1 service): no `ca.pem` in `" in answer.out
    assert answer.out.endswith("No change in what was observed; 1 target not observed.\n")
    assert "Digest:" not in answer.out


def test_a_plan_that_is_not_whole_is_kept_in_no_file(walk: Walk) -> None:
    answer = run(walk, "plan", "--out", "plan.json")

    assert (6, False) == (answer.code, (walk.folder / "plan.json").exists())
    assert "`plan.json` is not written: what is not observed can't be agreed to" in answer.err


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_what_changes_something_is_refused_and_says_how_to_go_on(walk: Walk, command: str) -> None:
    before = walk.files()

    answer = run(walk, command, "--auto-approve")

    assert answer.code == 6
    assert "error: `box` is not observed: no `ca.pem`" in answer.err
    assert "or leave it out by `--exclude box`" in answer.err
    assert before == walk.files()


def test_status_tells_what_is_not_there_from_what_nobody_saw(walk: Walk) -> None:
    answer = run(walk, "status")

    assert (6, ["wine box not observed", "diabetes laptop ready"]) == (
        answer.code,
        [
            " ".join(line.split()[: 4 if "wine" in line else 3])
            for line in answer.out.splitlines()[1:]
        ],
    )


def test_a_report_is_written_and_says_it(walk: Walk) -> None:
    answer = run(walk, "report", "-o", "site")

    assert answer.code == 6
    page = (walk.folder / "site" / "index.html").read_text(encoding="utf-8")
    assert "Not observed, for want of credentials" in page
    assert "<li>box (1 service): no <code>ca.pem</code> in" in page


def test_without_drift_nobody_knows_and_with_drift_there_is_some(
    walk: Walk, tmp_path: Path
) -> None:
    known = tmp_path / "known.json"

    without = run(walk, "drift")
    written = run(walk, "drift", "--write-baseline", str(known))
    kill(walk.record()["pid"])
    found = run(walk, "drift")

    assert (6, 6, 8) == (without.code, written.code, found.code)
    assert without.out.endswith("No drift in what was observed; 1 target not observed.\n")
    assert not known.exists()
    assert (
        "Drift: 1 of 1 service differs from what was applied; 1 target not observed." in found.out
    )
