"""The layer of packages: laid out for the Python and the platform of the image; nothing is run."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from base_image import VERSION
from image_means import ImageMeans, image_inputs
from registry import needs_registry, push, push_base, push_index, repository, running
from test_images_base import GLIBC, layer

from mlops.environments.lock import compile_lock
from mlops.environments.unpack import wheel_platform
from mlops.errors import TargetError
from mlops.images.base import Base, Facts
from mlops.images.builder import Made
from mlops.images.environment import environment_draft
from mlops.images.layers import write
from mlops.images.registry import RegistryBuilder
from mlops.images.resolution import resolved
from mlops.spec import Environment

HERE = Facts(
    python="/usr/local/bin/python3.11", version="3.11", glibc="2.36", platform="linux/amd64"
)
ELF_ARM64 = 183


def lock(*requirements: str, facts: Facts = HERE) -> str:
    wanted = Environment(python=facts.version, requirements=requirements, digest="")
    return compile_lock(wanted, platform=wheel_platform(facts.platform, facts.glibc))


def written(text: str, facts: Facts = HERE) -> dict[str, bytes | str]:
    """Return the files (or where links lead) of the layer of some packages."""
    out = io.BytesIO()
    write(environment_draft(text, facts), out)
    out.seek(0)
    files: dict[str, bytes | str] = {}
    with tarfile.open(fileobj=out) as tar:
        for member in tar:
            data = tar.extractfile(member) if member.isfile() else None
            files[member.name] = data.read() if data else member.linkname
    return files


def test_packages_lie_in_a_virtual_environment_of_the_bases_python() -> None:
    files = written(lock("markupsafe==3.0.2", "flask==3.0.3"))

    assert files["opt/environment/bin/python"] == "/usr/local/bin/python3.11"
    assert b"home = /usr/local/bin\n" in bytes(files["opt/environment/pyvenv.cfg"])  # type: ignore[arg-type]
    assert "opt/environment/lib/python3.11/site-packages/flask/__init__.py" in files
    script = bytes(files["opt/environment/bin/flask"])  # type: ignore[arg-type]
    assert script.startswith(b"#!/opt/environment/bin/python\n")
    assert sys.prefix.encode() not in script
    record = str(files["opt/environment/lib/python3.11/site-packages/flask-3.0.3.dist-info/RECORD"])
    assert "../../../bin/flask,sha256=" in record
    assert not [name for name in files if name.endswith((".pyc", ".lock"))]


def test_the_same_lock_gives_the_same_bytes() -> None:
    text = lock("markupsafe==3.0.2", "flask==3.0.3")
    first, second = io.BytesIO(), io.BytesIO()

    layers = [write(environment_draft(text, HERE), out) for out in (first, second)]

    assert layers[0] == layers[1]
    assert environment_draft(text, HERE).key == environment_draft(text, HERE).key


def test_an_environment_without_packages_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")

    files = written(lock())

    assert max(files) == "opt/environment/pyvenv.cfg"


def test_files_beside_the_packages_lie_beside_them() -> None:
    files = written(lock("jupyterlab-widgets==3.0.13"))

    assert [
        name for name in files if name.startswith("opt/environment/share/jupyter/labextensions")
    ]
    assert not [name for name in files if "site-packages/share" in name]


def test_wheels_are_those_of_the_images_platform() -> None:
    arm = Facts(python="/usr/bin/python3.10", version="3.10", glibc="2.31", platform="linux/arm64")

    files = written(lock("markupsafe==3.0.2", facts=arm), arm)

    name, data = next((name, data) for name, data in files.items() if name.endswith(".so"))
    assert "cpython-310-aarch64" in name
    assert isinstance(data, bytes)
    assert int.from_bytes(data[18:20], "little") == ELF_ARM64


@needs_registry
def test_a_package_without_a_wheel_needs_an_engine(tmp_path: Path) -> None:
    means = ImageMeans(tmp_path)
    with running(tmp_path / "registry") as registry:
        base = push_base(repository(registry, "team/base"), compressed=True)
        inputs = image_inputs(tmp_path, base, python=VERSION, requirements=("docopt==0.6.2",))

        with pytest.raises(TargetError, match="no wheel for `linux/amd64`") as told:
            list(RegistryBuilder(repository=f"{registry.host}/a/b").make(inputs, means))

    assert "needs an engine" in told.value.problems[0].hint


def test_what_only_a_build_has_is_refused_in_a_lock_with_what_to_do(tmp_path: Path) -> None:
    inputs = image_inputs(tmp_path, "base", python="3.11", requirements=("docopt==0.6.2",))

    with pytest.raises(TargetError, match="no wheel for `linux/amd64`") as told:
        list(resolved(inputs, Base(digest="sha256:12", facts=HERE)))

    assert "do without `mlops.lock`" in told.value.problems[0].hint


@pytest.mark.parametrize(
    ("platform", "glibc", "name"),
    [
        ("linux/amd64", "2.36", "x86_64-manylinux_2_36"),
        ("linux/amd64", "2.30", "x86_64-manylinux_2_28"),
        ("linux/arm64/v8", "2.99", "aarch64-manylinux_2_40"),
    ],
)
def test_a_platform_is_named_as_wheels_have_it(platform: str, glibc: str, name: str) -> None:
    assert name == wheel_platform(platform, glibc)


@pytest.mark.parametrize(("platform", "glibc"), [("linux/riscv64", "2.36"), ("linux/amd64", "2.5")])
def test_a_platform_without_wheels_is_refused(platform: str, glibc: str) -> None:
    with pytest.raises(TargetError, match="no wheels"):
        wheel_platform(platform, glibc)


@needs_registry
def test_an_image_for_arm64_is_made_here(tmp_path: Path) -> None:
    files = {"usr/lib/aarch64-linux-gnu/libc.so.6": GLIBC, "usr/local/bin/python3.11": b"ELF"}
    with running(tmp_path / "registry") as registry:
        place = repository(registry, "team/base")
        arm = push(place, "arm", layer(tmp_path, "arm.tar", files), architecture="arm64")
        amd = push(place, "amd", layer(tmp_path, "amd.tar", {"a": b""}), architecture="amd64")
        base = push_index(place, "both", {"amd64": amd, "arm64": arm})
        inputs = image_inputs(tmp_path, base, platform="linux/arm64", python="3.11")

        last = list(
            RegistryBuilder(repository=f"{registry.host}/team/image").make(
                inputs, ImageMeans(tmp_path)
            )
        )[-1]

        assert isinstance(last, Made)
        image = repository(registry, "team/image")
        found = image.manifest(last.reference.partition("@")[2], "linux/arm64")
        assert found is not None
        assert b'"architecture":"arm64"' in image.read(found.config)
        for _ in image.fetch(found.layers[2], tmp_path / "server"):
            pass
    with tarfile.open(tmp_path / "server") as tar:
        names = tar.getnames()
    assert "opt/mlops/mlops_serving/front/main.py" in names
    assert [name for name in names if "uvloop/loop.cpython-311-aarch64-linux-gnu.so" in name]


def test_unpacked_packages_are_gone_with_their_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    script = (
        "import io, test_images_environment as t\n"
        "from mlops.images.environment import environment_draft\n"
        "from mlops.images.layers import write\n"
        "write(environment_draft(t.lock('markupsafe==3.0.2'), t.HERE), io.BytesIO())\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parent)

    assert [] == list((tmp_path / "mlops" / "unpacked").iterdir())
