"""The command line: the one place that turns an error into text and an exit code."""

import contextlib
import importlib
import os
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from mlops import __version__
from mlops.errors import MlopsError, Problem, SpecError, StoppedError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "init": "Make a starter folder that works at once.",
        "validate": "Check the files, and show every problem.",
        "fmt": "Write the files in one layout.",
        "plan": "Show what would change.",
        "apply": "Make the live world what the files say.",
        "drift": "Show what somebody else changed.",
        "destroy": "Delete every service of the files.",
        "rollback": "Make the live world what an earlier revision wanted.",
        "history": "Show what each run changed.",
        "status": "Show how the services stand.",
        "show": "Show one service, or what one run changed.",
        "logs": "Show what a service prints.",
        "invoke": "Send a request to a service.",
        "test": "Run the checks of the services.",
        "keys": "Show the keys of a service, or rotate one.",
        "models": "Keep the models of the store.",
        "lock": "Write mlops.lock: the packages and the base of each image.",
        "image": "Make the image of a service without an engine.",
        "package": "Write a folder that Docker builds, without us.",
        "forget": "Look no longer at a target that is gone for good.",
        "unlock": "Take the lock away from a run that does not come back.",
        "graph": "Draw what needs what.",
        "report": "Write a static site about the project.",
        "completion": "Write the completion script of a shell.",
        "schema": "Write the JSON schema of the file.",
        "version": "Show the version.",
    }
)
"""Name -> its line in the help. Each is a module of its own, imported when it is asked for."""


class Commands(click.Group):
    """The commands, in the order of use, without importing them for the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names in the order of use."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for. Raises SpecError with the nearest name."""
        if args[0] in COMMANDS:
            return super().resolve_command(ctx, args)
        near = get_close_matches(args[0], COMMANDS, n=1)
        hint = f"did you mean `{near[0]}`? " if near else ""
        raise SpecError(
            Problem(summary=f"no command `{args[0]}`", hint=f"{hint}see `mlops --help`")
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  as above
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mlops.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; tell its problems while it is known how they shall look."""
        try:
            return super().invoke(ctx)
        except (MlopsError, click.ClickException) as error:
            ctx.exit(_ended(error))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  as above
        """Write the list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mlops %(version)s")
def group() -> None:
    """Plan, apply and watch scoring services, from one YAML file."""


def main() -> None:
    """Run the command line and exit with the code of what happened."""
    _open_streams()
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command line; print every problem; return the exit code."""
    try:
        code = group.main(args=_explicit(words), prog_name="mlops", standalone_mode=False)
    except BrokenPipeError:  # whoever read the output has seen enough
        _drop_output()
        return SpecError.code
    except click.exceptions.Abort:
        return _told(StoppedError(Problem(summary="stopped; nothing more was changed")))
    except (MlopsError, click.ClickException) as error:
        return _ended(error)
    return code if isinstance(code, int) else 0


def _explicit(words: list[str]) -> list[str]:
    """Return the words of a command line where `--auto-approve` alone says its level.

    Else the parser would take the word behind it for the level.
    """
    return [f"{word}=all" if word == "--auto-approve" else word for word in words]


def _ended(error: MlopsError | click.ClickException) -> int:
    """Tell what ended a command; return the exit code."""
    if isinstance(error, MlopsError):
        return _told(error)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return SpecError.code
    return _told(SpecError(_usage(error)))


def _open_streams() -> None:
    """Give the standard streams that were closed something to write to."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r+", encoding="utf-8"))  # noqa: SIM115  to the end


def _drop_output() -> None:
    """Send what is still to be flushed to nobody, so that Python does not complain at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(error: MlopsError) -> int:
    """Write the problems in the format that the command was given."""
    from mlops.cli.options import CHECKS, FORM  # noqa: PLC0415  only errors need it
    from mlops.cli.showing import tell  # noqa: PLC0415  as above

    context = click.get_current_context(silent=True)
    form = context.meta.get(FORM, "text") if context else "text"
    form = form if form in CHECKS else "text"
    if error.problems:
        tell(form, lambda view: view.problems(error.problems))
    return error.code


def _usage(error: click.ClickException) -> Problem:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "mlops"
    sentence = error.format_message().rstrip(".")
    return Problem(
        summary=sentence[:1].lower() + sentence[1:],
        hint=f"see `{command} --help`",
    )
