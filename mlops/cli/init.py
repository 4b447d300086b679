"""`mlops init`: make a starter folder that works at once."""

import re
import shutil
from pathlib import Path

import click

from mlops.cli.terminal import write
from mlops.errors import Problem, SpecError

STARTER = Path(__file__).parent / "starter"


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def command(folder: Path) -> None:
    """Make a starter in FOLDER (default: here): a small model, its code, an mlops.yaml.

    No file that exists is overwritten.
    """
    files = [path for path in sorted(STARTER.rglob("*")) if path.is_file() and _wanted(path)]
    places = {path: folder / _named(path.relative_to(STARTER)) for path in files}
    taken = [place for place in places.values() if place.exists()]
    if taken:
        names = ", ".join(f"`{place}`" for place in taken)
        raise SpecError(
            Problem(
                summary=f"{names} {'exist' if len(taken) > 1 else 'exists'} already",
                hint="choose another folder; nothing was written",
            )
        )
    try:
        _copy(places, folder)
    except OSError as error:
        raise SpecError(
            Problem(
                summary=f"cannot write into `{folder}`: {error.strerror}",
                hint="choose a folder that you may write to",
            )
        ) from error
    where = "" if folder == Path() else f" -f {folder}"
    write("".join(f"made {place}\n" for place in places.values()))
    write(f"\nNext: mlops apply{where}\n")


def _copy(places: dict[Path, Path], folder: Path) -> None:
    for path, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    spec = folder / "mlops.yaml"
    text = spec.read_text(encoding="utf-8")
    named = text.replace("project: starter", f"project: {_project(folder)}")
    spec.write_text(named, encoding="utf-8")


def _wanted(path: Path) -> bool:
    return "__pycache__" not in path.parts


def _named(path: Path) -> Path:
    """Return where a file of the starter goes; Git would take its own name for itself."""
    return path.with_name(".gitignore") if path.name == "gitignore" else path


def _project(folder: Path) -> str:
    """Return the folder's name as a project's name."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:32].strip("-")
    return name if re.fullmatch(r"[a-z][-a-z0-9]{2,}", name) else "starter"
