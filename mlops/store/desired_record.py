"""A thing that shall exist as plain JSON, and back: what a revision keeps of it. Pure."""

from collections.abc import Mapping
from typing import Any

from mlops.errors import Where
from mlops.plain import NOTHING, freeze
from mlops.spec import Check, Expectation, Fields, Request
from mlops.values import Address, Desired


def desired_record(desired: Desired) -> Fields:
    """Return a thing as plain JSON."""
    return {
        "address": str(desired.address),
        "fields": desired.fields,
        "inputs": desired.inputs,
        "needs": tuple(str(address) for address in desired.needs),
        "claims": {name: _where(where) for name, where in desired.claims.items()},
        "labels": desired.labels,
        "summary": desired.summary,
        "endpoint": desired.endpoint,
        "trust": desired.trust,
        "protect": desired.protect,
        "renamed_from": desired.renamed_from,
        "checks": tuple(_check(check) for check in desired.checks),
        "where": None if desired.where is None else _where(desired.where),
    }


def desired_of(record: Any) -> Desired:
    """Return the thing that a record tells of; what a newer program added is left out.

    Raises AttributeError, KeyError, TypeError or ValueError for what is no such record.
    """
    claims = record.get("claims", NOTHING)
    where = record.get("where")
    return Desired(
        address=address_of(record["address"]),
        fields=_mapping(record["fields"]),
        inputs=_mapping(record.get("inputs", NOTHING)),
        needs=tuple(address_of(text) for text in record.get("needs", ())),
        claims=freeze({name: _where_of(place) for name, place in claims.items()}),
        labels=_mapping(record.get("labels", NOTHING)),
        summary=record.get("summary", ""),
        endpoint=record.get("endpoint", ""),
        trust=record.get("trust", ""),
        protect=bool(record.get("protect", False)),
        renamed_from=str(record.get("renamed_from", "")),
        loose=tuple(record.get("loose", ())),
        checks=tuple(_check_of(check) for check in record.get("checks", ())),
        where=None if where is None else _where_of(where),
    )


def address_of(text: str) -> Address:
    """Return the address that `place/kind/name` says. Raises ValueError."""
    place, kind, name = text.split("/", 2)
    return Address(place=place, kind=kind, name=name)


def _where(where: Where) -> Fields:
    return {
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "text": where.text,
        "width": where.width,
    }


def _where_of(record: Any) -> Where:
    return Where(
        file=record["file"],
        line=record["line"],
        column=record["column"],
        text=record.get("text", ""),
        width=record.get("width", 1),
    )


def _check(check: Check) -> Fields:
    request, expect = check.request, check.expect
    return {
        "request": {
            "path": request.path,
            "method": request.method,
            "headers": request.headers,
            "json": request.json,
            "body": request.body,
        },
        "expect": {
            "status": expect.status,
            "json": expect.json,
            "tolerance": expect.tolerance,
            "latency": expect.latency,
        },
        "where": _where(check.where),
    }


def _check_of(record: Any) -> Check:
    request, expect = record["request"], record["expect"]
    return Check(
        request=Request(
            path=request["path"],
            method=request["method"],
            headers=_mapping(request["headers"]),
            json=freeze(request["json"]),
            body=request["body"],
        ),
        expect=Expectation(
            status=expect["status"],
            json=freeze(expect["json"]),
            tolerance=expect["tolerance"],
            latency=expect["latency"],
        ),
        where=_where_of(record["where"]),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("no mapping")
    frozen: Mapping[str, Any] = freeze(value)
    return frozen
