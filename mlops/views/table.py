"""The formats that `--format` may name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mlops.protocols import View
from mlops.views.json import JsonView
from mlops.views.paper import Paper
from mlops.views.text import TextView

VIEWS: Mapping[str, Callable[[Paper], View]] = MappingProxyType(
    {
        "text": TextView,
        "json": lambda _: JsonView(),
    }
)
"""Format -> what makes its view for a paper."""
