"""Real Flask requests and contexts, for scripts in whose environment Flask is.

v1's server was Flask: a script with the real `azureml-contrib-services` gets a real
`flask.Request`, and any script that imported Flask may call `jsonify` and its like.
"""

import io
import sys
from typing import Any, ContextManager, Dict, Mapping

BARE = ("content-type", "content-length")


def imported() -> bool:
    """Say whether the script, or what it imported, uses Flask."""
    return hasattr(sys.modules.get("flask"), "Flask")


def wanted(raw: bool) -> bool:  # noqa: FBT001 - one fact
    """Say whether the raw request is to be Flask's: the real package asked for it."""
    theirs = (
        "azureml.contrib.services.aml_request",
        "azureml_inference_server_http.api.aml_request",
    )
    return (
        raw
        and imported()
        and any(
            "flask" in getattr(getattr(sys.modules.get(name), "Request", None), "__module__", "")
            for name in theirs
        )
    )


class Contexts:
    """Flask's contexts around `run()`."""

    def __init__(self) -> None:
        flask = sys.modules["flask"]
        self._app = flask.Flask("entry_script")

    def plain(self) -> ContextManager[Any]:
        """Return a context without a request."""
        made: ContextManager[Any] = self._app.app_context()
        return made

    def request(self, meta: Mapping[str, Any], body: bytes) -> Any:
        """Return a context whose `request` is the one that came."""
        return self._app.request_context(environ(meta, body))


def environ(meta: Mapping[str, Any], body: bytes) -> Dict[str, Any]:
    """Return the WSGI environment of a request."""
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - Flask has imported it

    found: Dict[str, Any] = {
        "REQUEST_METHOD": meta["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(meta["path"]).decode("latin-1"),
        "QUERY_STRING": meta["query"],
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": meta.get("client", ""),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": meta.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in meta["headers"]:
        key = name.lower()
        if key == "content-length":
            continue
        word = name.upper().replace("-", "_")
        word = word if key in BARE else "HTTP_" + word
        found[word] = value if word not in found else found[word] + "," + value
    return found
