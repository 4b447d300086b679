"""Tells which fields differ, and why. The only comparison in the program. Pure."""

from collections.abc import Mapping

from mlops.plain import fingerprint
from mlops.references import bare
from mlops.spec import Fields, Json
from mlops.values import Applied, Cause, Desired, FieldChange, Impact, Observed

IMPACTS = tuple(Impact)
"""From harmless to worst."""

GROUP_CAUSES = {
    "models": Cause.MODEL,
    "code": Cause.CODE,
    **dict.fromkeys(("environment", "extra_dockerfile_steps", "lock"), Cause.ENVIRONMENT),
}
"""Field groups whose change in the file has a name of its own."""


def worst(impacts: tuple[Impact, ...]) -> Impact:
    """Return the worst of several impacts; none for none."""
    return max(impacts, key=IMPACTS.index, default=Impact.NONE)


def diff(
    applied: Applied | None, live: Observed, desired: Desired, impact: Mapping[str, Impact]
) -> tuple[FieldChange, ...]:
    """Return the fields that differ between `live` and `desired`, in the order of `desired`.

    `impact` says what changing a field, or its group, costs; what it does not name restarts.
    """
    paths = [*desired.fields, *(path for path in live.fields if path not in desired.fields)]
    return tuple(
        FieldChange(
            path=path,
            before=live.fields.get(path),
            after=desired.fields.get(path),
            cause=_cause(path, applied, live.fields, desired.fields),
            impact=impact.get(path, impact.get(_group(path), Impact.RESTART)),
            before_label=live.labels.get(path, ""),
            after_label=desired.labels.get(path, ""),
        )
        for path in paths
        if live.fields.get(path) != desired.fields.get(path)
    )


def _cause(path: str, applied: Applied | None, live: Fields, desired: Fields) -> Cause:
    if applied is None:
        return Cause.UNKNOWN
    was = applied.hashes.get(path)
    somebody = was != _fingerprint(live.get(path))
    file = was != _fingerprint(desired.get(path))
    if applied.unfinished and (somebody or not applied.hashes):  # nothing was ever applied to it
        return Cause.UNFINISHED
    if somebody and file:
        return Cause.BOTH
    if somebody:
        return Cause.DRIFT
    return GROUP_CAUSES.get(_group(path), Cause.CONFIG)


def _fingerprint(value: Json) -> str | None:
    return None if value is None else fingerprint(bare(value))


def _group(path: str) -> str:
    return path.partition(".")[0]
