"""How an image starts: told from its base and its inputs."""

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


def test_conda_packages_are_found_after_those_of_pip_and_told_where_they_lie() -> None:
    config = configure({"Env": ["PATH=/usr/bin"]}, inputs(conda="{}"))

    assert {
        "PATH=/opt/environment/bin:/opt/conda-packages/bin:/usr/bin",
        "CONDA_PREFIX=/opt/conda-packages",
    } <= {*config["Env"]}
