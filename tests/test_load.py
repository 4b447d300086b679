"""What `load` makes of good files, and what it says of broken ones."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import git
import jsonschema
import make
import pytest
import yaml
from rows import KINDS, ClusterService, PathSettings, ProcessService, Serving

from mlops.errors import Problem, SpecError
from mlops.load import load
from mlops.schema import schema
from mlops.spec import Spec

BROKEN = Path(__file__).parent / "broken"
SCRIPTS = {
    "score.py": "def init():\n    pass\n\n\ndef run(data):\n    return data\n",
    "half.py": "run_count = 0\n\n\ndef init():\n    pass\n",
    "broken.py": "def init():\n    pass\n\n\ndef run(data)\n    return data\n",
    "my-score.py": "",
}
"""Not files of the tests: tools that read every script here would stumble over them."""


def lay_out(folder: Path) -> Path:
    """Make a checkout with a good file, a model, scripts, and a link that leads out."""
    shutil.copytree(BROKEN / "checkout", folder)
    for name, text in SCRIPTS.items():
        (folder / "score" / name).write_text(text)
    (folder / ".git").mkdir()
    (folder / "outputs" / "link.pkl").symlink_to("/etc/passwd")
    return folder


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = lay_out(tmp_path / "checkout")
    monkeypatch.chdir(folder)
    return folder


def rendered(problems: tuple[Problem, ...], root: Path) -> str:
    blocks = []
    for problem in problems:
        where = problem.where
        lines = [f"error: {problem.summary}"]
        if where is not None:
            lines = [
                f"{where.file}:{where.line}:{where.column}: {problem.summary}",
                f"  {where.text}",
                f"  {' ' * (where.column - 1)}{'^' * where.width}",
            ]
        blocks.append("\n".join([*lines, f"hint: {problem.hint}"]))
    return ("\n\n".join(blocks) + "\n").replace(str(root), "<checkout>")


def refused(paths: list[Path], variables: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        load(paths, variables or {}, KINDS)
    return caught.value.problems


@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_a_broken_file_is_refused_with_the_place_and_a_hint(
    name: str, checkout: Path, request: pytest.FixtureRequest
) -> None:
    text = BROKEN / f"{name}.txt"
    shutil.copy(BROKEN / f"{name}.yaml", checkout / "mlops.yaml")

    problems = refused([Path("mlops.yaml")])

    actual = rendered(problems, checkout)
    if request.config.getoption("--golden"):
        text.write_text(actual)
    assert text.read_text() == actual
    assert all(problem.where and problem.hint for problem in problems)


def write(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def loaded(variables: Mapping[str, str] | None = None, *paths: str) -> Spec:
    return load([Path(path) for path in paths or ("mlops.yaml",)], variables or {}, KINDS)


def summaries(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.summary for problem in problems]


def test_a_file_becomes_a_spec(checkout: Path) -> None:
    spec = loaded()

    deployment = spec.deployments["diabetes"]
    inference = spec.inference["diabetes"]
    assert (spec.project, spec.store, spec.root) == ("diabetes", ".mlops/store", str(checkout))
    assert spec.files == (str(checkout / "mlops.yaml"),)
    assert (deployment.target, deployment.models) == ("laptop", ("diabetes",))
    assert deployment.settings == ProcessService(port=8890)
    assert deployment.places["port"].line == 22
    assert inference.source_directory == str(checkout / "score")
    assert inference.entry_script == "score.py"
    assert inference.environment.requirements == ("numpy==1.26.4",)
    assert spec.models["diabetes"].settings == PathSettings(path="outputs/model.pkl")
    assert spec.targets["laptop"].kind == "process"


def test_everything_that_may_be_written_is_taken(checkout: Path) -> None:
    write(
        checkout / "mlops.yaml",
        "    port: 8890\n",
        "    port: 8890\n    host: '::1'\n    serving: {timeout: 5m}\n    protect: true\n"
        "    tags: {team: a}\n    description: digits\n    checks:\n"
        "      - request: {path: /score?x=1, headers: {A: b}, json: {data: [[1, 2.5, null]]}}\n"
        "        expect: {status: 201, json: [1], tolerance: 1, latency: 500ms}\n",
    )

    deployment = loaded().deployments["diabetes"]

    check = deployment.checks[0]
    assert deployment.settings == ProcessService(
        port=8890, host="::1", serving=Serving(timeout="5m")
    )
    assert (deployment.protect, deployment.tags["team"]) == (True, "a")
    assert check.request.json == {"data": ((1, 2.5, None),)}
    assert (check.expect.status, check.expect.tolerance, check.expect.latency) == (201, 1.0, 0.5)
    assert check.where.line == 29


def test_a_folder_means_its_mlops_yaml(checkout: Path) -> None:
    (checkout / "other.yaml").write_text("version: 1\nproject: other\n")

    assert loaded(None, ".").files == (str(checkout / "mlops.yaml"),)


def test_a_folder_without_it_means_the_files_that_have_a_version(checkout: Path) -> None:
    (checkout / "mlops.yaml").rename(checkout / "service.yaml")
    (checkout / "compose.yml").write_text("services: {}\n")

    assert loaded(None, ".").files == (str(checkout / "service.yaml"),)


def test_a_folder_without_any_file_is_refused(checkout: Path) -> None:
    problems = refused([checkout / "outputs"])

    assert summaries(problems) == ["the folder `outputs` holds no `mlops.yaml`"]
    assert problems[0].hint


def test_a_missing_file_is_refused(checkout: Path) -> None:
    problems = refused([checkout / "nothing.yaml"])

    assert summaries(problems) == ["there is no file `nothing.yaml`"]


def split(checkout: Path) -> None:
    """Move the deployments to a file of their own, in another folder."""
    text = (checkout / "mlops.yaml").read_text()
    head, _, tail = text.partition("deployments:")
    (checkout / "mlops.yaml").write_text(head)
    (checkout / "services").mkdir()
    (checkout / "services" / "a.yaml").write_text(
        "version: 1\n\nmodels:\n  second: {path: ../outputs/model.pkl}\n\ndeployments:" + tail
    )


def test_several_files_are_merged_by_section(checkout: Path) -> None:
    split(checkout)

    spec = loaded(None, "mlops.yaml", "services/a.yaml")

    assert spec.deployments["diabetes"].where.file == "services/a.yaml"
    assert sorted(spec.models) == ["diabetes", "second"]
    assert spec.models["second"].settings.path == "outputs/model.pkl"


def test_a_name_defined_in_two_files_is_refused_with_both_places(checkout: Path) -> None:
    (checkout / "b.yaml").write_text("version: 2\nmodels:\n  diabetes: {path: outputs}\n")

    problems = refused([Path("mlops.yaml"), Path("b.yaml")])

    assert summaries(problems) == [
        "`version` is said twice, and differently",
        "`diabetes` is defined twice in `models`",
    ]
    assert problems[0].hint.endswith("mlops.yaml:1:10")
    assert problems[1].hint.endswith("mlops.yaml:5:3")


def test_a_broken_file_hides_no_problem_of_another(checkout: Path) -> None:
    split(checkout)
    write(checkout / "mlops.yaml", "path: outputs", "path: 'outputs")
    write(checkout / "services" / "a.yaml", "port: 8890", "port: 0\n    prot: 1")

    problems = refused([Path("mlops.yaml"), Path("services/a.yaml")])

    assert summaries(problems) == [
        "this quote is never closed",
        "`port` must be between 1 and 65535, not 0",
        "unknown key `prot` in deployment `diabetes`",
    ]


def test_a_variable_comes_from_the_command_line_the_environment_or_its_default(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(checkout / "mlops.yaml", "models:", "variables:\n  port: {default: 1000}\n\nmodels:")
    write(checkout / "mlops.yaml", "port: 8890", 'port: "${var.port}"')

    default = loaded().deployments["diabetes"].settings.port
    monkeypatch.setenv("MLOPS_VAR_port", "2000")
    environment = loaded().deployments["diabetes"].settings.port
    given = loaded({"port": "3000"}).deployments["diabetes"].settings.port

    assert (default, environment, given) == (1000, 2000, 3000)


def test_a_variable_is_text_where_text_is_wanted(checkout: Path) -> None:
    write(checkout / "mlops.yaml", "models:", "variables:\n  v: {default: 3.10}\n\nmodels:")
    write(
        checkout / "mlops.yaml",
        "port: 8890",
        "tags: {a: '${var.v}', b: 'v${var.v}-$${var.v}', c: $1}",
    )

    tags = loaded().deployments["diabetes"].tags

    assert tags == {"a": "3.10", "b": "v3.10-${var.v}", "c": "$1"}


def test_a_variable_of_the_wrong_type_is_told_where_it_is_used(checkout: Path) -> None:
    write(checkout / "mlops.yaml", "models:", "variables:\n  port: {}\n\nmodels:")
    write(checkout / "mlops.yaml", "port: 8890", "port: ${var.port}")

    problems = refused([Path("mlops.yaml")], {"port": "high", "prot": "1"})

    assert summaries(problems) == [
        "no variable `prot` is declared",
        "`port` must be a whole number, not the text `high`",
    ]
    assert problems[1].where
    assert problems[1].where.line == 25


def test_a_variable_may_not_stand_in_a_key(checkout: Path) -> None:
    write(checkout / "mlops.yaml", "port: 8890", "tags: {'${var.x}': a}")

    assert summaries(refused([Path("mlops.yaml")])) == ["no variable may stand in a key"]


def test_the_commit_and_the_branch_may_stand_in_tags(checkout: Path) -> None:
    (checkout / ".git").rmdir()
    repository = git.Repo.init(checkout, initial_branch="topic")
    with repository.config_writer() as config:
        config.set_value("user", "name", "somebody").set_value("user", "email", "a@b.example")
    commit = repository.index.commit("first")
    write(checkout / "mlops.yaml", "port: 8890", "tags: {a: '${git.sha}', b: 'x-${git.branch}'}")

    tags = loaded().deployments["diabetes"].tags

    assert tags == {"a": commit.hexsha, "b": "x-topic"}


def test_the_commit_has_no_value_without_a_repository(checkout: Path) -> None:
    write(checkout / "mlops.yaml", "port: 8890", "tags: {a: '${git.sha}'}")

    assert summaries(refused([Path("mlops.yaml")])) == ["`${git.sha}` has no value here"]


def test_a_checkout_is_bounded_by_its_git_folder(checkout: Path) -> None:
    service = checkout / "service"
    service.mkdir()
    text = (checkout / "mlops.yaml").read_text()
    text = text.replace("path: outputs", "path: ../outputs").replace("y: score", "y: ../score")
    (service / "mlops.yaml").write_text(text)

    spec = loaded(None, "service")
    (checkout / ".git").rmdir()
    problems = refused([Path("service")])

    assert (spec.root, spec.folder) == (str(checkout), str(service))
    assert summaries(problems) == [
        "`../outputs/model.pkl` is outside of the checkout",
        "`../score` is outside of the checkout",
    ]


def test_a_file_that_is_not_below_the_current_folder_is_shown_whole(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    spec = loaded(None, str(checkout))

    assert spec.deployments["diabetes"].where.file == str(checkout / "mlops.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "import model\ninit = model.init\nrun: object = model.run\n",
        "from model import init, work as run\n",
        "from model import *\n",
        "try:\n    import a\nexcept OSError:\n    run = init = 0\nelse:\n    run, init = a\n",
        "if True:\n    def init(): ...\n    async def run(data): ...\n",
        "# -*- coding: latin-1 -*-\ndef init(): 'gr\xfc\xdfe'\ndef run(data): '\\d'\n",
        "\ufeffdef init(): ...\r\ndef run(data): ...\r\n",
    ],
)
def test_an_entry_script_may_bind_its_functions_in_any_way(checkout: Path, text: str) -> None:
    encoding = "latin-1" if "latin" in text else "utf-8"
    (checkout / "score" / "score.py").write_bytes(text.encode(encoding))

    assert loaded().inference["diabetes"].entry_script == "score.py"


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"def run(\0): ...", b"x = " + b"(" * 5000, b"-" * 100_000 + b"1"]
)
def test_an_entry_script_that_is_no_python_is_refused(checkout: Path, data: bytes) -> None:
    (checkout / "score" / "score.py").write_bytes(data)

    problems = refused([Path("mlops.yaml")])

    assert len(problems) == 1
    assert problems[0].where
    assert problems[0].hint


def test_an_entry_script_is_never_run(checkout: Path) -> None:
    script = "import pathlib\npathlib.Path('run').touch()\ndef init(): ...\ndef run(data): ...\n"
    (checkout / "score" / "score.py").write_text(script)
    (checkout / "score" / "sitecustomize.py").write_text(script)

    loaded()

    assert not list(checkout.rglob("run"))


def test_an_entry_script_for_a_newer_python_is_not_judged(checkout: Path) -> None:
    (checkout / "score" / "score.py").write_text("def run(: ...\n")
    write(checkout / "mlops.yaml", "entry_script", 'python: "3.99"\n    entry_script')

    assert loaded().inference["diabetes"].environment.python == "3.99"


def test_a_number_that_is_whole_is_a_number_too(checkout: Path) -> None:
    write(checkout / "mlops.yaml", "kind: process", "kind: cluster")
    write(checkout / "mlops.yaml", "port: 8890", "scale: {min: 1}\n    weight: 2")

    settings = loaded().deployments["diabetes"].settings

    assert settings == ClusterService(scale={"min": 1}, weight=2.0)
    assert isinstance(settings.weight, float)


def test_what_load_takes_the_schema_takes(checkout: Path) -> None:
    data = yaml.safe_load((checkout / "mlops.yaml").read_text())

    loaded()

    assert jsonschema.Draft202012Validator(schema(KINDS)).is_valid(data)


def test_a_secret_in_a_file_starts_at_the_first_file(checkout: Path) -> None:
    (checkout / "deploy").mkdir()
    text = (checkout / "mlops.yaml").read_text()
    head, _, rest = text.partition("inference:\n")
    inference, _, tail = rest.partition("targets:\n")
    (checkout / "mlops.yaml").write_text(head + "targets:\n" + tail)
    moved = inference.replace("source_directory: score", "source_directory: ../score")
    moved += "    environment_variables: {A: {secret: file/token}, B: text, C: {secret: env/C}}\n"
    (checkout / "deploy" / "more.yaml").write_text("version: 1\ninference:\n" + moved)

    spec = load([checkout / "mlops.yaml", checkout / "deploy" / "more.yaml"], {}, KINDS)

    assert dict(spec.inference["diabetes"].environment_variables) == {
        "A": make.secret("file/deploy/token"),
        "B": "text",
        "C": make.secret("env/C"),
    }
