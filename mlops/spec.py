"""What the files say, once checked: frozen values without behaviour."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from msgspec import Struct

from mlops.errors import Where
from mlops.plain import NOTHING
from mlops.settings import HIDING_HINT, HIDING_PLACE, REGISTRY, REGISTRY_HINT, Setting

Json: TypeAlias = "bool | int | float | str | tuple[Json, ...] | Mapping[str, Json] | None"
Fields: TypeAlias = Mapping[str, Json]
"""Dotted path (`tags.team`, `port`) -> plain value. Flat: the first word names the field group."""


class SecretRef(Struct, frozen=True, kw_only=True):
    """Where a secret lives, never its value."""

    secret: Annotated[
        str,
        Setting(
            "`env/NAME`, `file/PATH` or `keyvault/VAULT/NAME[/VERSION]`.",
            pattern=HIDING_PLACE,
            hint=HIDING_HINT,
        ),
    ]

    def __str__(self) -> str:
        return self.secret


Variables: TypeAlias = Mapping[str, str | SecretRef]
"""Environment variables: plain text, or the place of a secret that only apply reads."""


class Framework(Struct, frozen=True, kw_only=True):
    """What a model was made with, for people and for serving without code."""

    name: str
    version: str | None = None


class Model(Struct, frozen=True, kw_only=True):
    """A model of the file. `source` names the row of the table that `settings` belongs to.

    `loose_tags` are those that tell the commit or the branch: they follow changes and make none.
    """

    name: str
    source: str
    settings: Any
    framework: Framework | None = None
    tags: Mapping[str, str] = NOTHING
    loose_tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = NOTHING
    description: str = ""
    where: Where


class CondaPackages(Struct, frozen=True, kw_only=True):
    """What a conda file asks for that conda alone can install; nothing is resolved.

    `text` has one form for all that ask for the same; `file` is an absolute path; `where` is the
    first such package in it.
    """

    text: str
    file: str
    where: Where


class Environment(Struct, frozen=True, kw_only=True):
    """The packages that an entry script asks for, as written; nothing is resolved.

    `requirements` are PEP 508 lines; `python` is `3.11`-like; `digest` names the whole. With
    `conda` the Python is conda's own.
    """

    python: str
    requirements: tuple[str, ...]
    conda: CondaPackages | None = None
    digest: str


class RegistryLogin(Struct, frozen=True, kw_only=True):
    """Who asks the private registry at `address` for an image; nobody else is told."""

    address: Annotated[
        str,
        Setting(
            "Host of the registry, with its port if it has one.",
            pattern=REGISTRY,
            hint=REGISTRY_HINT,
        ),
    ]
    username: Annotated[str, Setting("Name of the user.")]
    password: Annotated[SecretRef, Setting("Where the password or token lives.")]


class Inference(Struct, frozen=True, kw_only=True):
    """How a model is served: a folder of code, its entry script and its packages.

    `source_directory` is absolute; `entry_script` is relative to it.
    """

    name: str
    source_directory: str
    entry_script: str
    environment: Environment
    environment_variables: Variables = NOTHING
    base_image: str = ""
    """Image that an image of the service is made upon; empty where the file names none."""
    base_registry: RegistryLogin | None = None
    steps: str = ""
    """Extra lines of a Dockerfile, run upon the base image."""
    where: Where


class TargetSpec(Struct, frozen=True, kw_only=True):
    """A place to serve, as the file says it. `settings` is the `Settings` of the row `kind`."""

    name: str
    kind: str
    settings: Any
    where: Where


class Request(Struct, frozen=True, kw_only=True):
    """A request of a check. `path` starts with `/`; `json` and `body` exclude each other."""

    path: str = "/score"
    method: str = "POST"
    headers: Mapping[str, str] = NOTHING
    json: Json = None
    body: str | None = None


class Expectation(Struct, frozen=True, kw_only=True):
    """What a check expects. `tolerance` is absolute, for every number; `latency` in seconds."""

    status: int = 200
    json: Json = None
    tolerance: float = 0.0
    latency: float | None = None


class Check(Struct, frozen=True, kw_only=True):
    """A request with an expectation, run after every change and by `mlops test`."""

    request: Request
    expect: Expectation
    where: Where


class Deployment(Struct, frozen=True, kw_only=True):
    """A service of the file. `settings` is the `ServiceSettings` of its target's row.

    `models` are references: `name` (newest of this file), `name:3`, `name@champion`. Without
    `inference` the one model is served by a script of the server's. `places` says where
    each key of the block was written; `loose_tags` as of a model.
    """

    name: str
    target: str
    models: tuple[str, ...]
    inference: str | None = None
    settings: Any
    tags: Mapping[str, str] = NOTHING
    loose_tags: tuple[str, ...] = ()
    description: str = ""
    protect: bool = False
    renamed_from: str = ""
    checks: tuple[Check, ...] = ()
    where: Where
    places: Mapping[str, Where] = NOTHING


class Rule(Struct, frozen=True, kw_only=True):
    """A rule of the team's own: a plan breaks it where `when`, which is CEL, is true of it.

    `severity` is `error`, which refuses the plan, or `warning`.
    """

    name: str
    when: str
    message: str
    severity: str = "error"
    where: Where


class IgnoreRule(Struct, frozen=True, kw_only=True):
    """Drift that is agreed to, for a while: it is neither shown as drift nor mended.

    `address` and `fields` are globs; `expires` is the last day in force, as `2026-12-31`.
    """

    name: str
    address: str
    fields: tuple[str, ...]
    reason: str
    owner: str
    expires: str


class Spec(Struct, frozen=True, kw_only=True):
    """Everything that the files say, checked. `root` is the checkout, `folder` the file's own."""

    project: str
    store: str
    root: str
    folder: str
    files: tuple[str, ...]
    models: Mapping[str, Model]
    inference: Mapping[str, Inference]
    targets: Mapping[str, TargetSpec]
    deployments: Mapping[str, Deployment]
    ignore: tuple[IgnoreRule, ...] = ()
    master_secret: SecretRef | None = None
    rules: tuple[Rule, ...] = ()
