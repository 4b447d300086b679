"""Extra lines of a Dockerfile, run by a real engine: the service sees what they made."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import docker_engine
import pytest
from docker_walk import DockerWalk, docker_walking
from registry import needs_registry, running
from walk import NO_CHANGES

STEPS = "ENV COLOR=red\nRUN true && \\\n  echo made > /extra\n"
SCRIPT = """
import os
def init():
    pass
def run(data):
    return [os.environ["COLOR"], open("/extra").read().strip()]
"""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with docker_engine.base() as name:
        yield name


@pytest.fixture
def user(tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerWalk]:
    monkeypatch.setenv("UV_CACHE_DIR", docker_engine.uv_cache())
    with docker_walking(tmp_path, base) as begun:
        folder, spec = begun.walk.folder, begun.walk.spec
        (folder / "score" / "extra.dockerfile").write_text(STEPS)
        (folder / "score" / "score.py").write_text(SCRIPT)
        text = spec.read_text().partition("    checks:")[0]
        line = "    entry_script: score.py\n"
        spec.write_text(text.replace(line, f"{line}    extra_dockerfile_steps: extra.dockerfile\n"))
        yield begun


def test_extra_steps_are_run_once_and_seen_by_the_service(user: DockerWalk) -> None:
    user.apply()

    assert '["red", "made"]' == user.walk.run("invoke", "diabetes", "-d", "{}").out.strip()
    assert NO_CHANGES == user.walk.plan()
    user.walk.edit("score/score.py", "import os", "import os  # changed")
    assert "extra line" not in user.apply()
    assert NO_CHANGES == user.walk.plan()
    assert 2 == len(docker_engine.images(user.project))


def test_a_service_leaves_its_extra_steps_and_the_base_stays_as_it_is(
    user: DockerWalk, base: str
) -> None:
    before = docker_engine.client().inspect_image(base)["Id"]
    told = 'os.environ["COLOR"], open("/extra").read().strip()'
    user.walk.edit("score/score.py", told, 'os.environ.get("COLOR"), os.path.exists("/extra")')
    user.apply()

    user.walk.edit("mlops.yaml", "    extra_dockerfile_steps: extra.dockerfile\n", "")
    user.apply()

    assert "[null, false]" == user.walk.run("invoke", "diabetes", "-d", "{}").out.strip()
    assert before == docker_engine.client().inspect_image(base)["Id"]
    assert NO_CHANGES == user.walk.plan()
    assert 1 == len(docker_engine.images(user.project))


def test_a_step_that_fails_is_told_by_its_log_and_what_served_still_does(
    user: DockerWalk,
) -> None:
    user.apply()
    user.walk.edit("score/extra.dockerfile", "echo made", "echo why && false && echo")

    failed = user.walk.apply()

    assert failed.code == 7
    assert "the extra steps failed: The command" in failed.err
    assert "| why" in failed.err
    assert '["red", "made"]' == user.walk.run("invoke", "diabetes", "-d", "{}").out.strip()
    user.walk.edit("score/extra.dockerfile", "echo why && false && echo", "echo made")
    user.apply()
    assert NO_CHANGES == user.walk.plan()


def test_a_step_that_fails_leaves_no_image_of_the_steps_before_it(
    user: DockerWalk, base: str
) -> None:
    api = docker_engine.client()
    bottom = str(api.inspect_image(base)["Id"])
    shared, named = (_built_by_somebody(bottom, f"ENV {one}=1\n") for one in ("SHARED", "NAMED"))
    before = _upon(bottom)
    told = f"---> {named.removeprefix('sha256:')[:12]}"
    steps = f"ENV SHARED=1\nENV OURS=1\nRUN echo '{told}' && touch /here\nRUN false\n"
    (user.walk.folder / "score" / "extra.dockerfile").write_text(steps)

    failed = user.walk.apply()
    after = _upon(bottom)
    api.remove_image(shared)
    api.remove_image(named)

    assert (7, True) == (failed.code, "the extra steps failed" in failed.err)
    assert "Using cache" in failed.err
    assert told in failed.err
    assert before == after


def _built_by_somebody(bottom: str, steps: str) -> str:
    """Build an image without a name upon another one; return its id."""
    text = f"FROM {bottom.removeprefix('sha256:')}\n{steps}"
    lines = docker_engine.client().build(fileobj=io.BytesIO(text.encode()), rm=True, decode=True)
    return next(str(line["aux"]["ID"]) for line in lines if "aux" in line)


def _upon(bottom: str) -> set[str]:
    """Return the images that steps made upon another one, whether they bear a name or not."""
    every = docker_engine.client().images(all=True)
    found, grown = {bottom}, True
    while grown:
        more = {str(one["Id"]) for one in every if one["ParentId"] in found} - found
        grown = bool(more)
        found |= more
    return found


@needs_registry
def test_extra_steps_go_into_a_repository_as_any_base_does(
    user: DockerWalk, tmp_path: Path
) -> None:
    with running(tmp_path / "registry") as registry:
        place = f"{registry.host}/team/steps"
        user.walk.edit("mlops.yaml", "kind: docker", f"kind: docker, repository: {place}")
        try:
            user.apply()

            assert '["red", "made"]' == user.walk.run("invoke", "diabetes", "-d", "{}").out.strip()
            assert NO_CHANGES == user.walk.plan()
            assert 1 == sum(
                "PUT /v2/team/steps/manifests" in call for call in registry.calls("PUT")
            )
        finally:
            api = docker_engine.client()
            docker_engine.clean(user.project)
            for one in api.images(place):
                with contextlib.suppress(Exception):
                    api.remove_image(one["Id"], force=True)
