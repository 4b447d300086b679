"""Gives a live service another key: asked for, under the lock, recorded, without a restart."""

from collections.abc import Mapping

import click
from msgspec.structs import replace

from mlops.cli.session import Session
from mlops.cli.terminal import say, typing
from mlops.cli.watching import waiting
from mlops.errors import Problem, RefusedError, TargetError
from mlops.events import Done, Failed
from mlops.keys import key_fields, key_generations, key_labels
from mlops.making import make
from mlops.plain import Frozen
from mlops.protocols import Lease
from mlops.store.applied import amend_applied
from mlops.store.generations import next_generation, read_generations
from mlops.values import Action, Address, Cause, Change, Desired, FieldChange, Impact, Observed


def rotate(
    session: Session, address: Address, slot: str, *, approved: bool, timeout: float
) -> None:
    """Make one key of a service another one. Whoever bears the old one is refused from then on.

    The generation is recorded first: a run that is cut short is finished by the next apply.
    """
    _agree(address, slot, approved=approved)
    with session.lock("mlops keys").acquire(timeout, waiting()) as lease:
        applied = session.means(lease).healthy(address)
        if applied is None:
            hint = "apply first, so that it is known"
            raise RefusedError(Problem(summary=f"nothing is known of `{address}`", hint=hint))
        live = session.live(address.name, applied)
        generation = next_generation(session.objects, session.spec.project, address, slot)
        fields = {f"auth.{slot}": generation}
        rotated = read_generations(session.objects, session.spec.project)
        known = rotated.get(f"{address.place}/{address.name}", {})
        _make(session, _change(live, applied, slot, known), lease)
        amend_applied(session.objects, session.spec.project, address, fields)
    say(f"{address}: the {slot} key is of generation {generation} now\n")


def _agree(address: Address, slot: str, *, approved: bool) -> None:
    if approved:
        return
    if not typing():
        hint = "run with `--auto-approve`, or at a terminal"
        raise RefusedError(Problem(summary="nobody is there to say yes", hint=hint))
    question = f"Who uses the {slot} key of {address} is refused from now on. Only `yes` is taken"
    if click.prompt(question, default="", show_default=False, err=True).strip() != "yes":
        raise RefusedError(Problem(summary="not rotated; nothing was changed"))


def _change(live: Observed, applied: Desired, slot: str, known: Mapping[str, int]) -> Change:
    """Return the change of one field of what runs: whatever else the file wants is left alone.

    `known` are the generations of the keys from now on. The other key stays what it is, or becomes
    that again if somebody edited it.
    """
    path, keys = f"auth.{slot}", key_fields(str(live.fields.get("auth.type")), known)
    fields = Frozen({**live.fields, **keys})
    labels = Frozen({**live.labels, **key_labels(fields)})
    after = replace(applied, fields=fields, labels=labels)
    field = FieldChange(
        path=path,
        before=key_generations(live.fields).get(slot),
        after=fields[path],
        cause=Cause.CONFIG,
        impact=Impact.METADATA,
    )
    return Change(
        address=live.address,
        action=Action.UPDATE,
        reason="rotated on request",
        fields=(field,),
        impact=Impact.METADATA,
        before=live,
        after=after,
    )


def _make(session: Session, change: Change, lease: Lease) -> None:
    """Make the change, raising what fails: it is one call, and its end is its only word."""
    target = session.targets[change.address.place]
    for event in make(change, target, session.means(lease)):
        if isinstance(event, Failed):
            raise TargetError(*event.problems)
        if isinstance(event, Done):
            return
