"""Drift that is agreed to is let be by plan, apply and drift alike; a baseline and gauges of it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from walk import NO_CHANGES, Walk, kill, walking

RULE = """
ignore:
  tagger:
    address: laptop/service/*
    fields: [tags.*]
    reason: the finance robot tags them
    owner: ann
    expires: {day}
"""
TOLD = "ignored by `tagger` until 2999-12-31: the finance robot tags them (ann)\n"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        assert begun.apply().code == 0
        yield begun


def tagged(walk: Walk, **tags: str) -> None:
    """Change tags of the live service behind everybody's back."""
    file = walk.instance / "mark.json"
    mark = json.loads(file.read_text(encoding="utf-8"))
    mark["fields"] |= {f"tags.{name}": value for name, value in tags.items()}
    file.write_text(json.dumps(mark), encoding="utf-8")


def tags(walk: Walk) -> dict[str, str]:
    fields = walk.run("show", "diabetes", "--format", "json").json["fields"]
    return {path: value for path, value in fields.items() if path.startswith("tags.")}


def described(walk: Walk) -> None:
    walk.edit("mlops.yaml", "stage: dev}", "stage: dev}\n    description: predicts")


def ignore(walk: Walk, day: str = "2999-12-31") -> None:
    text = walk.spec.read_text(encoding="utf-8") + RULE.format(day=day)
    walk.spec.write_text(text, encoding="utf-8")


def test_what_is_ignored_is_no_drift_and_no_change_and_counted_by_both(walk: Walk) -> None:
    ignore(walk)
    tagged(walk, stage="prod", cost="7")

    drift = walk.run("drift")
    plan = walk.run("plan")
    told = walk.run("drift", "--format", "json").json

    assert (0, 0) == (drift.code, plan.code)
    assert f"note: 2 fields of 1 service are {TOLD}" in drift.out
    assert drift.out.endswith("was applied, but for what is ignored or known.\n")
    assert f"note: 2 fields of 1 service are {TOLD}" in plan.out
    assert plan.out.endswith(NO_CHANGES)
    assert {"drifted": 0, "services": 1, "ignored": 2, "known": 0, "ahead": 0} == told["summary"]
    assert [("tags.stage", "prod", "tagger"), ("tags.cost", "7", "tagger")] == [
        (one["field"], one["live"], one["rule"]) for one in told["ignored"]
    ]


def test_a_change_of_the_file_leaves_alone_what_is_ignored_and_its_end_agrees(walk: Walk) -> None:
    ignore(walk)
    tagged(walk, stage="prod", cost="7")
    described(walk)

    metadata = walk.apply()
    walk.edit(
        "mlops.yaml",
        "    inference: score\n",
        "    inference: score\n    serving: {timeout: 30s}\n",
    )
    rolled = walk.apply()

    assert (0, 0) == (metadata.code, rolled.code), metadata.err + rolled.err
    assert {"tags.stage": "prod", "tags.cost": "7"} == tags(walk)
    assert walk.plan().endswith(NO_CHANGES)
    assert f"are {TOLD}" in walk.run("drift").out


def test_a_rule_that_expired_has_no_effect_and_says_so(walk: Walk) -> None:
    ignore(walk, "2020-01-31")
    tagged(walk, stage="prod")

    drift = walk.run("drift")
    mended = walk.apply()

    assert 8 == drift.code
    assert "note: the rule `tagger` has no effect after 2020-01-31: the finance" in drift.out
    assert 0 == mended.code
    assert {"tags.stage": "dev"} == tags(walk)


def test_what_was_let_be_is_still_drift_when_the_rule_goes(walk: Walk) -> None:
    ignore(walk)
    tagged(walk, stage="prod")
    described(walk)
    assert walk.apply().code == 0
    walk.edit("mlops.yaml", RULE.format(day="2999-12-31"), "")

    assert "tags.stage  prod -> dev  drift, metadata" in walk.plan()


def test_the_digest_of_a_plan_does_not_know_of_what_is_ignored(walk: Walk) -> None:
    ignore(walk)
    tagged(walk, stage="prod")
    described(walk)
    digest = walk.run("plan", "--format", "json").json["digest"]
    tagged(walk, stage="test", cost="8")

    answer = walk.run("apply", "--digest", digest)

    assert 0 == answer.code, answer.err
    assert {"tags.stage": "test", "tags.cost": "8"} == tags(walk)


def test_a_baseline_is_not_told_again_and_the_file_ahead_is_counted(walk: Walk) -> None:
    tagged(walk, stage="prod")
    described(walk)

    written = walk.run("drift", "--write-baseline", "known.json")
    known = walk.run("drift", "--baseline", "known.json")
    tagged(walk, stage="test")
    again = walk.run("drift", "--baseline", "known.json")
    missing = walk.run("drift", "--baseline", "nothing.json")

    assert (0, "known.json: 1 known\n") == (written.code, written.err)
    assert "tags.stage  dev -> prod" in written.out
    assert 0 == known.code
    assert "note: 1 difference of 1 thing is known from the baseline\n" in known.out
    assert (
        "note: the file is ahead: it would change 1 service anyway, see `mlops plan`" in known.out
    )
    assert 8 == again.code
    assert "tags.stage  dev -> test" in again.out
    assert 1 == missing.code
    assert "write one with `mlops drift --write-baseline nothing.json`" in missing.err


def test_the_gauges_are_written_whole_for_everybody_to_read(walk: Walk) -> None:
    (server,) = walk.servers()
    kill(server)
    file = walk.folder / "mlops.prom"
    file.write_text("an older one\n", encoding="utf-8")
    before = file.stat().st_ino

    answer = walk.run("drift", "--metrics", "mlops.prom")

    families = text_string_to_metric_families(file.read_text(encoding="utf-8"))
    found = {each.name: each.samples[0].value for each in families}
    assert 8 == answer.code
    assert (1, 1) == (found["mlops_services"], found["mlops_drifted_services"])
    assert before != file.stat().st_ino
    assert 0o044 & file.stat().st_mode == 0o044 & ~_umask()
    assert [] == list(walk.folder.glob(".mlops.prom*"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_look_for_drift_takes_no_lock_and_writes_nothing(walk: Walk) -> None:
    tagged(walk, stage="prod")
    before = walk.files()
    held = walk.folder / ".mlops" / "store"
    folders = [held, *(path for path in held.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)

    answer = walk.run("drift")

    for folder in folders:
        folder.chmod(0o755)
    assert 8 == answer.code, answer.err
    assert before == walk.files()


def test_one_issue_is_opened_updated_and_closed_by_its_key(walk: Walk) -> None:
    key = "<!-- mlops:starter:drift -->"
    ignore(walk)
    none = walk.run("drift", "--format", "markdown")
    tagged(walk, cost="7")
    (server,) = walk.servers()
    kill(server)

    some = walk.run("drift", "--format", "markdown")

    assert (0, 8) == (none.code, some.code)
    assert [key, key] == [none.out.splitlines()[0], some.out.splitlines()[0]]
    assert "Drift of <code>starter</code>: none" in none.out
    assert "Drift of <code>starter</code>: 1 of 1 service" in some.out
    assert "1 field of 1 service is ignored by <code>tagger</code>" in some.out
