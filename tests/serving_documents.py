"""What two descriptions of one service must have alike."""

from typing import Any

UNCLAIMED = {"schemes", "securityDefinitions", "security", "securitySchemes"}


def bones(node: Any) -> Any:
    """Return a document without sentences, and without what v1 claims though it is not so."""
    if isinstance(node, list):
        return [bones(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: bones(value)
        for key, value in node.items()
        if key not in UNCLAIMED and not (key == "description" and isinstance(value, str))
    }


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document.get("definitions") or document["components"]["schemas"]
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Return routes with methods, ids, parameter names and kinds of answers."""
    return {
        (path, method): (
            one["operationId"],
            [(given["name"], given["in"]) for given in one.get("parameters", [])],
            "requestBody" in one,
            {
                status: "schema" in answer or "content" in answer
                for status, answer in one["responses"].items()
            },
        )
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }
