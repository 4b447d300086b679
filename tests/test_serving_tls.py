"""The scoring server over TLS: versions, renewal, failures."""

import http.client
import json
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from serving_instance import Instance, failed, serving, until, write

PAIR = {"certificate": "tls/tls.crt", "key": "tls/tls.key"}

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")


def issue(folder: Path, name: str) -> Path:
    """Write a certificate and its key, as a renewal would: the certificate first."""
    place = folder / "tls"
    place.mkdir(parents=True, exist_ok=True)
    made = ["-keyout", str(place / "key.new"), "-out", str(place / "crt.new")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    words = ["openssl", "req", "-x509", *kind, *names, *made]
    subprocess.run(words, check=True, capture_output=True)
    (place / "crt.new").replace(place / "tls.crt")
    (place / "key.new").replace(place / "tls.key")
    return folder


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "tls" / "tls.crt"))


def connect(service: Instance, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    port = service.record["port"]
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)


def scored(connection: http.client.HTTPSConnection, body: bytes = b"1") -> tuple[int, bytes]:
    connection.request("POST", "/score", body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def name(service: Instance) -> str:
    """Return whom a new connection meets."""
    pem = ssl.get_server_certificate(("127.0.0.1", service.record["port"]))
    words = ["openssl", "x509", "-noout", "-subject"]
    text = subprocess.run(words, input=pem.encode(), capture_output=True, check=True).stdout
    return text.decode().strip().rpartition("=")[2].strip()


def test_it_speaks_tls_1_2_and_1_3_and_nothing_older(tmp_path: Path) -> None:
    with serving(issue(tmp_path, "a"), tls=PAIR) as service:
        spoken = {}
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(tmp_path)
            context.minimum_version = context.maximum_version = version
            connection = connect(service, context)
            spoken[version.name] = scored(connection)[0]
            connection.close()
        place = f"127.0.0.1:{service.record['port']}"
        words = ["openssl", "s_client", "-connect", place, "-tls1_1"]
        old = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

    assert spoken == {"TLSv1_2": 200, "TLSv1_3": 200}
    assert old.returncode != 0


def test_connections_are_kept_and_large_bodies_pass(tmp_path: Path) -> None:
    with serving(issue(tmp_path, "a"), tls=PAIR) as service:
        connection = connect(service, trusting(tmp_path))
        body = b'"' + b"x" * 3_000_000 + b'"'
        answers = [scored(connection, body) for _ in range(3)]
        connection.close()

    assert [200] * 3 == [status for status, _ in answers]
    assert all(len(text) > len(body) for _, text in answers)


def test_plain_http_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    with serving(issue(tmp_path, "a"), tls=PAIR) as service:
        with pytest.raises((http.client.HTTPException, OSError)):
            service.ask("GET", "/livez")

        connection = connect(service, trusting(tmp_path))
        assert scored(connection)[0] == 200
        connection.close()


def test_a_raw_script_sees_who_asks_and_by_which_scheme(tmp_path: Path) -> None:
    script = """
        from azureml.contrib.services.aml_request import rawhttp

        def init():
            pass

        @rawhttp
        def run(request):
            return [request.scheme, request.url.partition("://")[0], request.remote_addr]
    """
    with serving(tmp_path / "plain", script) as service:
        plain = service.score(1).json
    with serving(issue(tmp_path, "a"), script, tls=PAIR) as service:
        connection = connect(service, trusting(tmp_path))
        told = scored(connection)[1]
        connection.close()

    assert ["http", "http", "127.0.0.1"] == plain
    assert ["https", "https", "127.0.0.1"] == json.loads(told)


def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path) -> None:
    with serving(issue(tmp_path, "old"), tls=PAIR) as service:
        kept = connect(service, trusting(tmp_path))
        before = (scored(kept)[0], name(service), service.record["worker_pids"])
        issue(tmp_path, "new")
        until(lambda: name(service) == "new", seconds=5)

        assert before[:2] == (200, "old")
        assert scored(kept)[0] == 200
        assert before[2] == service.record["worker_pids"]
        kept.close()


def test_a_half_written_renewal_changes_nothing(tmp_path: Path) -> None:
    with serving(issue(tmp_path, "old"), tls=PAIR) as service:
        (tmp_path / "tls" / "tls.key").write_text("nonsense")
        until(lambda: "the certificate stays as it was" in service.log)

        assert name(service) == "old"


def test_tls_may_be_switched_on_by_a_swap(tmp_path: Path) -> None:
    with serving(issue(tmp_path, "a")) as service:
        plain = service.connect()
        plain.request("GET", "/livez")
        before = plain.getresponse().read()
        write(tmp_path, "def init(): pass\ndef run(data): return data", tls=PAIR)
        service.process.send_signal(1)
        until(lambda: service.record["swaps"] == 1)
        plain.request("GET", "/livez")
        after = plain.getresponse().read()
        connection = connect(service, trusting(tmp_path))

        assert before == after
        assert scored(connection)[0] == 200
        plain.close()
        connection.close()


@pytest.mark.parametrize("missing", ["tls.crt", "tls.key"])
def test_a_certificate_that_cannot_be_used_is_a_failure(tmp_path: Path, missing: str) -> None:
    issue(tmp_path, "a")
    (tmp_path / "tls" / missing).unlink()
    code, record, _ = failed(tmp_path, tls=PAIR)

    assert (code, record["state"]) == (1, "failed")
    assert "cannot be used: No such file" in record["error"]["summary"]


def test_a_key_of_another_certificate_is_a_failure(tmp_path: Path) -> None:
    issue(tmp_path, "a")
    key = (tmp_path / "tls" / "tls.key").read_bytes()
    issue(tmp_path, "b")
    (tmp_path / "tls" / "tls.key").write_bytes(key)
    outcome: Any = failed(tmp_path, tls=PAIR)

    assert "cannot be used" in outcome[1]["error"]["summary"]
