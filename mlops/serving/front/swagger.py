"""`/swagger.json`: hands out the documents that a worker built from its script."""

from collections.abc import Mapping

from .answers import MESSAGE, Answer, message

VERSIONS = {"2": "2", "2.0": "2", "3": "3", "3.0": "3", "3.1": "3.1"}


class Swagger:
    """The documents of the script that runs, by version."""

    def __init__(self) -> None:
        self.texts: Mapping[str, str | None] = {}

    def answer(self, version: str) -> Answer:
        """Answer with the document of a version, or say which there are."""
        if not self.texts:
            return message(503, "The service is starting.")
        supported = ", ".join(sorted(name for name, text in self.texts.items() if text is not None))
        if version not in VERSIONS:
            text = f"Swagger version [{version}] is not valid. Supported versions: [{supported}]."
            return message(404, text)
        found = self.texts.get(VERSIONS[version])
        if found is None:
            text = f"Swagger version [{version}] is not supported for the scoring script. "
            return message(404, f"{text}Supported swagger versions: [{supported}].")
        return Answer(200, MESSAGE, found.encode())
