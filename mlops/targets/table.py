"""The kinds of targets that a file may name."""

from collections.abc import Mapping

from mlops.protocols import Target
from mlops.targets.docker.target import DockerTarget
from mlops.targets.process.target import ProcessTarget

TARGETS: Mapping[str, type[Target]] = {"process": ProcessTarget, "docker": DockerTarget}
