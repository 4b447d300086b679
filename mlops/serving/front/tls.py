"""TLS with the user's certificate, which may be renewed while the service runs."""

import logging
import ssl

from .keys import stamp
from .limits import UnfitError
from .rules import Tls

log = logging.getLogger("mlops_serving")


class Certificate:
    """A certificate and the context that new connections speak with."""

    def __init__(self, tls: Tls) -> None:
        self.tls = tls
        self._seen = self._stamps()
        self.context = context(tls)

    def refresh(self) -> None:
        """Load the files again if they have changed and belong together; else wait for them to."""
        now = self._stamps()
        if now == self._seen:
            return
        self._seen = now
        try:
            context(self.tls)  # first aside: half of a renewal must not break the one in use
            self.context.load_cert_chain(self.tls.certificate, self.tls.key)
        except (UnfitError, OSError) as problem:
            log.warning("%s; the certificate stays as it was", problem)
            return
        log.info("the certificate was loaded again")

    def _stamps(self) -> tuple[tuple[int, ...], ...]:
        return stamp(self.tls.certificate), stamp(self.tls.key)


def context(tls: Tls) -> ssl.SSLContext:
    """Make the context of a server: TLS 1.2 or later."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    made.set_alpn_protocols(["http/1.1"])
    try:
        made.load_cert_chain(tls.certificate, tls.key, password=unlocked)
    except OSError as error:
        reason = error.strerror or getattr(error, "reason", "") or str(error)
        where = f"`{tls.certificate}` and `{tls.key}`"
        raise UnfitError(f"the certificate in {where} cannot be used: {reason}") from None
    return made


def unlocked() -> bytes:
    """Answer OpenSSL, which would ask a terminal for the password of a key."""
    return b""
