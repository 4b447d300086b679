"""Opens the client of a cloud store: an ordinary one, or one that gives up soon."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

CLOUDS = ("az", "azure", "abfs", "abfss", "s3", "gs")
"""Schemes of the stores that are shared between machines."""

PREFIXES = {"s3": "AWS_", "gs": "GOOGLE_"}
"""Beginnings of the environment variables that say how to reach a store; the rest is Azure's."""

CARRIED = (
    "allow_http",
    "allow_invalid_certificates",
    "proxy_url",
    "proxy_ca_certificate",
    "proxy_excludes",
    "root_certificate",
)
"""Options of the environment that the client forgets as soon as one option is given in code."""

SOON = {"timeout": "8 seconds", "connect_timeout": "4 seconds"}
"""One call that hangs may not cost a lease: it is repeated well within the lease's 40 s."""


def host_of(location: str) -> str:
    """Return whom a store is asked of, as `s3://bucket`; nothing where it is a folder."""
    parts = urlsplit(location)
    cloud = parts.scheme in CLOUDS and "://" in location
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower() if cloud else ""


def connect_cloud(location: str, *, prompt: bool, environ: Mapping[str, str] = os.environ) -> Any:
    """Return the client of a cloud store; a `prompt` one repeats a call once, and fails in 17 s."""
    from obstore.store import from_url  # noqa: PLC0415  loaded late: most commands need no store

    if not prompt:
        return from_url(location)
    known = {name.upper(): value for name, value in environ.items()}
    prefix = PREFIXES.get(urlsplit(location).scheme, "AZURE_")
    names = {key: prefix + key.upper() for key in CARRIED}
    carried = {key: known[name] for key, name in names.items() if name in known}
    options: Any = {**carried, **SOON}
    retries: Any = {"max_retries": 1, "retry_timeout": timedelta(seconds=8)}
    return from_url(location, client_options=options, retry_config=retries)
