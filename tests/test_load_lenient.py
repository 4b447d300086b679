"""What a file may hold where it is only looked at, and what it may not hold even then."""

from pathlib import Path

import pytest
from rows import KINDS
from test_load import lay_out, refused, summaries, write

from mlops.errors import SpecError
from mlops.load import load

FILE = Path("mlops.yaml")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = lay_out(tmp_path / "checkout")
    monkeypatch.chdir(folder)
    return folder


def test_what_is_only_looked_at_may_have_lost_its_model_and_its_script(checkout: Path) -> None:
    (checkout / "outputs" / "model.pkl").unlink()
    (checkout / "score" / "score.py").write_text("def init(:\n")
    (checkout / "score" / "requirements.txt").write_text("-e .\n")

    problems = refused([FILE])
    spec = load([FILE], {}, KINDS, lenient=True)

    assert len(problems) == 3
    assert ["diabetes"] == list(spec.deployments)
    assert ["laptop"] == list(spec.targets)


def test_what_is_only_looked_at_may_have_no_deployments(checkout: Path) -> None:
    text = (checkout / "mlops.yaml").read_text()
    (checkout / "mlops.yaml").write_text(text.partition("deployments:")[0])

    assert {} == dict(load([FILE], {}, KINDS, lenient=True).deployments)


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        (
            "{kind: process}",
            "{kind: process, folder: ../x}",
            "`../x` is outside of the checkout",
        ),
        (
            "project: diabetes",
            "project: diabetes\nstore: /srv",
            "`/srv` is outside of the checkout",
        ),
        ("port: 8890", "prot: 8890", "unknown key `prot` in deployment `diabetes`"),
    ],
)
def test_even_then_nothing_leaves_the_checkout_and_no_key_is_unknown(
    checkout: Path, old: str, new: str, summary: str
) -> None:
    write(checkout / "mlops.yaml", old, new)

    with pytest.raises(SpecError) as caught:
        load([FILE], {}, KINDS, lenient=True)

    assert [summary] == summaries(caught.value.problems)
