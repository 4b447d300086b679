"""Which live values a file can say and where, and what is refused with what to do instead."""

from typing import Any

import make
import pytest

from mlops.adopt import Adoption, adoptions, check_written
from mlops.cli.kinds import KINDS
from mlops.clients.text import text_source
from mlops.clients.yaml import parse
from mlops.errors import Problem
from mlops.plain import freeze
from mlops.values import Action, Cause

SAID = [
    ("tags.team", "x", ("tags", "team"), "x"),
    ("tags.a.b", "x", ("tags", "a.b"), "x"),
    ("tags.cost", "${var.x}", ("tags", "cost"), "$${var.x}"),
    ("description", None, ("description",), None),
    ("protect", True, ("protect",), True),
    ("port", 9000, ("port",), 9000),
    ("host", "::1", ("host",), "::1"),
    ("serving.timeout", 300.0, ("serving", "timeout"), "300s"),
    ("serving.max_wait", 0.5, ("serving", "max_wait"), "500ms"),
    ("serving.max_wait", None, ("serving", "max_wait"), None),
    ("serving.queue", 7, ("serving", "queue"), 7),
    ("serving.max_body", 100 * 1024**2, ("serving", "max_body"), "100MiB"),
    ("serving.max_body", 1500, ("serving", "max_body"), 1500),
    ("serving.swagger_samples", False, ("serving", "swagger_samples"), False),
    ("logs.format", "json", ("logs", "format"), "json"),
    ("cors.origins", ("*",), ("cors", "origins"), ("*",)),
    ("metrics", "off", ("metrics",), "off"),
]

UNSAID = [
    ("process", "stopped", "how a process stands", "`mlops apply` starts it again"),
    ("code", "edited", "an edit of code that runs", "source directory"),
    ("models.diabetes", "sha256:0", "which bytes a service loads", "name the version that runs"),
    ("environment", "edited", "what is installed", "requirements"),
    ("checks", "0", "checks that were edited", "write them into the file"),
    ("scheme", "https", "nothing that a file says", "`mlops apply`"),
    ("serving.unknown", 1, "nothing that a file says", "`mlops apply`"),
]


def adopted(
    path: str, live: Any, *, at: str = make.SERVICE, spec: Any = None, **given: Any
) -> Adoption | Problem:
    field = make.field_change(path, before=live, **{"after": "old", "cause": Cause.DRIFT, **given})
    change = make.change(at, Action.UPDATE, fields=(field,))
    found, problems = adoptions([change], spec or make.spec(), KINDS)
    every: list[Adoption | Problem] = [*found, *problems]
    assert len(every) == 1
    return every[0]


@pytest.mark.parametrize(("path", "live", "steps", "value"), SAID)
def test_a_file_says_what_it_has_a_key_for(
    path: str, live: Any, steps: tuple[str, ...], value: Any
) -> None:
    made = adopted(path, live)

    assert isinstance(made, Adoption), made
    assert (("deployments", "diabetes", *steps), value) == (made.steps, made.value)


@pytest.mark.parametrize(("path", "live", "why", "hint"), UNSAID)
def test_what_no_file_says_is_refused_with_what_to_do(
    path: str, live: Any, why: str, hint: str
) -> None:
    made = adopted(path, live)

    assert isinstance(made, Problem)
    assert f"`{path}` of `laptop/service/diabetes`" in made.summary
    assert why in made.summary
    assert hint in made.hint


def test_a_model_of_the_store_is_said_below_models() -> None:
    made = adopted("tags.team", "x", at=make.MODEL)

    assert isinstance(made, Adoption)
    assert ("models", "diabetes", "tags", "team") == made.steps


def test_an_environment_variable_is_said_by_the_block_of_one_service_alone() -> None:
    alone = adopted("environment_variables.LEVEL", "debug")
    two = {name: make.deployment(name) for name in ("diabetes", "other")}
    shared = adopted("environment_variables.LEVEL", "debug", spec=make.spec(deployments=two))

    assert isinstance(alone, Adoption)
    assert ("inference", "diabetes", "environment_variables", "LEVEL") == alone.steps
    assert isinstance(shared, Problem)
    assert "is said by `diabetes`, which serves `other` too" in shared.summary
    assert "give it an inference block of its own" == shared.hint


def test_secrets_and_what_the_file_changed_too_are_refused() -> None:
    secret = adopted("environment_variables.TOKEN", "edited", after=freeze({"secret": "env/T"}))
    both = adopted("port", 1, cause=Cause.BOTH)

    assert isinstance(secret, Problem)
    assert "is a secret" in secret.summary
    assert isinstance(both, Problem)
    assert "was changed in the file too" in both.summary


def test_a_service_that_is_gone_can_not_be_adopted() -> None:
    found, (problem,) = adoptions([make.change(reason="somebody deleted it")], make.spec(), KINDS)

    assert () == found
    assert "take it out of the file" in problem.hint


def test_a_value_of_a_variable_is_refused_by_its_name() -> None:
    text = "deployments:\n  diabetes:\n    port: ${var.port}\n    host: $${text}\n"
    document = parse(text_source("mlops.yaml", text))
    port, host = adopted("port", 1), adopted("host", "x")
    assert isinstance(port, Adoption)
    assert isinstance(host, Adoption)

    (problem,) = check_written(port, document)

    assert "`port` of `laptop/service/diabetes` comes from the variable `port`" == problem.summary
    assert problem.where
    assert (3, 11) == (problem.where.line, problem.where.column)
    assert "MLOPS_VAR_port" in problem.hint
    assert () == check_written(host, document)
