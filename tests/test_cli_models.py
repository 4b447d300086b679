"""`mlops models`: as it is typed."""

import json
from pathlib import Path

import pytest
from fakes import MemoryTarget
from make import address, observed
from msgspec.structs import replace

from mlops.artefacts import ModelVersion
from mlops.cli import run
from mlops.cli.models.using import users
from mlops.cli.options import Files
from mlops.cli.session import Session, open_session
from mlops.store.applied import write_applied
from mlops.values import Ownership

SPEC = """\
version: 1
project: quickstart
models:
  diabetes: {path: model.pkl}
inference:
  score: {source_directory: score, entry_script: score.py, requirements: requirements.txt}
targets:
  laptop: {kind: process}
deployments:
  diabetes: {target: laptop, models: [MODEL], inference: score, port: 1}
"""


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a file, and be there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "checkout"
    (folder / "score").mkdir(parents=True)
    (folder / "score" / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    (folder / "score" / "requirements.txt").write_text("numpy\n")
    (folder / "model.pkl").write_bytes(b"1")
    (folder / "other.pkl").write_bytes(b"22")
    (folder / "mlops.yaml").write_text(SPEC.replace("MODEL", "diabetes"))
    monkeypatch.chdir(folder)
    return folder


def serves(reference: str) -> None:
    Path("mlops.yaml").write_text(SPEC.replace("MODEL", f'"{reference}"'))


def mlops(*words: str) -> int:
    return run(["models", *words])


def session() -> Session:
    return open_session(Files(paths=(Path(),), variables={}))


def version(reference: str) -> ModelVersion:
    found = session().registry.version(reference)
    assert found is not None
    return found


def registered(*paths: str) -> None:
    for path in paths:
        assert mlops("register", "diabetes", "--path", path) == 0


def test_a_model_is_registered_with_what_is_said_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = ["--tag", "a=b=c", "--property", "auc=0.9", "--framework", "scikit-learn"]

    code = mlops("register", "diabetes", "--path", "model.pkl", *said, "--description", "d")

    told = version("diabetes:1")
    assert (0, "The content is registered as diabetes:1.\n") == (code, capsys.readouterr().out)
    assert ({"a": "b=c"}, {"auc": "0.9"}) == (dict(told.tags), dict(told.properties))
    assert ("d", "scikit-learn") == (told.description, told.framework and told.framework.name)


def test_a_content_that_is_registered_keeps_its_number_and_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mlops("register", "diabetes", "--path", "model.pkl", "--tag", "a=1", "--property", "p=1")
    capsys.readouterr()

    mlops("register", "diabetes", "--path", "model.pkl", "--tag", "b=2", "--format", "json")

    told = json.loads(capsys.readouterr().out)
    assert ("diabetes:1", {"a": "1", "b": "2"}) == (told["model"], told["tags"])
    assert {"p": "1"} == told["properties"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["register", "-x", "--path", "model.pkl"], "no such option"),
        (["register", "a b", "--path", "model.pkl"], "`a b` is no name for a model"),
        (["register", "a", "--path", "gone"], "the model's path `gone` does not exist"),
        (["register", "a", "--path", "model.pkl", "--tag", "x"], "`x` sets nothing"),
        (["register", "a", "--path", "model.pkl", "--framework-version", "1"], "needs a framework"),
        (["register", "diabetes", "--path", "model.pkl", "--property", "p=2"], "is `1` for good"),
        (["tag", "diabetes:9", "a=b"], "no model `diabetes:9` in the store"),
        (["tag", "diabetes", "a"], "`a` sets nothing"),
        (["tag", "diabetes", "=a"], "`=a` sets nothing"),
        (["tag", "diabetes", "a=1", "a-"], "the tag `a` is set and removed"),
        (["alias", "diabetes:1", "3"], "`3` is no alias"),
        (["alias", "other:1", "champion"], "no model `other:1`"),
        (["delete", "diabetes", "--yes"], "`diabetes` is no version"),
        (["delete", "diabetes:9", "--yes"], "no model `diabetes:9`"),
        (["list", "other"], "no model `other`"),
        (["show", "diabetes@nobody"], "no model `diabetes@nobody`"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mlops("register", "diabetes", "--path", "model.pkl", "--property", "p=1")
    before = session().objects.list("models")

    code = mlops(*words)

    assert code == 1
    assert expected in capsys.readouterr().err
    assert before == session().objects.list("models")


def test_tags_are_set_and_removed() -> None:
    registered("model.pkl", "other.pkl")
    mlops("tag", "diabetes:1", "a=1", "b=2")

    code = mlops("tag", "diabetes:1", "a-", "b=3", "never-")

    assert (0, {"b": "3"}) == (code, dict(version("diabetes:1").tags))
    assert {} == dict(version("diabetes:2").tags)


def test_aliases_are_listed_moved_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    registered("model.pkl", "other.pkl")
    mlops("alias", "diabetes:1", "champion")
    capsys.readouterr()

    mlops("alias", "diabetes:2", "champion")
    mlops("list", "diabetes", "--format", "json")

    moved, _, listed = capsys.readouterr().out.partition("\n")
    assert "diabetes@champion is diabetes:2, no longer diabetes:1." == moved
    assert [[], ["champion"]] == [row["aliases"] for row in json.loads(listed)]
    assert 0 == mlops("alias", "diabetes", "champion-")
    assert session().registry.version("diabetes@champion") is None


def test_a_deployment_serves_the_version_that_an_alias_names() -> None:
    registered("model.pkl", "other.pkl")
    mlops("alias", "diabetes:2", "champion")
    serves("diabetes@champion")

    service = next(thing for thing in session().desired() if thing.address.kind == "service")

    assert version("diabetes:2").content.digest == service.fields["models.diabetes"]
    assert "diabetes:2" == service.labels["models.diabetes"]


def test_an_alias_that_names_nothing_is_refused_at_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registered("model.pkl")
    mlops("alias", "diabetes:1", "champion")
    serves("diabetes@challenger")

    code = run(["plan"])

    told = capsys.readouterr().err
    assert code == 1
    assert "mlops.yaml:10:38: no model version `diabetes@challenger` in the store" in told
    assert "`diabetes:1`, `diabetes@champion`" in told


def test_a_version_that_nothing_uses_is_deleted_and_its_number_stays_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registered("other.pkl")

    code = mlops("delete", "diabetes:1", "--yes")

    assert (0, ()) == (code, session().registry.versions("diabetes"))
    assert "diabetes:1 is deleted, 2 B freed." in capsys.readouterr().out
    assert 0 == mlops("delete", "diabetes:1", "--yes")
    assert "diabetes:1 was deleted already" in capsys.readouterr().out
    registered("other.pkl")
    assert [2] == [one.version for one in session().registry.versions("diabetes")]


def test_nothing_is_deleted_where_nobody_can_say_yes(capsys: pytest.CaptureFixture[str]) -> None:
    registered("other.pkl")

    code = mlops("delete", "diabetes:1")

    assert (3, 1) == (code, len(session().registry.versions("diabetes")))
    assert "--yes" in capsys.readouterr().err


def test_a_version_that_a_deployment_of_the_file_wants_is_not_deleted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registered("model.pkl", "other.pkl")
    serves("diabetes:2")

    code = mlops("delete", "diabetes:2", "--yes")

    told = capsys.readouterr().err
    assert (3, 2) == (code, len(session().registry.versions("diabetes")))
    assert "mlops.yaml:10:3: `diabetes:2` is wanted by the deployment `diabetes`" in told


def test_the_next_apply_registers_again_what_the_file_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registered("model.pkl", "other.pkl")
    serves("diabetes:2")

    code = mlops("delete", "diabetes:1", "--yes")

    assert code == 0
    assert "the next apply registers it again" in capsys.readouterr().err


def test_a_version_of_a_service_of_another_project_is_not_deleted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registered("other.pkl")
    used = {"models.diabetes": version("diabetes:1").content.digest}
    service = address("prod/service/diabetes")
    write_applied(session().objects, "other", service, used)

    code = mlops("delete", "diabetes:1", "--yes")

    assert code == 3
    assert "used by `prod/service/diabetes` of the project `other`" in capsys.readouterr().err
    write_applied(session().objects, "other", service, None)
    assert 0 == mlops("delete", "diabetes:1", "--yes")


@pytest.mark.parametrize(
    ("digest", "ownership", "count"),
    [
        ("", Ownership.OURS, 1),
        ("", Ownership.FOREIGN, 1),
        ("edited", Ownership.OURS, 1),
        ("sha256:other", Ownership.OURS, 0),
    ],
)
def test_a_version_that_a_live_service_may_use_is_in_use(
    digest: str, ownership: Ownership, count: int
) -> None:
    registered("other.pkl")
    found = version("diabetes:1")
    laptop = MemoryTarget("laptop")
    fields = {"models.diabetes": digest or found.content.digest}
    laptop.things[address()] = observed(fields=fields, ownership=ownership)

    problems = users(replace(session(), targets={"laptop": laptop}), (), found)

    told = "`diabetes:1` is used by the live service `laptop/service/diabetes`"
    assert [told] * count == [problem.summary for problem in problems]
