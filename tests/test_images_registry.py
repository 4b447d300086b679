"""Images in a real registry without a daemon: which layers are sent, and what is in them."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from base_image import VERSION
from image_means import SCRIPT, ImageMeans, image_inputs
from msgspec.structs import replace
from proxy import Passing, proxy
from registry import Registry, login, needs_registry, push_base, repository, running

from mlops.clients.oci.login import Login
from mlops.clients.oci.manifest import Manifest
from mlops.clients.oci.session import Sessions
from mlops.errors import LockedError, TargetError
from mlops.hashing import content_of
from mlops.images.builder import Made
from mlops.images.inputs import ImageInputs
from mlops.images.registry import RegistryBuilder

pytestmark = needs_registry

WRITES = ("POST", "PATCH", "PUT", "DELETE")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry"), password=True) as found:
        push_base(repository(found, "team/base", password=True), compressed=True)
        yield found


def builder(registry: Registry, name: str, known: Login | None = None) -> RegistryBuilder:
    return RegistryBuilder(
        repository=f"{registry.host}/{name}", sessions=Sessions(lambda _: known or login())
    )


def inputs_in(folder: Path, registry: Registry, **given: Any) -> ImageInputs:
    defaults = {"base": f"{registry.host}/team/base:{VERSION}", "python": VERSION}
    return image_inputs(folder, **{**defaults, **given})


def made(builder: RegistryBuilder, inputs: ImageInputs, means: ImageMeans) -> Made:
    last = list(builder.make(inputs, means))[-1]
    assert isinstance(last, Made)
    return last


def manifest(registry: Registry, reference: str) -> Manifest:
    name, _, digest = reference.removeprefix(f"{registry.host}/").partition("@")
    found = repository(registry, name, password=True).manifest(digest, "linux/amd64")
    assert found is not None
    return found


def document(registry: Registry, reference: str) -> dict[str, Any]:
    """Return the configuration of an image."""
    name = reference.removeprefix(f"{registry.host}/").partition("@")[0]
    place = repository(registry, name, password=True)
    found: dict[str, Any] = json.loads(place.read(manifest(registry, reference).config))
    return found


def files(
    registry: Registry, reference: str, at: int, tmp_path: Path
) -> dict[str, tarfile.TarInfo]:
    """Return what is in a layer, counted from the top."""
    name = reference.removeprefix(f"{registry.host}/").partition("@")[0]
    blob = manifest(registry, reference).layers[at]
    for _ in repository(registry, name, password=True).fetch(blob, tmp_path / "layer"):
        pass
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "layer").read_bytes())) as tar:
        return {member.name: member for member in tar}


def test_an_image_is_the_base_and_a_layer_for_each_part(registry: Registry, tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path, registry)

    image = made(builder(registry, "parts/image"), inputs, ImageMeans(tmp_path))

    prefixes = [next(iter(files(registry, image.reference, at, tmp_path))) for at in range(1, 5)]
    model = inputs.models[0].content.digest.removeprefix("sha256:")
    assert ["opt/environment", "opt/mlops", "opt/code", f"opt/models/{model}"] == prefixes
    assert image.new == 4
    config = document(registry, image.reference)
    assert config["config"]["User"] == "1000:1000"
    assert config["config"]["Entrypoint"][0] == "/opt/mlops/bin/python"
    assert inputs.digest == config["config"]["Labels"]["mlops.image.inputs"]
    assert len(config["rootfs"]["diff_ids"]) == 5
    assert builder(registry, "parts/image").find(inputs) == image.reference


def test_an_image_that_exists_is_not_made(registry: Registry, tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path, registry)
    first = made(builder(registry, "exists/image"), inputs, ImageMeans(tmp_path))
    before = registry.calls(*WRITES)

    again = made(builder(registry, "exists/image"), inputs, ImageMeans(tmp_path / "elsewhere"))

    assert replace(first, new=0) == again
    assert before == registry.calls(*WRITES)


def test_of_images_that_are_made_at_once_one_sends_what_they_share(
    registry: Registry, tmp_path: Path
) -> None:
    place, means = builder(registry, "shared/image"), ImageMeans(tmp_path)
    inputs = inputs_in(tmp_path, registry)
    (tmp_path / "models" / "one" / "model.txt").write_bytes(bytes(32_000_000))
    content = content_of(tmp_path / "models" / "one", cache=None)
    inputs = replace(inputs, models=(replace(inputs.models[0], content=content),))
    wanted = [replace(inputs, entry_script=name) for name in ("a.py", "b.py", "c.py")]

    with ThreadPoolExecutor(max_workers=3) as pool:
        images = list(pool.map(lambda one: made(place, one, means), wanted))

    sent = [call for call in registry.calls("PUT") if "/shared/image/blobs/uploads/" in call]
    ours = {each.digest for one in images for each in manifest(registry, one.reference).layers[1:]}
    configs = {manifest(registry, one.reference).config.digest for one in images}
    assert (4, 3, 7) == (len(ours), len(configs), len(sent))


@pytest.mark.parametrize(("what", "at"), [("code", 3), ("model", 4)])
def test_only_what_changed_is_sent(registry: Registry, tmp_path: Path, what: str, at: int) -> None:
    place, means = builder(registry, f"changed/{what}"), ImageMeans(tmp_path)
    first = made(place, inputs_in(tmp_path, registry), means)
    file = tmp_path / ("score/score.py" if what == "code" else "models/one/model.txt")
    file.write_text(SCRIPT + "# another")

    second = made(place, inputs_in(tmp_path, registry), means)

    before, after = (manifest(registry, image.reference).layers for image in (first, second))
    assert second.new == 1
    assert [at] == [n for n, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1]


def test_a_registry_asks_only_once_who_somebody_is(registry: Registry, tmp_path: Path) -> None:
    place, inputs = builder(registry, "once/image"), inputs_in(tmp_path, registry)
    before = registry.calls("GET", "HEAD", *WRITES)

    made(place, inputs, ImageMeans(tmp_path))

    calls = registry.calls("GET", "HEAD", *WRITES)[len(before) :]
    assert len(calls) > 20
    assert 1 == sum(call.endswith(" 401") for call in calls)


def test_what_has_a_digest_is_read_once(registry: Registry, tmp_path: Path) -> None:
    inputs, before = inputs_in(tmp_path, registry), registry.calls("GET")

    made(builder(registry, "read/image"), inputs, ImageMeans(tmp_path))

    read = [call for call in registry.calls("GET")[len(before) :] if call.endswith(" 200")]
    by_digest = [call for call in read if "sha256:" in call]
    assert by_digest
    assert sorted(set(by_digest)) == sorted(by_digest)
    assert 1 == sum("/manifests/" in call for call in read)


def test_two_machines_make_the_same_image(registry: Registry, tmp_path: Path) -> None:
    images = []
    for machine in ("one", "other"):
        folder = tmp_path / machine
        place = builder(registry, f"machines/{machine}")
        images.append(made(place, inputs_in(folder, registry), ImageMeans(folder)))

    one, other = (image.reference.partition("@")[2] for image in images)

    assert one == other


def test_the_layers_of_a_base_elsewhere_are_copied(registry: Registry, tmp_path: Path) -> None:
    with running(tmp_path / "other") as other:
        inputs = inputs_in(tmp_path, registry)

        image = made(
            RegistryBuilder(
                repository=f"{other.host}/copied/image", sessions=Sessions(lambda _: login())
            ),
            inputs,
            ImageMeans(tmp_path),
        )

        name, _, digest = image.reference.removeprefix(f"{other.host}/").partition("@")
        copied = repository(other, name).manifest(digest, "linux/amd64")
        assert copied is not None
        assert all(repository(other, name).holds(layer.digest) for layer in copied.layers)


def test_a_base_that_is_not_there_or_has_no_such_python_is_told(
    registry: Registry, tmp_path: Path
) -> None:
    place, means = builder(registry, "wrong/image"), ImageMeans(tmp_path)

    with pytest.raises(TargetError, match=r"there is no image `.*/team/base:none`"):
        made(place, inputs_in(tmp_path, registry, base=f"{registry.host}/team/base:none"), means)
    with pytest.raises(TargetError, match=rf"no Python 3\.9: it has {VERSION}"):
        made(place, inputs_in(tmp_path, registry, python="3.9"), means)


def test_extra_steps_need_an_engine(registry: Registry, tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path, registry, steps="RUN apt-get install gdal")

    with pytest.raises(TargetError, match="needs an engine"):
        made(builder(registry, "steps/image"), inputs, ImageMeans(tmp_path))


def test_a_wrong_password_is_told_and_appears_nowhere(registry: Registry, tmp_path: Path) -> None:
    place = builder(registry, "password/image", Login(username="ci", password="planted"))

    with pytest.raises(TargetError, match="does not accept who we are") as told:
        made(place, inputs_in(tmp_path, registry), ImageMeans(tmp_path))

    assert told.value.code == 6
    assert "planted" not in str(told.value)


def test_a_lost_lease_ends_an_upload(registry: Registry, tmp_path: Path) -> None:
    means = ImageMeans(tmp_path)
    place, inputs = builder(registry, "lease/image"), inputs_in(tmp_path, registry)
    steps = place.make(inputs, means)
    for step in steps:
        if "uploading" in getattr(step, "text", ""):
            break

    means.lease.revoke()

    with pytest.raises(LockedError):
        list(steps)
    assert place.find(inputs) is None


def test_a_full_disk_is_told_at_once(tmp_path: Path, registry: Registry) -> None:
    said = b'{"errors":[{"message":"unknown error","detail":{"Enclosed":{"Err":28}}}]}'
    asked: list[str] = []

    class Full(Passing):
        """Takes no byte."""

        def pass_on(self) -> None:
            if self.command != "PATCH":
                super().pass_on()
                return
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(500, {}, said)

    with proxy(registry.port, lambda *_: None, Full) as port:
        place = RegistryBuilder(
            repository=f"127.0.0.1:{port}/full/image", sessions=Sessions(lambda _: login())
        )
        with pytest.raises(TargetError, match="no space left on device") as told:
            made(place, inputs_in(tmp_path, registry), ImageMeans(tmp_path))

    assert told.value.code == 6
    assert len(asked) == 1


def test_no_secret_is_in_an_image_or_a_record(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX", "https://planted:planted@pypi.org/simple")
    monkeypatch.setenv("PLANTED", "planted")
    means = ImageMeans(tmp_path)
    inputs = inputs_in(tmp_path, registry, requirements=("six==1.16.0",))

    image = made(builder(registry, "secrets/image"), inputs, means)

    place = repository(registry, "secrets/image", password=True)
    found = manifest(registry, image.reference)
    blobs = [place.read(blob) for blob in (found.config, *found.layers[1:])]
    records = [file.read_bytes() for file in (tmp_path / "store").rglob("*.json")]
    assert [] == [data for data in (*blobs, *records) if b"planted" in data]
    assert records


KILLED = """
import sys, image_means, pathlib, test_images_registry as t
folder, host, base, name = pathlib.Path(sys.argv[1]), *sys.argv[2:]
place = t.RegistryBuilder(repository=f"{host}/{name}", sessions=t.Sessions(lambda _: t.login()))
inputs = image_means.image_inputs(folder, base, python=t.VERSION)
for step in place.make(inputs, image_means.ImageMeans(folder)):
    print(getattr(step, "text", ""), flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize(
    "at", ["looking at", "resolving", "uploading the server", "uploading the c"]
)
def test_what_was_killed_is_made_by_the_next_run(
    registry: Registry, tmp_path: Path, at: str
) -> None:
    inputs, name = inputs_in(tmp_path, registry), f"killed/{at.replace(' ', '-')}"
    words = [sys.executable, "-c", KILLED, str(tmp_path), registry.host, inputs.base, name]
    with subprocess.Popen(
        words, cwd=Path(__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        for line in run.stdout:
            if line.startswith(at):
                break
            run.stdin.write("\n")
            run.stdin.flush()
        run.kill()

    assert builder(registry, name).find(inputs) is None
    image = made(builder(registry, name), inputs, ImageMeans(tmp_path))

    assert len(manifest(registry, image.reference).layers) == 5
    assert image.reference == builder(registry, name).find(inputs)
