"""`mlops invoke`: send a request to a service."""

import sys
from http.client import HTTPException, InvalidURL
from pathlib import Path
from urllib.parse import urlsplit

import click
from msgspec.structs import replace

from mlops.checks import bearer
from mlops.cli.options import Duration, Files, with_color, with_files
from mlops.cli.session import open_session
from mlops.cli.terminal import write
from mlops.clients.http import Answer, ask
from mlops.errors import Problem, SpecError, TargetError
from mlops.spec import Check, Request
from mlops.values import Observed


@click.command("invoke")
@click.argument("name")
@click.option("-d", "--data", help="Body of the request; @FILE reads a file, - standard input.")
@click.option("--path", help="Path of the request. Default: that of the check, or the service's.")
@click.option(
    "--timeout", type=Duration(), default="60s", metavar="TIME", help="How long. Default: 60s."
)
@with_files
@with_color
def command(name: str, data: str | None, path: str | None, timeout: float, files: Files) -> None:
    """Send a request to the service NAME and print its answer.

    Without --data, the request of its first check is sent.
    """
    if timeout <= 0:
        hint = "give a time like `500ms`, `60s` or `5m`"
        raise SpecError(Problem(summary="`--timeout` leaves no time", hint=hint))
    session = open_session(files)
    thing = session.live(name)
    request = _request(thing, data, session.spec.deployments[name].checks)
    if path is not None:
        request = replace(request, path=path)
    key = bearer(session.service(name)[0], thing.address)
    answer = _asked(request, thing, timeout, key)
    write(answer.body.decode(errors="replace").rstrip("\n") + "\n")
    if answer.status >= 400:
        raise TargetError(
            Problem(
                summary=f"`{name}` answered with status {answer.status}",
                hint=f"see `mlops logs {name}`",
            )
        )


def _request(thing: Observed, data: str | None, checks: tuple[Check, ...]) -> Request:
    if data is not None:
        return Request(path=urlsplit(thing.endpoint).path, body=_body(data))
    if checks:
        return checks[0].request
    summary = f"nothing to send to `{thing.address.name}`"
    raise SpecError(Problem(summary=summary, hint="give a body with `-d`"))


def _asked(request: Request, thing: Observed, timeout: float, key: str) -> Answer:
    name = thing.address.name
    try:
        return ask(request, thing.endpoint, timeout=timeout, trust=thing.trust, key=key)
    except (InvalidURL, UnicodeError, OverflowError) as error:
        problem = Problem(
            summary=f"this can't be sent to `{name}`: {error}",
            hint="write the path as in a URL, like `/score?a=%20`; correct `--data`, `--timeout`",
        )
        raise SpecError(problem) from error
    except (OSError, HTTPException, ValueError) as error:
        problem = Problem(
            summary=f"`{name}` does not answer: {error}",
            hint=f"see `mlops status`, and `mlops logs {name}`",
        )
        raise TargetError(problem) from error


def _body(data: str) -> str:
    try:
        if data == "-":
            return sys.stdin.read()
        return Path(data[1:]).read_text(encoding="utf-8") if data.startswith("@") else data
    except (OSError, UnicodeDecodeError) as error:
        name = data[1:] or "standard input"
        because = getattr(error, "strerror", None) or error
        problem = Problem(summary=f"cannot read `{name}`: {because}", hint="give a text file")
        raise SpecError(problem) from error
