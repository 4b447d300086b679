"""The metadata of a key that users may write: its words, its range, its pattern.

A `Settings` class is a frozen, keyword-only dataclass whose annotations read
`Annotated[int, Setting("TCP port it listens on.", minimum=1, maximum=65535)]`. The JSON schema,
the checks of a file and the README's tables are made from them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """What one key means and may hold.

    `pattern` is a regular expression for the whole text; `names` is one for the keys of a
    mapping; `hint` tells a person what to write instead when a value is refused.
    """

    doc: str
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    names: str = ""
    hint: str = ""


MODEL_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}$"
SERVICE_NAME = r"^[a-z]([-a-z0-9]{1,30}[a-z0-9]|[a-z0-9]{2})$"
"""3 to 32 characters: v1's rule for services, which every platform accepts."""
