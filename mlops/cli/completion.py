"""`mlops completion`: write the script that lets a shell complete commands."""

import click
from click.shell_completion import get_completion_class

from mlops.cli.terminal import write
from mlops.errors import Problem, SpecError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Write the completion script of SHELL: eval "$(mlops completion bash)"."""
    kind = get_completion_class(shell)
    if kind is None:
        raise SpecError(Problem(summary=f"no completion for `{shell}`"))
    write(kind(ctx.find_root().command, {}, "mlops", "_MLOPS_COMPLETE").source())
