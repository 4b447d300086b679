"""What a user may write about a service whatever serves it, and what targets make of it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from mlops.artefacts import Content
from mlops.plain import fingerprint, thaw
from mlops.settings import (
    DURATION_HINT,
    MEMORY,
    MEMORY_HINT,
    POSITIVE,
    SIZE,
    SIZE_HINT,
    Setting,
    duration,
    size_in_bytes,
)
from mlops.spec import Check, Json


class Serving(Struct, frozen=True, kw_only=True):
    """How requests are served. Defaults: the table of targets that are neither AKS nor ACI."""

    timeout: Annotated[
        str | None,
        Setting(
            "Longest run() of a request. Default: what the variables SCORING_TIMEOUT_MS and"
            " WORKER_TIMEOUT of v1 say, else 300s.",
            pattern=POSITIVE,
            hint=DURATION_HINT,
        ),
    ] = None
    max_wait: Annotated[
        str | None,
        Setting(
            "Longest wait for a free worker; no limit by default.",
            pattern=POSITIVE,
            hint=DURATION_HINT,
        ),
    ] = None
    queue: Annotated[
        int, Setting("Requests that may wait; one more is answered 503.", minimum=1, maximum=10000)
    ] = 100
    workers: Annotated[
        int | None,
        Setting(
            "Worker processes; each loads the models. Default: what the variable WORKER_COUNT of"
            " v1 says, else 1.",
            minimum=1,
            maximum=64,
        ),
    ] = None
    concurrency: Annotated[
        int | None,
        Setting("run()s at once in a worker: threads, or tasks.", minimum=1, maximum=1000),
    ] = None
    casts: Annotated[
        Literal["strict", "v1"], Setting("Refuse inputs that a cast would change, or cast as v1.")
    ] = "strict"
    not_finite: Annotated[
        Literal["error", "null"], Setting("What NaN and infinity in a result become.")
    ] = "error"
    swagger_samples: Annotated[
        bool, Setting("Show the samples of the decorators in swagger, as v1 did.")
    ] = True
    max_body: Annotated[
        str,
        Setting("Largest body of a request; more is answered 413.", pattern=SIZE, hint=SIZE_HINT),
    ] = "100MiB"
    queue_bytes: Annotated[
        str, Setting("Bodies that may be held at once, together.", pattern=SIZE, hint=SIZE_HINT)
    ] = "256MiB"
    max_head: Annotated[
        str, Setting("Largest line and headers of a request.", pattern=SIZE, hint=SIZE_HINT)
    ] = "64KiB"
    max_headers: Annotated[int, Setting("Most headers of a request.", minimum=1, maximum=10000)] = (
        200
    )
    connections: Annotated[
        int, Setting("Connections at once; one more is refused.", minimum=1, maximum=100000)
    ] = 1000
    head_timeout: Annotated[
        str,
        Setting(
            "Time for the headers of a request to arrive.", pattern=POSITIVE, hint=DURATION_HINT
        ),
    ] = "15s"
    body_timeout: Annotated[
        str,
        Setting(
            "Time for a body to arrive, and a second more for each KiB that did.",
            pattern=POSITIVE,
            hint=DURATION_HINT,
        ),
    ] = "60s"
    keep_alive: Annotated[
        str,
        Setting("Time that an idle connection is kept.", pattern=POSITIVE, hint=DURATION_HINT),
    ] = "75s"


class Auth(Struct, frozen=True, kw_only=True):
    """Who may ask a service."""

    type: Annotated[
        Literal["key"], Setting("`key`: who bears one of two keys, which `mlops keys` shows.")
    ]


class Limits(Struct, frozen=True, kw_only=True):
    """What a service never gets more of."""

    cpu: Annotated[
        float | None, Setting("Cores; more work is slowed down.", minimum=0.01, maximum=1024)
    ] = None
    memory: Annotated[
        str | None,
        Setting("Memory; what needs more is killed.", pattern=MEMORY, hint=MEMORY_HINT),
    ] = None


LIMITS = Limits()


class Resources(Struct, frozen=True, kw_only=True):
    """What a service gets of a machine. Defaults: those of v1."""

    cpu: Annotated[
        float,
        Setting("Cores it is sure to get, when others want them.", minimum=0.01, maximum=1024),
    ] = 0.1
    memory: Annotated[
        str, Setting("Memory it is sure to get.", pattern=MEMORY, hint=MEMORY_HINT)
    ] = "512Mi"
    limits: Annotated[Limits, Setting("What it never gets more of.")] = LIMITS


RESOURCES = Resources()
"""What a service gets where a file says nothing."""

SERVING = Serving()
"""How requests are served where a file says nothing."""


def serving_fields(serving: Serving) -> dict[str, Json]:
    """Return the fields of how requests are served, with numbers of seconds."""
    return {
        "serving.timeout": duration(serving.timeout) if serving.timeout else None,
        "serving.max_wait": duration(serving.max_wait) if serving.max_wait else None,
        "serving.queue": serving.queue,
        "serving.workers": serving.workers,
        "serving.concurrency": serving.concurrency,
        "serving.casts": serving.casts,
        "serving.not_finite": serving.not_finite,
        "serving.swagger_samples": serving.swagger_samples,
        "serving.max_body": size_in_bytes(serving.max_body),
        "serving.queue_bytes": size_in_bytes(serving.queue_bytes),
        "serving.max_head": size_in_bytes(serving.max_head),
        "serving.max_headers": serving.max_headers,
        "serving.connections": serving.connections,
        "serving.head_timeout": duration(serving.head_timeout),
        "serving.body_timeout": duration(serving.body_timeout),
        "serving.keep_alive": duration(serving.keep_alive),
    }


def written_checks(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Return checks as a server reads them, which runs them before it says that it is ready."""
    return [
        {"request": _given(asdict(check.request)), "expect": _given(asdict(check.expect))}
        for check in checks
    ]


def _given(part: dict[str, Any]) -> dict[str, Any]:
    return {key: thaw(value) for key, value in part.items() if value is not None}


def checks_digest(written: Sequence[Any]) -> str | None:
    """Name the checks that a service must pass; nothing where there are none."""
    return fingerprint(written) if written else None


def served(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the models among the words for the fields of a service, as `diabetes:1`."""
    return tuple(text for path, text in labels.items() if path.startswith("models."))


def endpoint(host: str, port: int, scheme: str = "http") -> str:
    """Return where a service is scored from this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  not bound here
    return f"{scheme}://{f'[{reachable}]' if ':' in reachable else reachable}:{port}/score"


def content_files(content: Content) -> tuple[Json, ...]:
    """Return the files of a content as plain JSON."""
    return tuple(
        {"path": entry.path, "size": entry.size, "digest": entry.digest} for entry in content.files
    )
