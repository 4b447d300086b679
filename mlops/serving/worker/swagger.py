"""The swagger documents of a script, built once after `init()`: 2.0, 3.0.3 and 3.1.0.

In form the documents of v1's server: the same routes, operation ids, parameters and schemas. Told
differently: neither https nor a key is claimed where there is none.
"""

import json
import os
from typing import Any, Dict, Optional, Tuple

from .late import late
from .options import Options
from .report import show
from .script import Script

GENERIC: Dict[str, Any] = {"type": "object", "example": {}}
TITLES = {"2": "2.0", "3": "3.0", "3.1": "3.1"}
HEALTH = "Answers as soon as the service can score."
SCORE = "Scores the input with the model of this service."
SWAGGER = "This document."
PAYLOAD = "The input of the model."
ERROR = {"type": "object", "properties": {"message": {"type": "string"}}}
KEY = {
    "Bearer": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "description": "For example: Bearer abc123",
    }
}


def documents(script: Script, options: Options) -> Dict[str, Optional[str]]:
    """Return the text of each version; none where the samples cannot be expressed in it."""
    return {version: document(version, script, options) for version in TITLES}


def document(version: str, script: Script, options: Options) -> Optional[str]:
    """Return one document: the user's own file if there is one, else one from the schemas."""
    names = ["swagger.json", "swagger2.json"] if version == "2" else [f"swagger{version}.json"]
    try:
        for name in names:
            own = f"{options.code}/{name}"
            if os.access(own, os.F_OK):
                text = late("pathlib").Path(own).read_text(encoding="utf-8")
                return json.dumps(json.loads(text))
        pair = schemas(TITLES[version], script)
        if pair is None:
            return None
        takes, gives = pair if options.samples else (sampled(pair[0]), sampled(pair[1]))
        made = second(takes, gives) if version == "2" else third(version, takes, gives)
        if options.auth:
            keyed(made)
        return json.dumps(made, allow_nan=False)
    except Exception as error:  # noqa: BLE001 - a service without a document still scores
        show(error)
        return None


def schemas(title: str, script: Script) -> Optional[Tuple[Any, Any]]:
    """Return what a script takes and gives; nothing where this version has no words for it."""
    told = getattr(script.module, "schemas", None) if script.builtin else None
    if told is not None:
        takes, gives = told()
        return takes, gives
    if script.decorated:
        schema = late(".schema")
        if title not in schema.supported(script.run):
            return None
        return schema.input_schema(script.run), schema.output_schema(script.run)
    if script.typed:
        described = late(".described")
        description = described.Description(title)
        return description.body(script), description.result(described.returned(script))
    return GENERIC, GENERIC


def sampled(schema: Any) -> Any:
    """Return a schema without its examples: the samples of the script, real data perhaps."""
    if isinstance(schema, list):
        return [sampled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key in {"properties", "definitions", "patternProperties"} and isinstance(value, dict):
            found[key] = {name: sampled(one) for name, one in value.items()}
        elif key not in {"example", "examples"}:
            found[key] = value if key in {"enum", "required", "default"} else sampled(value)
    return found


def keyed(made: Dict[str, Any]) -> None:
    """Say that a key is asked for, as v1's documents do."""
    if "swagger" in made:
        made["securityDefinitions"] = KEY
    else:
        made["components"]["securitySchemes"] = KEY
    made["paths"][prefix() + "/score"]["post"]["security"] = [{"Bearer": []}]


def info() -> Dict[str, str]:
    """Return who this is."""
    name = os.environ.get("SERVICE_NAME", "ML service")
    version = os.environ.get("SERVICE_VERSION", "1.0")
    return {"title": name, "version": version, "description": "Scores with " + name + "."}


def prefix() -> str:
    """Return what stands before every path."""
    given = os.environ.get("SERVICE_PATH_PREFIX", "").strip("/")
    return "/" + given if given else ""


def second(takes: Any, gives: Any) -> Dict[str, Any]:
    """Build Swagger 2.0."""

    def answers(schema: Any) -> Dict[str, Any]:
        refused = {"description": "What went wrong.", "schema": ref("definitions", "ErrorResponse")}
        return {"200": {"description": "Done.", "schema": schema}, "default": refused}

    version = {"name": "version", "in": "query", "required": False, "type": "string"}
    payload = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": PAYLOAD,
        "required": True,
        "schema": ref("definitions", "ServiceInput"),
    }
    scored = answers(ref("definitions", "ServiceOutput"))
    text = {"type": "string"}
    return {
        "swagger": "2.0",
        "info": info(),
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": paths(
            operation("ServiceHealthCheck", HEALTH, answers(text), produces=["text/html"]),
            operation("RunMLService", SCORE, scored, parameters=[payload]),
            operation("GetSwaggerSpec", SWAGGER, answers({"type": "object"}), parameters=[version]),
        ),
        "definitions": {"ServiceInput": takes, "ServiceOutput": gives, "ErrorResponse": ERROR},
    }


def third(version: str, takes: Any, gives: Any) -> Dict[str, Any]:
    """Build OpenAPI 3.0.3 or 3.1.0."""

    def content(schema: Any, kind: str = "application/json") -> Dict[str, Any]:
        return {kind: {"schema": schema}}

    def answers(held: Dict[str, Any]) -> Dict[str, Any]:
        error = content(ref("components/schemas", "ErrorResponse"))
        refused = {"description": "What went wrong.", "content": error}
        return {"200": {"description": "Done.", "content": held}, "default": refused}

    asked = {"name": "version", "in": "query", "required": False, "schema": {"type": "string"}}
    payload = {
        "required": True,
        "description": PAYLOAD,
        "content": content(ref("components/schemas", "ServiceInput")),
    }
    health = answers(content({"type": "string"}, "text/html"))
    scored = answers(content(ref("components/schemas", "ServiceOutput")))
    described = answers(content({"type": "object"}))
    held = {"ServiceInput": takes, "ServiceOutput": gives, "ErrorResponse": ERROR}
    return {
        "openapi": "3.1.0" if version == "3.1" else "3.0.3",
        "info": info(),
        "paths": paths(
            operation("ServiceHealthCheck", HEALTH, health),
            operation("RunMLService", SCORE, scored, requestBody=payload),
            operation("GetSwaggerSpec", SWAGGER, described, parameters=[asked]),
        ),
        "components": {"schemas": held},
    }


def paths(health: Any, score: Any, swagger: Any) -> Dict[str, Any]:
    """Lay the three operations out under their routes."""
    return {
        prefix() + "/": {"get": health},
        prefix() + "/score": {"post": score},
        prefix() + "/swagger.json": {"get": swagger},
    }


def operation(ident: str, text: str, responses: Any, **more: Any) -> Dict[str, Any]:
    """Return one operation under the id that v1's generated clients know it by."""
    return dict(more, operationId=ident, description=text, responses=responses)


def ref(where: str, name: str) -> Dict[str, str]:
    """Point at a schema."""
    return {"$ref": "#/" + where + "/" + name}
