"""The signals that end a service: kept until there is an event loop to hear them."""

import signal

DRAINING = (signal.SIGTERM, signal.SIGINT)


def postpone() -> None:
    """Keep them back. What is started from here on inherits that."""
    signal.pthread_sigmask(signal.SIG_BLOCK, DRAINING)


def deliver() -> None:
    """Let them come, and those that came meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, DRAINING)
