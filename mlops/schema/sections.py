"""What a file may say, section by section, as classes: the JSON schema is made from them.

A model also has the keys of its source, a target those of its kind, a deployment those of its
target's kind: their rows bring them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Struct

from mlops.plain import NOTHING
from mlops.settings import (
    ALIAS,
    DAY,
    DAY_HINT,
    DURATION_HINT,
    IMAGE,
    IMAGE_HINT,
    LABEL,
    LABEL_HINT,
    MODEL_NAME,
    POSITIVE,
    PYTHON,
    SERVICE_HINT,
    SERVICE_NAME,
    VARIABLE_NAME,
    Setting,
)
from mlops.spec import RegistryLogin, Variables

MODEL_REFERENCE = MODEL_NAME.removesuffix("$") + rf"(:[1-9][0-9]{{0,8}}|@{ALIAS[1:-1]})?$"
REFERENCE_HINT = (
    "write the name of a model of this file, or `name:3` or `name@alias` for a version of the store"
)
HEADER = r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"
STORE = ".mlops/store"
EXPRESSION = r"^[\s\S]{1,4000}$"

Texts: TypeAlias = Mapping[str, str]


class VariableSection(Struct, frozen=True, kw_only=True):
    """A variable: its value comes from `--var`, `--var-file`, `MLOPS_VAR_…` or the default."""

    default: Annotated[
        str | int | float | bool | None, Setting("The value where nobody gives another.")
    ] = None
    description: Annotated[str, Setting("What it is for.")] = ""


class FrameworkSection(Struct, frozen=True, kw_only=True):
    """What a model was made with."""

    name: Annotated[str, Setting("Name of the framework, as `scikit-learn`.")]
    version: Annotated[str | None, Setting("Its version, in quotes.")] = None


class ModelSection(Struct, frozen=True, kw_only=True):
    """A model: where its files come from, and what people should know of it."""

    framework: Annotated[
        FrameworkSection | None, Setting("The framework that the model was made with.")
    ] = None
    tags: Annotated[
        Texts, Setting("Words to find it by; may change.", names=LABEL, hint=LABEL_HINT)
    ] = NOTHING
    properties: Annotated[
        Texts,
        Setting("Facts about it; may be added to, never changed.", names=LABEL, hint=LABEL_HINT),
    ] = NOTHING
    description: Annotated[str, Setting("What the model does.")] = ""


class InferenceSection(Struct, frozen=True, kw_only=True):
    """How a model is served: a folder of code, its entry script and its packages."""

    source_directory: Annotated[str, Setting("Folder of the code, relative to the file.")]
    entry_script: Annotated[
        str,
        Setting(
            "Python file with `init()` and `run()`, relative to `source_directory`.",
            hint="name a `.py` file in `source_directory`",
        ),
    ]
    requirements: Annotated[
        str | None, Setting("Requirements file, relative to `source_directory`.")
    ] = None
    conda_file: Annotated[
        str | None,
        Setting(
            "Conda environment file, relative to `source_directory`. What pip has not is installed"
            " in images alone.",
        ),
    ] = None
    python: Annotated[
        str | None,
        Setting(
            'Python version, in quotes, as "3.11". Default: the one that runs this tool.',
            pattern=PYTHON,
            hint='write a version in quotes, as `"3.11"`',
        ),
    ] = None
    base_image: Annotated[
        str | None,
        Setting(
            "Image with that Python which an image of the service is made upon. Default:"
            " python:<version>-slim; with conda packages, which bring a Python, debian:13-slim.",
            pattern=IMAGE,
            hint=IMAGE_HINT,
        ),
    ] = None
    base_image_registry: Annotated[
        RegistryLogin | None,
        Setting("Registry of `base_image`, where that is private."),
    ] = None
    extra_dockerfile_steps: Annotated[
        str | None,
        Setting(
            "File of lines of a Dockerfile, relative to `source_directory`, which an engine runs"
            " upon the base image."
        ),
    ] = None
    environment_variables: Annotated[
        Variables,
        Setting(
            "Environment variables of the service: text, or `{secret: env/NAME}` and its like.",
            names=VARIABLE_NAME,
            hint="use letters, digits and `_` in the name; begin with no digit",
        ),
    ] = NOTHING


class RequestSection(Struct, frozen=True, kw_only=True):
    """A request to a service."""

    path: Annotated[str, Setting("Path and query.", pattern="^/[^ ]*$", hint="begin with `/`")] = (
        "/score"
    )
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"], Setting("HTTP method.")
    ] = "POST"
    headers: Annotated[
        Texts, Setting("HTTP headers.", names=HEADER, hint="use letters, digits and `-`")
    ] = NOTHING
    json: Annotated[Any, Setting("Body, as JSON. Not together with `body`.")] = None
    body: Annotated[str | None, Setting("Body, as text. Not together with `json`.")] = None


class ExpectSection(Struct, frozen=True, kw_only=True):
    """What the answer to a request must be."""

    status: Annotated[int, Setting("HTTP status.", minimum=100, maximum=599)] = 200
    json: Annotated[Any, Setting("The whole answer, as JSON.")] = None
    tolerance: Annotated[
        float, Setting("How far each number of `json` may be off, absolute.", minimum=0)
    ] = 0.0
    latency: Annotated[
        str | None, Setting("Longest time to the answer.", pattern=POSITIVE, hint=DURATION_HINT)
    ] = None


class CheckSection(Struct, frozen=True, kw_only=True):
    """A request with an expectation, run after every change and by `mlops test`."""

    request: Annotated[RequestSection, Setting("What is sent.")] = RequestSection()
    expect: Annotated[ExpectSection, Setting("What must come back.")] = ExpectSection()


class DeploymentSection(Struct, frozen=True, kw_only=True):
    """A service: which models are served, how, and where."""

    target: Annotated[str, Setting("Name of the target that serves it.")]
    models: Annotated[
        tuple[
            Annotated[
                str,
                Setting(
                    "`name`, `name:3` or `name@alias`.",
                    pattern=MODEL_REFERENCE,
                    hint=REFERENCE_HINT,
                ),
            ],
            ...,
        ],
        Setting(
            "Models that it serves: `name` is the newest of this file, `name:3` a version of the "
            "store, `name@champion` the version that has this alias."
        ),
    ] = ()
    inference: Annotated[
        str | None,
        Setting(
            "Name of the inference block that serves them. Without one, a model of scikit-learn or "
            "ONNX is served as it is."
        ),
    ] = None
    tags: Annotated[
        Texts,
        Setting(
            "Words to find it by; changing them restarts nothing.", names=LABEL, hint=LABEL_HINT
        ),
    ] = NOTHING
    description: Annotated[str, Setting("What the service is for.")] = ""
    protect: Annotated[bool, Setting("Refuse to delete or replace it.")] = False
    renamed_from: Annotated[
        str | None,
        Setting(
            "The name that it had before: that service is deleted once this one is checked.",
            pattern=SERVICE_NAME,
            hint=SERVICE_HINT,
        ),
    ] = None
    checks: Annotated[
        tuple[CheckSection, ...],
        Setting("Requests with expectations, run after every change and by `mlops test`."),
    ] = ()


class RuleSection(Struct, frozen=True, kw_only=True):
    """A rule of the team's own, asked of every plan."""

    when: Annotated[
        str,
        Setting(
            "What breaks it: a CEL expression over `plan`, as `plan.destroy > 0`.",
            pattern=EXPRESSION,
            hint="write a CEL expression of at most 4000 characters",
        ),
    ]
    message: Annotated[
        str,
        Setting(
            "What to tell whoever breaks it.", pattern=LABEL, hint="write a sentence on one line"
        ),
    ]
    severity: Annotated[
        Literal["error", "warning"], Setting("`error` refuses the plan, `warning` only tells.")
    ] = "error"


WORDS = r"^.*\S.*$"
WORDS_HINT = "write some words in one line"


class IgnoreSection(Struct, frozen=True, kw_only=True):
    """Drift that is agreed to, for a while: neither shown as drift nor mended, but counted."""

    address: Annotated[
        str,
        Setting(
            "Glob of addresses, as `prod/service/*`.",
            pattern=r"^\S+$",
            hint="write an address, as `mlops drift` shows it; `*` stands for any characters",
        ),
    ]
    fields: Annotated[
        tuple[
            Annotated[
                str,
                Setting(
                    "Glob of fields, or the name of a group of them.",
                    pattern=r"^\S+$",
                    hint="write a field, as `tags.team`, or `tags` for all of them",
                ),
            ],
            ...,
        ],
        Setting("Globs of the fields, as `tags.*`."),
    ]
    reason: Annotated[str, Setting("Why it is let be.", pattern=WORDS, hint=WORDS_HINT)]
    owner: Annotated[str, Setting("Whom to ask.", pattern=WORDS, hint=WORDS_HINT)]
    expires: Annotated[
        str, Setting("The last day in force, as 2026-12-31.", pattern=DAY, hint=DAY_HINT)
    ]
