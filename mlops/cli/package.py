"""`mlops package`: write a folder that Docker builds, for who wants to go on without us."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import click

from mlops.cli.image.named import Nearby, named, packages_of
from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import open_session
from mlops.cli.terminal import write
from mlops.errors import Problem, SpecError


@click.command("package")
@click.argument("name")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write; it must be new, or empty.",
)
@with_files
@with_color
def command(name: str, out: Path, files: Files) -> None:
    """Write the Dockerfile of the deployment NAME, all that it copies, and a README.

    `docker build` makes an image of the folder that serves as the deployment does, without us.
    Secrets are not in it: the README says how to give them to the container.
    """
    from mlops.images.alone import alone_settings, manual  # noqa: PLC0415  keeps `--help` fast
    from mlops.images.context import context  # noqa: PLC0415  as above

    session = open_session(files)
    image = named(session, name)
    _check_empty(out)
    settings = alone_settings(image.service, image.pins, image.inputs)
    found, locked = Nearby(session=session, inputs=image.inputs), packages_of(session, image.inputs)
    made = [("README.md", manual(image.service, image.inputs).encode())]
    count = _written(out, chain(context(image.inputs, settings, found, locked), made))
    write(f"{out}: {count} files. Next: docker build -t {name} {out}\n")


def _check_empty(out: Path) -> None:
    """Raise SpecError where files would mix with those of others."""
    if out.exists() and any(out.iterdir()):
        raise SpecError(
            Problem(
                summary=f"the folder `{out}` is not empty",
                hint="name a new folder, or remove what is in it",
            )
        )


def _written(out: Path, files: Iterable[tuple[str, bytes | Path]]) -> int:
    """Write the files, which everybody may read; return how many. Raises SpecError."""
    import shutil  # noqa: PLC0415  keeps `--help` fast

    count = 0
    try:
        for name, source in files:
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(source, bytes):
                path.write_bytes(source)
            else:
                shutil.copyfile(source, path)
            path.chmod(0o644)
            count += 1
    except OSError as error:
        raise SpecError(
            Problem(
                summary=f"cannot write `{error.filename}`: {error.strerror}",
                hint="choose a folder that you may write to",
            )
        ) from error
    return count
