"""`@rawhttp`, `AMLRequest` and `AMLResponse` for scripts that speak HTTP themselves."""

import io
import json
import re
from http.cookies import SimpleCookie
from typing import Any, Callable, Dict, List, Mapping, Tuple, TypeVar

from .forms import Several, form, query
from .headers import Headers, ResponseHeaders

__all__ = ["AMLRequest", "AMLResponse", "rawhttp"]

JSON = re.compile(r"^application/(.+\+)?json$")
Run = TypeVar("Run", bound=Callable[..., Any])

_rawHttpRequested = False  # noqa: N816 - the name that the real packages use


def rawhttp(run: Run) -> Run:
    """Mark a `run()` that wants the request itself."""
    global _rawHttpRequested  # noqa: PLW0603 - as the real packages do
    _rawHttpRequested = True
    return run


class AMLRequest:
    """One request, with the words that Flask has for it."""

    def __init__(self, meta: Mapping[str, Any], body: bytes) -> None:
        line: str = meta["query"]
        self.method: str = meta["method"]
        self.path: str = meta["path"]
        self.query_string: bytes = line.encode("latin-1")
        self.full_path = f"{self.path}?{line}"
        self.headers = Headers(meta["headers"])
        self.data = body
        self.content_length = len(body)
        self.content_type: str = self.headers.get("content-type", "")
        self.mimetype = self.content_type.partition(";")[0].strip().lower()
        self.is_json = JSON.match(self.mimetype) is not None
        self.scheme: str = meta.get("scheme", "http")
        self.script_root = self.root_path = ""
        self.host: str = self.headers.get("host", "")
        self.host_url = self.url_root = self.root_url = f"{self.scheme}://{self.host}/"
        self.base_url = f"{self.scheme}://{self.host}{self.path}"
        self.url = self.base_url + ("?" + line if line else "")
        self.is_secure = self.scheme == "https"
        self.remote_addr: str = meta.get("client", "")
        self._form: List[Tuple[Several, Several]] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url!r} [{self.method}]>"

    @property
    def args(self) -> Several:
        """Return the query parameters."""
        return query(self.query_string.decode("latin-1"))

    @property
    def form(self) -> Several:
        """Return the fields of a form."""
        return self._parsed()[0]

    @property
    def files(self) -> Several:
        """Return the files of a form."""
        return self._parsed()[1]

    @property
    def values(self) -> Several:
        """Return query parameters and fields of a form together."""
        both = [*self.args.lists(), *self.form.lists()]
        return Several([(name, value) for name, values in both for value in values])

    @property
    def cookies(self) -> Dict[str, str]:
        """Return the cookies."""
        found = SimpleCookie(self.headers.get("cookie", ""))  # type: SimpleCookie
        return {name: morsel.value for name, morsel in found.items()}

    @property
    def stream(self) -> io.BytesIO:
        """Return the body as a file."""
        return io.BytesIO(self.data)

    @property
    def json(self) -> Any:
        """Return the body read as JSON."""
        return json.loads(self.data.decode("utf-8"))

    def get_json(
        self,
        force: bool = False,  # noqa: FBT001, FBT002, ARG002 - Flask's signature
        silent: bool = False,  # noqa: FBT001, FBT002 - Flask's signature
        cache: bool = True,  # noqa: FBT001, FBT002, ARG002 - Flask's signature
    ) -> Any:
        """Return the body read as JSON; nothing if it is none and `silent`."""
        try:
            return self.json
        except ValueError:
            if silent:
                return None
            raise

    def get_data(
        self,
        cache: bool = True,  # noqa: FBT001, FBT002, ARG002 - Flask's signature
        as_text: bool = False,  # noqa: FBT001, FBT002 - Flask's signature
        parse_form_data: bool = False,  # noqa: FBT001, FBT002, ARG002 - Flask's signature
    ) -> Any:
        """Return the body, as bytes unless text is asked for."""
        return self.data.decode("utf-8", "replace") if as_text else self.data

    def _parsed(self) -> Tuple[Several, Several]:
        """Read the form once: a file that was read stays read."""
        if not self._form:
            self._form.append(form(self.content_type, self.data))
        return self._form[0]


class AMLResponse:
    """A whole answer: body, status, headers."""

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: Mapping[str, str] = {},  # v1's signature; only read
        json_str: bool = False,  # noqa: FBT001, FBT002 - v1's signature
        run_function_failed: bool = False,  # noqa: FBT001, FBT002 - v1's signature
    ) -> None:
        as_json = json_str or message is None
        self.status_code = int(status_code)
        self.headers = ResponseHeaders()
        named = {name.lower() for name in response_headers}
        if as_json or "content-type" not in named:
            kind = "application/json" if as_json else "text/html; charset=utf-8"
            self.headers["Content-Type"] = kind
        self.headers["x-ms-run-function-failed"] = run_function_failed
        self.set_data(json.dumps({} if message is None else message) if as_json else message)
        for name, values in response_headers.items():
            # v1 sends a value with commas as repeated headers.
            for value in str(values).split(","):
                self.headers.add(name, value.strip())

    @property
    def data(self) -> bytes:
        """Return the body."""
        return self._body

    @data.setter
    def data(self, value: Any) -> None:
        self.set_data(value)

    @property
    def status(self) -> str:
        """Return the status."""
        return str(self.status_code)

    @property
    def content_type(self) -> str:
        """Return the content type."""
        return str(self.headers.get("content-type", ""))

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    mimetype = content_type

    def get_data(self, as_text: bool = False) -> Any:  # noqa: FBT001, FBT002 - Flask's signature
        """Return the body, as bytes unless text is asked for."""
        return self._body.decode("utf-8", "replace") if as_text else self._body

    def set_data(self, value: Any) -> None:
        """Replace the body: text, bytes, or pieces of either."""
        whole = isinstance(value, (str, bytes, bytearray))
        pieces = [value] if whole else list(value)
        coded = [one.encode("utf-8") if isinstance(one, str) else bytes(one) for one in pieces]
        self._body = b"".join(coded)

    def set_cookie(self, key: str, value: str = "", path: str = "/", **_more: Any) -> None:
        """Add a cookie."""
        self.headers.add("Set-Cookie", f"{key}={value}; Path={path}")
