"""Finds the conda packages that fit together for an image, by `rattler`: never for this machine.

Sends no credentials, and runs nothing of any package.
"""

import json
import os
import tempfile
from collections.abc import Generator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mlops.environments.conda.asked import Asked, Package, asked_of
from mlops.environments.conda.channels import ALIAS, addresses, wrong_channel
from mlops.environments.conda.locked import lock_text
from mlops.environments.conda.refused import lacked, refused
from mlops.environments.conda.waiting import check_rattler, waited
from mlops.errors import Problem, TargetError
from mlops.values import Progress

SUBDIRS = {"amd64": ("linux-64", "x86_64"), "arm64": ("linux-aarch64", "aarch64")}
"""Architecture of an image -> what conda calls its platform, and its machine."""

KERNEL = "4.18"
"""The oldest Linux that engines run on: an image has none of its own."""

PATIENCE = 30
"""Seconds that a channel may take to answer one request; it is asked twice."""

NEAR = 3
"""Packages that are named where one is not there."""


class UnsolvedError(Exception):
    """No packages fit. `near` are some that are there, where one is not."""

    def __init__(self, said: str, near: tuple[str, ...]) -> None:
        super().__init__(said)
        self.near = near


def solved(text: str, platform: str, glibc: str) -> Generator[Progress, None, str]:
    """Return the locked list of what a text of `asked_text` asks for. Raises TargetError.

    `platform` is `linux/amd64`-like, `glibc` the version of an image's C library, as `2.36`.
    """
    check_rattler()
    _check_alias(os.environ.get(ALIAS, ""))
    asked = asked_of(text)
    subdir, machine = conda_platform(platform)
    known = {"__unix": "0", "__linux": KERNEL, "__glibc": glibc, "__archspec": f"1 {machine}"}
    channels = addresses(_channels(asked), os.environ)
    specs = [_spec(package) for package in asked.packages]
    with tempfile.TemporaryDirectory(prefix="mlops-conda-", ignore_cleanup_errors=True) as folder:
        try:
            found = yield from waited(
                _solve(channels, specs, subdir, known, Path(folder)), "resolving conda packages"
            )
        except _errors() as error:
            near = error.near if isinstance(error, UnsolvedError) else ()
            raise TargetError(refused(str(error), near, channels, platform)) from error
    return lock_text(found)


def conda_platform(platform: str) -> tuple[str, str]:
    """Return what conda calls a platform, and its machine. Raises TargetError."""
    found = SUBDIRS.get(platform.removeprefix("linux/").split("/")[0])
    if found is None:
        raise TargetError(
            Problem(
                summary=f"there are no conda packages for `{platform}`",
                hint="use `linux/amd64` or `linux/arm64`",
            )
        )
    return found


def _check_alias(alias: str) -> None:
    """Raise TargetError where the operator's own address of channels may not be written down."""
    wrong = wrong_channel(alias) if alias else None
    if wrong is not None:
        raise TargetError(Problem(summary=f"`{ALIAS}`: {wrong[0]}", hint=wrong[1]))


def _channels(asked: Asked) -> list[str]:
    """Return all channels; one that only a package names comes after those of the file."""
    named = [package.channel for package in asked.packages if package.channel]
    return [*asked.channels, *named]


def _spec(package: Package) -> str:
    if not package.channel:
        return package.text
    address = addresses([package.channel], os.environ)[0]
    return f"{address}::{package.name}{package.rest}"


async def _solve(
    channels: tuple[str, ...], specs: list[str], subdir: str, known: dict[str, str], cache: Path
) -> list[Any]:
    import rattler  # noqa: PLC0415 - an extra, and slow to import
    from rattler.exceptions import SolverError  # noqa: PLC0415 - as above
    from rattler.networking import Client  # noqa: PLC0415 - as above
    from rattler.networking.middleware import RetryMiddleware  # noqa: PLC0415 - as above

    client = Client([RetryMiddleware(1)], timeout=PATIENCE)
    gateway = rattler.Gateway(cache_dir=cache, client=client)
    try:
        records = await rattler.solve(
            sources=list(channels),
            specs=[rattler.MatchSpec(spec) for spec in specs],
            gateway=gateway,
            platforms=[rattler.Subdir(subdir), rattler.Subdir("noarch")],
            virtual_packages=[_virtual(name, *told.split()) for name, told in known.items()],
            channel_relations="disabled",
        )
    except SolverError as error:
        name = lacked(str(error))
        near = await _near(gateway, channels, subdir, name) if name else ()
        raise UnsolvedError(str(error), near) from error
    return [json.loads(record.to_json()) for record in records]


async def _near(gateway: Any, channels: tuple[str, ...], subdir: str, name: str) -> tuple[str, ...]:
    """Return what the channels have of a package, else packages whose names are alike."""
    at: dict[str, Any] = {"sources": list(channels), "platforms": [subdir, "noarch"]}
    found = await gateway.query(**at, specs=[name], recursive=False)
    records = [one for group in found for one in group]
    if records:
        newest = sorted({one.version for one in records}, reverse=True)
        return tuple(f"{name}={version}" for version in newest[:NEAR])
    names = [one.normalized for one in await gateway.names(**at)]
    return tuple(get_close_matches(name, names, NEAR))


def _virtual(name: str, version: str, build: str = "0") -> Any:
    import rattler  # noqa: PLC0415 - an extra, and slow to import
    from rattler.package import BuildString, PackageName  # noqa: PLC0415 - as above
    from rattler.version import Version  # noqa: PLC0415 - as above

    return rattler.GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))


def _errors() -> tuple[type[Exception], ...]:
    from rattler import exceptions as told  # noqa: PLC0415 - an extra, and slow to import

    return (
        *(UnsolvedError, told.GatewayError, told.FetchRepoDataError, told.InvalidChannelError),
        *(told.InvalidMatchSpecError, told.IoError),
    )
