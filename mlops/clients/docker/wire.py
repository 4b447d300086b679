"""How an engine is reached, and what its refusals mean. The SDK is imported at the first call.

Never logs in: credentials travel with the one call that needs them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, TypeVar

from mlops.clients.docker.ssh import by_hand, dialling, over_ssh
from mlops.clients.docker.unreached import unreached
from mlops.clients.docker.way import SOCKET, Way, check_certificates, way
from mlops.errors import CredentialsError, Problem, TargetError

Answer = TypeVar("Answer")

PATIENCE = 20
"""Seconds that an engine may take for an answer, but for what is known to take longer."""

LONG = 1800
"""Seconds for what moves an image."""

MOST = 32
"""Connections that are kept for the next call."""

HERE = "http+docker://"
"""What the SDK's client calls an engine that is not reached by TCP."""


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
        self._spoken = ""
        """The version of its API, asked for once."""
        self._lock = Lock()

    @property
    def address(self) -> str:
        """Where the engine answers, as `unix:///var/run/docker.sock`. Asks nobody."""
        return self._way().address

    def wake(self) -> None:
        """Import the SDK, if it is installed."""
        with suppress(TargetError):
            _sdk()

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
        found = self._way()
        check_certificates(found)
        if not self._spoken:
            asked = _client(found, patience, _sdk().constants.MINIMUM_DOCKER_API_VERSION)
            self._spoken = str(asked.version(api_version=False)["ApiVersion"])
            asked.close()
        return _client(found, patience, self._spoken)

    def _way(self) -> Way:
        return way(self._host, self._context)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the engine refuses into an error of ours."""
        sdk = _sdk()
        try:
            yield
        except sdk.errors.NotFound as error:
            raise MissingError(_refused(error)) from error
        except sdk.errors.APIError as error:
            if "HTTP request to an HTTPS server" in str(error.explanation):
                raise CredentialsError(_in_clear(self.address)) from error
            taken = getattr(error.response, "status_code", 0) == 409
            raise (TakenError if taken else TargetError)(_refused(error)) from error
        except (sdk.errors.DockerException, OSError) as error:
            raise _unreached(self.address, error) from error


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


def _client(found: Way, patience: int, version: str) -> Any:
    """Return the SDK's client, which asks nobody yet."""
    by_ssh = over_ssh(found.address)
    client = _sdk().APIClient(
        base_url=SOCKET if by_ssh else found.address,
        tls=_tls(found),
        version=version,
        timeout=patience,
        max_pool_size=MOST,
    )
    if by_ssh:
        client.mount(HERE, _by_ssh(found.address, patience))
    client.headers["User-Agent"] = "mlops"
    # Else REQUESTS_CA_BUNDLE would say who vouches for the engine, whatever its certificates say.
    client.trust_env = found.certificates is None
    return client


def _by_ssh(address: str, patience: int) -> Any:
    """Return what sends requests to an engine by `ssh`."""
    from mlops.clients.docker.dialled import Dialled  # noqa: PLC0415  it needs the SDK

    return Dialled(dialling(address), patience=patience, most=MOST)


def _tls(found: Way) -> Any:
    """Return what the SDK calls the certificates of a connection."""
    told = found.certificates
    if told is None:
        return False
    ours = (str(told.certificate), str(told.key)) if told.certificate and told.key else None
    return _sdk().tls.TLSConfig(
        client_cert=ours,
        ca_cert=str(told.authority) if told.authority else None,
        verify=told.verified,
    )


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


def _in_clear(address: str) -> Problem:
    """Return what is wrong where an engine that speaks TLS was asked without."""
    return Problem(
        summary=f"the Docker engine at `{address}` speaks TLS alone",
        hint="choose a Docker context with its certificates, or set `DOCKER_TLS_VERIFY=1`",
    )


def _unreached(address: str, error: BaseException) -> TargetError:
    return unreached(address, _because(error), by_hand(address) if over_ssh(address) else "")


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
