"""`mlops invoke`: send a request to a service."""

import sys
from http.client import HTTPException
from pathlib import Path

import click

from mlops.cli.options import Files, with_color, with_files
from mlops.cli.session import open_session
from mlops.cli.terminal import write
from mlops.clients.http import ask
from mlops.errors import Problem, SpecError, TargetError
from mlops.spec import Request


@click.command("invoke")
@click.argument("name")
@click.option("-d", "--data", help="Body of the request; @FILE reads a file, - standard input.")
@click.option("--path", default="/score", help="Path of the request. Default: /score.")
@click.option("--timeout", type=float, default=60.0, help="Seconds to wait. Default: 60.")
@with_files
@with_color
def command(name: str, data: str | None, path: str, timeout: float, files: Files) -> None:
    """Send a request to the service NAME and print its answer.

    Without --data, the request of its first check is sent.
    """
    session = open_session(files)
    endpoint = session.live(name).endpoint
    checks = session.spec.deployments[name].checks
    if data is None and not checks:
        raise SpecError(
            Problem(summary=f"nothing to send to `{name}`", hint="give a body with `--data`")
        )
    request = checks[0].request if data is None else Request(path=path, body=_body(data))
    try:
        answer = ask(request, endpoint, timeout=timeout)
    except (OSError, HTTPException) as error:
        problem = Problem(
            summary=f"`{name}` does not answer: {error}",
            hint=f"see `mlops status`, and `mlops logs {name}`",
        )
        raise TargetError(problem) from error
    write(answer.body.decode(errors="replace").rstrip("\n") + "\n")
    if answer.status >= 400:
        raise TargetError(
            Problem(
                summary=f"`{name}` answered with status {answer.status}",
                hint=f"see `mlops logs {name}`",
            )
        )


def _body(data: str) -> str:
    try:
        if data == "-":
            return sys.stdin.read()
        return Path(data[1:]).read_text(encoding="utf-8") if data.startswith("@") else data
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            Problem(
                summary=f"cannot read `{data[1:]}`: {getattr(error, 'strerror', None) or error}",
                hint="give a text file",
            )
        ) from error
