"""An environment that pins old packages serves: nothing of ours is in it, nothing of it is ours."""

from pathlib import Path

import pytest
from serving_contract import PLAIN, RAW, REQUESTS, TYPED
from serving_environments import environment, interpreter
from serving_instance import Instance, serving

OLD = {
    "3.7": (
        "flask==1.1.4",
        "werkzeug==1.0.1",
        "jinja2==2.11.3",
        "markupsafe==1.1.1",
        "itsdangerous==1.1.0",
        "fastapi==0.95.2",
        "starlette==0.27.0",
        "uvicorn==0.21.1",
        "anyio==3.6.2",
        "pydantic==1.10.7",
        "wrapt==1.11.1",
        "inference-schema[numpy-support,pandas-support]==1.1.0",
        "numpy==1.17.5",
        "pandas==1.0.5",
        "azureml-contrib-services==1.33.0",
    ),
    "3.8": (
        "flask==1.0.4",
        "werkzeug==0.16.1",
        "jinja2==2.11.3",
        "markupsafe==1.1.1",
        "itsdangerous==1.1.0",
        "fastapi==0.60.1",
        "starlette==0.13.6",
        "uvicorn==0.11.8",
        "anyio==2.2.0",
        "pydantic==1.5.1",
        "wrapt==1.12.1",
        "inference-schema[numpy-support,pandas-support]==1.3.0",
        "numpy==1.19.5",
        "pandas==1.1.5",
        "azureml-contrib-services==1.33.0",
    ),
    "3.9": (
        "flask==2.0.3",
        "werkzeug==2.0.3",
        "fastapi==0.95.2",
        "starlette==0.27.0",
        "uvicorn==0.22.0",
        "anyio==3.7.1",
        "pydantic==1.10.13",
        "wrapt==1.12.1",
        "inference-schema[numpy-support,pandas-support]==1.5",
        "numpy==1.22.4",
        "pandas==1.4.4",
        "azureml-contrib-services==1.49.0",
    ),
}
WARM = """
import anyio, fastapi, flask, pandas, pydantic, uvicorn, wrapt
import inference_schema.parameter_types.pandas_parameter_type
import inference_schema.schema_decorators
"""
MODELS = """
    import anyio, fastapi, flask, numpy, pydantic, uvicorn, wrapt
    from importlib_metadata import version

    class Item(pydantic.BaseModel):
        n: int

    def init(): pass
    def run(item: Item):
        names = ("anyio", "fastapi", "flask", "numpy", "pydantic", "uvicorn", "wrapt")
        return {"n": item.n, "pins": [name + "==" + version(name) for name in names]}
"""
SCRIPTS = {
    "typed": TYPED.replace(", optional=True", ""),
    "plain": PLAIN,
    "raw": RAW.replace("azureml_inference_server_http.api", "azureml.contrib.services"),
    "models": MODELS,
}


def python_of(version: str) -> Path:
    pins = (*OLD[version], "importlib-metadata<5", "setuptools<60")
    return environment(*pins, python=interpreter(version), warm=WARM)


def asked(service: Instance, name: str) -> object:
    """Ask what the script of this name is there for."""
    if name == "typed":
        return [
            service.score({"data": [[1, 2]], "limit": 1}).json,
            service.score({"data": [[1, "x"]], "limit": 1}).json["message"][:14],
            service.score({"data": [[1]], "limit": 1}).status,
        ]
    if name == "raw":
        return [service.ask("GET", "/score?a=5").body, service.ask(*REQUESTS["raw"][-1]).json]
    if name == "plain":
        return service.score({"a": 1}).json
    wrong = service.score({"item": {"n": "x"}})
    return [service.score({"item": {"n": 1}}).json["n"], wrong.status, wrong.json["message"][:8]]


ANSWERS = {
    "typed": [[3.0, 1], "`data[0][1]` d", 400],
    "plain": {"a": 1},
    "raw": [b"5", ["a", "hello"]],
    "models": [1, 400, "`item.n`"],
}


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("name", SCRIPTS)
def test_old_pins_break_nothing(tmp_path: Path, version: str, name: str) -> None:
    python = python_of(version)

    with serving(tmp_path, SCRIPTS[name], python=str(python)) as service:
        answer = asked(service, name)

    assert ANSWERS[name] == answer


@pytest.mark.parametrize("version", OLD)
def test_an_old_environment_is_what_it_was_before(tmp_path: Path, version: str) -> None:
    python = python_of(version)
    before = files(python)

    with serving(tmp_path, MODELS, python=str(python)) as service:
        pins = service.score({"item": {"n": 1}}).json["pins"]

    assert set(pins) <= set(OLD[version])
    assert before == files(python)


def files(python: Path) -> dict[str, tuple[int, int]]:
    """Return the files of an environment, with their sizes and times."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in python.parent.parent.rglob("*")
        if not path.is_dir()
    }
