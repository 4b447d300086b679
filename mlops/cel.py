"""Answers CEL expressions about a document: a program of its own, since one may never end.

Reads `{"document": …, "expressions": […]}` on standard input and writes one JSON line for each
expression, as soon as it is answered: `{"value": …}` or `{"error": …}`. Imports nothing of ours.
"""

import json
import resource
import sys

SECONDS = 10
"""CPU time of all expressions together."""

MEMORY = 2 * 1024**3
"""Bytes of address space."""


def main() -> None:
    """Answer what standard input asks."""
    import cel  # noqa: PLC0415  before the limits: its libraries are none of the expressions' doing

    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for expression in asked["expressions"]:
        try:
            program = cel.compile(expression)
            found = program.execute({"plan": asked["document"]}) if asked["document"] else None
            answer = {"value": found if isinstance(found, bool) else repr(found)}
        except Exception as error:  # noqa: BLE001  the library raises whatever the expression met
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
