"""What AutoML's scoring scripts import of `azureml.automl.core` and `azureml.telemetry`.

Sends nothing anywhere. A model that AutoML's own classes are pickled in still needs the package.
"""

import logging
from typing import Any, Optional

__all__ = ["INSTRUMENTATION_KEY", "log_server", "logging_utilities"]

INSTRUMENTATION_KEY = "00000000-0000-0000-0000-000000000000"


class LogServer:
    """`log_server`: telemetry that is off."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_words, **_named: None

    @staticmethod
    def set_verbosity(verbosity: Any, *_more: Any) -> None:
        """Set the level of the script's logger."""
        logging.getLogger("azureml.automl").setLevel(verbosity)


class LoggingUtilities:
    """`logging_utilities`, as far as a scoring script uses it."""

    @staticmethod
    def log_traceback(
        error: BaseException, logger: Optional[logging.Logger], **_named: Any
    ) -> None:
        """Write the traceback of an error into a log."""
        log = logger or logging.getLogger("azureml.automl")
        log.error("%s", error, exc_info=(type(error), error, error.__traceback__))


log_server = LogServer()
logging_utilities = LoggingUtilities()
