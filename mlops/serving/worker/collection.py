"""Whether data is collected, decided once per process. Only where it is, `collecting` comes."""

import os
from typing import Any, List

from .late import late
from .options import Options, switch

CURRENT: List[Any] = []


def configure(options: Options) -> None:
    """Decide whether data is collected."""
    given = options.collect
    on = (
        switch(os.environ.get("AML_MODEL_DC_STORAGE_ENABLED", "")) if given is None else bool(given)
    )
    made = late(".collecting").Source if on else None
    CURRENT[:] = [made(given if isinstance(given, dict) else {})] if made else []


def current() -> Any:
    """Return where collected data goes, or nothing where none is collected."""
    return CURRENT[0] if CURRENT else None
