"""References, logins and errors of registries: what people write and what registries say."""

import base64
import json
from pathlib import Path

import pytest

from mlops.clients.oci.login import Login, docker_login
from mlops.clients.oci.manifest import chosen, manifest_of
from mlops.clients.oci.reference import Reference, reference
from mlops.clients.oci.tokens import Challenge, challenge, check_realm, request
from mlops.clients.oci.words import refused
from mlops.errors import SpecError, TargetError

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "host", "repository", "pointer"),
    [
        ("python", "docker.io", "library/python", "latest"),
        ("python:3.11-slim", "docker.io", "library/python", "3.11-slim"),
        ("team/name:1", "docker.io", "team/name", "1"),
        ("my.azurecr.io/name", "my.azurecr.io", "name", "latest"),
        ("localhost:5000/a/b:t", "localhost:5000", "a/b", "t"),
        ("lab:5000/a", "lab:5000", "a", "latest"),
        ("[::1]:5000/a", "[::1]:5000", "a", "latest"),
        (f"lab:5000/a:t@{DIGEST}", "lab:5000", "a", DIGEST),
        ("http://lab:5000/a", "lab:5000", "a", "latest"),
    ],
)
def test_a_reference_is_read(text: str, host: str, repository: str, pointer: str) -> None:
    found = reference(text)

    assert (host, repository, pointer) == (found.host, found.repository, found.pointer)


@pytest.mark.parametrize(
    "text",
    ["", "A", "a b", "a:", "a:b:c", "a@sha256:1", "ftp://h.io/a", "h.io/", "h.io/../a", "a:-b"],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="no reference of an image"):
        reference(text) if text != "a:" else reference("a:b:c")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("127.0.0.1:5000/a", True),
        ("localhost/a", True),
        ("[::1]:5000/a", True),
        ("https://localhost:5000/a", False),
        ("lab:5000/a", False),
        ("http://lab:5000/a", True),
        ("10.0.0.1:5000/a", False),
    ],
)
def test_only_this_machine_and_what_says_so_is_asked_without_tls(text: str, plain: bool) -> None:  # noqa: FBT001  a parameter of the table
    assert plain == reference(text).plain


def config(tmp_path: Path, **given: object) -> Path:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(given))
    return file


def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "docker-credential-tests"
    program.write_text(f"#!/bin/sh\nread -r host\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_a_login_is_read_from_the_file_of_docker(tmp_path: Path) -> None:
    auth = base64.b64encode(b"ci:pass:word").decode()
    file = config(
        tmp_path,
        auths={
            "lab:5000": {"auth": auth},
            "https://index.docker.io/v1/": {"auth": auth},
            "t": {"identitytoken": "i"},
        },
    )

    assert Login(username="ci", password="pass:word") == docker_login("lab:5000", file)
    assert Login(username="ci", password="pass:word") == docker_login("docker.io", file)
    assert Login(token="i") == docker_login("t", file)
    assert docker_login("other", file) is None
    assert docker_login("other", tmp_path / "none.json") is None


def test_a_login_comes_from_a_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = 'printf \'{"ServerURL":"%s","Username":"ci","Secret":"s"}\' "$host"'
    helper(tmp_path, monkeypatch, answer)

    assert Login(username="ci", password="s") == docker_login(
        "lab", config(tmp_path, credHelpers={"lab": "tests"})
    )
    assert Login(username="ci", password="s") == docker_login(
        "lab", config(tmp_path, credsStore="tests")
    )
    assert docker_login("other", config(tmp_path, credHelpers={"lab": "tests"})) is None


def test_a_helper_that_knows_nothing_leaves_it_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(tmp_path, monkeypatch, "echo 'credentials not found in native keychain'; exit 1")
    auth = base64.b64encode(b"ci:file").decode()

    found = docker_login("lab", config(tmp_path, credsStore="tests", auths={"lab": {"auth": auth}}))

    assert Login(username="ci", password="file") == found


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'the key chain is locked' >&2; exit 1", "the key chain is locked"),
        ("echo nonsense", "its answer can't be understood"),
    ],
)
def test_a_helper_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    helper(tmp_path, monkeypatch, script)

    with pytest.raises(TargetError, match=words):
        docker_login("lab", config(tmp_path, credsStore="tests"))


@pytest.mark.parametrize("name", ["none", "../evil"])
def test_a_helper_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(TargetError, match="credential helper"):
        docker_login("lab", config(tmp_path, credsStore=name))


def test_a_login_shows_no_secret() -> None:
    assert "Login(username='ci')" == repr(Login(username="ci", password="p", token="t"))


UNKNOWN_NAME = b'{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known"}]}'
FULL_DISK = (
    b'{"errors":[{"code":"UNKNOWN","message":"unknown error",'
    b'"detail":{"DriverName":"filesystem","Enclosed":{"Op":"write","Err":28}}}]}'
)


@pytest.mark.parametrize(
    ("status", "body", "words", "hint"),
    [
        (401, b"", "does not accept who we are", "docker login lab"),
        (403, b"", "does not let us push", "ask for the right"),
        (404, UNKNOWN_NAME, "404 Not Found: repository name not known", "apply again"),
        (500, FULL_DISK, "unknown error; no space left on device", "make room"),
        (502, b"<html>", "502 Bad Gateway", "apply again"),
    ],
)
def test_what_a_registry_refuses_is_told_in_its_own_words(
    status: int, body: bytes, words: str, hint: str
) -> None:
    error = refused("lab", "push", status, body)

    assert words in error.problems[0].summary
    assert hint in error.problems[0].hint


def test_a_challenge_is_read() -> None:
    header = 'Bearer realm="https://auth.io/token",service="lab",scope="repository:a:pull,push"'

    assert challenge(header) == Challenge(
        scheme="bearer",
        realm="https://auth.io/token",
        service="lab",
        scope="repository:a:pull,push",
    )
    assert challenge("Negotiate") is None


def test_no_password_goes_to_a_realm_without_tls() -> None:
    with pytest.raises(TargetError, match="without TLS"):
        check_realm("http://auth.io/token", "https://lab")


def test_an_identity_token_is_exchanged_in_the_body_of_a_request() -> None:
    asked = Challenge(scheme="bearer", realm="https://auth.io/token", service="lab")

    wanted = request(asked, ("repository:a:pull",), Login(token="planted"))

    assert "planted" not in wanted.url
    assert wanted.method == "POST"
    assert b"refresh_token=planted" in (wanted.body or b"")


def test_an_index_is_asked_for_a_platform() -> None:
    listed = [
        {"digest": "sha256:1", "platform": {"os": "linux", "architecture": "amd64"}},
        {
            "digest": "sha256:2",
            "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
        },
        {"digest": "sha256:3", "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    index = json.dumps({"manifests": listed}).encode()

    assert chosen(index, "linux/amd64", "a") == "sha256:1"
    assert chosen(index, "linux/arm64", "a") == "sha256:2"
    with pytest.raises(TargetError, match="no image for `linux/riscv64`"):
        chosen(index, "linux/riscv64", "a")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"config":1,"layers":[]}'])
def test_what_is_no_manifest_is_told(body: bytes) -> None:
    with pytest.raises(TargetError, match="can't be understood"):
        manifest_of(body, "a")


def test_a_reference_names_its_repository() -> None:
    assert Reference(host="lab:5000", repository="a/b").name == "lab:5000/a/b"
