"""The ids of a request: read, made where they lack, limited, echoed. Pure but for fresh ids."""

import random
from collections.abc import Mapping

Headers = list[tuple[bytes, bytes]]

LONGEST = 100
OURS, OLD, CLIENT = b"x-request-id", b"x-ms-request-id", b"x-ms-client-request-id"
TRACES = (b"traceparent", b"traceid")
NAMES = frozenset({OURS, OLD, CLIENT, *TRACES})


def fresh() -> bytes:
    """Make an id in the form of a UUID. It names a request and keeps no secret."""
    # A third of the time that the `uuid` module takes, on every request.
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}".encode()


def refusal(known: Mapping[bytes, bytes]) -> str:
    """Say which id is too long, or nothing."""
    if len(known.get(OURS, b"")) > LONGEST:
        return f"x-request-id must not exceed {LONGEST} characters"
    if max(len(known.get(OLD, b"")), len(known.get(CLIENT, b""))) > LONGEST:
        return f"x-ms-request-id and x-ms-client-request-id must not exceed {LONGEST} characters"
    return ""


def echo(known: Mapping[bytes, bytes]) -> Headers:
    """Return the ids that the answer bears; the old name is always among them, as in v1."""
    if known.keys().isdisjoint(NAMES):
        ours = fresh()
        return [(OURS, ours), (OLD, ours)]
    ours = known.get(OURS) or fresh()
    old = known.get(OLD)
    client = known.get(CLIENT) or old
    headers = [(OURS, ours), (OLD, old or client or ours)]
    if client:
        headers.append((CLIENT, client))
    headers.extend((name, known[name]) for name in TRACES if name in known)
    return headers
