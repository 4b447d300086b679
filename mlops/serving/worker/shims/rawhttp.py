"""`@rawhttp`, `AMLRequest` and `AMLResponse` for scripts that speak HTTP themselves."""

import json
import re
import sys
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple, TypeVar
from urllib.parse import parse_qs

__all__ = ["AMLRequest", "AMLResponse", "rawhttp"]

Run = TypeVar("Run", bound=Callable[..., Any])
Pairs = List[Tuple[str, str]]

MODULES = (
    __name__,
    "azureml.contrib.services.aml_request",
    "azureml_inference_server_http.api.aml_request",
)
NAME = re.compile(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")
VALUE = re.compile(r"^[\t\x20-\x7e\x80-\xff]*$")

_rawHttpRequested = False  # noqa: N816 - the name that the real packages use


def rawhttp(run: Run) -> Run:
    """Mark a `run()` that wants the request itself."""
    global _rawHttpRequested  # noqa: PLW0603 - as the real packages do
    _rawHttpRequested = True
    return run


def requested() -> bool:
    """Say whether the script used `@rawhttp`, of whichever package it found."""
    return any(getattr(sys.modules.get(name), "_rawHttpRequested", False) for name in MODULES)


class Headers(Mapping[str, str]):
    """Headers by name, whatever the case."""

    def __init__(self, given: Pairs) -> None:
        self._names: Dict[str, str] = {}
        self._values: Dict[str, str] = {}
        for name, value in given:
            key = name.lower()
            self._names[key] = name.title()
            known = self._values.get(key)
            self._values[key] = value if known is None else known + "," + value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._values)


class AMLRequest:
    """One request, with the words that Flask has for it."""

    def __init__(self, meta: Mapping[str, Any], body: bytes) -> None:
        self.method: str = meta["method"]
        self.path: str = meta["path"]
        self.query_string: bytes = meta["query"].encode("latin-1")
        self.full_path = "{}?{}".format(self.path, meta["query"])
        self.headers = Headers(meta["headers"])
        self.data = body

    @property
    def args(self) -> Dict[str, str]:
        """Return the first value of each query parameter."""
        found = parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}

    @property
    def content_type(self) -> str:
        """Return the content type, or nothing."""
        return self.headers.get("content-type", "")

    @property
    def json(self) -> Any:
        """Return the body read as JSON."""
        return json.loads(self.data.decode("utf-8"))

    def get_json(self) -> Any:
        """Return the body read as JSON."""
        return self.json

    def get_data(
        self,
        cache: bool = True,  # noqa: FBT001, FBT002, ARG002 - Flask's signature
        as_text: bool = False,  # noqa: FBT001, FBT002 - Flask's signature
        parse_form_data: bool = False,  # noqa: FBT001, FBT002, ARG002 - Flask's signature
    ) -> Any:
        """Return the body, as bytes unless text is asked for."""
        return self.data.decode("utf-8") if as_text else self.data


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
        text = json.dumps({} if message is None else message) if as_json else message
        self.status_code = int(status_code)
        self._body = text.encode("utf-8") if isinstance(text, str) else bytes(text)
        kind = "application/json" if as_json else "text/html; charset=utf-8"
        named = {name.lower() for name in response_headers}
        self.headers: Pairs = []
        if as_json or "content-type" not in named:
            self.headers.append(("content-type", kind))
        self.headers.append(("x-ms-run-function-failed", str(run_function_failed)))
        for name, values in response_headers.items():
            # v1 sends a value with commas as repeated headers.
            self.headers.extend((name, value.strip()) for value in values.split(","))

    def get_data(self) -> bytes:
        """Return the body."""
        return self._body


def pairs(headers: Any) -> Pairs:
    """Return headers (ours, a dict's or Flask's) as pairs of strings that HTTP allows."""
    items = headers.items() if hasattr(headers, "items") else headers
    found = [(str(name), str(value)) for name, value in items]
    for name, value in found:
        if not NAME.match(name) or not VALUE.match(value):
            message = f"header {name!r} cannot be sent"
            raise ValueError(message)
    return found
