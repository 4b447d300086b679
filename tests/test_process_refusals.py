"""What a process cannot be held to is refused by name, never ignored."""

from pathlib import Path

import pytest
from walk import STARTER

from mlops.cli.kinds import KINDS
from mlops.errors import SpecError
from mlops.load import load


@pytest.mark.parametrize(
    "written", ["{cpu: 1, memory: 1Gi}", "{limits: {memory: 1Gi}}", "{}", "null"]
)
def test_resources_of_a_process_are_refused_and_it_is_said_what_can(
    tmp_path: Path, written: str
) -> None:
    text = (STARTER / "mlops.yaml").read_text(encoding="utf-8")
    text = text.replace("    checks:", f"    resources: {written}\n    checks:")
    for name in ("model", "score"):
        (tmp_path / name).symlink_to(STARTER / name)
    (tmp_path / "mlops.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(SpecError) as caught:
        load([tmp_path / "mlops.yaml"], {}, KINDS)

    problem = next(each for each in caught.value.problems if "resources" in each.summary)
    assert problem.summary == "`resources` is nothing that a `process` target can honour"
    assert "a target that runs containers" in problem.hint
    assert problem.where
    assert problem.where.text == f"    resources: {written}"
