"""The same inputs on other machines: the same image, byte by byte, and nothing to do there."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import docker_engine
import pytest
from base_image import VERSION
from image_means import ImageMeans, image_inputs
from registry import Registry, needs_registry, push_base, repository, running
from uv import find_uv_bin

from mlops.clients.oci.session import Sessions
from mlops.images.builder import Made
from mlops.images.registry import RegistryBuilder

pytestmark = needs_registry

PYTHONS = [
    Path(sys.executable),
    *(
        path
        for path in sorted(Path("~/.pyenv/versions").expanduser().glob("3.1[0-9].*/bin/python3"))
        if not path.parents[1].name.startswith(f"{VERSION}.")
    ),
]
REPO = Path(__file__).parents[1]
WRITES = ("POST", "PATCH", "PUT", "DELETE")
PACKAGES = ("markupsafe==3.0.2",)

MAKES = """
import json, sys
from pathlib import Path
from image_means import ImageMeans, image_inputs
from mlops.clients.oci.session import Sessions
from mlops.images.registry import RegistryBuilder
class Files(ImageMeans):  # the library of the store is not there for each Python
    def recall(self, path):
        file = self._folder / "store" / path
        return json.loads(file.read_bytes()) if file.exists() else None
    def keep(self, path, record):
        (self._folder / "store" / path).parent.mkdir(exist_ok=True)
        (self._folder / "store" / path).write_text(json.dumps(record))
        return record
folder, base, python, requirement, *names = sys.argv[1:]
inputs = image_inputs(Path(folder), base, python=python, requirements=(requirement,))
for name in names:
    *_, made = RegistryBuilder(repository=name, sessions=Sessions(lambda _: None)).make(
        inputs, Files(Path(folder))
    )
    print(json.dumps([inputs.tag, made.reference.partition("@")[2], made.new]))
"""


@dataclass(frozen=True, kw_only=True)
class First:
    """What the first machine made, and where."""

    registry: Registry
    folder: Path
    base: str
    tag: str
    image: str

    @property
    def place(self) -> str:
        return f"{self.registry.host}/team/image"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    folder = tmp_path_factory.mktemp("first")
    (folder / "score").mkdir()
    (folder / "models" / "one").mkdir(parents=True)
    (folder / "score" / "score.py").write_text("def init(): pass\ndef run(data): return 1\n")
    (folder / "score" / "größe.txt").write_text("é", encoding="utf-8")
    (folder / "models" / "one" / "model.txt").write_bytes(bytes(range(256)) * 9000)
    with running(folder / "registry") as registry:
        base = push_base(repository(registry, "team/base"), compressed=True)
        inputs = image_inputs(folder, base, python=VERSION, requirements=PACKAGES)
        place = RegistryBuilder(
            repository=f"{registry.host}/team/image", sessions=Sessions(lambda _: None)
        )
        made = list(place.make(inputs, ImageMeans(folder)))[-1]
        assert isinstance(made, Made)
        image = made.reference.partition("@")[2]
        yield First(registry=registry, folder=folder, base=base, tag=inputs.tag, image=image)


def moved(first: First, folder: Path) -> Path:
    """Return a copy of the checkout, with other modes, times and owners."""
    for name in ("score", "models"):
        shutil.copytree(first.folder / name, folder / name)
    # What was resolved is told to everybody by the store; what was made of it is not, here.
    shutil.copytree(first.folder / "store" / "environments", folder / "store" / "environments")
    for path in (*(folder / "score").iterdir(), *(folder / "models").rglob("*.txt")):
        path.chmod(0o700)
        os.utime(path, (1, 1))
        if os.geteuid() == 0:
            os.chown(path, 1234, 1234)
    return folder


def compiled(folder: Path, python: Path) -> str:
    """Return a folder with what the program cannot do without that each Python has its own of."""
    wanted = f"msgspec=={metadata.version('msgspec')}"
    words = ["pip", "install", "--quiet", "--target", str(folder), "--python", str(python), wanted]
    environ = {**os.environ, "UV_CACHE_DIR": docker_engine.uv_cache()}
    subprocess.run([find_uv_bin(), *words], env=environ, check=True)
    return str(folder)


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: path.parents[1].name)
def test_another_machine_makes_the_same_image_and_finds_what_is_there(
    first: First, tmp_path: Path, python: Path
) -> None:
    folder = moved(first, tmp_path / "elsewhere" / "checkout")
    shutil.copytree(REPO / "mlops", tmp_path / "lib" / "mlops")
    lib = [str(tmp_path / "lib"), str(REPO / "tests"), compiled(tmp_path / "compiled", python)]
    lib.append(sysconfig.get_path("purelib"))
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "UV_CACHE_DIR": docker_engine.uv_cache(),
        "PYTHONPATH": os.pathsep.join(lib),
        "PYTHONHASHSEED": "7",
        "LC_ALL": "POSIX",
        "TZ": "Asia/Tokyo",
        **{name: value for name, value in os.environ.items() if name.endswith(("CERT", "BUNDLE"))},
    }
    before = first.registry.calls(*WRITES)
    other = f"{first.registry.host}/other/python{python.parents[1].name}".lower()
    names = [first.place, other]

    done = subprocess.run(
        [str(python), "-c", MAKES, str(folder), first.base, VERSION, *PACKAGES, *names],
        cwd=tmp_path,
        env=environ,
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found, made = (json.loads(line) for line in done.stdout.splitlines())
    assert [first.tag, first.image, 0] == found
    assert [first.tag, first.image, 4] == made
    written = first.registry.calls(*WRITES)[len(before) :]
    assert {"other"} == {call.split("/")[2] for call in written}
