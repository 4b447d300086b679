"""`mlops validate`: check the files, and show every problem."""

import os

import click

from mlops.cli.options import Files, with_color, with_files


@click.command("validate")
@with_files
@with_color
def command(files: Files) -> None:
    """Check the files, and show every problem with its line.

    Touches no target, reads no secret, runs nothing of the checkout.
    """
    from mlops.cli.kinds import KINDS  # noqa: PLC0415  keeps `--help` fast
    from mlops.cli.terminal import write  # noqa: PLC0415  as above
    from mlops.load import load  # noqa: PLC0415  as above

    spec = load(files.paths, files.variables, KINDS)
    services = len(spec.deployments)
    names = ", ".join(os.path.relpath(path) for path in spec.files)
    write(f"{names}: fine ({services} deployment{'s' * (services != 1)})\n")
