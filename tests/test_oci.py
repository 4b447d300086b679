"""The registry client against a real registry, through a door that breaks, and with tokens."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from base_image import VERSION
from proxy import Passing, proxy
from registry import (
    PASSWORD,
    USERNAME,
    Registry,
    login,
    needs_registry,
    push_base,
    repository,
    running,
)
from unkind import Fault

from mlops.clients.oci import session, upload
from mlops.clients.oci.login import Login
from mlops.clients.oci.manifest import CONFIG, TAR, Descriptor, manifest_bytes
from mlops.clients.oci.reference import reference
from mlops.clients.oci.registry import Repository
from mlops.clients.oci.session import Session
from mlops.clients.oci.upload import Blob, blob_of
from mlops.errors import TargetError

pytestmark = needs_registry

DATA = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("guarded"), password=True) as found:
        yield found


def behind(port: int, name: str = "team/name", known: Login | None = None) -> Repository:
    """Return a repository behind a door, whose client does not sleep."""
    place = reference(f"127.0.0.1:{port}/{name}")
    return Repository(place, session=Session(place, lambda: known, sleep=lambda _: None))


def unknown(data: bytes = DATA) -> Blob:
    """Return a blob whose digest is not known before it is read."""
    return Blob(
        size=len(data), chunks=lambda start: iter([data[start : start + 9], data[start + 9 :]])
    )


def sent(place: Repository, blob: Blob, mount: str = "") -> str:
    return str(list(place.upload(blob, mount))[-1])


def fetched(place: Repository, digest: str, file: Path) -> bytes:
    blob = Descriptor(media_type=TAR, digest=digest, size=len(DATA))
    assert list(place.fetch(blob, file))[-1] == len(DATA)
    return file.read_bytes()


def test_what_is_uploaded_can_be_fetched(registry: Registry, tmp_path: Path) -> None:
    place = repository(registry, "team/one")

    digest = sent(place, unknown())

    assert blob_of(DATA).digest == digest
    assert place.holds(digest)
    assert DATA == fetched(place, digest, tmp_path / "blob")


def test_a_blob_is_mounted_from_another_repository(registry: Registry) -> None:
    blob = blob_of(DATA + b"mounted")
    sent(repository(registry, "team/from"), blob)

    sent(repository(registry, "team/to"), blob, mount="team/from")

    assert repository(registry, "team/to").holds(blob.digest)
    assert [] == [call for call in registry.calls("PATCH") if "/team/to/" in call]


def test_a_mount_that_is_not_done_becomes_an_upload(registry: Registry) -> None:
    blob = blob_of(DATA + b"nowhere")

    sent(repository(registry, "team/sent"), blob, mount="team/never")

    assert repository(registry, "team/sent").holds(blob.digest)


def test_a_manifest_is_found_under_its_tag_and_its_digest(registry: Registry) -> None:
    place = repository(registry, "team/manifest")
    layer, config = blob_of(DATA), blob_of(b"{}")
    sent(place, layer)
    sent(place, config)
    body = manifest_bytes(
        Descriptor(media_type=CONFIG, digest=config.digest, size=config.size),
        [Descriptor(media_type=TAR, digest=layer.digest, size=layer.size)],
    )

    digest = place.put_manifest("tag", body)

    assert digest == place.digest("tag") == place.digest(digest)
    found = place.manifest("tag", "linux/amd64")
    assert found is not None
    assert [layer.digest] == [one.digest for one in found.layers]
    assert place.digest("other") is None
    assert place.manifest("other", "linux/amd64") is None


@pytest.mark.parametrize(
    ("arrived", "lengths"),
    [
        (0, [300_000, 300_000, 300_000, 300_000, 148_576]),
        # docker-registry forgets an upload that broke in the middle of a piece
        (150_000, [300_000, 300_000, 300_000, 300_000, 300_000, 148_576]),
    ],
)
def test_an_upload_goes_on_where_the_registry_has_it(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, arrived: int, lengths: list[int]
) -> None:
    monkeypatch.setattr(upload, "PIECE", 300_000)
    told: list[int] = []

    class Cutting(Passing):
        """Passes on what `arrived` of the second piece, and breaks."""

        def pass_on(self) -> None:
            if self.command == "PATCH":
                told.append(int(self.headers["Content-Length"]))
            if self.command != "PATCH" or len(told) != 2:
                super().pass_on()
                return
            part = self.rfile.read(told[-1])[:arrived]
            headers = {"Content-Type": "application/octet-stream"}
            if part:
                self.server.forward("PATCH", self.path, headers, part)
            self.close_connection = True

    with proxy(registry.port, lambda *_: None, Cutting) as port:
        digest = sent(behind(port), unknown())

    assert blob_of(DATA).digest == digest
    assert lengths == told


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.BROKEN, Fault.LOST])
@pytest.mark.parametrize("method", ["HEAD", "GET", "POST", "PATCH", "PUT"])
def test_every_call_may_fail_once(
    registry: Registry, tmp_path: Path, method: str, fault: Fault
) -> None:
    failed: list[str] = []

    def rule(called: str, path: str) -> Fault | None:
        if called == method and path not in failed:
            failed.append(path)
            return fault if len(failed) == 1 else None
        return None

    with proxy(registry.port, rule) as port:
        place = behind(port, f"team/{method.lower()}-{fault.name.lower()}")
        digest = sent(place, unknown())

        assert place.holds(digest)
        assert DATA == fetched(place, digest, tmp_path / "blob")
    assert failed


def test_a_registry_that_stays_busy_is_told(registry: Registry) -> None:
    with proxy(registry.port, lambda *_: Fault.BUSY) as port, pytest.raises(TargetError) as told:
        sent(behind(port), unknown())

    assert "did not upload to `team/name`: 429 Too Many Requests" in str(told.value)
    assert session.ATTEMPTS == 5


def test_nobody_there_is_told() -> None:
    with pytest.raises(TargetError, match=r"can't look for .*Connection refused"):
        behind(1).digest("tag")


def test_what_was_read_in_one_repository_is_not_taken_to_be_in_another(registry: Registry) -> None:
    base = repository(registry, "team/read")
    push_base(base)
    other = Repository(reference(f"{registry.host}/team/unread"), session=base.session)
    found = base.manifest(VERSION, "linux/amd64")
    assert found is not None

    assert other.manifest(found.digest, "linux/amd64") is None


def test_the_right_password_is_taken_and_others_are_refused(guarded: Registry) -> None:
    digest = sent(repository(guarded, "team/one", password=True), unknown())

    assert repository(guarded, "team/one", password=True).holds(digest)
    for known in (None, Login(username=USERNAME, password="planted")):
        with pytest.raises(TargetError, match="does not accept who we are") as told:
            sent(behind(guarded.port, known=known), unknown())
        assert told.value.code == 6
        assert "planted" not in str(told.value)


def test_a_token_is_asked_for_with_the_rights_that_are_needed(guarded: Registry) -> None:
    asked: list[str] = []
    basic = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()

    class Tokens(Passing):
        """Wants tokens, and gives them to who has the password."""

        def pass_on(self) -> None:
            known = self.headers.get("Authorization", "")
            parts = urlsplit(self.path)
            if parts.path == "/token":
                asked.append(" ".join(parse_qs(parts.query)["scope"]))
                given = json.dumps({"token": "t1"} if known == basic else {}).encode()
                self.reply(200, {}, given)
            elif known != "Bearer t1":
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                realm = f"http://{self.headers['Host']}/token"
                told = f'Bearer realm="{realm}",service="tests",scope="repository:x:pull"'
                self.reply(401, {"www-authenticate": told}, b"")
            else:
                self.headers.replace_header("Authorization", basic)
                super().pass_on()

    with proxy(guarded.port, lambda *_: None, Tokens) as port:
        digest = sent(behind(port, known=login()), unknown())
        sent(behind(port, "team/other", login()), blob_of(DATA), mount="team/name")
        with pytest.raises(TargetError, match=r"did not give a token"):
            sent(behind(port, known=Login(username="x", password="planted")), unknown())

    assert blob_of(DATA).digest == digest
    assert asked[:2] == [
        "repository:team/name:pull,push",
        "repository:team/other:pull,push repository:team/name:pull",
    ]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_a_private_authority_is_trusted_where_docker_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ["-keyout", str(tmp_path / "tls.key"), "-out", str(tmp_path / "tls.crt"), "-nodes"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    names = ["-subj", "/CN=tests", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["/usr/bin/openssl", "req", "-x509", *kind, *names, *made], check=True, capture_output=True
    )

    with running(tmp_path / "registry", tls=tmp_path) as found:
        strict = Repository(reference(f"https://{found.host}/team/name"))
        with pytest.raises(TargetError, match="nobody vouches for the certificate"):
            sent(strict, unknown())
        trusted = tmp_path / "certs.d" / found.host
        trusted.mkdir(parents=True)
        (tmp_path / "tls.crt").rename(trusted / "ca.crt")
        monkeypatch.setattr(session, "CERTIFICATES", (tmp_path / "certs.d",))

        assert blob_of(DATA).digest == sent(repository(found, "team/name"), unknown())
