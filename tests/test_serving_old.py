"""An environment that pins old packages serves: nothing of ours is in it, nothing of it is ours."""

from pathlib import Path

import pytest
from serving_contract import PLAIN, RAW, REQUESTS, TYPED
from serving_environments import environment, interpreter
from serving_instance import serving

OLD = (
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
)


@pytest.mark.parametrize("name", ["typed", "plain", "raw", "models"])
def test_old_pins_break_nothing(tmp_path: Path, name: str) -> None:
    python = environment(
        *OLD, python=interpreter("3.8"), warm="import flask, fastapi, anyio, pydantic, pandas"
    )
    old = """
        import anyio, fastapi, flask, pydantic, uvicorn, wrapt

        class Item(pydantic.BaseModel):
            n: int

        def init(): pass
        def run(item: Item):
            return {"n": item.n, "old": pydantic.VERSION, "flask": flask.__version__}
    """
    raw = RAW.replace("azureml_inference_server_http.api", "azureml.contrib.services")
    scripts = {
        "typed": TYPED.replace(", optional=True", ""),
        "plain": PLAIN,
        "raw": raw,
        "models": old,
    }
    with serving(tmp_path, scripts[name], python=str(python)) as service:
        answers = {
            "typed": lambda: [
                service.score({"data": [[1, 2]], "limit": 1}).json,
                service.score({"data": [[1, "x"]], "limit": 1}).json["message"][:14],
                service.score({"data": [[1]], "limit": 1}).status,
            ],
            "plain": lambda: [service.score({"a": 1}).json],
            "raw": lambda: [
                service.ask("GET", "/score?a=5").body,
                service.ask(*REQUESTS["raw"][-1]).json,
            ],
            "models": lambda: [
                service.score({"item": {"n": 1}}).json,
                service.score({"item": {"n": "x"}}).json["message"][:8],
            ],
        }[name]()

    assert (
        answers
        == {
            "typed": [[3.0, 1], "`data[0][1]` d", 400],
            "plain": [{"a": 1}],
            "raw": [b"5", ["a", "hello"]],
            "models": [{"n": 1, "old": "1.5.1", "flask": "1.0.4"}, "`item.n`"],
        }[name]
    )
