"""What people do by hand with a folder of `mlops package`: `docker build`, `push`, `run`."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

DOCKER = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "/usr/local/bin/docker"
BUILT = "mlops-bench"
"""The label of what is built, by which it is removed."""

CERTIFICATES = "PIP_CERT=/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classic:
    """A folder with a Dockerfile, whose layers are cached once it was built. `name` is its image.

    The model is the last that is copied, so that nothing is built again for another one.
    """

    folder: Path
    name: str
    port: int

    @property
    def container(self) -> str:
        """Return the name of the container."""
        return f"mlops-bench-{self.port}"

    def build(self) -> None:
        """Build the image, by the builder that every engine has."""
        told = ("--build-arg", CERTIFICATES, "--label", f"{BUILT}={self.port}")
        docker("build", "--quiet", "--force-rm", *told, *self._tagged)

    def push(self) -> None:
        """Send it to its registry."""
        docker("push", "--quiet", self.name)

    def run(self) -> None:
        """Put a container of it in the place of the one before."""
        subprocess.run([DOCKER, "rm", "--force", self.container], check=False, capture_output=True)
        published = f"127.0.0.1:{self.port}:5001"
        docker("run", "--detach", "--name", self.container, "--publish", published, self.name)

    def remove(self) -> None:
        """Remove the container, and every image that was built."""
        for words in (
            ("rm", "--force", self.container),
            ("rmi", "--force", self.name),
            ("image", "prune", "--force", "--filter", f"label={BUILT}={self.port}"),
        ):
            subprocess.run([DOCKER, *words], check=False, capture_output=True)

    @property
    def _tagged(self) -> tuple[str, ...]:
        return ("--tag", self.name, str(self.folder))


def docker(*words: str) -> None:
    """Run Docker's own program."""
    environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run([DOCKER, *words], check=False, env=environ, capture_output=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
