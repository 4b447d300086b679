"""Query parameters, each as JSON where it is JSON."""

import json
from typing import Any, Dict, List
from urllib.parse import parse_qsl


def query(line: bytes, texts: Any = ()) -> Dict[str, Any]:
    """Read query parameters, each as JSON where it is JSON; repeated ones become a list.

    The names in `texts` are left as the strings they are.
    """
    found: Dict[str, List[Any]] = {}
    for name, value in parse_qsl(line.decode("latin-1"), keep_blank_values=True):
        found.setdefault(name, []).append(value if name in texts else literal(value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def literal(value: str) -> Any:
    """Read one value as JSON, or leave it a string."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
