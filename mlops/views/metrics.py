"""What a look for drift found as gauges, for the textfile collector of Prometheus."""

from collections.abc import Iterable

from mlops.drifted import Drift
from mlops.values import Action, Change

Labels = dict[str, str]


def metrics(drift: Drift, at: float) -> str:
    """Return the gauges of a look that ended at a time, in seconds since 1970."""
    project = {"project": drift.plan.project}
    services = [change for change in drift.plan.changes if change.address.kind == "service"]
    found = drift.plan.pending
    drifted = [change for change in found if change.address.kind == "service"]
    ignored = sum(len(change.ignored) for change in drift.plan.changes)
    one = {
        "services": ("Services that were looked at.", len(services)),
        "drifted_services": ("Services that somebody changed.", len(drifted)),
        "drifted_fields": ("Fields that somebody changed, of anything.", sum(map(_size, found))),
        "ignored_fields": ("Changed fields that a rule lets be.", ignored),
        "baselined_fields": ("Changed fields that the baseline knows.", len(drift.known)),
        "unobserved_targets": (
            "Targets that nobody could look at for want of credentials.",
            len(drift.plan.unobserved),
        ),
        "file_ahead_services": ("Services that the file would change anyway.", drift.ahead),
        "drift_last_run_timestamp_seconds": ("When somebody looked last.", round(at)),
    }
    lines = [
        line
        for name, (words, value) in one.items()
        for line in _gauge(f"mlops_{name}", words, [(project, value)])
    ]
    each = [(project | _labels(change), _size(change)) for change in services]
    words = "Changed fields of a service; 1 for one that is gone."
    return "\n".join([*lines, *_gauge("mlops_service_drifted_fields", words, each), ""])


def _size(change: Change) -> int:
    """Return how many fields somebody changed; a thing that is gone counts as one."""
    return 1 if change.action is Action.CREATE else len(change.fields)


def _labels(change: Change) -> Labels:
    return {"target": change.address.place, "service": change.address.name}


def _gauge(name: str, words: str, values: Iterable[tuple[Labels, int]]) -> list[str]:
    lines = [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
    return lines + [f"{name}{{{_text(labels)}}} {value}" for labels, value in values]


def _text(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
