"""Sends one request to a service: no redirects, no proxy, no retries."""

import json
import ssl
import time
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from mlops.plain import thaw
from mlops.spec import Request

_LONGEST = 64 * 1024 * 1024
"""Bytes of an answer that are read; v1's services answer 100 MB at most."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came back: the whole body, and seconds from the first byte sent to the last read."""

    status: int
    body: bytes
    seconds: float


def ask(
    request: Request, endpoint: str, *, timeout: float, trust: str = "", key: str = ""
) -> Answer:
    """Send `request` to the service of `endpoint`, whose path its own path replaces.

    `timeout` is in seconds, for each step of the connection. `trust` is the PEM file of the one
    certificate that the service may show, under whatever name. `key` is sent along, unless the
    request says itself who asks. Raises OSError, HTTPException,
    ValueError.
    """
    connection = _connection(urlsplit(endpoint), timeout, trust)
    try:
        begun = time.perf_counter()
        connection.request(request.method, request.path, _body(request), _headers(request, key))
        response = connection.getresponse()
        body = response.read(_LONGEST)
        return Answer(status=response.status, body=body, seconds=time.perf_counter() - begun)
    finally:
        connection.close()


def _connection(endpoint: SplitResult, timeout: float, trust: str) -> HTTPConnection:
    host = endpoint.hostname or ""
    if endpoint.scheme == "https":
        context = _trusting(trust) if trust else ssl.create_default_context()
        return HTTPSConnection(host, endpoint.port, timeout=timeout, context=context)
    return HTTPConnection(host, endpoint.port, timeout=timeout)


def _trusting(certificate: str) -> ssl.SSLContext:
    """Return a context that takes this certificate alone, whatever name it was issued to.

    A service is asked by its address on this machine, which no public certificate names.
    """
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _body(request: Request) -> bytes | None:
    if request.json is not None:
        return json.dumps(thaw(request.json)).encode()
    return None if request.body is None else request.body.encode()


def _headers(request: Request, key: str) -> dict[str, str]:
    headers = dict(request.headers)
    told = {name.lower() for name in headers}
    if request.json is not None and "content-type" not in told:
        headers["Content-Type"] = "application/json"
    if key and "authorization" not in told:
        headers["Authorization"] = f"Bearer {key}"
    return headers
