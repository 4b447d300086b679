"""A pull request of a stranger: what CI runs of it starts nothing, tells nothing, and ends soon."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from checkouts import git

MEMORY = 2 * 1024**3
"""Bytes of address space that a command gets."""

PATIENCE = 30
"""Seconds that one may take on a busy machine; each takes a few on an idle one."""

PLANTED = "planted-2f6b1c"
"""Stands in every place that a stranger may not read."""

FILE = """\
version: 1
project: p
models: {m: {path: m.pkl}}
inference: {i: {source_directory: score, entry_script: score.py, requirements: req.txt}}
targets: {laptop: {kind: process}}
deployments: {svc: {target: laptop, models: [m], inference: i, port: 8999}}
"""
SCRIPT = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"
PWN = "import pathlib\npathlib.Path({!r}).write_text('ran')\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a stranger does to a checkout, what CI runs in it, and what it answers.

    `spoil` gets the checkout; `swap` replaces words of the file.
    """

    it: str
    says: str
    spoil: Callable[[Path], object] = lambda _: None
    swap: tuple[str, str] = ("", "")
    words: tuple[str, ...] = ("plan",)
    code: int = 1


@dataclass(frozen=True, kw_only=True)
class World:
    """A checkout, what lies around it, and a command in it."""

    checkout: Path

    @property
    def outside(self) -> Path:
        return self.checkout.parent

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        path = os.environ["PATH"]
        environ = {
            "PATH": path,
            "HOME": str(self.outside / "home"),
            "XDG_CACHE_HOME": str(self.outside / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SECRET_TOKEN": PLANTED,
        }
        return subprocess.run(
            [sys.executable, "-I", "-m", "mlops", *words],  # as the program `mlops` starts
            cwd=self.checkout,
            env=environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            preexec_fn=_limited,
        )

    def around(self) -> dict[str, str]:
        """Return every file outside of the checkout, but for the cache."""
        return {
            str(path): path.read_text()
            for path in self.outside.rglob("*")
            if path.is_file()
            and not path.is_relative_to(self.checkout)
            and not path.is_relative_to(self.outside / "cache")
        }


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@pytest.fixture
def world(tmp_path: Path) -> World:
    checkout = tmp_path.resolve() / "checkout"
    (checkout / "score").mkdir(parents=True)
    (checkout / "mlops.yaml").write_text(FILE)
    (checkout / "score" / "score.py").write_text(SCRIPT)
    (checkout / "score" / "req.txt").write_text("numpy==1.26.4\n")
    (checkout / "m.pkl").write_text("model")
    git(checkout, "init", "-q", "-b", "main", ".")
    git(checkout, "config", "http.extraheader", f"AUTHORIZATION: basic {PLANTED}")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text(f"version: {PLANTED}\n")
    (tmp_path / "home" / "mlops.yaml").write_text(f"version: {PLANTED}\n")
    return World(checkout=checkout)


def link(name: str, to: str) -> Callable[[Path], object]:
    """Replace a file by a link."""

    def spoil(checkout: Path) -> None:
        (checkout / name).unlink(missing_ok=True)
        (checkout / name).symlink_to(to)

    return spoil


def text(name: str, made: Callable[[], str]) -> Callable[[Path], object]:
    """Write a file, made late: some are large."""
    return lambda checkout: (checkout / name).write_text(made())


def adding(made: Callable[[], str]) -> Callable[[Path], object]:
    """Add to the file."""
    return text("mlops.yaml", lambda: FILE + made())


def _bomb(_: Path = Path()) -> str:
    first = "x0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    rows = (f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    return first + "".join(rows)


def _sparse(name: str) -> Callable[[Path], object]:
    def spoil(checkout: Path) -> None:
        (checkout / name).touch()
        os.truncate(checkout / name, 200 * 1024**3)

    return spoil


def _many(name: str) -> Callable[[Path], object]:
    """Fill a folder with files: links to one, which take little time to make."""

    def spoil(checkout: Path) -> None:
        (checkout / name).mkdir(exist_ok=True)
        (checkout / name / "0").touch()
        for number in range(1, 20_002):
            (checkout / name / str(number)).hardlink_to(checkout / name / "0")

    return spoil


def _pipe(name: str) -> Callable[[Path], object]:
    def spoil(checkout: Path) -> None:
        (checkout / name).unlink(missing_ok=True)
        os.mkfifo(checkout / name)

    return spoil


CASES = (
    Case(it="a tag of YAML makes an object", says="YAML is data here: the tag",
         spoil=adding(lambda: "x: !!python/object/apply:os.system [touch pwned]\n")),
    Case(it="the file is a link to what its user may read", says="outside of the checkout",
         spoil=link("mlops.yaml", "../home/token")),
    Case(it="the file is a link to the environment", says="outside of the checkout",
         spoil=link("mlops.yaml", "/proc/self/environ"), words=("validate",)),
    Case(it="the file is a link to Git's configuration", says="`mlops.yaml` is Git's own",
         spoil=link("mlops.yaml", ".git/config"), words=("plan", "--format", "github")),
    Case(it="the folder that CI names is a link that leads out", says="outside of the checkout",
         spoil=link("deploy", "../home"), words=("plan", "-f", "deploy")),
    Case(it="fmt is given a link that leads out", says="outside of the checkout",
         spoil=link("mlops.yaml", "../home/token"), words=("fmt", "--check")),
    Case(it="requirements are Git's configuration", says="`../.git/config` is Git's own",
         swap=("req.txt", "../.git/config"), words=("plan", "--format", "github")),
    Case(it="a conda file is Git's configuration", says="`../.git/config` is Git's own",
         swap=("requirements: req.txt", "conda_file: ../.git/config")),
    Case(it="requirements are a link to Git's configuration", says="is Git's own",
         spoil=link("score/req.txt", "../.git/config"), words=("validate", "--format", "sarif")),
    Case(it="requirements are what an earlier run made", says="is what this tool made",
         swap=("req.txt", "../.mlops/store.private/master")),
    Case(it="a target is to write among Git's hooks", says="`.git/hooks` is Git's own",
         swap=("{kind: process}", "{kind: process, folder: .git/hooks}")),
    Case(it="the store is to be Git's folder", says="`.git` is Git's own",
         swap=("project: p", "project: p\nstore: .git")),
    Case(it="the store is elsewhere", says="outside of the checkout",
         swap=("project: p", "project: p\nstore: ../home")),
    Case(it="the store is any web server", says="is no store",
         swap=("project: p", "project: p\nstore: http://evil.example/store")),
    Case(it="a model is elsewhere", says="outside of the checkout",
         swap=("m.pkl", "../home/token")),
    Case(it="a model is a link that leads out", says="outside of the checkout",
         spoil=link("m.pkl", "../home/token")),
    Case(it="a model is a device without an end", says="outside of the checkout",
         spoil=link("m.pkl", "/dev/zero")),
    Case(it="a model is a pipe that nobody fills", says="is neither file nor folder",
         spoil=_pipe("m.pkl")),
    Case(it="the code holds a pipe", says="is neither a file nor a folder",
         spoil=_pipe("score/pipe")),
    Case(it="the code holds a link that leads out", says="points outside of",
         spoil=link("score/x", "/etc/passwd")),
    Case(it="the code ignores what a link says that leads out", says="svc",
         spoil=link("score/.gitignore", "/proc/self/environ"), code=0),
    Case(it="the lock is a link to the environment", says="outside of the checkout",
         spoil=link("mlops.lock", "/proc/self/environ")),
    Case(it="the file has no end", says="is larger than 10 MiB", spoil=_sparse("mlops.yaml")),
    Case(it="the script has no end", says="it is larger than 512 KiB",
         spoil=_sparse("score/score.py")),
    Case(it="a model is a hole without end", says="mlops.yaml:3:10: `m.pkl` says that it has 2",
         spoil=_sparse("m.pkl")),
    Case(it="the code holds a hole without end", says="mlops.yaml:4:13: `score` holds more than 2",
         spoil=_sparse("score/weights.bin")),
    Case(it="the code is more files than anybody reads", says="`score` holds more than 20000 files",
         spoil=_many("score")),
    Case(it="a model is more files than anybody reads", says="`model` holds more than 20000 files",
         spoil=_many("model"), swap=("m.pkl", "model")),
    Case(it="an editable package", says="names an editable package",
         spoil=text("score/req.txt", lambda: "-e .\n")),
    Case(it="another index", says="names a package index",
         spoil=text("score/req.txt", lambda: "--extra-index-url https://evil.example\nx==1.0\n")),
    Case(it="a package of version control", says="is no plain requirement",
         spoil=text("score/req.txt", lambda: "x @ git+https://evil.example/x\n")),
    Case(it="requirements nested without end", says="is no requirement",
         spoil=text("score/req.txt", lambda: f"x; {'(' * 5000}python_version>'3'{')' * 5000}\n")),
    Case(it="a requirement without end", says="is no requirement",
         spoil=text("score/req.txt", lambda: "x[" + "a," * 2_000_000)),
    Case(it="requirements in millions", says="has more than 20,000 lines",
         spoil=text("score/req.txt", lambda: "a>=1,<2\n" * 1_000_000)),
    Case(it="one requirement on a million lines", says="has more than 20,000 lines",
         spoil=text("score/req.txt", lambda: "a\\\n" * 1_000_000)),
    Case(it="aliases that multiply", says="aliases counted as what they stand for",
         spoil=text("mlops.yaml", lambda: _bomb() + FILE)),
    Case(it="lists nested without end", says=" nest",
         spoil=adding(lambda: "x: " + "[" * 1_000_000)),
    Case(it="a mistake on every line", says="there are 39,800 more problems",
         spoil=adding(lambda: "".join(f"k{n}: 1\n" for n in range(40_000)))),
    Case(it="a number without end", says="a number of 5000000 digits is too long",
         swap=("8999", "9" * 5_000_000)),
    Case(it="a text that takes a pattern long", says="`host` cannot be",
         swap=("port: 8999", f"port: 8999, host: \"{'a-' * 200_000}!\"")),
    Case(it="a script that is large", says="cannot be parsed", words=("validate",),
         spoil=text("score/score.py", lambda: SCRIPT + "x = " + "-" * 400_000 + "1\n")),
    Case(it="a script that makes a large tree", says="fine (1 deployment)", words=("validate",),
         spoil=text("score/score.py", lambda: SCRIPT + "a\n" * 250_000), code=0),
    Case(it="a script nested without end", says="nested parentheses", words=("validate",),
         spoil=text("score/score.py", lambda: SCRIPT + "f(" * 5000 + ")" * 5000)),
    Case(it="a script of a thousand branches", says="`score.py`", words=("validate",),
         spoil=text("score/score.py", lambda: "if 1: pass\n" + "elif 1: pass\n" * 900)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_what_a_stranger_tries_is_refused_in_words(case: Case, world: World) -> None:
    if case.swap[0]:
        (world.checkout / "mlops.yaml").write_text(FILE.replace(*case.swap))
    case.spoil(world.checkout)
    before = world.around()

    done = world.run(*case.words)

    told = done.stdout + done.stderr
    assert case.says in told
    assert case.code == done.returncode
    assert "Traceback" not in told
    assert PLANTED not in told
    assert len(told) < 200_000
    assert before == world.around()


RULES = 'rules: {r: {when: "plan.add > 100", message: too many}}\n'


@pytest.mark.parametrize("name", ["mlops/__init__.py", "mlops/cel.py", "cel.py", "json.py"])
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_modules_of_a_checkout_are_not_imported(name: str, command: str, world: World) -> None:
    ran = world.outside / "ran"
    (world.checkout / "mlops").mkdir()
    for file in {"mlops/__init__.py", name}:
        (world.checkout / file).write_text(PWN.format(str(ran)))
    (world.checkout / "mlops.yaml").write_text(FILE + RULES)

    done = world.run(command)

    assert not ran.exists()
    assert (0, "") == (done.returncode, done.stderr)


HOSTILE = "x\n::error::pwned\n##[error]x\x1b[31m\u202e"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "sarif"])
def test_a_name_of_a_file_steers_neither_terminal_nor_runner(form: str, world: World) -> None:
    (world.checkout / "score" / HOSTILE).symlink_to("/etc/passwd")

    done = world.run("plan", "--format", form)

    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "points outside of" in told
    assert not {"\x1b", "\u202e"} & set(told)
    assert not [line for line in told.splitlines() if line.strip().startswith("::error::pwned")]
