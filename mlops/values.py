"""The frozen values that travel from step to step. Plain data: no behaviour beyond a count."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from mlops.errors import Where
from mlops.ignored import Ignored
from mlops.plain import NOTHING
from mlops.spec import Check, Fields, Json
from mlops.unobserved import Unobserved


class Address(Struct, frozen=True, kw_only=True, order=True):
    """Names one thing in the world: `place/kind/name`. A place is a target's name, or `store`."""

    place: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.place}/{self.kind}/{self.name}"


class Action(Enum):
    """What a change does. The value is the sign people read."""

    KEEP = "="
    CREATE = "+"
    UPDATE = "~"
    REPLACE = "-/+"
    DELETE = "-"
    ADOPT = "<="


class Cause(Enum):
    """Why a field differs, told from what was last applied, what is live and what is wanted."""

    CONFIG = "config"
    DRIFT = "drift"
    BOTH = "both"
    MODEL = "model"
    CODE = "code"
    ENVIRONMENT = "environment"
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"


class Impact(Enum):
    """What a change costs those who call the service, from harmless to worst."""

    NONE = "none"
    METADATA = "metadata"
    ROLLING = "rolling"
    RESTART = "restart"
    REPLACE = "replace"


class Ownership(Enum):
    """Whose a live object is. Only what is `OURS` is ever changed."""

    OURS = "ours"
    COPY = "copy"
    FOREIGN = "foreign"


class Owner(Struct, frozen=True, kw_only=True):
    """Who makes things: what a mark names beside its bearer.

    `source` is the normalised Git remote, if any; `root` is the checkout, `files` the loaded ones.
    """

    project: str
    source: str
    root: str
    files: tuple[str, ...]


class Desired(Struct, frozen=True, kw_only=True):
    """A thing that shall exist: `fields` are compared, `inputs` are what apply needs.

    `claims` are exclusive resources (`port/8890`, see `claims.py`) with the place that asked for
    them; `labels` say a field's value in words; `endpoint` is where it will answer, `renamed_from`
    its old name; `loose` are fields that follow a change and make none, as tags of the commit.
    """

    address: Address
    fields: Fields
    inputs: Fields = NOTHING
    needs: tuple[Address, ...] = ()
    claims: Mapping[str, Where] = NOTHING
    labels: Mapping[str, str] = NOTHING
    summary: str = ""
    endpoint: str = ""
    trust: str = ""
    protect: bool = False
    checks: tuple[Check, ...] = ()
    renamed_from: str = ""
    loose: tuple[str, ...] = ()
    where: Where | None = None


class Observed(Struct, frozen=True, kw_only=True):
    """A thing that exists. `identity` changes when the platform made it anew (pid, uid, id)."""

    address: Address
    fields: Fields
    identity: str
    ownership: Ownership = Ownership.OURS
    needs: tuple[Address, ...] = ()
    claims: tuple[str, ...] = ()
    labels: Mapping[str, str] = NOTHING
    endpoint: str = ""
    trust: str = ""
    protect: bool = False
    state: str = ""
    since: str = ""
    outage: float = 0.0  # seconds without an answer that making it just cost


class Applied(Struct, frozen=True, kw_only=True):
    """What was last applied to an address: one short hash a field, no values.

    `unfinished` says that a later run meant to change it, and did not come to its end. `held` is
    the fingerprint of the fields that it was given and went back from; `why` says the reason.
    """

    address: Address
    hashes: Mapping[str, str]
    revision: int
    unfinished: bool = False
    held: str = ""
    why: str = ""
    outage: float = 0.0  # seconds without an answer that its last restart cost, if known


class FieldChange(Struct, frozen=True, kw_only=True):
    """A field that differs. `None` means absent; the labels say the values in words."""

    path: str
    before: Json
    after: Json
    cause: Cause
    impact: Impact
    before_label: str = ""
    after_label: str = ""


class Change(Struct, frozen=True, kw_only=True):
    """What happens to one address; a create has no `before`, a delete no `after`.

    `reason` and `downtime` are for people; nothing may branch on them. `stops_first` is who lets go
    first in a circle of wanted ports; `renamed` is the other side of a rename; `ignored` is live.
    """

    address: Address
    action: Action
    reason: str
    fields: tuple[FieldChange, ...] = ()
    impact: Impact = Impact.NONE
    downtime: str = ""
    before: Observed | None = None
    after: Desired | None = None
    needs: tuple[Address, ...] = ()
    stops_first: bool = False
    renamed: Address | None = None
    ignored: tuple[Ignored, ...] = ()


COUNTED = ("model", "service")
"""Kinds of addresses that the summary of a plan counts; images and environments follow them."""


class Counts(Struct, frozen=True, kw_only=True):
    """Models and services of a plan by what happens to them; a replace counts as both."""

    add: int
    change: int
    destroy: int


class Plan(Struct, frozen=True, kw_only=True):
    """What will happen, in order. `notes` tell of things that are seen and left alone.

    `wanted` shall exist, `left_out` is what a selection leaves as it is, `unobserved` is in no
    change; `identities` are the places by their names; `calls` counts requests to other machines.
    """

    project: str
    store: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    wanted: tuple[Desired, ...] = ()
    left_out: tuple[Address, ...] = ()
    identities: Mapping[str, str] = NOTHING
    calls: int = 0
    unobserved: tuple[Unobserved, ...] = ()

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.action is not Action.KEEP)

    @property
    def counts(self) -> Counts:
        """How many models and services are added, changed and destroyed."""
        actions = [change.action for change in self.changes if change.address.kind in COUNTED]
        replaced = actions.count(Action.REPLACE)
        return Counts(
            add=actions.count(Action.CREATE) + replaced,
            change=actions.count(Action.UPDATE) + actions.count(Action.ADOPT),
            destroy=actions.count(Action.DELETE) + replaced,
        )


class Health(Struct, frozen=True, kw_only=True):
    """How many instances of a service are ready and failed, of how many. `log` is the tail."""

    ready: int
    failed: int
    total: int
    summary: str = ""
    log: tuple[str, ...] = ()


class Progress(Struct, frozen=True, kw_only=True):
    """A step of a change, in words; `done` of `total` bytes where that is known."""

    text: str
    done: int = 0
    total: int = 0
