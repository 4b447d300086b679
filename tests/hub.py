"""A small server that speaks the few calls of GitHub's API that our workflows make."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROBOT = "github-actions[bot]"
TOKEN = "token-of-the-job"  # noqa: S105  nobody else takes it


class Hub:
    """Issues and comments of one repository, pull requests by commit, and who may write."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.reviews: list[dict[str, Any]] = []
        self.writable = True
        self.calls: list[str] = []
        self.url = ""

    def comment(self, body: str, login: str) -> dict[str, Any]:
        """Add a comment of somebody."""
        made = {"id": len(self.comments) + 1, "user": {"login": login}, "body": body}
        self.comments.append(made)
        return made

    def issue(self, given: dict[str, Any], login: str = ROBOT) -> dict[str, Any]:
        """Add an issue of somebody."""
        labels = [{"name": name} for name in given.get("labels", [])]
        made = {"number": len(self.issues) + 1, "state": "open", "user": {"login": login}}
        self.issues.append({**made, **given, "labels": labels})
        return self.issues[-1]

    def answer(self, method: str, path: str, query: dict[str, Any], body: Any) -> tuple[int, Any]:
        """Return the status and the document of a call."""
        self.calls.append(f"{method} {path}")
        if method != "GET" and not self.writable:
            return 403, {"message": "Resource not accessible by integration"}
        if method == "GET":
            found = self._listed(path, query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, found[(page - 1) * size : page * size]
        return self._written(method, path, body)

    def _listed(self, path: str, query: dict[str, Any]) -> list[Any]:
        if re.fullmatch(r"issues/\d+/comments", path):
            return self.comments
        if path == "issues":
            label = query["labels"][0]
            newest = reversed(self.issues)
            return [one for one in newest if {"name": label} in one["labels"]]
        if re.fullmatch(r"commits/\w+/pulls", path):
            return self.pulls
        if re.fullmatch(r"pulls/\d+/reviews", path):
            return self.reviews
        raise ValueError(path)

    def _written(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "POST" and path == "issues":
            return 201, self.issue(body)
        if method == "POST" and re.fullmatch(r"issues/\d+/comments", path):
            return 201, self.comment(body["body"], ROBOT)
        kind, _, number = path.removeprefix("issues/").rpartition("/")
        things, key = (self.comments, "id") if kind == "comments" else (self.issues, "number")
        (thing,) = (one for one in things if one[key] == int(number))
        thing.update(body)
        return 200, thing


@contextmanager
def hub() -> Iterator[Hub]:
    """Yield a hub that answers at `url` until the end."""
    known = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            path = parts.path.removeprefix("/repos/acme/mnist/")
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                status, told = 401, {"message": "Bad credentials"}
            else:
                status, told = known.answer(self.command, path, parse_qs(parts.query), body)
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815  the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
