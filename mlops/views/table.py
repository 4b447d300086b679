"""The formats that `--format` may name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mlops.protocols import View
from mlops.views.github import GithubView
from mlops.views.json import JsonView
from mlops.views.markdown import MarkdownView
from mlops.views.paper import Paper
from mlops.views.sarif import SarifView
from mlops.views.text import TextView

VIEWS: Mapping[str, Callable[[Paper], View]] = MappingProxyType(
    {
        "text": TextView,
        "json": lambda _: JsonView(),
        "markdown": lambda _: MarkdownView(),
        "github": GithubView,
        "sarif": SarifView,
    }
)
"""Format -> what makes its view for a paper."""
