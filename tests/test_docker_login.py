"""Who a Docker target is for a registry: each login of the file goes to its own host alone."""

from pathlib import Path
from typing import Any

import pytest
from fakes import NoMeans

from mlops.cli.kinds import KINDS
from mlops.clients.oci.login import Login
from mlops.images.login import login_of, told_login
from mlops.load import load
from mlops.plain import thaw
from mlops.spec import SecretRef
from mlops.targets.docker.settings import Login as WrittenLogin
from mlops.targets.docker.settings import Settings

FILE = """
version: 1
project: p
models: {m: {path: m.txt}}
inference:
  i:
    source_directory: score
    entry_script: score.py
    base_image: team/base:1
    base_image_registry: {address: base.io, username: ci, password: {secret: env/BASE}}
targets: {box: {kind: docker}}
deployments: {svc: {target: box, models: [m], inference: i}}
"""


class Told(NoMeans):
    """Means whose secrets are their own places."""

    def secret(self, ref: SecretRef) -> str:
        return ref.secret


@pytest.fixture
def base(tmp_path: Path) -> Any:
    (tmp_path / "score").mkdir()
    (tmp_path / "score" / "score.py").write_text("def init(): pass\ndef run(data): pass\n")
    (tmp_path / "m.txt").write_text("m")
    (tmp_path / "mlops.yaml").write_text(FILE)
    inference = load([tmp_path / "mlops.yaml"], {}, KINDS).inference["i"]
    assert inference.base_image == "base.io/team/base:1"
    return told_login(inference.base_registry)


@pytest.mark.parametrize(
    ("host", "login"),
    [
        ("base.io", Login(username="ci", password="env/BASE")),
        ("images.io", Login(username="me", password="env/MINE")),
        ("other.io", None),
    ],
)
def test_a_login_goes_to_the_host_that_it_names(
    base: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, login: Login | None
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    password = SecretRef(secret="env/MINE")
    settings = Settings(
        repository="images.io/team", login=WrittenLogin(username="me", password=password)
    )

    assert login == login_of(settings, base, Told(), host)


def test_no_password_is_in_what_travels(base: Any) -> None:
    written = {"address": "base.io", "username": "ci", "password": {"secret": "env/BASE"}}

    assert written == thaw(base)
