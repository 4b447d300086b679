"""Images that already serve, in place of code and models: what a file may say, what it comes to."""

from pathlib import Path
from typing import Any

import pytest

from mlops.brought import Brought, brought_by
from mlops.cli.kinds import KINDS
from mlops.errors import SpecError
from mlops.load import load
from mlops.plain import freeze
from mlops.spec import Spec
from mlops.targets.docker.brought import desired_brought
from mlops.targets.docker.container import Part, body
from mlops.targets.docker.desire import At
from mlops.values import Desired, Owner

ELSEWHERE = "registry: {address: r.example, username: u, password: {secret: env/P}}"
HEAD = """\
version: 1
project: p
models: {m: {path: model.pkl}}
targets:
  engine: {kind: docker}
  laptop: {kind: process}
deployments:
"""


def loaded(folder: Path, deployment: str) -> Spec:
    (folder / "model.pkl").write_bytes(b"x")
    (folder / "mlops.yaml").write_text(HEAD + deployment)
    return load([folder / "mlops.yaml"], {}, KINDS)


def problems(folder: Path, deployment: str) -> list[tuple[int, str]]:
    with pytest.raises(SpecError) as refused:
        loaded(folder, deployment)
    return [(one.where.line if one.where else 0, one.summary) for one in refused.value.problems]


def wanted(spec: Spec) -> Desired:
    owner = Owner(project="p", source="", root=spec.root, files=spec.files)
    deployment = spec.deployments["other"]
    image = brought_by(deployment.settings)
    assert image is not None
    return desired_brought(At(place="engine", machine="", owner=owner), deployment, image)


def test_the_name_of_an_image_is_enough(tmp_path: Path) -> None:
    spec = loaded(tmp_path, "  other: {target: engine, image: a.example/b:1}\n")

    found = spec.deployments["other"]
    assert ((), Brought(reference="a.example/b:1")) == (found.models, brought_by(found.settings))


def test_what_is_for_our_server_means_nothing_to_a_brought_image(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "  other:\n    target: engine\n    image: a/b:1\n    models: [m]\n    auth: {type: key}\n"
        "    serving: {queue: 1}\n",
    )

    words = "means nothing to `other`, whose `image` serves by itself"
    assert [(11, f"`models` {words}"), (12, f"`auth` {words}"), (13, f"`serving` {words}")] == found


@pytest.mark.parametrize(
    ("deployment", "problem"),
    [
        ("{target: laptop, image: a/b}", "`image` is no key of a `process` deployment"),
        ("{target: engine}", "`models` is missing in deployment `other`"),
        ("{target: engine, image: {port: 1}}", "`reference` is missing in `image`"),
        ("{target: engine, image: {reference: a/b, user: '0'}}", "`user` cannot be `0`"),
        ("{target: engine, image: {reference: a/b, prt: 1}}", "unknown key `prt` in `image`"),
        ("{target: engine, image: 7}", "`image` must be keys with values or text, not the number"),
        ("{target: engine, image: a b}", "`image` cannot be `a b`"),
        ("{target: engine, image: a/B:1}", "`a/B:1` is no reference of an image"),
        (
            f"{{target: engine, image: {{reference: a/b, {ELSEWHERE}}}}}",
            "`a/b` lies at `docker.io`, not at the registry `r.example`",
        ),
    ],
)
def test_what_is_wrong_with_an_image_is_told(tmp_path: Path, deployment: str, problem: str) -> None:
    found = problems(tmp_path, f"  other: {deployment}\n")

    assert any(problem in summary for _, summary in found), found


def test_a_secret_in_the_environment_of_a_brought_image_is_refused(tmp_path: Path) -> None:
    image = "{reference: a/b, environment_variables: {T: {secret: env/T}}}"

    found = problems(tmp_path, f"  other: {{target: engine, image: {image}}}\n")

    assert 1 == len(found)


def test_checks_ask_where_the_image_scores_unless_they_say_otherwise(tmp_path: Path) -> None:
    spec = loaded(
        tmp_path,
        "  other:\n    target: engine\n    image: {reference: a/b, score: /predict}\n"
        "    checks: [{request: {json: 1}}, {request: {path: /other}}]\n",
    )

    thing = wanted(spec)
    assert ["/predict", "/other"] == [check.request.path for check in thing.checks]
    assert "http://127.0.0.1:5001/predict" == thing.endpoint


def test_no_secret_and_no_root_is_in_what_the_engine_is_told(tmp_path: Path) -> None:
    image = "{reference: a/b, port: 80, user: '7', secrets: {t: {secret: env/T}}}"
    thing = wanted(loaded(tmp_path, f"  other: {{target: engine, image: {image}, port: 9}}\n"))
    part = Part(
        name="p-other.next", volume="p-other.a", image="sha256:1", labels={}, published=True
    )

    told: dict[str, Any] = body(thing, part)

    host = told["HostConfig"]
    assert ("7:7", [], True) == (told["User"], told["Env"], host["ReadonlyRootfs"])
    assert {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9"}]} == host["PortBindings"]
    assert [("p-other.a", "/run/secrets")] == [
        (one["Source"], one["Target"]) for one in host["Mounts"]
    ]
    assert freeze({"secret": "env/T"}) == thing.fields["secrets.t"]
