"""The kinds of targets that a file may name. Each is imported when it is asked for."""

from collections.abc import Mapping

from mlops.protocols import Rows, Target


def _process() -> type[Target]:
    from mlops.targets.process.target import ProcessTarget  # noqa: PLC0415  few files have all

    return ProcessTarget


def _docker() -> type[Target]:
    from mlops.targets.docker.target import DockerTarget  # noqa: PLC0415  as above

    return DockerTarget


TARGETS: Mapping[str, type[Target]] = Rows(process=_process, docker=_docker)
