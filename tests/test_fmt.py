"""One layout: comments and values stay, a second time changes nothing, and the hook runs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from walk import REPO, Answer

from mlops.clients import yaml
from mlops.clients.text import text_source
from mlops.errors import SpecError
from mlops.layout import formatted

UGLY = """\
# the top
version:   1
project: x


models:
    a:   {path: a.pkl,   tags: {yes: "no", n: 012, f: 1e3, d: 2001-01-01}}  # beside
    b:
        # within
        path: 'b'   
        tags:
        - one
        -   two   # the second
    # the last of its block
targets:
  laptop: {kind: process}
text: |
    # not a comment

      kept as it is  
long: >-
    folded
    text
# the end
"""  # noqa: W291  blanks at ends of lines are what is tested

FINE = """\
# the top
version: 1
project: x

models:
  a: {path: a.pkl, tags: {yes: "no", n: 012, f: 1e3, d: 2001-01-01}}        # beside
  b:
    # within
    path: 'b'
    tags:
      - one
      - two       # the second
  # the last of its block
targets:
  laptop: {kind: process}
text: |
  # not a comment

    kept as it is  
long: >-
  folded
  text
# the end
"""  # noqa: W291  as above

KEYS = st.text("abcxyz_", min_size=1, max_size=6)
SCALARS = (
    st.text(max_size=30)
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False)
    | st.sampled_from(["yes", "null", "~", "0o7", "1e3", "# x", "a # b", "a: b", "- a", "\n\n"])
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=12
)


def data(text: str) -> Any:
    return yaml.parse(text_source("a.yaml", text)).data


def run(folder: Path, *words: str) -> Answer:
    done = subprocess.run(
        [sys.executable, "-m", "mlops", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return Answer(code=done.returncode, out=done.stdout, err=done.stderr)


def test_a_file_gets_the_one_layout_with_its_comments() -> None:
    assert FINE == formatted(UGLY, "a.yaml")
    assert FINE == formatted(FINE, "a.yaml")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, TREES, min_size=1), st.booleans(), st.integers(2, 7))
def test_no_layout_changes_what_a_file_says(
    tree: Any,
    flow: bool,  # noqa: FBT001  hypothesis passes it
    indent: int,
) -> None:
    text = pyyaml.safe_dump(tree, default_flow_style=flow, indent=indent, allow_unicode=True)

    try:
        laid = formatted(text, "a.yaml")
    except SpecError:  # what can't be laid out safely is left as it is
        return

    assert data(text) == data(laid)
    assert laid == formatted(laid, "a.yaml")


@pytest.mark.parametrize(
    "path",
    [*REPO.glob("examples/*/mlops.yaml"), REPO / "mlops/cli/starter/mlops.yaml"],
    ids=lambda path: path.parent.name,
)
def test_what_we_ship_is_in_the_layout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text == formatted(text, "mlops.yaml")


def test_what_would_change_is_left_as_it_is_and_told() -> None:
    with pytest.raises(SpecError, match="can't be laid out without changing what it says"):
        formatted("a: {b: }\n", "a.yaml")


def test_fmt_writes_the_files_and_keeps_their_mode(tmp_path: Path) -> None:
    file = tmp_path / "mlops.yaml"
    file.write_text(UGLY, encoding="utf-8")
    file.chmod(0o640)

    answer = run(tmp_path, "fmt")

    assert (0, "mlops.yaml\n") == (answer.code, answer.err)
    assert FINE == file.read_text(encoding="utf-8")
    assert 0o640 == file.stat().st_mode & 0o777
    assert [file] == list(tmp_path.iterdir())


def test_check_writes_nothing_and_shows_a_diff(tmp_path: Path) -> None:
    file = tmp_path / "mlops.yaml"
    file.write_text(UGLY, encoding="utf-8")

    ugly, fine = (
        run(tmp_path, "fmt", "--check"),
        run(REPO / "examples/quickstart", "fmt", "--check"),
    )

    assert (1, 0) == (ugly.code, fine.code)
    assert "\n-version:   1\n+version: 1\n" in ugly.out
    assert UGLY == file.read_text(encoding="utf-8")


def test_broken_files_are_told_and_the_others_written(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\na: [\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("version:   1\n", encoding="utf-8")

    answer = run(tmp_path, "fmt", "a.yaml", "b.yaml")

    assert 1 == answer.code
    assert "error: a.yaml:" in answer.err
    assert "version: 1\n" == (tmp_path / "b.yaml").read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A Git checkout whose hooks are the entries of ours, run as `system` commands."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    hooks = pyyaml.safe_load((REPO / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        hook["language"] = "system"  # its own environment would be fetched from the network
        hook["entry"] = hook["entry"].replace("mlops ", f"{sys.executable} -m mlops ", 1)
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    shutil.copytree(REPO / "examples" / "quickstart", tmp_path / "work")
    work = tmp_path / "work"
    (work / ".pre-commit-config.yaml").write_text(pyyaml.safe_dump(config), encoding="utf-8")
    for words in (("init", "-q"), ("add", "-A")):
        subprocess.run(["/usr/bin/env", "git", *words], cwd=work, check=True)
    return work


def hooked(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=checkout,
        env={**os.environ, "PRE_COMMIT_HOME": str(checkout.parent / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hooks_pass_what_is_fine_and_mend_what_is_not(checkout: Path) -> None:
    file = checkout / "mlops.yaml"
    good = file.read_text(encoding="utf-8")

    fine = hooked(checkout)
    file.write_text(good.replace("version: 1", "version:   1"), encoding="utf-8")
    mended = hooked(checkout)

    assert (0, 1) == (fine.returncode, mended.returncode), fine.stdout + fine.stderr
    assert "files were modified by this hook" in mended.stdout
    assert good == file.read_text(encoding="utf-8")


def test_the_hooks_stop_what_is_wrong(checkout: Path) -> None:
    file = checkout / "mlops.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("target: laptop", "target: lapto"),
        encoding="utf-8",
    )

    refused = hooked(checkout)

    assert 1 == refused.returncode
    assert "no target `lapto`" in refused.stdout
