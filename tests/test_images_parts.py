"""How an image starts: told from its base and its inputs."""

import pytest
from test_images_inputs import inputs

from mlops.images.parts import configure


def test_an_image_starts_isolated_as_nobody() -> None:
    config = configure({"Env": ["PATH=/usr/bin", "LANG=C.UTF-8"], "Cmd": ["python3"]}, inputs())

    assert "1000:1000" == config["User"]
    assert [
        *("/opt/mlops/bin/python", "-I", "-X", "pycache_prefix=/var/azureml-app/.bytecode"),
        *("/opt/mlops/mlops_serving", "/var/azureml-app"),
    ] == config["Entrypoint"]
    assert "Cmd" not in config
    assert {"PATH=/opt/environment/bin:/usr/bin", "LANG=C.UTF-8", "HOME=/tmp"} <= {*config["Env"]}


@pytest.mark.parametrize(
    ("requirements", "conda", "expected"),
    [
        (("numpy==1.26.4",), "", "PYTHONPYCACHEPREFIX=/var/azureml-app/.bytecode"),
        ((), "", "PYTHONDONTWRITEBYTECODE=1"),
        (("numpy==1.26.4",), "dependencies: [scipy]", "PYTHONDONTWRITEBYTECODE=1"),
    ],
)
def test_packages_that_bring_no_bytecode_are_compiled_to_where_it_is_found_again(
    requirements: tuple[str, ...], conda: str, expected: str
) -> None:
    config = configure({}, inputs(requirements=requirements, conda=conda))

    assert [expected] == [line for line in config["Env"] if "BYTECODE" in line or "PYC" in line]
