"""A field that is let be: somebody changed it, and a rule of the file agrees, for a while."""

from dataclasses import dataclass

from mlops.spec import IgnoreRule, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A field that stays as it is live. `wanted` is what was applied, and what the file says."""

    path: str
    live: Json
    wanted: Json
    rule: IgnoreRule
