"""Which Pythons there may be: the one that runs this, the oldest that serves; what is a version."""

import sys

OLDEST = (3, 6)
"""What the worker of the scoring server runs on."""


def running_version() -> str:
    """Return the version of the Python that runs this, like `3.11`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def numbers(version: str) -> tuple[int, int]:
    """Return the major and the minor number of a version like `3.11` or `3.6.2`."""
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def is_version(text: str) -> bool:
    """Tell whether a package may have this version."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - slow to import

    try:
        return bool(Version(text))
    except InvalidVersion:
        return False
