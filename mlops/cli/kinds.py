"""The rows that a file may name, gathered from the tables."""

from mlops.models.table import SOURCES
from mlops.protocols import Kinds
from mlops.targets.table import TARGETS

KINDS = Kinds(targets=TARGETS, sources=SOURCES)
