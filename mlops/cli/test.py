"""`mlops test`: run the checks of the services."""

import click

from mlops.checks import bearer, run_check
from mlops.cli.options import Files, with_color, with_files, with_format
from mlops.cli.session import open_session
from mlops.cli.terminal import view, write
from mlops.errors import IncompleteError, Problem
from mlops.facing import trust_of
from mlops.observe import observe
from mlops.spec import Check, Json
from mlops.values import Address, Observed, Ownership


@click.command("test")
@click.argument("names", nargs=-1)
@with_files
@with_format
@with_color
def command(names: tuple[str, ...], files: Files, form: str) -> None:
    """Run the checks of the services NAMES, or of all; exit with 7 if one fails."""
    session = open_session(files)
    wanted = dict.fromkeys(session.service(name)[1] for name in names or session.spec.deployments)
    live = {thing.address: thing for thing in observe((), session.targets)}
    rows: list[dict[str, Json]] = []
    failed: list[Problem] = []
    for address in wanted:
        checks = session.spec.deployments[address.name].checks
        absent = _absent(address, live.get(address))
        failed += absent if checks else ()
        trust = trust_of(session.spec.deployments[address.name])
        key = "" if absent else bearer(session.targets[address.place], address)
        for number, check in enumerate(checks, start=1):
            thing = None if absent else live[address]
            problems = run_check(check, thing.endpoint, trust=trust, key=key) if thing else ()
            failed += problems
            result = "not asked" if absent else "failed" if problems else "passed"
            rows.append(_row(address, number, check, result))
    write(view(form).rows(rows) if rows or form == "json" else "No checks.\n")
    if failed:
        raise IncompleteError(*failed)


def _absent(address: Address, thing: Observed | None) -> tuple[Problem, ...]:
    """Return why a service can't be asked: it is not there, or it is not ours to judge."""
    if thing is not None and thing.ownership is Ownership.OURS:
        return ()
    because = f"is not ours: {thing.state}" if thing else "does not exist"
    return (Problem(summary=f"`{address}` {because}", hint="see `mlops plan`"),)


def _row(address: Address, number: int, check: Check, result: str) -> dict[str, Json]:
    request = f"{check.request.method} {check.request.path}"
    return {"service": address.name, "check": number, "request": request, "result": result}
