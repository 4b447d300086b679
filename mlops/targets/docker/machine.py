"""The machine of an engine: what its ports are called, and where they answer. Pure."""

import ipaddress
from urllib.parse import urlsplit

from mlops.claims import port_claim
from mlops.services import endpoint

SCORE = "/score"
"""The path that our server scores at."""


def machine_of(address: str) -> str:
    """Return the host of an engine's address; nothing if it is this machine."""
    return urlsplit(address).hostname or "" if "://" in address else ""


def claim_of(host: str, port: int, machine: str) -> str:
    """Return the claim of a port of a machine; without one, of this machine."""
    claim = port_claim(host, port)
    return claim.replace(f"port/{port}", f"port/{port} of {machine}", 1) if machine else claim


def answers_at(host: str, port: int, machine: str, scheme: str, path: str = SCORE) -> str:
    """Return where a service is scored from here, if its port can be reached from here."""
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    found = endpoint(machine if machine and everywhere else host, port, scheme)
    return found.removesuffix(SCORE) + path
