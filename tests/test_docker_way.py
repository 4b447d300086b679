"""Where an engine answers, and with which certificates, told from files as `docker` keeps them."""

import hashlib
import json
from pathlib import Path

import pytest

from mlops.clients.docker.way import Certificates, Way, check_certificates, way
from mlops.errors import CredentialsError, TargetError

LAB = "tcp://lab.example:2376"


def context(folder: Path, name: str, *, files: tuple[str, ...] = (), skip: bool = False) -> Path:
    ident = hashlib.sha256(name.encode()).hexdigest()
    endpoint = {"Host": LAB, "SkipTLSVerify": skip}
    meta = folder / "contexts" / "meta" / ident / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))
    place = folder / "contexts" / "tls" / ident / "docker"
    for file in files:
        place.mkdir(parents=True, exist_ok=True)
        (place / file).write_text("PEM")
    return place


def environ(folder: Path, **given: str) -> dict[str, str]:
    return {"DOCKER_CONFIG": str(folder), **given}


def test_without_a_word_it_is_the_socket_of_this_machine(tmp_path: Path) -> None:
    assert Way(address="unix:///var/run/docker.sock") == way(None, None, environ(tmp_path))


def test_a_context_brings_its_certificates(tmp_path: Path) -> None:
    place = context(tmp_path, "lab", files=("ca.pem", "cert.pem", "key.pem"))

    found = way(None, "lab", environ(tmp_path, DOCKER_HOST="tcp://other:1"))

    certificates = Certificates(
        authority=place / "ca.pem",
        certificate=place / "cert.pem",
        key=place / "key.pem",
        verified=True,
    )
    assert Way(address=LAB, certificates=certificates) == found


@pytest.mark.parametrize(
    ("told", "given", "address"),
    [
        ({}, {"DOCKER_CONTEXT": "lab"}, LAB),
        ({"currentContext": "lab"}, {}, LAB),
        ({"currentContext": "lab"}, {"DOCKER_CONTEXT": "default"}, "unix:///var/run/docker.sock"),
        ({"currentContext": "lab"}, {"DOCKER_HOST": "tcp://other:1"}, "tcp://other:1"),
        ({"currentContext": "lab"}, {"DOCKER_HOST": "tcp://o:1", "DOCKER_TLS": "1"}, "tcp://o:1"),
    ],
)
def test_the_environment_goes_before_the_configuration(
    tmp_path: Path, told: dict[str, str], given: dict[str, str], address: str
) -> None:
    context(tmp_path, "lab")
    (tmp_path / "config.json").write_text(json.dumps(told))

    assert address == way(None, None, environ(tmp_path, **given)).address


def test_a_context_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="this machine has no Docker context `lab`"):
        way(None, "lab", environ(tmp_path))


def test_certificates_that_are_asked_for_and_not_there_are_missed_by_who_asks(
    tmp_path: Path,
) -> None:
    found = way(None, None, environ(tmp_path, DOCKER_HOST=LAB, DOCKER_TLS_VERIFY="1"))

    assert found.address == LAB
    with pytest.raises(CredentialsError, match=r"no `ca.pem` in .* vouches for the Docker engine"):
        check_certificates(found)


def test_a_context_that_skips_the_check_speaks_tls_without_an_authority(tmp_path: Path) -> None:
    context(tmp_path, "lab", skip=True)

    found = way(None, "lab", environ(tmp_path)).certificates

    assert found == Certificates(authority=None, certificate=None, key=None, verified=False)
