"""The ids of a request: read, made where they lack, limited, echoed. Pure but for fresh ids."""

import os
from collections.abc import Mapping

LONGEST = 100
OURS, OLD, CLIENT = b"x-request-id", b"x-ms-request-id", b"x-ms-client-request-id"
TRACES = (b"traceparent", b"tracestate", b"traceid")
NAMES = frozenset({OURS, OLD, CLIENT, *TRACES})


def fresh() -> bytes:
    """Make an id in the form of a UUID. It names a request and keeps no secret."""
    # A third of the time that the `uuid` module takes, on every request; `random` is no faster.
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}".encode()


def refusal(known: Mapping[bytes, bytes]) -> str:
    """Say which id is too long, or nothing."""
    if len(known.get(OURS, b"")) > LONGEST:
        return f"x-request-id must not exceed {LONGEST} characters"
    if max(len(known.get(OLD, b"")), len(known.get(CLIENT, b""))) > LONGEST:
        return f"x-ms-request-id and x-ms-client-request-id must not exceed {LONGEST} characters"
    return ""


def echo(known: Mapping[bytes, bytes], ours: bytes, *, fits: bool = True) -> bytes:
    """Write the ids that the answer bears; the old name is always among them, as in v1.

    Where one of them does not fit, only the request's own is written, if that is not the one.
    """
    if known.keys().isdisjoint(NAMES):
        return b"x-request-id: %b\r\nx-ms-request-id: %b\r\n" % (ours, ours)
    if not fits:
        return b"x-request-id: %b\r\n" % ours if len(ours) <= LONGEST else b""
    old = known.get(OLD)
    client = known.get(CLIENT) or old
    lines = [(OURS, ours), (OLD, old or client or ours)]
    if client:
        lines.append((CLIENT, client))
    lines.extend((name, known[name]) for name in TRACES if name in known)
    return b"".join(b"%b: %b\r\n" % line for line in lines)
