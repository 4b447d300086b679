"""What v1's scripts import: stand-ins where it is missing, the real thing where it is not."""

import ast
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from serving_instance import failed, serving

RAW = """
    from azureml.contrib.services.aml_request import AMLRequest, rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

    def init():
        pass

    @rawhttp
    def run(request):
        if request.method == "PATCH":
            return {"plain": request.get_data(as_text=True)}
        if request.args.get("odd"):
            return AMLResponse("x", 200, {"bad name": "x"})
        words = [request.method, request.full_path, request.headers["x-Mine"], request.path]
        if request.method == "GET":
            return AMLResponse(words, 203, {"X-Two": "a, b"}, json_str=True)
        return AMLResponse(request.get_data(False)[::-1], 201, {"Content-Type": "image/png"})
"""


def modules(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def answers(folder: Path, expression: str, imports: str, **changes: Any) -> Any:
    script = f"{imports}\ndef init(): pass\ndef run(data): return {expression}\n"
    with serving(folder, script, **changes) as service:
        return service.score(1).json


JOBLIB = {
    "joblib/__init__.py": "KIND = 'installed'\ndef load(path): return path\n",
    "joblib/numpy_pickle.py": "class Wrapper: pass\n",
}


@pytest.mark.parametrize("externals", [{}, {"sklearn/externals/__init__.py": "REAL = 1\n"}])
def test_the_old_joblib_of_sklearn_is_the_installed_one(
    tmp_path: Path, externals: dict[str, str]
) -> None:
    modules(tmp_path, {"sklearn/__init__.py": "", **JOBLIB, **externals})
    imports = """
from sklearn.externals import joblib as old
import sklearn.externals.joblib.numpy_pickle as old_part
import joblib, joblib.numpy_pickle as part
"""
    expression = "[old is joblib, old_part.Wrapper is part.Wrapper, joblib.__spec__.name]"

    assert answers(tmp_path, expression, imports) == [True, True, "joblib"]


def test_a_joblib_that_sklearn_still_brings_wins(tmp_path: Path) -> None:
    real = {"sklearn/externals/__init__.py": "", "sklearn/externals/joblib.py": "KIND = 'old'\n"}
    modules(tmp_path, {"sklearn/__init__.py": "", **JOBLIB, **real})
    imports = "from sklearn.externals import joblib"

    assert answers(tmp_path, "joblib.KIND", imports) == "old"


@pytest.mark.parametrize("present", [{}, {"sklearn/__init__.py": ""}])
def test_without_sklearn_or_joblib_the_import_fails_as_it_should(
    tmp_path: Path, present: dict[str, str]
) -> None:
    modules(tmp_path, present)
    script = "from sklearn.externals import joblib\ndef init(): pass\ndef run(data): pass\n"

    code, record, _ = failed(tmp_path, script)

    assert code == 3
    assert "Error: " in record["error"]["summary"]
    assert "mlops_serving" not in record["error"]["summary"]


def test_the_real_model_class_wins(tmp_path: Path) -> None:
    modules(
        tmp_path,
        {
            "azureml/__init__.py": "",
            "azureml/core/__init__.py": "",
            "azureml/core/model.py": "Model = 'real'\n",
        },
    )

    assert answers(tmp_path, "Model", "from azureml.core.model import Model") == "real"


def test_only_the_missing_part_of_a_real_azureml_is_stood_in_for(tmp_path: Path) -> None:
    request = "_rawHttpRequested = False\ndef rawhttp(f): return 'real'\n"
    modules(tmp_path, {"azureml/contrib/services/aml_request.py": request})
    imports = """
from azureml.contrib.services.aml_request import rawhttp
from azureml.contrib.services.aml_response import AMLResponse
from azureml.core.model import Model
from azureml.core import Model as Same
"""

    expression = "[rawhttp(0), Model is Same, AMLResponse.__name__]"
    assert answers(tmp_path, expression, imports) == ["real", True, "AMLResponse"]


def linked(tmp_path: Path, *versions: int, files: tuple[str, ...] = ("m.pkl",)) -> list[Any]:
    (tmp_path / "blob").write_text("bytes")
    blob = str(tmp_path / "blob")
    listed = [{"path": path, "blob": blob} for path in files]
    return [{"name": "m", "version": version, "files": listed} for version in versions]


MODEL = """
    from azureml.core.model import Model
    from azureml.exceptions import WebserviceException
    import json, os

    def init():
        open("local.pkl", "w").close()

    def run(data):
        words = json.loads(data)
        try:
            return Model.get_model_path(*words)
        except WebserviceException as error:
            return [type(error).__name__, error.message]
"""


def test_a_model_is_found_by_its_highest_version_or_the_one_named(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    with serving(folder, MODEL, models=linked(tmp_path, 2, 9, 10)) as service:
        newest, named = service.score(["m"]).json, service.score(["m", 2]).json
        local = service.score(["local.pkl"]).json

    root = str(folder / "azureml-app" / "azureml-models" / "m")
    assert [root + "/10/m.pkl", root + "/2/m.pkl", "local.pkl"] == [newest, named, local]


def test_a_model_that_is_a_folder_is_found_as_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    models = linked(tmp_path, 1, files=("net/a.bin", "net/b/c.bin"))
    with serving(folder, MODEL, models=models) as service:
        assert str(folder / "azureml-app/azureml-models/m/1/net") == service.score(["m"]).json


def test_a_model_that_is_not_there_is_said_in_v1s_words(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    models = linked(tmp_path, 1, files=("a", "b"))
    with serving(folder, MODEL, models=models) as service:
        missing, two = service.score(["other"]).json, service.score(["m"]).json
        text, version = service.score(["m", "1"]).json, service.score(["m", 7]).json

    assert missing[0] == "ModelNotFoundException"
    assert f"Model other not found in cache at {folder}/azureml-app/azureml-models" in missing[1]
    assert "can contain only 1 file or folder. Found [" in two[1]
    assert text == ["WebserviceException", "version should be an int"]
    assert version[0] == "ModelNotFoundException"


def test_a_raw_run_speaks_http_itself(tmp_path: Path) -> None:
    with serving(tmp_path, RAW) as service:
        got = service.ask("GET", "/score?a=1", headers={"X-Mine": "m"})
        posted = service.ask("POST", "/score", b"\x00\xff", {"x-mine": "m"})
        patched = service.ask("PATCH", "/score", b"body")
        odd = service.ask("POST", "/score?odd=1", b"")

    assert (got.status, got.json) == (203, ["GET", "/score?a=1", "m", "/score"])
    assert got.headers["x-two"] == "a, b" or got.headers["x-two"] == "b"
    assert (
        posted.status,
        posted.body,
        posted.headers["content-type"],
    ) == (201, b"\xff\x00", "image/png")
    assert patched.json == {"plain": "body"}
    assert odd.status == 500


@pytest.mark.parametrize("status", [204, 500, 99])
def test_a_raw_run_chooses_its_status(tmp_path: Path, status: int) -> None:
    script = f"""
        from azureml.contrib.services.aml_response import AMLResponse
        def init(): pass
        def run(data): return AMLResponse("gone", {status})
    """
    with serving(tmp_path, script) as service:
        answer = service.score(1)

    assert (status if status != 99 else 500) == answer.status
    assert str(status == 500) == answer.headers["x-ms-run-function-failed"]


OTHERS = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))


@pytest.mark.parametrize("python", OTHERS, ids=lambda path: str(path.parts[-3]))
def test_every_python_that_can_be_had_here_serves(tmp_path: Path, python: Path) -> None:
    script = """
        import sys
        from azureml.core.model import Model
        def init(): print("é")
        def run(data, request_headers): return [list(sys.version_info[:2]), data]
    """
    with serving(tmp_path, script, python=str(python)) as service:
        answer = service.score("é").json

    assert [int(part) for part in python.parts[-3].split(".")[:2]] == answer[0]
    assert json.loads(answer[1]) == "é"


def test_the_worker_is_written_in_the_syntax_of_python_3_6() -> None:
    root = Path(__file__).resolve().parent.parent / "mlops" / "serving"
    files = [root / "__init__.py", *(root / "worker").rglob("*.py")]

    assert len(files) > 10
    for file in files:
        ast.parse(file.read_text(), str(file), feature_version=(3, 6))


def test_the_worker_imports_the_standard_library_only() -> None:
    worker = Path(__file__).resolve().parent.parent / "mlops" / "serving" / "worker"
    found = set()
    for file in worker.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])

    assert set() == found - set(sys.stdlib_module_names)
