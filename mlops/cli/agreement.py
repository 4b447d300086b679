"""The options of a run that changes things: what is agreed to, how far it goes, how it is shown."""

import re
from functools import wraps
from typing import Any

import click
from msgspec import Struct

from mlops.ancestry import Leave
from mlops.cli.options import PAGES, Command, Duration, with_formats
from mlops.values import Impact

LEVELS = {"metadata": Impact.METADATA, "rolling": Impact.ROLLING, "all": Impact.REPLACE}
"""What `--auto-approve=LEVEL` lets pass: the worst impact."""

DIGEST = r"[0-9a-f]{64}"


class Agreement(Struct, frozen=True, kw_only=True):
    """What was agreed to beforehand, and how to show what happens.

    `approves` is the worst impact that needs no question, None to ask; `digest` is the plan that
    may run, empty for any; `deletes` is how many services may be deleted, None where nobody said;
    `lock_timeout` is in seconds; `command` is what others are told who wait for the lock.
    """

    approves: Impact | None
    digest: str
    deletes: int | None
    leave: Leave
    parallelism: int
    lock_timeout: float
    stream: bool
    form: str
    command: str


class Digest(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """The digest of a plan: 64 hex digits."""

    name = "digest"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the digits."""
        text = str(value).strip().removeprefix("sha256:").lower()
        if re.fullmatch(DIGEST, text) is None:
            self.fail(f"{value!r} is no digest of 64 hex digits; `mlops plan` shows it", param, ctx)
        return text


OPTIONS = (
    click.option(
        "--auto-approve",
        type=click.Choice([*LEVELS]),
        metavar="[=LEVEL]",
        help="Do not ask for what costs at most: metadata, rolling or (alone) all."
        " Deletes still need their count.",
    ),
    click.option("--digest", type=Digest(), metavar="D", help="Run only the plan of this digest."),
    click.option(
        "--allow-deletes",
        type=click.IntRange(min=0),
        metavar="N",
        help="How many services may be deleted. Default: 0, or what is typed.",
    ),
    click.option(
        "--allow-branch", is_flag=True, help="Apply from another branch than the default one."
    ),
    click.option(
        "--allow-rollback", is_flag=True, help="Apply an older commit than the last applied."
    ),
    click.option(
        "--parallelism",
        type=click.IntRange(1, 100),
        default=10,
        metavar="N",
        help="Changes at the same time at one target. Default: 10.",
    ),
    click.option(
        "--lock-timeout",
        type=Duration(),
        default="60s",
        metavar="TIME",
        help="How long to wait for another run. Default: 60s.",
    ),
)
"""How far, how wide and how long a run may go."""


def with_agreement(command: Command) -> Command:
    """Give a command the options of a run that changes things, as its argument `agreement`."""

    @_with_limits
    @click.option("--json", "stream", is_flag=True, help="Write a JSON line for each event.")
    @with_formats(*PAGES)
    @wraps(command)
    def gathered(**given: Any) -> Any:
        level = given.pop("auto_approve")
        agreement = Agreement(
            approves=LEVELS[level] if level else None,
            digest=given.pop("digest") or "",
            deletes=given.pop("allow_deletes"),
            leave=Leave(rollback=given.pop("allow_rollback"), branch=given.pop("allow_branch")),
            parallelism=given.pop("parallelism"),
            lock_timeout=given.pop("lock_timeout"),
            stream=given.pop("stream"),
            form=given.pop("form"),
            command=click.get_current_context().command_path,
        )
        return command(agreement=agreement, **given)

    return gathered


def _with_limits(command: Command) -> Command:
    """Add the options that say how far, how wide and how long a run may go."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
