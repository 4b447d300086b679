"""An image that somebody else made, which already serves: built by the engine in a second."""

import contextlib
import io
import tarfile
import uuid
from collections.abc import Iterator

import docker_engine

SERVER = """
import json, os, pathlib, signal
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer  # HTTPServer asks a name server who it is

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.tell(200 if self.path == "/health" else 404, {"path": self.path})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        secrets = pathlib.Path("/run/secrets")
        told = {
            "path": self.path, "got": body, "user": os.getuid(), "level": os.environ.get("LEVEL"),
            "secrets": {path.name: len(path.read_text()) for path in secrets.iterdir()},
        }
        self.tell(200, told)

    def tell(self, status, told):
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # the first process has no default
if os.environ.get("BREAK"):
    raise SystemExit("told to break")
server = ThreadingTCPServer(("0.0.0.0", 8080), Handler)
print("serving", flush=True)
server.serve_forever()
"""

DOCKERFILE = """
FROM {base}
COPY serve.py /serve.py
USER root
VOLUME /data
CMD ["python3", "/serve.py"]
"""


@contextlib.contextmanager
def brought(base: str) -> Iterator[str]:
    """Build an image that answers `/health` and `POST`s on port 8080, and remove it; its name."""
    name = f"mlops-tests/brought:{uuid.uuid4().hex[:12]}"
    files = {"Dockerfile": DOCKERFILE.format(base=base), "serve.py": SERVER}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    out.seek(0)
    api = docker_engine.client()
    told = list(api.build(fileobj=out, custom_context=True, tag=name, forcerm=True, decode=True))
    assert not any("error" in line for line in told), told
    try:
        yield name
    finally:
        with contextlib.suppress(Exception):
            api.remove_image(name, force=True)
