"""`mlops image build` and `push`: the image of a service, made without an engine."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.cli.image.named import Named, named
from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import Session, open_session
from mlops.cli.terminal import say, view, write
from mlops.errors import Problem, SpecError
from mlops.images.builder import Made
from mlops.images.login import login_of, told_login
from mlops.means import StoreMeans
from mlops.spec import Fields
from mlops.units import size
from mlops.values import Progress

if TYPE_CHECKING:
    from mlops.images.registry import RegistryBuilder

with_platform = click.option(
    "--platform",
    type=click.Choice(["linux/amd64", "linux/arm64"]),
    help="What the image shall run on. Default: as its target.",
)


@click.command("build")
@click.argument("name")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write: an OCI layout in a tar.",
)
@with_platform
@with_files
@with_format
@with_color
def built(name: str, out: Path, platform: str | None, files: Files, form: str) -> None:
    """Write the image of the deployment NAME to a file, which `docker load` takes.

    The base is fetched from its registry; no engine is needed.
    """
    from mlops.images.archive import Archive  # noqa: PLC0415  builds alone need it

    session = open_session(files)
    image, means = _prepared(session, name, platform or "")
    called = _repository(session, image) or f"mlops/{session.spec.project}"
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w+b") as file:
            builder = _builder(session, image, called, means)
            _told(builder.made_in(Archive(file, called), image.inputs, means))
        part.replace(out)
    except OSError as error:
        raise SpecError(
            Problem(
                summary=f"cannot write `{out}`: {error.strerror}",
                hint="choose a file that you may write, where there is room",
            )
        ) from error
    finally:
        part.unlink(missing_ok=True)
    record: Fields = {
        "file": str(out),
        "size": out.stat().st_size,
        "name": f"{called}:{image.inputs.tag}",
    }
    told = f"{out}: {size(out.stat().st_size)}. Next: docker load -i {out}\n"
    write(told if form == "text" else view(form).record(record))


@click.command("push")
@click.argument("name")
@click.option("--repository", metavar="REPOSITORY", help="Image repository. Default: the target's.")
@with_platform
@with_files
@with_format
@with_color
def pushed(
    name: str, repository: str | None, platform: str | None, files: Files, form: str
) -> None:
    """Make the image of the deployment NAME in its repository, where it lacks.

    Only the layers that the repository has not are sent; no engine is needed. `mlops apply`
    then finds it there.
    """
    session = open_session(files)
    image, means = _prepared(session, name, platform or "")
    place = repository or _repository(session, image)
    if not place:
        raise SpecError(
            Problem(
                summary=f"the target `{image.deployment.target}` has no image repository",
                where=session.spec.targets[image.deployment.target].where,
                hint="write `repository:` in its block, or give `--repository`",
            )
        )
    made = _told(_builder(session, image, place, means).make(image.inputs, means))
    if form == "text":
        sent = f"{made.new} new layer{'s' * (made.new != 1)}" if made.new else "it was there"
        write(f"{made.reference}\n")
        say(f"{name}: {sent}.\n")
        return
    write(view(form).record({"image": made.reference, "new": made.new}))


def _prepared(session: Session, name: str, platform: str) -> tuple[Named, StoreMeans]:
    """Return an image and the means to make it.

    Its models are read in a thread, which takes a while, beside the import of what makes images.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="named") as pool:
        image = pool.submit(named, session, name, platform)
        import_module("mlops.images.registry")
        return image.result(), session.means()


def _repository(session: Session, image: Named) -> str:
    """Return where the target of a deployment keeps images; empty if it has no such place."""
    settings = session.spec.targets[image.deployment.target].settings
    return getattr(settings, "repository", None) or ""


def _builder(session: Session, image: Named, place: str, means: StoreMeans) -> "RegistryBuilder":
    from mlops.clients.oci.session import Sessions  # noqa: PLC0415  see `_prepared`
    from mlops.images.registry import RegistryBuilder  # noqa: PLC0415  as above

    settings = session.spec.targets[image.deployment.target].settings
    login = partial(login_of, settings, told_login(image.pins.inference.base_registry), means)
    return RegistryBuilder(repository=place, sessions=Sessions(login))


def _told(steps: Iterator[Progress | Made]) -> Made:
    """Say each step once; return what was made."""
    said = ""
    for step in steps:
        if isinstance(step, Made):
            return step
        if step.text != said:
            said = step.text
            say(f"{said}\n")
    raise AssertionError("a builder ends in what it made")
