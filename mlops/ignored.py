"""A field that is let be: somebody changed it, and a rule of the file agrees, for a while."""

from msgspec import Struct

from mlops.spec import IgnoreRule, Json


class Ignored(Struct, frozen=True, kw_only=True):
    """A field that stays as it is live. `wanted` is what was applied, and what the file says."""

    path: str
    live: Json
    wanted: Json
    rule: IgnoreRule
