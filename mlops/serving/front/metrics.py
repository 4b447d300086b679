"""Counts what happens, and writes it in Prometheus' text format."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds. From a millisecond, which is a small model, to v1's minute."""

CONTENT = b"content-type: text/plain; version=0.0.4; charset=utf-8\r\n"


class Metrics:
    """What was answered since the start."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer; its time counts on `/score` alone."""
        key = (route, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        if route == "/score":
            self.buckets[bisect_left(BOUNDS, seconds)] += 1
            self.seconds += seconds

    def text(self, gauges: Mapping[str, tuple[str, float]], info: Iterable[str]) -> bytes:
        """Write everything: what was counted here, what is so now, and what names the service."""
        lines = [
            "# HELP mlops_requests_total Requests that were answered.",
            "# TYPE mlops_requests_total counter",
        ]
        for (route, status), count in sorted(self.requests.items()):
            labels = f'route="{escaped(route)}",code="{status}"'
            lines.append(f"mlops_requests_total{{{labels}}} {count}")
        lines += self._histogram()
        for name, (text, value) in gauges.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {value:g}"]
        return ("\n".join([*lines, *info]) + "\n").encode()

    def _histogram(self) -> Iterable[str]:
        name = "mlops_request_duration_seconds"
        yield f"# HELP {name} Seconds from the first byte of a request to /score to its answer."
        yield f"# TYPE {name} histogram"
        total = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.buckets, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self.seconds:.6f}"
        yield f"{name}_count {total}"


def info(name: str, text: str, rows: Iterable[Mapping[str, str]]) -> Iterable[str]:
    """Write a metric that is always 1 and says something by its labels."""
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    for row in rows:
        labels = ",".join(f'{key}="{escaped(value)}"' for key, value in row.items())
        yield f"{name}{{{labels}}} 1"


def escaped(value: str) -> str:
    """Write a label's value."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
