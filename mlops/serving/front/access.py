"""The line that a request leaves in the log, where lines are wanted."""

import logging

from . import identity
from .request import Request

requests = logging.getLogger("mlops_serving.requests")


def requested(request: Request, status: int, seconds: float) -> None:
    """Write the line of one request."""
    ident = request.name().decode("latin-1")
    fields = {
        "request_id": ident,
        "method": request.method,
        "path": request.path,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
    }
    for name in (identity.CLIENT, *identity.TRACES):
        if name in request.known:
            fields[name.decode()] = request.known[name].decode("latin-1")
    text = "%s %s %d %.1f ms %s"
    words = (request.method, request.path, status, seconds * 1000, ident)
    requests.info(text, *words, extra={"fields": fields})
