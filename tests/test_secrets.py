"""Where secrets live, how they are read, and that nobody is shown one."""

import sys
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import make
import pytest

from mlops.errors import TargetError
from mlops.schema import annotations
from mlops.secrets.reader import SecretReader
from mlops.secrets.table import SECRETS
from mlops.settings import Setting
from mlops.spec import SecretRef

VALUE = "hunter2-and-more"


def reader(folder: Path) -> SecretReader:
    return SecretReader({kind: row(folder) for kind, row in SECRETS.items()})


def problem(folder: Path, text: str) -> str:
    with pytest.raises(TargetError) as caught:
        reader(folder).read(make.secret(text))
    (only,) = caught.value.problems
    assert only.hint
    return only.summary


def test_a_variable_holds_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", VALUE)

    assert reader(tmp_path).read(make.secret("env/TOKEN")).value == VALUE


def test_a_file_beside_the_first_one_holds_a_secret_and_a_line_break(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(VALUE + "\n")

    assert reader(tmp_path).read(make.secret("file/token")).value == VALUE
    assert reader(Path("/")).read(make.secret(f"file/{tmp_path}/token")).value == VALUE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("env/NO_SUCH_VARIABLE", "the variable is not set"),
        ("file/none", "no such file or directory"),
        ("file/empty", "it is empty"),
        ("file/binary", "it is no UTF-8 text"),
        ("file/long", "it is longer than 64 KiB"),
    ],
)
def test_what_is_not_there_is_told_by_its_place(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "long").write_text("x" * 70_000)

    found = problem(tmp_path, text)

    assert f"`{text}`" in found
    assert words in found


def test_a_vault_without_its_packages_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)

    with pytest.raises(TargetError) as caught:
        reader(tmp_path).read(make.secret("keyvault/myvault/token"))

    assert caught.value.problems[0].hint == "run `pip install 'mlops-apply[azure]'`"


def test_what_was_read_is_in_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEM", "-----BEGIN-----\nabcdefgh\n")
    secrets = reader(tmp_path)
    before = secrets.masked("it says abcdefgh")

    secrets.read(make.secret("env/PEM"))

    assert before == "it says abcdefgh"
    assert secrets.masked("it says abcdefgh.") == "it says ***."


def test_a_secret_is_in_no_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", VALUE)

    assert VALUE not in repr(reader(tmp_path).read(make.secret("env/TOKEN")))


@pytest.mark.parametrize(
    ("data", "valid"),
    [
        ({"secret": "env/TOKEN"}, True),
        ({"secret": "file//run/secrets/token"}, True),
        ({"secret": "keyvault/myvault/token"}, True),
        ({"secret": "keyvault/myvault.vault.azure.cn/token/0123456789abcdef"}, True),
        ({"secret": "env/to-ken"}, False),
        ({"secret": "keyvault/myvault"}, False),
        ({"secret": VALUE}, False),
        ({}, False),
        ({"secret": "env/TOKEN", "value": VALUE}, False),
        (VALUE, False),
    ],
)
def test_the_schema_knows_the_place_of_a_secret(data: Any, valid: bool) -> None:  # noqa: FBT001
    kind = Annotated[SecretRef | None, Setting("Password.")]

    assert jsonschema.Draft202012Validator(annotations.of(kind)).is_valid(data) == valid


def test_a_place_where_only_a_secret_may_stand_is_write_only() -> None:
    alone = annotations.of(Annotated[SecretRef, Setting("Password.")])
    either = annotations.of(Annotated[str | SecretRef, Setting("A variable.")])

    assert alone["writeOnly"]
    assert "writeOnly" not in either
    assert (alone["type"], either["type"]) == ("object", ["string", "object"])
