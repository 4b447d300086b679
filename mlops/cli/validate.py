"""`mlops validate`: check the files, and show every problem."""

import os

import click

from mlops.cli.options import CHECKS, Files, with_also, with_color, with_files, with_formats


@click.command("validate")
@with_files
@with_formats(*CHECKS)
@with_also
@with_color
def command(files: Files, form: str) -> None:
    """Check the files, and show every problem with its line.

    Touches no target, reads no secret, runs nothing of the checkout.
    """
    from mlops.cli.kinds import KINDS  # noqa: PLC0415  keeps `--help` fast
    from mlops.cli.showing import write_also  # noqa: PLC0415  as above
    from mlops.cli.terminal import view, write  # noqa: PLC0415  as above
    from mlops.load import load  # noqa: PLC0415  as above

    spec = load(files.paths, files.variables, KINDS)
    if spec.rules:
        from mlops.rules import check_rules  # noqa: PLC0415  as above

        check_rules(spec.rules)
    names = tuple(os.path.relpath(path) for path in spec.files)
    count = len(spec.deployments)
    record = {"files": names, "deployments": tuple(spec.deployments)}
    write_also(lambda view: view.record(record))
    if form in ("text", "github"):
        write(f"{', '.join(names)}: fine ({count} deployment{'s' * (count != 1)})\n")
    else:
        write(view(form).record(record))
