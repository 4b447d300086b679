"""Models behind a web address, fetched from a real server on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops.clients.download import ATTEMPTS, LONGEST_WAIT, download
from mlops.clients.text import address_shown
from mlops.errors import SpecError, TargetError
from mlops.models.url import Settings, UrlSource

BODY = bytes(range(256)) * 400
SHA256 = hashlib.sha256(BODY).hexdigest()


@dataclass
class Answer:
    """What the server does with one request. `cut` closes the connection after so many bytes."""

    status: int = 200
    body: bytes = BODY
    cut: int | None = None
    ranges: bool = True
    shift: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Server(ThreadingHTTPServer):
    """Gives the answers in order, the last one for ever; keeps what it was asked."""

    daemon_threads = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers) or [Answer()]
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and answer.ranges else 0
        whole = answer.status != 200
        status = 206 if start and not whole else answer.status
        body = b"" if whole else answer.body[start:]
        self.send_response(416 if start > len(answer.body) else status)
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            first = start + answer.shift
            self.send_header(
                "Content-Range", f"bytes {first}-{len(answer.body)}/{len(answer.body)}"
            )
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body if answer.cut is None else body[: answer.cut])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its signature
        pass


class Served:
    """Starts servers and ends them."""

    def __init__(self) -> None:
        self._servers: list[Server] = []

    def __call__(self, *answers: Answer) -> Server:
        server = Server(*answers)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def end(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    serving = Served()
    yield serving
    serving.end()


def source(url: str, sha256: str = SHA256) -> UrlSource:
    return UrlSource(Settings(url=url, sha256=sha256), Path("/nowhere"))


def fetched(url: str, file: Path, sha256: str = SHA256) -> list[float]:
    """Download without waiting; return for how long one would have waited."""
    waits: list[float] = []
    download(url, sha256, file, sleep=waits.append)
    return waits


def refused(url: str, file: Path) -> str:
    with pytest.raises(TargetError) as caught:
        fetched(url, file)
    assert caught.value.problems[0].hint
    return caught.value.problems[0].summary


def test_a_model_is_pinned_by_its_digest_without_a_request(served: Served) -> None:
    server = served()

    content = source(f"{server.url}/models/my%20model.onnx?sig=1", SHA256.upper()).pin()

    assert ["my model.onnx"] == [entry.path for entry in content.files]
    assert [SHA256] == [entry.digest for entry in content.files]
    assert [] == server.asked


def test_the_content_is_that_of_a_file_of_this_name_and_these_bytes(tmp_path: Path) -> None:
    from mlops.hashing import content_of  # noqa: PLC0415  for this comparison alone

    (tmp_path / "model.onnx").write_bytes(BODY)

    pinned = source("https://models.example/model.onnx").pin()

    assert content_of(tmp_path / "model.onnx", cache=None).digest == pinned.digest


@pytest.mark.parametrize("name", ["..", "%2e%2e", "a%2Fb", "a%00", "a%0Ab"])
def test_an_address_that_ends_in_no_name_of_a_file_is_refused(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        source(f"https://models.example/{name}?sig=secret").pin()

    assert "secret" not in caught.value.problems[0].summary


def test_a_model_is_fetched_once_and_kept(served: Served) -> None:
    server = served()
    model = source(f"{server.url}/model.onnx?sig=1")

    first, second = model.open("model.onnx"), model.open("model.onnx")

    assert (first, BODY) == (second, first.read_bytes())
    assert [("/model.onnx?sig=1", None)] == server.asked


def test_bytes_that_changed_in_the_cache_are_fetched_again(served: Served) -> None:
    server = served()
    model = source(f"{server.url}/model.onnx")
    model.open("model.onnx").write_bytes(b"edited")

    assert BODY == model.open("model.onnx").read_bytes()


def test_a_wrong_digest_is_refused_naming_both_and_keeps_nothing(
    served: Served, tmp_path: Path
) -> None:
    server = served(Answer(body=b"other"))

    summary = refused(f"{server.url}/m", tmp_path / "d" / "m")

    assert SHA256 in summary
    assert hashlib.sha256(b"other").hexdigest() in summary
    assert ["m.lock"] == [path.name for path in (tmp_path / "d").iterdir()]


def test_a_body_that_was_cut_is_fetched_from_there_on(served: Served, tmp_path: Path) -> None:
    server = served(Answer(cut=70_000), Answer(cut=10_000), Answer())

    waits = fetched(f"{server.url}/m", tmp_path / "m")

    assert BODY == (tmp_path / "m").read_bytes()
    assert [("/m", None), ("/m", "bytes=70000-"), ("/m", "bytes=80000-")] == server.asked
    assert 2 == len(waits)


def test_a_server_that_knows_no_ranges_sends_all_again(served: Served, tmp_path: Path) -> None:
    server = served(Answer(cut=70_000), Answer(ranges=False))

    fetched(f"{server.url}/m", tmp_path / "m")

    assert BODY == (tmp_path / "m").read_bytes()


def test_what_an_earlier_run_left_is_gone_on_with(served: Served, tmp_path: Path) -> None:
    server = served()
    (tmp_path / "m.part").write_bytes(BODY[:1000])

    fetched(f"{server.url}/m", tmp_path / "m")

    assert BODY == (tmp_path / "m").read_bytes()
    assert [("/m", "bytes=1000-")] == server.asked


@pytest.mark.parametrize("left", [b"no beginning of it", BODY + b"longer"])
def test_what_an_earlier_run_left_of_another_file_is_dropped(
    left: bytes, served: Served, tmp_path: Path
) -> None:
    server = served()
    (tmp_path / "m.part").write_bytes(left)

    fetched(f"{server.url}/m", tmp_path / "m")

    assert BODY == (tmp_path / "m").read_bytes()


def test_a_part_that_was_not_asked_for_is_not_taken(served: Served, tmp_path: Path) -> None:
    server = served(Answer(cut=70_000), Answer(shift=5), Answer())

    fetched(f"{server.url}/m", tmp_path / "m")

    assert BODY == (tmp_path / "m").read_bytes()


def test_a_body_that_is_always_cut_at_once_is_given_up(served: Served, tmp_path: Path) -> None:
    server = served(Answer(cut=0))

    summary = refused(f"{server.url}/m", tmp_path / "m")

    assert f"the connection ended after 0 of {len(BODY)} bytes" in summary
    assert ATTEMPTS == len(server.asked)


def test_a_missing_file_is_told_at_once(served: Served, tmp_path: Path) -> None:
    server = served(Answer(status=404))

    summary = refused(f"{server.url}/m?sig=secret", tmp_path / "m")

    assert f"can't fetch `{server.url}/m`: the server answered 404 Not Found" == summary
    assert 1 == len(server.asked)


def test_a_server_error_passes(served: Served, tmp_path: Path) -> None:
    server = served(Answer(status=500), Answer())

    waits = fetched(f"{server.url}/m", tmp_path / "m")

    assert BODY == (tmp_path / "m").read_bytes()
    assert 1 == len(waits)


def test_a_server_error_that_stays_is_told(served: Served, tmp_path: Path) -> None:
    server = served(Answer(status=503))

    assert "the server answered 503" in refused(f"{server.url}/m", tmp_path / "m")
    assert ATTEMPTS == len(server.asked)


@pytest.mark.parametrize(("asked", "least"), [("7", 7.0), ("7000", LONGEST_WAIT), ("soon", 0.0)])
def test_the_server_says_when_to_come_again(
    asked: str, least: float, served: Served, tmp_path: Path
) -> None:
    server = served(Answer(status=429, headers={"Retry-After": asked}), Answer())

    waits = fetched(f"{server.url}/m", tmp_path / "m")

    assert least <= waits[0] <= LONGEST_WAIT


def test_a_server_that_is_not_there_is_told(tmp_path: Path, served: Served) -> None:
    server = served()
    served.end()

    assert "no connection: " in refused(f"{server.url}/m?sig=secret", tmp_path / "m")


def test_a_redirect_is_followed(served: Served, tmp_path: Path) -> None:
    server = served(Answer(status=302, headers={"Location": "/there"}), Answer())

    fetched(f"{server.url}/m", tmp_path / "m")

    assert ["/m", "/there"] == [path for path, _ in server.asked]


@pytest.mark.parametrize("scheme", ["file", "ftp", "data"])
def test_a_redirect_to_another_scheme_is_refused(
    scheme: str, served: Served, tmp_path: Path
) -> None:
    goal = f"{scheme}://127.0.0.1/etc/passwd?sig=secret"
    server = served(Answer(status=302, headers={"Location": goal}))

    summary = refused(f"{server.url}/m", tmp_path / "m")

    assert "secret" not in summary
    assert 1 == len(server.asked)


def test_runs_that_want_the_same_file_fetch_it_once(served: Served, tmp_path: Path) -> None:
    server = served()
    runs = [
        threading.Thread(target=fetched, args=(f"{server.url}/m", tmp_path / "m")) for _ in range(4)
    ]

    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert BODY == (tmp_path / "m").read_bytes()
    assert 1 == len(server.asked)


def test_a_folder_that_can_not_be_written_is_told(served: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert "can't write to" in refused(f"{served().url}/m", tmp_path / "file" / "m")


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    assert "https://h:1/m" == address_shown("https://user:password@h:1/m?sig=secret")
