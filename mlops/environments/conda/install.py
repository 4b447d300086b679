"""Lays locked conda packages out for the prefix that they will have, by `rattler`.

Each download is checked against its SHA-256. Nothing of a package is run: no link scripts.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlops.environments.conda.inside import check_inside
from mlops.environments.conda.locked import lock_records
from mlops.environments.conda.refused import refused
from mlops.environments.conda.solve import conda_platform
from mlops.environments.conda.waiting import check_rattler, waited
from mlops.errors import Problem, TargetError
from mlops.hashing import cache_folder
from mlops.values import Progress

SILENCE = 90.0
"""Seconds without a byte or a package after which nobody waits any more."""

LONGEST = 6 * 3600
"""Seconds that the download of one package may take."""


class Heard:
    """Hears of downloads and packages, from other threads."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.linked = 0

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Hear of some bytes."""
        del download_idx, progress, total
        self.last = time.monotonic()

    def on_link_complete(self, index: int) -> None:
        """Hear of a package that is laid out."""
        del index
        self.linked += 1
        self.last = time.monotonic()


def lay_out(lock: str, platform: str, prefix: str, folder: Path) -> Iterator[Progress]:
    """Lay the packages of a locked list out in `folder`, as they will lie at `prefix`.

    Raises TargetError.
    """
    check_rattler()
    records = lock_records(lock)
    subdir, _ = conda_platform(platform)
    _check_platform(records, subdir)
    heard = Heard()
    work = _install(records, subdir, prefix, folder, heard)
    try:
        for step in waited(work, "fetching conda packages"):
            if time.monotonic() - heard.last > SILENCE:
                raise TargetError(_silent(records))
            yield Progress(text=f"{step.text}: {heard.linked} of {len(records)}")
    except _errors() as error:
        channels = sorted({str(one["channel"]).rstrip("/") for one in records})
        raise TargetError(refused(str(error), (), channels, platform)) from error
    check_inside(folder)


def _check_platform(records: Iterable[Mapping[str, Any]], subdir: str) -> None:
    """Raise TargetError where a package is for another platform than the image."""
    strange = [one for one in records if one["subdir"] not in (subdir, "noarch")]
    if strange:
        raise TargetError(
            *(
                Problem(
                    summary=f"the conda package `{one['name']}={one['version']}` is for"
                    f" `{one['subdir']}`, not for `{subdir}`",
                    hint="run `mlops lock --upgrade`",
                )
                for one in strange
            )
        )


async def _install(
    records: Iterable[Mapping[str, Any]], subdir: str, prefix: str, folder: Path, heard: Any
) -> None:
    import rattler  # noqa: PLC0415 - an extra, and slow to import
    from rattler.networking import Client  # noqa: PLC0415 - as above
    from rattler.networking.middleware import RetryMiddleware  # noqa: PLC0415 - as above

    await rattler.install(
        [_record(one) for one in records],
        folder,
        cache_dir=cache_folder() / "conda",
        installed_packages=[],
        platform=rattler.Subdir(subdir),
        execute_link_scripts=False,
        show_progress=False,
        client=Client([RetryMiddleware(2)], timeout=LONGEST),
        reporter=heard,
        alternative_target_prefix=prefix,
    )


def _record(told: Mapping[str, Any]) -> Any:
    import rattler  # noqa: PLC0415 - an extra, and slow to import
    from rattler.package import BuildString  # noqa: PLC0415 - as above

    keys = ("name", "version", "build_number", "subdir", "noarch", "depends", "size")
    given: dict[str, Any] = {key: told.get(key) for key in (*keys, "python_site_packages_path")}
    build, digest = BuildString(told["build"]), bytes.fromhex(told["sha256"])
    record = rattler.PackageRecord(**given, build=build, sha256=digest)
    url = str(told["url"])
    return rattler.RepoDataRecord(record, url.rpartition("/")[2], url, str(told["channel"]))


def _silent(records: Iterable[Mapping[str, Any]]) -> Problem:
    channels = ", ".join(sorted({f"`{one['channel']}`" for one in records}))
    return Problem(
        summary=f"no byte of a conda package came for {SILENCE:.0f} seconds",
        hint=f"check the network and the channels; asked: {channels}",
    )


def _errors() -> tuple[type[Exception], ...]:
    from rattler import exceptions as told  # noqa: PLC0415 - an extra, and slow to import

    return (told.InstallerError, told.LinkError, told.ExtractError, told.TransactionError)
