"""What v1's own server is tested with, put to it and to ours; each difference is in a table."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from serving_differences import ANY, DIFFERENCES
from serving_documents import UNCLAIMED, bones, operations, schemas
from serving_environments import with_schema
from serving_instance import Answer, Instance, ask, failed, serving
from serving_reference import refused, theirs
from serving_upstream import BAD, CASES, VARIABLES, Case
from serving_upstream_scripts import UPSTREAM

README = Path(__file__).parent.parent / "README.md"
UNLIKE = {"date", "server", "connection", "content-length", "vary", "x-ms-server-version"}
TIMED = "x-ms-run-fn-exec-ms"
OURS, OLD = "x-request-id", "x-ms-request-id"


@pytest.fixture(scope="module", params=UPSTREAM)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any, Instance]]:
    name, script = request.param, UPSTREAM[request.param]
    folder = tmp_path_factory.mktemp(name)
    own = with_schema()
    variables = VARIABLES.get(name, {})
    with (
        theirs(folder / "theirs", script, variables) as reference,
        serving(
            folder / "ours", script, python=str(own), environment_variables=variables
        ) as service,
    ):
        yield name, reference, service


def test_each_difference_is_in_the_table_and_no_other(both: tuple[str, Any, Instance]) -> None:
    name, reference, service = both
    expected, actual = {}, {}

    for case in (one for one in CASES if one.script == name):
        left, right = told(reference, case), told(service, case)
        found = {
            field: (left.get(field), right.get(field))
            for field in left.keys() | right.keys()
            if left.get(field) != right.get(field)
        }
        tabled = differing(case.id)
        expected[case.id] = tabled
        actual[case.id] = {
            field: tuple(
                ANY if wanted is ANY else value
                for wanted, value in zip(tabled.get(field, pair), pair, strict=True)
            )
            for field, pair in found.items()
        }

    assert expected == actual


def differing(case: str) -> dict[str, tuple[Any, Any]]:
    """Return what the table says of a case."""
    return {
        field: pair
        for difference in DIFFERENCES
        for pattern, fields in difference.where.items()
        if fnmatchcase(case, pattern)
        for field, pair in fields.items()
    }


def told(server: Any, case: Case) -> dict[str, Any]:
    """Return what an answer says; what is never the same twice is named by what it is."""
    connection = server.connect()
    try:
        answer = ask(connection, case.method, case.path, case.body, case.headers)
    finally:
        connection.close()
    headers = {name: value for name, value in answer.headers.items() if name not in UNLIKE}
    timed = headers.pop(TIMED, None) is not None
    own = headers.get(OURS)
    if own and own not in case.headers.values():
        headers[OURS] = "fresh"
        headers[OLD] = "same" if headers.get(OLD) == own else headers.get(OLD, "")
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    return {"status": answer.status, "timed": timed, **headers, **said(case, answer)}


def said(case: Case, answer: Answer) -> dict[str, Any]:
    """Return what a body says."""
    if answer.headers.get("content-type") != "application/json" or not answer.body:
        return {"body": answer.body}
    value = answer.json
    if not case.path.startswith("/swagger.json") or answer.status != 200:
        return {"body": value}
    plain = bones(value)
    body = [schemas(plain), plain["info"], operations(plain), plain.get("basePath")]
    return {"body": body, "claims": any(f'"{word}"' in json.dumps(value) for word in UNCLAIMED)}


def test_every_row_of_the_table_is_seen() -> None:
    ids = [case.id for case in CASES]
    patterns = [pattern for one in DIFFERENCES for pattern in one.where]
    tests = [one.shown.split("::") for one in DIFFERENCES if one.shown]
    unseen = [one for one in patterns if not any(fnmatchcase(case, one) for case in ids)]

    assert sorted(set(ids)) == sorted(ids)
    assert [] == unseen
    assert [] == [one.theirs for one in DIFFERENCES if not one.where and not one.shown]
    for file, test in tests:
        assert f"def {test}(" in (Path(__file__).parent / file).read_text(encoding="utf-8")


def test_the_readme_shows_the_table() -> None:
    section = README.read_text(encoding="utf-8").partition("### Beside v1's own server")[2]
    table = re.findall(r"^\| (.*) \| (.*) \| (.*) \|$", section.partition("\n## ")[0], re.MULTILINE)

    assert [("it", "ours", "why"), *(tuple(one[:3]) for one in DIFFERENCES)] == table


def test_what_theirs_refuses_to_start_with_ours_refuses_too(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    expected = refused(tmp_path / "theirs", BAD)
    actual = {}

    for number, (name, script) in enumerate(BAD.items()):
        code, record, _ = failed(tmp_path / f"{number}", script)
        actual[name] = code != 0 and record["state"] == "failed"

    assert expected == actual


def test_variables_that_steer_theirs_alone_reach_the_script(tmp_path: Path) -> None:
    names = (
        "AZUREML_CONFIG_FILE",
        "AZUREML_DEBUG_PORT",
        "WORKER_PRELOAD",
        "SEPERATE_HEALTH_ENDPOINT",
    )
    script = "import os\ndef init(): pass\ndef run(data): return dict(os.environ)"
    variables = dict.fromkeys(names, "5678")

    with serving(tmp_path, script, environment_variables=variables) as service:
        found = service.score(1).json

    assert variables == {name: found[name] for name in names}


def test_theirs_closes_each_connection_and_ours_keeps_it(both: tuple[str, Any, Instance]) -> None:
    _, reference, service = both

    assert "close" == reference.ask("GET", "/").headers["connection"]
    assert "connection" not in service.ask("GET", "/").headers


def test_who_serves_is_said_unless_a_variable_forbids_it(
    both: tuple[str, Any, Instance],
) -> None:
    name, reference, service = both
    found = [
        server.ask("GET", "/").headers.get("x-ms-server-version", "").partition("/")[0]
        for server in (reference, service)
    ]

    assert (["", ""] if name == "cors" else ["azmlinfsrv", "mlops"]) == found
