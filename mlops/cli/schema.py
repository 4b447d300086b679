"""`mlops schema`: write the JSON schema of the file."""

import json
from pathlib import Path

import click

from mlops.cli.filing import write_file
from mlops.cli.kinds import KINDS
from mlops.cli.terminal import write
from mlops.schema import schema


@click.command("schema")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write.")
def command(output: Path | None) -> None:
    """Write the JSON schema of mlops.yaml, for editors: to standard output or to a file."""
    text = json.dumps(schema(KINDS), indent=2) + "\n"
    if output is None:
        write(text)
        return
    write_file(output, text)
