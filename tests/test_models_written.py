"""Models as the file says them: exactly one source, whole."""

from pathlib import Path

import pytest

from mlops.cli.kinds import KINDS
from mlops.errors import SpecError
from mlops.load import load
from mlops.models.url import Settings

SHA256 = "0123456789abcdef" * 4
SPEC = """\
version: 1
project: quickstart
variables:
  password: {{}}
models:
  m: {{{model}}}
inference:
  score: {{source_directory: ., entry_script: score.py, requirements: requirements.txt}}
targets:
  laptop: {{kind: process}}
deployments:
  diabetes: {{target: laptop, models: [m], inference: score}}
"""


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.chdir(tmp_path)


def refused(model: str) -> list[tuple[str, str]]:
    """Return column and summary, and the hint, of each problem of a model, all in line 6."""
    Path("mlops.yaml").write_text(SPEC.format(model=model))
    with pytest.raises(SpecError) as caught:
        load([Path("mlops.yaml")], {"password": "hunter2"}, KINDS)
    found = []
    for problem in caught.value.problems:
        assert problem.where is not None
        assert problem.where.line == 6
        assert "hunter2" not in problem.summary
        found.append((f"{problem.where.column}: {problem.summary}", problem.hint))
    return found


def test_a_model_of_an_address_is_read() -> None:
    Path("mlops.yaml").write_text(
        SPEC.format(model=f"url: 'https://h/m.onnx?sig=${{var.password}}', sha256: {SHA256}")
    )

    spec = load([Path("mlops.yaml")], {"password": "p"}, KINDS)

    expected = Settings(url="https://h/m.onnx?sig=p", sha256=SHA256)
    assert ("url", expected) == (spec.models["m"].source, spec.models["m"].settings)


def test_a_path_and_an_address_are_one_source_too_many() -> None:
    told = refused(f"path: score.py, url: https://h/m, sha256: {SHA256}")

    assert [("23: model `m` has two sources, `path` and `url`", "keep one of them")] == told


def test_neither_a_path_nor_an_address_is_none() -> None:
    hint = "add `path: …` or `url: …`"

    assert [("3: model `m` does not say where its files are", hint)] == refused("tags: {a: b}")


def test_an_address_needs_a_digest_and_a_digest_an_address() -> None:
    hint = "add `sha256: …`, or remove `url`"
    assert [("7: `url` needs `sha256` beside it", hint)] == refused("url: https://h/m")

    summaries = [summary for summary, _ in refused(f"sha256: {SHA256}")]
    assert "7: `sha256` needs `url` beside it" in summaries


@pytest.mark.parametrize("sha256", ["abc", SHA256[:-1], SHA256 + "0", f"sha256:{SHA256}"])
def test_a_digest_is_64_hex_digits(sha256: str) -> None:
    told = refused(f"url: https://h/m, sha256: '{sha256}'")

    hint = "write the 64 hex digits that `sha256sum` prints for the file"
    assert [hint] == [hint for _, hint in told]


def test_a_digest_that_yaml_reads_as_a_number_is_told_to_be_quoted() -> None:
    digits = "1" * 64

    told = refused(f"url: https://h/m, sha256: {digits}")

    assert [True] == [hint.startswith("put it in quotes") for _, hint in told]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/m",
        "file:///etc/passwd",
        "h/m",
        "https://h",
        "https://h/",
        "https://h/m#x",
        "https://user:hunter2@h/m",
        "https://user:${var.password}@h/m",
    ],
)
def test_an_address_is_that_of_a_file_and_names_no_password(url: str) -> None:
    told = refused(f"url: '{url}', sha256: {SHA256}")

    hint = "write the whole address of a file, as `https://models.example/model.onnx`"
    assert [hint] == [hint for _, hint in told]
