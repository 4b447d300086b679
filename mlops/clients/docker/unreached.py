"""Why an engine does not answer, told apart by what is to be done about it."""

from msgspec import Struct

from mlops.errors import CredentialsError, Problem, TargetError

START = "start it, or say where it is: `context` or `host` of the target"


class Reason(Struct, frozen=True, kw_only=True):
    """A text that an error holds, in any case, and what that means. `because` as it is told."""

    text: str
    hint: str
    because: str = ""
    kind: type[TargetError] = TargetError


REASONS = (
    Reason(
        text="certificate_verify_failed",
        hint="let the `ca.pem` of the context, or of `DOCKER_CERT_PATH`, be that of the engine",
    ),
    Reason(
        text="no program `ssh`",
        hint="install the client of OpenSSH",
    ),
    Reason(
        text="host key verification failed",
        because="`ssh` does not know the key of its machine, or another one",
        hint="run `{by_hand}` once, and compare the key that it shows",
    ),
    Reason(
        text="permission denied (",
        kind=CredentialsError,
        hint="let `{by_hand}` in without a question: by a key of its configuration or agent",
    ),
    Reason(
        text="permission denied",
        kind=CredentialsError,
        hint="let this user open the socket: it belongs to the group `docker` most often",
    ),
    Reason(
        text="docker: command not found",
        hint="install the `docker` program there: `{by_hand}` runs `docker system dial-stdio`",
    ),
    Reason(
        text="docker: not found",
        hint="install the `docker` program there: `{by_hand}` runs `docker system dial-stdio`",
    ),
    Reason(
        text="_alert_",
        because="it takes no certificate of ours",
        kind=CredentialsError,
        hint="use the `cert.pem` and `key.pem` that its owner gave you, or their Docker context",
    ),
)


def unreached(address: str, because: str, by_hand: str) -> TargetError:
    """Return the error of an engine that does not answer; `by_hand` gets to its machine by ssh.

    One that is there and lets nobody in is a CredentialsError.
    """
    told = because.lower()
    found = next((one for one in REASONS if one.text in told), Reason(text="", hint=START))
    summary = f"no Docker engine answers at `{address}`: {found.because or because.rstrip('.')}"
    return found.kind(Problem(summary=summary, hint=found.hint.format(by_hand=by_hand)))
