"""The formats of a team, from the command line: to standard output, and where a job reads them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk import Walk, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


@pytest.fixture
def job(walk: Walk) -> dict[str, str]:
    """The environment of a job on GitHub."""
    names = {"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "outputs"}
    return {
        **{name: str(walk.folder.parent / file) for name, file in names.items()},
        "GITHUB_WORKSPACE": str(walk.folder),
    }


def written(walk: Walk, name: str) -> str:
    return (walk.folder.parent / name).read_text(encoding="utf-8")


def test_a_plan_in_markdown_is_one_comment(walk: Walk) -> None:
    answer = walk.run("plan", "--format", "markdown")

    assert (0, "") == (answer.code, answer.err)
    assert answer.out.startswith("<!-- mlops:starter -->\n")
    assert "create <code>laptop/service/diabetes</code>" in answer.out


def test_a_job_on_github_gets_log_summary_and_outputs(walk: Walk, job: dict[str, str]) -> None:
    answer = walk.run("plan", "--format", "github", environ=job)

    assert answer.out.endswith("Plan: 2 to add, 0 to change, 0 to destroy.\n")
    assert written(walk, "summary.md").startswith("<!-- mlops:starter -->\n")
    assert "changed<<" in written(walk, "outputs")


def test_a_mistake_is_an_annotation_and_in_the_summary(walk: Walk, job: dict[str, str]) -> None:
    walk.edit("mlops.yaml", "    target: laptop", "    target: lapto")

    answer = walk.run("plan", "--format", "github", environ=job)

    assert (1, "") == (answer.code, answer.err)
    assert "::error file=mlops.yaml,line=" in answer.out
    assert "no target <code>lapto</code>" in written(walk, "summary.md")


def test_summaries_of_one_step_follow_each_other(walk: Walk, job: dict[str, str]) -> None:
    for _ in range(2):
        walk.run("validate", "--format", "github", environ=job)
        walk.run("plan", "--format", "github", environ=job)

    assert 2 == written(walk, "summary.md").count("<!-- mlops:")


def test_a_summary_that_can_not_be_written_is_told(walk: Walk) -> None:
    nowhere = {"GITHUB_STEP_SUMMARY": str(walk.folder / "no" / "summary.md")}

    answer = walk.run("plan", "--format", "github", environ=nowhere)

    assert 1 == answer.code
    assert "summary.md" in answer.out + answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_sarif_is_a_document_whether_anything_is_wrong_or_not(walk: Walk, command: str) -> None:
    fine = walk.run(command, "--format", "sarif")
    walk.edit("mlops.yaml", "    target: laptop", "    target: lapto")
    broken = walk.run(command, "--format", "sarif")

    assert (0, 1) == (fine.code, broken.code)
    assert [] == json.loads(fine.out)["runs"][0]["results"]
    assert 1 == len(json.loads(broken.out)["runs"][0]["results"])


def test_apply_reports_in_markdown_and_in_a_job(walk: Walk, job: dict[str, str]) -> None:
    made = walk.apply("--format", "markdown")
    again = walk.run("apply", "--auto-approve", "--format", "github", environ=job)

    assert (0, 0) == (made.code, again.code)
    assert made.out.startswith("<h3>Apply: 3 done</h3>\n")
    assert "No changes." in again.out


def test_a_plan_is_written_to_files_in_other_formats_too(walk: Walk) -> None:
    answer = walk.run("plan", "--also", "markdown=a.md", "--also", "sarif=a.sarif")

    assert answer.code == 0, answer.err
    assert "Plan: 2 to add" in answer.out
    assert (walk.folder / "a.md").read_text(encoding="utf-8").startswith("<!-- mlops:starter -->")
    assert "2.1.0" == json.loads((walk.folder / "a.sarif").read_text(encoding="utf-8"))["version"]


@pytest.mark.parametrize("command", ["validate", "plan", "drift"])
def test_what_is_wrong_is_written_to_files_too(walk: Walk, command: str) -> None:
    walk.edit("mlops.yaml", "    target: laptop", "    target: lapto")

    answer = walk.run(command, "--also", "markdown=a.md")

    assert answer.code == 1
    assert "error: mlops.yaml:" in answer.err
    assert "lapto" in (walk.folder / "a.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "sarif"])
def test_a_plan_that_a_rule_refuses_is_one_document_with_the_reason(walk: Walk, form: str) -> None:
    rules = "rules: {none: {when: plan.add > 0, message: nothing may be added}}\n"
    walk.spec.write_text(walk.spec.read_text(encoding="utf-8") + rules, encoding="utf-8")
    beside = ("markdown", "json", "sarif")

    answer = walk.run("plan", "--format", form, *(f"--also={one}={one}" for one in beside))

    written = {one: (walk.folder / one).read_text(encoding="utf-8") for one in beside}
    assert answer.code == 3
    assert "nothing may be added" in answer.out + answer.err
    assert all("nothing may be added" in one for one in written.values())
    assert "mlops apply --digest" in written["markdown"]
    assert json.loads(written["json"])["summary"]["add"] == 2
    assert len(json.loads(written["sarif"])["runs"][0]["results"]) == 1
    if form in ("json", "sarif"):
        json.loads(answer.out)


def test_what_a_rule_warns_of_is_told_in_every_format(walk: Walk) -> None:
    rules = "rules: {much: {when: plan.add > 0, message: more to pay, severity: warning}}\n"
    walk.spec.write_text(walk.spec.read_text(encoding="utf-8") + rules, encoding="utf-8")
    beside = ("markdown", "json", "sarif")

    answer = walk.run("plan", "--format", "github", *(f"--also={one}={one}" for one in beside))

    written = {one: (walk.folder / one).read_text(encoding="utf-8") for one in beside}
    results = json.loads(written["sarif"])["runs"][0]["results"]
    assert answer.code == 0
    assert "::warning file=mlops.yaml,line=" in answer.out
    assert "Warnings: 1" in written["markdown"]
    assert ["rule `much`: more to pay"] == [
        problem["summary"] for problem in json.loads(written["json"])["warned"]
    ]
    assert [("rule", "warning")] == [(one["ruleId"], one["level"]) for one in results]


def test_an_apply_tells_once_what_a_rule_warns_of(walk: Walk) -> None:
    rules = "rules: {much: {when: plan.add > 0, message: more to pay, severity: warning}}\n"
    walk.spec.write_text(walk.spec.read_text(encoding="utf-8") + rules, encoding="utf-8")

    answer = walk.apply("--target", "store/model/diabetes")

    assert 0 == answer.code, answer.err
    assert 1 == answer.err.count("warning: rule `much`: more to pay")


@pytest.mark.parametrize("pair", ["markdown", "text=a.txt", "markdown=", "x=y"])
def test_what_names_no_format_and_file_is_refused(walk: Walk, pair: str) -> None:
    answer = walk.run("plan", "--also", pair)

    assert answer.code == 1
    assert "write FORMAT=FILE" in answer.err
