"""How an engine is reached, and what its refusals mean. The SDK is imported at the first call.

Never logs in: credentials travel with the one call that needs them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

from mlops.errors import Problem, TargetError

Answer = TypeVar("Answer")

PATIENCE = 20
"""Seconds that an engine may take for an answer, but for what is known to take longer."""

LONG = 1800
"""Seconds for what moves an image."""


class MissingError(TargetError):
    """The engine has no such thing."""


class TakenError(TargetError):
    """A name is taken, or what shall go is in use."""


class Wire:
    """The connection to one engine: by `host`, by `context`, or as the `docker` program would."""

    def __init__(self, *, host: str | None = None, context: str | None = None) -> None:
        self._host = host
        self._context = context
        self._clients: dict[int, Any] = {}
        self._lock = Lock()

    @property
    def address(self) -> str:
        """Where the engine answers, as `unix:///var/run/docker.sock`. Asks nobody."""
        return str(self._words()["base_url"])

    @property
    def local(self) -> bool:
        """Tell whether the engine is this machine's: its ports are ours."""
        return self.address.startswith(("unix:", "http+unix:", "npipe:"))

    def ask(self, call: Callable[[Any], Answer], *, patience: int = PATIENCE) -> Answer:
        """Return what `call` gets of the SDK's client. Raises TargetError."""
        with self._told():
            return call(self._client(patience))

    def stream(
        self, call: Callable[[Any], Iterable[Answer]], *, patience: int = LONG
    ) -> Iterator[Answer]:
        """Yield what `call` gets of the SDK's client, piece by piece. Raises TargetError."""
        with self._told():
            yield from call(self._client(patience))

    def _client(self, patience: int) -> Any:
        with self._lock:
            if patience not in self._clients:
                self._clients[patience] = self._made(patience)
            return self._clients[patience]

    def _made(self, patience: int) -> Any:
        words = dict(self._words())
        sdk = _sdk()
        client = sdk.APIClient(
            **words,
            version="auto",
            timeout=patience,
            use_ssh_client=True,
            max_pool_size=32,
        )
        client.headers["User-Agent"] = "mlops"
        return client

    def _words(self) -> Mapping[str, Any]:
        """Return what the SDK's client is made with."""
        sdk = _sdk()
        if self._host:
            return {"base_url": self._host}
        from docker.context import ContextAPI  # noqa: PLC0415  slow, an extra

        told = sdk.utils.kwargs_from_env()
        if told.get("base_url") and not self._context:
            return {"base_url": told["base_url"], "tls": told.get("tls") or False}
        found = ContextAPI.get_context(self._context) if self._context else _current(ContextAPI)
        if found is None:
            problem = Problem(
                summary=f"this machine has no Docker context `{self._context}`",
                hint="choose one of `docker context ls`",
            )
            raise TargetError(problem)
        return {
            "base_url": found.Host or "unix:///var/run/docker.sock",
            "tls": found.TLSConfig or False,
        }

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the engine refuses into an error of ours."""
        sdk = _sdk()
        try:
            yield
        except sdk.errors.NotFound as error:
            raise MissingError(_refused(error)) from error
        except sdk.errors.APIError as error:
            taken = getattr(error.response, "status_code", 0) == 409
            raise (TakenError if taken else TargetError)(_refused(error)) from error
        except (sdk.errors.DockerException, OSError) as error:
            raise TargetError(
                Problem(
                    summary=f"no Docker engine answers at `{self.address}`: {_because(error)}",
                    hint="start it, or say where it is: `context` or `host` of the target",
                )
            ) from error


def problems(lines: Iterable[bytes | Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of an engine's stream as JSON. Raises TargetError where one is an error."""
    for line in lines:
        said = json.loads(line) if isinstance(line, bytes) else line
        refusal = said.get("error") or said.get("message")
        if refusal:
            raise TargetError(
                Problem(summary=f"the Docker engine refused: {_sentence(str(refusal))}")
            )
        yield said


def _current(contexts: Any) -> Any:
    return contexts.get_current_context() or contexts.get_context("default")


def _sdk() -> Any:
    try:
        import docker  # noqa: PLC0415  slow, an extra
    except ImportError as error:
        raise TargetError(
            Problem(
                summary="targets of kind `docker` need a package that is not installed",
                hint="run `pip install 'mlops-apply[docker]'`",
            )
        ) from error
    return docker


def _refused(error: Any) -> Problem:
    return Problem(
        summary=f"the Docker engine refused: {_sentence(str(error.explanation or error))}",
        hint="make it possible, then apply again",
    )


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _because(error: BaseException) -> str:
    """Return the words of the innermost cause that has some."""
    seen: list[BaseException] = []
    stack: list[Any] = [error]
    while stack:
        one = stack.pop()
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            stack += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    words = [one.strerror for one in seen if isinstance(one, OSError) and one.strerror]
    return words[-1] if words else _sentence(str(error))
