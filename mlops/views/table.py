"""The formats that `--format` may name. Each is imported when it is asked for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mlops.protocols import View
from mlops.views.paper import Paper


def _text(paper: Paper) -> View:
    from mlops.views.text import TextView  # noqa: PLC0415  one command shows one format

    return TextView(paper)


def _json(_: Paper) -> View:
    from mlops.views.json import JsonView  # noqa: PLC0415  as above

    return JsonView()


def _markdown(_: Paper) -> View:
    from mlops.views.markdown import MarkdownView  # noqa: PLC0415  as above

    return MarkdownView()


def _github(paper: Paper) -> View:
    from mlops.views.github import GithubView  # noqa: PLC0415  as above

    return GithubView(paper)


def _sarif(paper: Paper) -> View:
    from mlops.views.sarif import SarifView  # noqa: PLC0415  as above

    return SarifView(paper)


VIEWS: Mapping[str, Callable[[Paper], View]] = MappingProxyType(
    {
        "text": _text,
        "json": _json,
        "markdown": _markdown,
        "github": _github,
        "sarif": _sarif,
    }
)
"""Format -> what makes its view for a paper."""
