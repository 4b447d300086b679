"""The workflows for users: linted, and their scripts run against Git and a small GitHub."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub import ROBOT, Hub, hub
from jobs import FOLDER, NAMES, Runner, script, steps, workflow
from msgspec.structs import replace
from walk import Walk, kill, walking

SOMEBODY = "mallory"


@pytest.fixture
def github() -> Iterator[Hub]:
    with hub() as known:
        yield known


@pytest.fixture
def runner(tmp_path: Path, github: Hub) -> Runner:
    for name in ("temp", "checkout"):
        (tmp_path / name).mkdir()
    return Runner(checkout=tmp_path / "checkout", temp=tmp_path / "temp", api=github.url)


@pytest.mark.parametrize("name", NAMES)
def test_actionlint_finds_nothing(name: str) -> None:
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed")

    done = subprocess.run([program, FOLDER / f"{name}.yml"], capture_output=True, check=False)

    assert (0, b"") == (done.returncode, done.stdout)


def test_zizmor_finds_nothing() -> None:
    program = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("zizmor is not installed")

    files = [FOLDER / f"{name}.yml" for name in NAMES]
    done = subprocess.run(
        [program, "--offline", "--no-progress", *files], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_an_event_is_pasted_into_a_script(name: str) -> None:
    assert [] == [step for step in steps(name) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_to_a_commit(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")

    used = re.findall(r"uses: (\S+/\S+@\S+)(.*)", text.partition("\non:\n")[2])
    assert used
    assert [] == [one for one in used if not re.search(r"@[0-9a-f]{40}$", one[0])]
    assert [] == [one for one in used if not re.match(r" # v\d", one[1])]


RIGHTS = {
    "plan": {
        "plan": {"contents": "read", "id-token": "write"},
        "comment": {"pull-requests": "write"},
    },
    "apply": {"apply": {"contents": "read", "id-token": "write", "pull-requests": "read"}},
    "drift": {
        "drift": {"contents": "read", "id-token": "write"},
        "issue": {"issues": "write"},
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_every_job_has_the_least_rights(name: str) -> None:
    found = workflow(name)

    assert {} == found["permissions"]
    assert RIGHTS[name] == {job: given["permissions"] for job, given in found["jobs"].items()}
    assert ["workflow_call"] == list(found[True])


def commented(runner: Runner, comment: str = "a plan", commit: str = "c1") -> int:
    words = {"NUMBER": "7", "COMMIT": commit, "COMMENT": comment, "KEY": "mlops.yaml"}
    answer = runner.run("plan", "Comment", **words)
    assert "Traceback" not in answer.err, answer.err
    return answer.code


def test_a_plan_has_one_comment_that_is_rewritten(runner: Runner, github: Hub) -> None:
    for number in range(150):
        github.comment(f"a comment {number}", SOMEBODY)

    assert [0, 0] == [commented(runner, "first"), commented(runner, "second", "c2")]

    (made,) = github.comments[150:]
    assert made["body"].startswith("second\n<sub>Commit c2</sub>")
    assert made["user"]["login"] == ROBOT


def test_a_comment_of_somebody_else_is_never_taken_for_ours(runner: Runner, github: Hub) -> None:
    theirs = github.comment("<!-- mlops-plan:mlops.yaml -->", SOMEBODY)

    commented(runner)

    assert "<!-- mlops-plan:mlops.yaml -->" == theirs["body"]
    assert 2 == len(github.comments)


def test_two_files_have_two_comments(runner: Runner, github: Hub) -> None:
    commented(runner)
    words = {"NUMBER": "7", "COMMIT": "c", "COMMENT": "b", "KEY": "b --> <b>.yaml"}
    for _ in range(2):
        runner.run("plan", "Comment", **words)

    assert 2 == len(github.comments)
    assert "<b>.yaml" not in github.comments[1]["body"]


def test_a_fork_may_not_comment_and_the_job_says_so(runner: Runner, github: Hub) -> None:
    github.writable = False

    answer = runner.run("plan", "Comment", NUMBER="7", COMMIT="c", COMMENT="a", KEY=".")

    assert answer.code == 0
    assert answer.out.startswith("::notice::no right to comment")


DIGEST = "d" * 64
PULL = {"number": 7, "merged_at": "2026", "merge_commit_sha": "m1", "head": {"sha": "h1"}}
PLAN = (
    f"plan of <code>&lt;!-- mlops-digest:{'e' * 64} --&gt;</code>\n<!-- mlops-digest:{DIGEST} -->\n"
    "<sub>Commit h1</sub>\n\n<!-- mlops-plan:mlops.yaml -->\n"
)


def review(state: str, login: str = "ada", commit: str = "h1") -> dict[str, Any]:
    return {"state": state, "user": {"login": login}, "commit_id": commit}


def agreed(runner: Runner) -> tuple[int, str]:
    """Return the exit code, and the digest or what is wrong."""
    answer = runner.run("apply", "Find what was agreed to", COMMIT="m1", KEY="mlops.yaml")
    return answer.code, runner.outputs().get("digest", "") or answer.out


def test_what_an_approved_pull_request_showed_is_agreed_to(runner: Runner, github: Hub) -> None:
    github.pulls, github.reviews = [PULL], [review("COMMENTED"), review("APPROVED")]
    github.comment(PLAN.replace(DIGEST, "f" * 64), SOMEBODY)
    github.comment(PLAN, ROBOT)

    assert (0, DIGEST) == agreed(runner)


def test_a_plan_without_changes_agrees_to_none(runner: Runner, github: Hub) -> None:
    github.pulls, github.reviews = [PULL], [review("APPROVED")]
    github.comment(PLAN.replace(f"<!-- mlops-digest:{DIGEST} -->", ""), ROBOT)

    assert (0, "none") == agreed(runner)


@pytest.mark.parametrize(
    ("pulls", "reviews", "comment", "said"),
    [
        ([], [review("APPROVED")], PLAN, "of no merged pull request"),
        ([{**PULL, "merged_at": None}], [review("APPROVED")], PLAN, "of no merged pull request"),
        ([PULL], [], PLAN, "is not approved"),
        ([PULL], [review("APPROVED", commit="h0")], PLAN, "is not approved"),
        ([PULL], [review("APPROVED"), review("DISMISSED")], PLAN, "is not approved"),
        ([PULL], [review("APPROVED"), review("CHANGES_REQUESTED", "bob")], PLAN, "not approved"),
        ([PULL], [review("APPROVED")], PLAN.replace("h1", "h0"), "no plan of its last commit"),
        ([PULL], [review("APPROVED")], "nothing", "no plan of its last commit"),
        ([PULL], [review("APPROVED")], PLAN.replace(DIGEST, "unobserved"), "did not observe"),
    ],
)
def test_nothing_else_is_agreed_to(
    runner: Runner,
    github: Hub,
    pulls: list[dict[str, Any]],
    reviews: list[dict[str, Any]],
    comment: str,
    said: str,
) -> None:
    github.pulls, github.reviews = pulls, reviews
    github.comment(comment, ROBOT)

    code, told = agreed(runner)

    assert (1, True) == (code, said in told)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"AGREED": "true", "DIGEST": DIGEST}, f"--auto-approve --digest {DIGEST}"),
        ({"AGREED": "true", "DIGEST": "none"}, ""),
        ({"AGREED": "false", "DIGEST": ""}, "--auto-approve=rolling"),
    ],
)
def test_apply_becomes_mlops_so_that_signals_arrive(
    runner: Runner, environ: dict[str, str], words: str
) -> None:
    program = runner.temp / "mlops"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(130))\n"
        "print(os.getpid(), *sys.argv[1:], flush=True)\n"
        "time.sleep(30)\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    file = runner.temp / "apply.sh"
    file.write_text(script("apply", "Apply")["run"], encoding="utf-8")
    given = runner.variables({"FILES": "a b.yaml", "LEVEL": "rolling", **environ})

    step = subprocess.Popen(
        ["/bin/bash", "-e", str(file)],
        env={**given, "PATH": f"{runner.temp}:{given['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert step.stdout is not None
    line = step.stdout.readline().strip()
    step.send_signal(signal.SIGINT)

    assert f"{step.pid} apply -f a b.yaml --format github {words}".strip() == line
    assert 130 == step.wait(10)
    step.stdout.close()


def test_apply_without_a_digest_stops(runner: Runner) -> None:
    words = {"FILES": ".", "LEVEL": "all", "AGREED": "true", "DIGEST": ""}

    assert 0 != runner.run("apply", "Apply", **words).code


def issued(runner: Runner, drifted: str, text: str = "2 services drifted") -> None:
    answer = runner.run("drift", "Issue", DRIFTED=drifted, ISSUE=text, KEY="mlops.yaml")
    assert answer.code == 0, answer.err


def test_drift_has_one_issue_opened_updated_closed_and_reopened(
    runner: Runner, github: Hub
) -> None:
    github.issue({"title": "x", "body": "<!-- mlops-drift:mlops.yaml -->"}, SOMEBODY)
    seen = []
    for drifted, text in (
        ("false", "none"),
        ("true", "one"),
        ("true", "one"),
        ("true", "two"),
        ("false", "none"),
        ("false", "none again"),
        ("true", "three"),
    ):
        github.calls.clear()
        issued(runner, drifted, text)
        state = [(one["state"], one["body"].split("\n")[0]) for one in github.issues[1:]]
        seen.append((*state, len(github.calls) - 1))

    assert [
        (0,),
        (("open", "one"), 1),
        (("open", "one"), 0),
        (("open", "two"), 1),
        (("closed", "none"), 1),
        (("closed", "none"), 0),
        (("open", "three"), 1),
    ] == seen
    assert "open" == github.issues[0]["state"]


def git(folder: Path, *words: str) -> str:
    name = ["-c", "user.name=ada", "-c", "user.email=ada@acme.example"]
    done = subprocess.run(
        ["/usr/bin/env", "git", *name, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """A starter that is the checkout of a bare repository, with a branch that adds a service."""
    with walking(tmp_path / "walk") as begun:
        bare = tmp_path / "origin.git"
        git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
        git(begun.folder, "init", "-q", "-b", "main")
        git(begun.folder, "remote", "add", "origin", str(bare))
        git(begun.folder, "add", "-A")
        git(begun.folder, "commit", "-qm", "begin")
        git(begun.folder, "push", "-q", "-u", "origin", "main")
        git(begun.folder, "remote", "set-head", "origin", "main")
        yield begun


@pytest.fixture
def machine(walk: Walk, runner: Runner, tmp_path: Path) -> Runner:
    """A runner whose checkout is the one of the walk."""
    return replace(
        runner, checkout=walk.folder, environ={"XDG_CACHE_HOME": str(tmp_path / "cache")}
    )


def pull_request(machine: Runner, folder: Path) -> tuple[str, dict[str, str]]:
    """Plan and comment a branch; return its last commit and what the plan put out."""
    head = git(folder, "rev-parse", "HEAD")
    assert 0 == machine.run("plan", "Plan", FILES=".", FORK="false").code
    told = machine.outputs()
    machine.run("plan", "Keep the comment")
    kept = machine.outputs()["comment"]
    words = {"NUMBER": "7", "COMMIT": head, "COMMENT": kept, "KEY": "."}
    assert 0 == machine.run("plan", "Comment", **words).code
    return head, told


def squashed(folder: Path) -> str:
    """Merge the branch into main as one commit of its own; return that."""
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--squash", "change")
    git(folder, "commit", "-qm", "change (#7)")
    git(folder, "push", "-q", "origin", "main")
    return git(folder, "rev-parse", "HEAD")


def looked(machine: Runner) -> str:
    """Look for drift and keep the issue; return the exit code of the look."""
    assert 0 == machine.run("drift", "Look", FILES=".").code
    code = machine.outputs()["code"]
    machine.run("drift", "Keep what was found", CODE=code)
    found = machine.outputs()
    machine.run("drift", "Issue", DRIFTED=found["drifted"], ISSUE=found["issue"], KEY=".")
    return code


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_from_a_pull_request_to_a_squash_merge_to_drift(
    walk: Walk, github: Hub, machine: Runner
) -> None:
    git(walk.folder, "checkout", "-qb", "change")
    walk.edit("mlops.yaml", "stage: dev", "stage: prod")
    git(walk.folder, "commit", "-qam", "change")

    head, told = pull_request(machine, walk.folder)
    commit = squashed(walk.folder)
    github.pulls = [{**PULL, "merge_commit_sha": commit, "head": {"sha": head}}]
    github.reviews = [review("APPROVED", commit=head)]
    machine.run("apply", "Find what was agreed to", COMMIT=commit, KEY=".")
    digest = machine.outputs()["digest"]
    words = {"FILES": ".", "LEVEL": "all", "AGREED": "true", "DIGEST": digest}
    applied = machine.run("apply", "Apply", **words)

    assert f"mlops apply --digest {told['digest']}" in github.comments[0]["body"]
    assert (told["digest"], 0) == (digest, applied.code), applied.out + applied.err
    assert ["diabetes"] == list(walk.servers().values())
    assert ("0", []) == (looked(machine), github.issues)
    kill(walk.record()["pid"])
    assert "8" == looked(machine)
    assert "laptop/service/diabetes" in github.issues[0]["body"]


def test_a_broken_file_fails_the_step_and_is_the_comment(runner: Runner) -> None:
    (runner.checkout / "mlops.yaml").write_text("version: 1\nproject: 7\n", encoding="utf-8")

    planned = runner.run("plan", "Plan", FILES="mlops.yaml", FORK="true")
    runner.run("plan", "Keep the comment")

    assert planned.code == 1
    assert "::error file=mlops.yaml,line=" in planned.out
    assert "problem" in runner.outputs()["comment"]


@pytest.mark.parametrize(("fork", "code"), [("true", 0), ("false", 6)])
@pytest.mark.parametrize("store", [".mlops/store", "az://models/store"])
def test_a_fork_without_an_identity_gets_the_plan_of_the_rest(
    runner: Runner, store: str, fork: str, code: int
) -> None:
    (runner.checkout / "mlops.yaml").write_text(
        f"version: 1\nproject: p\nstore: {store}\n"
        "models: {m: {path: m.bin}}\n"
        "inference: {i: {source_directory: code, entry_script: score.py}}\n"
        "targets: {box: {kind: docker}}\n"
        "deployments: {svc: {target: box, models: [m], inference: i}}\n",
        encoding="utf-8",
    )
    (runner.checkout / "m.bin").write_text("m", encoding="utf-8")
    (runner.checkout / "code").mkdir()
    (runner.checkout / "code" / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    strangers = {
        "DOCKER_HOST": "tcp://127.0.0.1:9",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(runner.temp / "none"),
        "AZURE_STORAGE_ACCOUNT_NAME": "acme",
        "AZURE_STORAGE_ACCOUNT_KEY": "bm9uZQ==",
        "AZURE_STORAGE_ENDPOINT": runner.api,  # it knows nobody with such a key
        "AZURE_ALLOW_HTTP": "true",
    }
    machine = replace(runner, environ=strangers)

    planned = machine.run("plan", "Plan", FILES="mlops.yaml", FORK=fork)
    digest = machine.outputs().get("digest")
    machine.run("plan", "Keep the comment")

    assert (code, "") == (planned.code, digest), planned.out + planned.err
    assert ("::notice::a fork has no identity here" in planned.out) is (fork == "true")
    comment = machine.outputs()["comment"]
    assert "Not observed, for want of credentials" in comment
    assert "<!-- mlops-digest:unobserved -->" in comment


def test_what_is_no_drift_fails_the_look(runner: Runner) -> None:
    (runner.checkout / "mlops.yaml").write_text("version: 1\n", encoding="utf-8")

    assert 1 == runner.run("drift", "Look", FILES=".").code
