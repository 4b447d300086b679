"""A request -> the arguments of `run()`."""

import inspect
import json
from typing import Any, Callable, Dict, List

from . import wire
from .late import late
from .refusals import BadInputError, RefusedError
from .script import Script
from .shims.headers import Headers

NOT_JSON = "Expects Content-Type to be application/json"
Arguments = Callable[[int, bytes, bytes], Dict[str, Any]]


def reader(script: Script) -> Arguments:
    """Choose how requests become arguments, once, by what the script looks like."""
    if script.raw:
        read = raw(script.parameters[0].name)
    elif script.decorated:
        read = fields(script.parameters)
    elif script.typed:
        read = typed(script.parameters, script.typed)
    else:
        read = text(script.parameters[0].name)
    if not script.wants_headers:
        return read

    def with_headers(kind: int, meta: bytes, body: bytes) -> Dict[str, Any]:
        arguments = read(kind, meta, body)
        arguments["request_headers"] = dict(Headers(json.loads(meta.decode())["headers"]))
        return arguments

    return with_headers


def raw(name: str) -> Arguments:
    """Hand in the request itself."""
    made = late(".shims.rawhttp").AMLRequest

    def read(_kind: int, meta: bytes, body: bytes) -> Dict[str, Any]:
        return {name: made(json.loads(meta.decode()), body)}

    return read


def query(line: bytes, texts: Any = ()) -> Dict[str, Any]:
    """Read query parameters. Few services are asked by them, and never before they are ready."""
    found: Dict[str, Any] = late(".queries").query(line, texts)
    return found


def text(name: str) -> Arguments:
    """Hand in the body as text."""

    def read(kind: int, _meta: bytes, body: bytes) -> Dict[str, Any]:
        if kind == wire.QUERY:
            return {name: json.dumps(query(body))}
        try:
            return {name: body.decode("utf-8")}
        except UnicodeDecodeError as error:
            message = f"Input cannot be decoded as UTF-8: {error}"
            raise RefusedError(400, message) from None

    return read


def fields(parameters: List[inspect.Parameter]) -> Arguments:
    """Hand in the fields of the body's JSON object, one a parameter."""

    def read(kind: int, _meta: bytes, body: bytes) -> Dict[str, Any]:
        given = query(body) if kind == wire.QUERY else document(kind, body)
        for one in parameters:
            present(one, given)
        return {one.name: given.get(one.name, one.default) for one in parameters}

    return read


def typed(parameters: List[inspect.Parameter], wanted: Dict[str, Any]) -> Arguments:
    """Hand in the fields of the body's JSON object, each converted to its parameter's hint."""
    texts = {name for name, hint in wanted.items() if hint is str}
    convert = late(".hints").convert

    def read(kind: int, _meta: bytes, body: bytes) -> Dict[str, Any]:
        given = query(body, texts) if kind == wire.QUERY else document(kind, body)
        for name in given:
            if name not in wanted:
                raise BadInputError(name, "there is no such field")
        found = {}
        for one in parameters:
            if one.name in given:
                found[one.name] = convert(given[one.name], wanted[one.name], one.name)
            else:
                present(one, given)
        return found

    return read


def present(parameter: inspect.Parameter, given: Dict[str, Any]) -> None:
    """Refuse if a parameter has no value, not even its own default."""
    if parameter.name not in given and parameter.default is inspect.Parameter.empty:
        message = f"A value is not provided for the {parameter.name!r} parameter."
        raise RefusedError(400, message)


def document(kind: int, body: bytes) -> Dict[str, Any]:
    """Read a JSON object; a body that does not say what it is may be one."""
    if kind == wire.OTHER:
        raise RefusedError(415, NOT_JSON)
    if not body:
        raise RefusedError(400, "POST body is empty. Expecting a JSON dictionary.")
    try:
        value = json.loads(body.decode(json.detect_encoding(body)))
    except (ValueError, RecursionError) as error:
        if kind == wire.UNSAID:
            raise RefusedError(415, NOT_JSON) from None
        message = f"POST body could not be decoded as JSON: {error}"
        raise RefusedError(400, message) from None
    if not isinstance(value, dict):
        raise RefusedError(400, "POST body should be a JSON dictionary.")
    return value
