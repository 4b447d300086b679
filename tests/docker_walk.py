"""A user of a Docker engine: the starter of `walk.py`, served by containers."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker_engine
import registry
from walk import NO_CHANGES, Walk, walking

LOOKED = "mlops.looked-at-for"
"""What tells containers that are made to look into a base, or to build something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerWalk:
    """A walk whose target is the engine of this machine."""

    walk: Walk
    project: str
    hosts: list[str]
    """The registries that images came from."""

    @property
    def main(self) -> dict[str, Any]:
        """The container of the service, with everything that the engine knows of it."""
        return dict(docker_engine.client().inspect_container(f"{self.project}-diabetes"))

    def apply(self, *words: str) -> str:
        """Apply, see that all was done, and return what was shown."""
        answer = self.walk.apply(*words)
        assert answer.code == 0, answer.err + answer.out
        return answer.out

    def settled(self) -> None:
        """Assert that nothing is left to do, and nothing is there but what is needed."""
        assert self.walk.plan() == NO_CHANGES
        assert [f"/{self.project}-diabetes"] == [
            name for one in docker_engine.containers(self.project) for name in one["Names"]
        ]
        assert 1 == len(docker_engine.volumes(self.project))
        assert 1 == len(docker_engine.images(self.project))


def put_right_after_a_commit(user: DockerWalk) -> None:
    """Let somebody give our image's name to what they committed; see that ours is made again."""
    api, name = docker_engine.client(), user.main["Config"]["Image"]
    started = user.main["State"]["StartedAt"]
    ours = api.inspect_image(name)
    (tagged,) = (one for one in ours["RepoTags"] if f"mlops/{user.project}:" in one)
    committed = api.commit(user.main["Id"], *tagged.rsplit(":", 1))["Id"]
    try:
        assert (
            ours["Config"]["Labels"].items()
            <= api.inspect_image(tagged)["Config"]["Labels"].items()
        )

        shown = " ".join(user.walk.plan().split())
        user.apply()

        assert 'digest "another image" ->' in shown
        assert ours["Id"] == api.inspect_image(tagged)["Id"]
        assert started == user.main["State"]["StartedAt"]
        user.settled()
    finally:
        api.remove_image(committed)


@contextlib.contextmanager
def docker_walking(parent: Path, base: str) -> Iterator[DockerWalk]:
    """Make a starter that is served by containers; at the end, remove what bears its mark."""
    project, hosts = docker_engine.project(), list[str]()
    try:
        with walking(parent) as walk:
            walk.edit("mlops.yaml", "project: starter", f"project: {project}")
            walk.edit("mlops.yaml", "kind: process", "kind: docker")
            walk.edit(
                "mlops.yaml",
                "entry_script: score.py",
                f"entry_script: score.py\n    base_image: {base}",
            )
            yield DockerWalk(walk=walk, project=project, hosts=hosts)
    finally:
        docker_engine.clean(project)
        for host in hosts:
            docker_engine.forget(host)
        shutil.rmtree(parent / "cache", ignore_errors=True)


def by_way_of(user: DockerWalk, running: registry.Registry, base: str) -> None:
    """Let images be made in a registry, upon a base that lies there."""
    user.hosts.append(running.host)
    place = registry.repository(running, "base", password=True)
    there = registry.push_base(place)
    login = f"login: {{username: {registry.USERNAME}, password: {{secret: file/password}}}}"
    user.walk.edit(
        "mlops.yaml",
        "kind: docker",
        f"kind: docker, repository: '{running.host}/mlops/{user.project}', {login}",
    )
    user.walk.edit("mlops.yaml", base, there)
    (user.walk.folder / "password").write_text(registry.PASSWORD)
