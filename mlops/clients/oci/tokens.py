"""The tokens of a registry: what it asks for, where they are had, and for what."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from msgspec import Struct

from mlops.clients.oci.login import Login
from mlops.errors import Problem, TargetError
from mlops.plain import NOTHING


class Challenge(Struct, frozen=True, kw_only=True):
    """How a registry wants to be told who we are. `scheme` is `basic` or `bearer`."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """What is sent to who gives tokens."""

    method: str
    url: str
    headers: Mapping[str, str] = NOTHING
    body: bytes | None = None


def challenge(header: str) -> Challenge | None:
    """Return what a `WWW-Authenticate` header asks for; None if nothing that we know."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() not in ("basic", "bearer"):
        return None
    words = (word for word in parse_http_list(rest) if "=" in word)
    given = {key.lower(): value for key, value in parse_keqv_list(list(words)).items()}
    return Challenge(
        scheme=scheme.lower(),
        realm=given.get("realm", ""),
        service=given.get("service", ""),
        scope=given.get("scope", ""),
    )


def check_realm(realm: str, base: str) -> None:
    """Raise TargetError if a password would be sent in the clear, where the registry is not."""
    allowed = ("https", "http") if urlsplit(base).scheme == "http" else ("https",)
    if urlsplit(realm).scheme not in allowed:
        raise TargetError(
            Problem(
                summary=f"the registry `{urlsplit(base).netloc}` gives its tokens without TLS,"
                f" at `{realm}`",
                hint="tell its administrator; nothing was sent there",
            )
        )


def request(asked: Challenge, scopes: tuple[str, ...], login: Login | None) -> Request:
    """Return what asks for a token of these scopes, as who `login` is, or as nobody."""
    wanted = scopes or ((asked.scope,) if asked.scope else ())
    if login is not None and login.token:
        form = {
            "grant_type": "refresh_token",
            "service": asked.service,
            "scope": " ".join(wanted),
            "client_id": "mlops",
            "refresh_token": login.token,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(
            method="POST", url=asked.realm, headers=headers, body=urlencode(form).encode()
        )
    fields = [("service", asked.service), *(("scope", scope) for scope in wanted)]
    url = f"{asked.realm}{'&' if '?' in asked.realm else '?'}{urlencode(fields)}"
    return Request(method="GET", url=url, headers=basic(login))


def basic(login: Login | None) -> dict[str, str]:
    """Return the header that says who we are; none if we are nobody."""
    if login is None:
        return {}
    text = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def token(body: bytes) -> str:
    """Return the token of an answer; empty if there is none."""
    try:
        given = json.loads(body)
        return str(given.get("token") or given.get("access_token") or "")
    except (ValueError, AttributeError):
        return ""
