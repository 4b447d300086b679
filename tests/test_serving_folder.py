"""What the script finds around itself: models, variables, modules."""

import sys
from pathlib import Path

import pytest
from serving_instance import serving


def test_models_are_linked_and_what_is_not_listed_is_removed(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("bytes")
    stale = tmp_path / "instance" / "azureml-models" / "old" / "1"
    stale.mkdir(parents=True)
    files = [{"path": "m.pkl", "blob": str(tmp_path / "blob")}]
    models = [{"name": "m", "version": 3, "files": files}]
    script = """
        import os
        def init():
            pass
        def run(data):
            folder = os.environ["AZUREML_MODEL_DIR"]
            names = ["AML_APP_ROOT", "AZUREML_SOURCE_DIRECTORY", "AZUREML_ENTRY_SCRIPT",
                     "SERVICE_NAME", "EXTRA"]
            values = [os.environ[name] for name in names]
            return [open(os.path.join(folder, "m.pkl")).read(), folder, os.getcwd(), *values]
    """
    folder = tmp_path / "instance"
    with serving(folder, script, models=models, environment_variables={"EXTRA": "é"}) as service:
        answer = service.score(1).json

    app = str(folder)
    expected = ["bytes", app + "/azureml-models/m/3", app + "/code", app + "/azureml-app"]
    assert [*expected, "score", "score/score.py", "sums", "é"] == answer
    assert not stale.exists()


def test_several_models_share_one_folder(tmp_path: Path) -> None:
    (tmp_path / "blob").touch()
    files = [{"path": "d/m.pkl", "blob": str(tmp_path / "blob")}]
    models = [{"name": name, "version": 1, "files": files} for name in ("a", "b")]
    script = """
        import os
        def init(): pass
        def run(data):
            return sorted(os.path.join(at, name)[len(os.environ["AZUREML_MODEL_DIR"]):]
                          for at, _, names in os.walk(os.environ["AZUREML_MODEL_DIR"])
                          for name in names)
    """
    with serving(tmp_path / "instance", script, models=models) as service:
        answer = service.score(1).json

    assert answer == ["/a/1/d/m.pkl", "/b/1/d/m.pkl"]


def test_modules_beside_the_script_and_in_the_code_folder_are_found(tmp_path: Path) -> None:
    inner = tmp_path / "code" / "inner"
    inner.mkdir(parents=True)
    (inner / "near.py").write_text("N = 'near'\n")
    (tmp_path / "code" / "wire.py").write_text("N = 'mine, not the server s'\n")
    body = "import near, wire\ndef init(): pass\ndef run(data): return [near.N, wire.N]\n"
    (inner / "entry.py").write_text(body)
    with serving(tmp_path, entry_script="inner/entry.py") as service:
        answer = service.score(1).json

    assert answer == ["near", "mine, not the server s"]
    assert not list(tmp_path.rglob("__pycache__"))


@pytest.mark.parametrize("brought", [False, True])
def test_bytecode_is_kept_where_the_servers_is_unless_the_interpreter_brings_its_own(
    tmp_path: Path, *, brought: bool
) -> None:
    script = "import near\ndef init(): pass\ndef run(data): return near.N\n"
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "near.py").write_text("N = 'near'\n")
    (tmp_path / "python" / "bin").mkdir(parents=True)
    python = tmp_path / "python" / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    compiled = tmp_path / "python" / "lib" / "python3.11" / "__pycache__"
    compiled.mkdir(parents=True)
    if brought:
        (compiled / "os.cpython-311.pyc").write_bytes(b"")
    place = tmp_path / "bytecode"
    words = ("-X", f"pycache_prefix={place}")
    with serving(tmp_path, script, words=words, python=str(python)) as service:
        answer = service.score(1).json

    assert answer == "near"
    assert list(place.rglob("launch.*.pyc"))
    assert brought != bool(list(place.rglob("near.*.pyc")))
    assert not list((tmp_path / "code").rglob("*.pyc"))


def test_a_path_prefix_and_version_stand_in_swagger(tmp_path: Path) -> None:
    variables = {"SERVICE_PATH_PREFIX": "/a/b/", "SERVICE_VERSION": "7"}
    with serving(tmp_path, environment_variables=variables) as service:
        document = service.ask("GET", "/swagger.json").json

    assert document["info"]["version"] == "7"
    assert "/a/b/score" in document["paths"]


def test_a_swagger_file_of_the_user_wins(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "swagger.json").write_text('{"swagger": "2.0", "mine": true}')
    with serving(tmp_path) as service:
        second = service.ask("GET", "/swagger.json").json
        third = service.ask("GET", "/swagger.json?version=3").json

    assert second["mine"]
    assert third["openapi"] == "3.0.3"


def test_the_application_folder_holds_code_and_models_as_v1_did(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("bytes")
    files = [{"path": "m.pkl", "blob": str(tmp_path / "blob")}]
    script = """
        import os
        from pathlib import Path
        def init():
            pass
        def run(data):
            root = Path(os.environ["AML_APP_ROOT"])
            beside = root / os.environ["AZUREML_SOURCE_DIRECTORY"] / "labels.txt"
            entry = root / os.environ["AZUREML_ENTRY_SCRIPT"]
            model = root / "azureml-models" / "m" / "3" / "m.pkl"
            return [beside.read_text(), entry.is_file(), model.read_text()]
    """
    folder = tmp_path / "instance"
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "labels.txt").write_text("a, b")
    models = [{"name": "m", "version": 3, "files": files}]

    with serving(folder, script, models=models) as service:
        answer = service.score(1).json

    assert ["a, b", True, "bytes"] == answer


def test_what_the_server_is_told_reaches_no_worker_but_the_user_s_variables_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_MARK", "{}")
    script = """
        import os
        def init(): pass
        def run(data):
            return {name: value for name, value in os.environ.items() if "MLOPS" in name}
    """

    with serving(tmp_path, script, environment_variables={"MLOPS_MINE": "1"}) as service:
        assert {"MLOPS_MINE": "1"} == service.score(1).json
