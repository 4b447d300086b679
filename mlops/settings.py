"""The metadata of a key that users may write: its words, its range, its pattern.

A `Settings` class is a frozen, keyword-only Struct whose annotations read
`Annotated[int, Setting("TCP port it listens on.", minimum=1, maximum=65535)]`. The JSON schema,
the checks of a file and the README's tables are made from them.
"""

import re

from msgspec import Struct


class Setting(Struct, frozen=True):
    """What one key means and may hold.

    `pattern` is a regular expression for the whole text; `names` is one for the keys of a
    mapping; `hint` tells a person what to write instead when a value is refused; `path` says that
    the text is a path relative to the file, which may not leave the checkout; `own` is the path
    that is taken where none is written, `{name}` in it: no two entries may share such a path;
    `refused` says why a key that other kinds honour cannot be honoured here, and what can.
    """

    doc: str
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    names: str = ""
    hint: str = ""
    path: bool = False
    own: str = ""
    refused: str = ""


MODEL_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}$"
ALIAS = r"^[a-zA-Z]([a-zA-Z0-9\-._]{0,62}[a-zA-Z0-9])?$"
"""What a version may be called beside its number; it begins with a letter, so it is no number."""
SERVICE_NAME = r"^[a-z]([-a-z0-9]{1,30}[a-z0-9]|[a-z0-9]{2})$"
"""3 to 32 characters: v1's rule for services, which every platform accepts."""
MODEL_HINT = (
    "begin with a letter or digit; then letters, digits, `-`, `.` and `_`, up to 255 in all"
)
ALIAS_HINT = "begin with a letter, end with a letter or digit; `-`, `.` and `_` between; up to 64"
SERVICE_HINT = (
    "use 3 to 32 lower-case letters, digits and `-`; begin with a letter, end with no `-`"
)
NAME = r"^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$"
NAME_HINT = "use up to 32 lower-case letters, digits and `-`; begin with a letter, end with no `-`"
TARGET_NAME = rf"^(?!store$){NAME[1:]}"
"""The models are kept in the place `store`, whatever the file says."""
TARGET_HINT = f"{NAME_HINT}; `store` is where models are kept"
VARIABLE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
VARIABLE_HINT = "use letters, digits and `_`; begin with no digit"
PYTHON = r"^3\.[0-9]{1,2}(\.[0-9]{1,2})?$"

DURATION = r"^[0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h)$"
POSITIVE = rf"^(?=[0.]*[1-9]){DURATION[1:]}"
"""A duration that is longer than nothing."""
DURATION_HINT = "write a number above 0 and its unit, as `500ms`, `60s` or `5m`"

HIDING_PLACE = (
    r"^(env/[A-Za-z_][A-Za-z0-9_]*|file/[^\x00]+"
    r"|keyvault/[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?/[A-Za-z0-9-]{1,127}(/[0-9A-Za-z]{1,64})?)$"
)
"""Where a secret lives: a variable, a file, an Azure Key Vault (its name, or its host name)."""
HIDING_HINT = (
    "write `{secret: env/NAME}`, `{secret: file/PATH}` or `{secret: keyvault/VAULT/NAME}`;"
    " the value itself stands in no file"
)

REGISTRY = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$"
REGISTRY_HINT = "write the host alone, as `myregistry.azurecr.io`"
IMAGE = r"^[A-Za-z0-9][-A-Za-z0-9._:/]*(@sha256:[0-9a-f]{64})?$"
"""A reference to an image: a name with a tag, a digest, or both."""
IMAGE_HINT = "write an image, as `python:3.11-slim` or `registry.example/base@sha256:…`"

SIZE = r"^[1-9][0-9]{0,8}(kB|MB|GB|KiB|MiB|GiB)$"
SIZE_HINT = "write a whole number and its unit, as `500kB`, `100MB` or `64MiB`"

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
DAY_HINT = "write a day, as `2026-12-31`"

LABEL = r"^\S(.*\S)?$"
LABEL_HINT = "use a key of one line, neither empty nor with blanks around it"

_WORD = r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HOST_NAME = rf"(?=.*[A-Za-z][-A-Za-z0-9]*$)({_WORD}\.)*{_WORD}"
_IPV4 = rf"({_BYTE}\.){{3}}{_BYTE}"
_IPV6 = (
    r"(?=.*::|([^:]+:){7}[^:]+$)(?!.*::.*::)(?!.*:::)(?!:[^:])(?!.*[^:]:$)"
    r"[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,7}"
)
HOST = rf"^({_HOST_NAME}|{_IPV4}|{_IPV6})$"
"""A name or an IP address, as a socket is bound to: no scheme, no port, no brackets."""
HOST_HINT = "write an IP address or a host name alone, as `127.0.0.1`, `::1` or `localhost`"

_BYTES = {
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}
MEMORY = r"^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$"
MEMORY_HINT = "write a number of bytes and its unit, as `512Mi` or `2Gi`"
_QUANTITIES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_QUANTITIES |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def reference_parts(reference: str) -> tuple[str, str, str]:
    """Return the name, the number and the alias of `name`, `name:3` or `name@champion`."""
    before, _, alias = reference.partition("@")
    name, _, number = before.partition(":")
    return name, number, alias


def duration(text: str) -> float:
    """Return the seconds that `500ms`, `60s`, `5m` or `1h` mean. Raises ValueError."""
    if re.fullmatch(DURATION, text) is None:
        raise ValueError(f"`{text}` is no duration")
    number = text.rstrip("msh")
    return float(number) * _SECONDS[text[len(number) :]]


def size_in_bytes(text: str) -> int:
    """Return the bytes that `500kB` or `64MiB` mean. Raises ValueError."""
    if re.fullmatch(SIZE, text) is None:
        raise ValueError(f"`{text}` is no size")
    number = text.rstrip("kKMGiB")
    return int(number) * _BYTES[text[len(number) :]]


def memory(text: str) -> int:
    """Return the bytes that `512Mi`, `2Gi` or `500M` mean. Raises ValueError."""
    if re.fullmatch(MEMORY, text) is None:
        raise ValueError(f"`{text}` is no amount of memory")
    number = text.rstrip("kMGTi")
    return int(number) * _QUANTITIES[text[len(number) :]]


def memory_words(count: int) -> str:
    """Return a number of bytes as a file would have it: `512Mi`, `2Gi`."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if count and not count % _QUANTITIES[unit]:
            return f"{count // _QUANTITIES[unit]}{unit}"
    return str(count)
