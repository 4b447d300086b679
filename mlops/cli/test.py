"""`mlops test`: run the checks of the services."""

import click

from mlops.checks import run_check
from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.errors import IncompleteError, Problem
from mlops.observe import observe
from mlops.spec import Json


@click.command("test")
@click.argument("names", nargs=-1)
@with_files
@with_format
@with_color
def command(names: tuple[str, ...], files: Files, form: str) -> None:
    """Run the checks of the services NAMES, or of all; exit with 7 if one fails."""
    session = open_session(files)
    addresses = [session.service(name)[1] for name in names or session.spec.deployments]
    live = {thing.address: thing.endpoint for thing in observe((), session.targets)}
    rows: list[dict[str, Json]] = []
    failed: list[Problem] = []
    for address in addresses:
        for number, check in enumerate(session.spec.deployments[address.name].checks, start=1):
            problems = run_check(check, live.get(address, ""))
            failed += problems
            request = f"{check.request.method} {check.request.path}"
            result = "failed" if problems else "passed"
            rows.append(
                {"service": address.name, "check": number, "request": request, "result": result}
            )
    write(view(form).rows(rows) if rows else "No checks.\n")
    if failed:
        raise IncompleteError(*failed)
