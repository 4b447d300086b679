"""Whoever broke a script or lost a model can still look, and still tidy up."""

import shutil
from pathlib import Path

from walk import walking

LOOKING = (
    ("status",),
    ("show", "diabetes"),
    ("logs", "diabetes"),
    ("history",),
    ("models", "list"),
    ("models", "show", "diabetes:1"),
    ("models", "tag", "diabetes:1", "stage=dev"),
)


def test_a_broken_script_and_a_lost_model_keep_nobody_from_looking_and_destroying(
    tmp_path: Path,
) -> None:
    with walking(tmp_path) as walk:
        assert walk.apply().code == 0
        (walk.folder / "score" / "score.py").write_text("def init(:\n", encoding="utf-8")
        shutil.rmtree(walk.folder / "model")

        looked = {words: walk.run(*words) for words in LOOKING}
        refused = walk.run("plan")
        other = [walk.run("unlock"), walk.run("forget", "nowhere", "--auto-approve")]
        destroyed = walk.run("destroy", "--auto-approve", "--allow-deletes", "1")

        assert [] == [(words, answer.err) for words, answer in looked.items() if answer.code]
        assert 1 == refused.code
        assert "entry script" in refused.err
        assert not [answer.err for answer in other if "entry script" in answer.err]
        assert 0 == destroyed.code, destroyed.err
        assert {} == walk.servers()
