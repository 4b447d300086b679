"""How a service is served by an image that nobody but its owner starts, and what to know of it.

Pure. Secrets are named here, and given to the container by whoever starts it.
"""

import json
from typing import Any

from mlops.artefacts import PinnedModel, Pins
from mlops.images import paths
from mlops.images.inputs import ImageInputs
from mlops.images.recipe import CONDA, PYTHON
from mlops.images.server import needs_python
from mlops.plain import thaw
from mlops.references import secrets_of
from mlops.services import written_checks
from mlops.spec import Fields
from mlops.values import Desired

KEYS = "keys.json"
DRAIN = 10.0
"""Seconds that the server may take to finish the requests in flight when it is asked to end."""


def alone_settings(wanted: Desired, pins: Pins, inputs: ImageInputs) -> dict[str, Any]:
    """Return what the server in the image is told of a service."""
    fields = wanted.fields
    variables = group(fields, "environment_variables")
    settings = {
        "service": wanted.address.name,
        "server": inputs.server,
        "host": "0.0.0.0",  # noqa: S104  within the container, whose ports are published or not
        "port": paths.PORT,
        "python": paths.python(paths.ENVIRONMENT),
        "code": "code",
        "source_name": inputs.source.rpartition("/")[2],
        "entry_script": inputs.entry_script,
        "models": [_model(model) for model in pins.models],
        "environment_variables": {
            name: value for name, value in variables.items() if isinstance(value, str)
        },
        "serving": {"max_wait": None, **group(fields, "serving")},
        "logs": group(fields, "logs"),
        "checks": written_checks(wanted.checks),
        "drain_grace": DRAIN,
    }
    for name in ("metrics", "swagger"):
        if name in fields:
            settings[name] = thaw(fields[name])
    if "cors.origins" in fields:
        settings["cors"] = thaw(fields["cors.origins"])
    if "auth.type" in fields:
        settings["auth"] = {"type": thaw(fields["auth.type"]), "file": KEYS}
    return settings


def manual(wanted: Desired, inputs: ImageInputs) -> str:
    """Return the README of the folder that the image is built of."""
    name, port = wanted.address.name, paths.PORT
    given = [path.partition(".")[2] for path in secrets_of(wanted.fields)]
    words = "".join(f" -e {variable}" for variable in sorted(given))
    locked = "auth.type" in wanted.fields
    words += f' -v "$PWD/{KEYS}:/{paths.INSTANCE}/{KEYS}:ro"' if locked else ""
    run = f"docker run -p 127.0.0.1:{port}:{port}{words} {name}"
    parts = [
        f"# {name}",
        f"The service `{name}` as a folder that Docker builds; nothing else is needed.",
        f"    docker build -t {name} .\n    {run}",
        _question(wanted, locked=locked),
        READ_ONLY,
        *([_secrets(given)] if given else []),
        *([KEYS_TOLD] if locked else []),
        _files(inputs),
    ]
    return "\n\n".join(parts) + "\n"


READ_ONLY = f"""\
With `--read-only`, add `--tmpfs /tmp -v /{paths.INSTANCE}`: the server writes there."""

KEYS_TOLD = f"""\
It lets in who bears a key. `{KEYS}` holds both, and user {paths.USER.partition(":")[0]} alone may \
read it (mode 0600):

    {{"primary": "...", "secondary": "..."}}"""


def _question(wanted: Desired, *, locked: bool) -> str:
    asked = next((check.request for check in wanted.checks if check.request.json is not None), None)
    body = json.dumps(thaw(asked.json)) if asked else '{"data": []}'
    bearer = ' -H "Authorization: Bearer $KEY"' if locked else ""
    path = asked.path if asked else "/score"
    return f"    curl{bearer} -d '{body}' http://127.0.0.1:{paths.PORT}{path}"


def _secrets(given: list[str]) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(given))
    return f"These variables hold secrets, which are not in this folder; set them first: {names}."


def _files(inputs: ImageInputs) -> str:
    rows = [
        ("Dockerfile", f"what is done, upon `{inputs.base}`"),
        *([(CONDA, "conda packages, laid out as they will lie")] if inputs.conda else []),
        ("requirements.txt", "the packages of the code"),
        *([(PYTHON, "conda's Python for the server")] if needs_python(inputs.python) else []),
        ("server/", "the server that calls `init()` and `run()`, and its own packages"),
        ("code/", f"the code; it begins in `{inputs.entry_script}`"),
        *([("models/", "the models, by the digest of their content")] if inputs.models else []),
        ("instance/settings.json", "how they are served"),
    ]
    lines = [f"| `{name}` | {words} |" for name, words in rows]
    return "\n".join(["| file | what it is |", "|---|---|", *lines])


def group(fields: Fields, name: str) -> dict[str, Any]:
    """Return the fields `name.<key>` by their keys."""
    prefix = f"{name}."
    return {
        path.removeprefix(prefix): thaw(value)
        for path, value in fields.items()
        if path.startswith(prefix)
    }


def _model(model: PinnedModel) -> dict[str, Any]:
    folder = f"/{paths.model_folder(model.content)}"
    return {
        "name": model.name,
        "version": model.version,
        "files": [
            {"path": entry.path, "blob": f"{folder}/{entry.path}"} for entry in model.content.files
        ],
    }
