"""The table of places where models come from: the key of a model block -> its class."""

from collections.abc import Mapping

from mlops.models.path import PathSource
from mlops.models.url import UrlSource
from mlops.protocols import ModelSource

SOURCES: Mapping[str, type[ModelSource]] = {"path": PathSource, "url": UrlSource}
