"""What a look for drift found: what somebody else did, and what of it is known."""

from msgspec import Struct

from mlops.values import Plan


class Known(Struct, frozen=True, kw_only=True, order=True):
    """One piece of drift that is known: a field, and a fingerprint of its live value.

    A thing that is gone has no field.
    """

    address: str
    field: str = ""
    live: str = ""


class Drift(Struct, frozen=True, kw_only=True):
    """What somebody else did, told from the plan that would mend it.

    `known` is what a baseline names and the plan leaves out; `ahead` is how many services the
    file would change anyway.
    """

    plan: Plan
    known: tuple[Known, ...] = ()
    ahead: int = 0
