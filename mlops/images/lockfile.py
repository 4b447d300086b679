"""`mlops.lock`: the base and the packages of each image, pinned where everybody can read them.

An entry fits whatever asks for the same base, platform and packages. Pure: reads no file.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mlops.clients import yaml
from mlops.clients.text import Source
from mlops.errors import Problem, SpecError
from mlops.hashing import digest_json
from mlops.images.base import FACTS, Facts, facts_of, facts_record
from mlops.images.inputs import ImageInputs, locked_path
from mlops.images.server import REQUIREMENTS
from mlops.spec import Fields

NAME = "mlops.lock"
VERSION = 1
LISTS = ("packages", "server")
CONDA_LISTS = ("conda", "front")
"""Lists that only some entries have."""
HEADER = f"# Written by `mlops lock`. Keep it in Git; change no line by hand.\nversion: {VERSION}\n"


class Locked(Struct, frozen=True, kw_only=True):
    """What an image is made of: the digest of its base, and lists of packages with hashes.

    `conda` and `front` are conda's, as in a `Resolution`. `asked` names what it was resolved from;
    `names` are the inference blocks that ask for it.
    """

    asked: str
    names: tuple[str, ...]
    image: str
    base: str
    facts: Facts
    packages: str
    server: str
    conda: str = ""
    front: str = ""

    @property
    def digest(self) -> str:
        """What names it in the name of an image."""
        return digest_json(locked_record(self))

    @property
    def path(self) -> str:
        """Where a store keeps it."""
        return locked_path(self.digest)


def asked(inputs: ImageInputs) -> str:
    """Return what names everything that is resolved: equal asks have equal locks."""
    return digest_json(
        {
            "base": inputs.base,
            "platform": inputs.platform,
            "python": inputs.python,
            "requirements": sorted(inputs.requirements),
            "conda": inputs.conda,
            "server": sorted(REQUIREMENTS),
        }
    )


def locked_record(locked: Locked) -> Fields:
    """Return what an image is made of as plain JSON, as `resolution` reads it."""
    return {
        "base": locked.base,
        "facts": facts_record(locked.facts),
        "packages": locked.packages,
        "server": locked.server,
        **{key: getattr(locked, key) for key in CONDA_LISTS if getattr(locked, key)},
    }


def lock_text(entries: Iterable[Locked]) -> str:
    """Return the file: the same entries give the same text."""
    ordered = sorted(entries, key=lambda one: (one.names, one.facts.platform, one.asked))
    return HEADER + "images:\n" + "".join(_entry(one) for one in ordered)


def read_lock(source: Source) -> tuple[Locked, ...]:
    """Return the entries of a file. Raises SpecError for what `mlops lock` did not write."""
    document = yaml.parse(source)
    try:
        if not document.problems and document.data["version"] == VERSION:
            return tuple(_locked(entry) for entry in document.data["images"] or ())
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise SpecError(
        Problem(
            summary=f"`{NAME}` can't be understood",
            where=document.problems[0].where if document.problems else None,
            hint="remove it, and run `mlops lock`",
        )
    )


def _entry(one: Locked) -> str:
    told = {
        "for": list(one.names),
        "image": one.image,
        "base": one.base,
        **facts_record(one.facts),
        "asked": one.asked,
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in told.items()]
    for key in (*LISTS, *(key for key in CONDA_LISTS if getattr(one, key))):
        lines += [f"{key}: |", *(f"  {line}" for line in getattr(one, key).splitlines())]
    return "- " + "\n  ".join(lines) + "\n"


def _locked(entry: Mapping[str, Any]) -> Locked:
    names: Sequence[str] = entry["for"]
    given = [entry[key] for key in (*FACTS, *LISTS, "base", "asked", "image")]
    given += [entry.get(key, "") for key in CONDA_LISTS]
    if not all(isinstance(value, str) for value in given):
        raise TypeError(NAME)
    return Locked(
        asked=entry["asked"],
        names=tuple(names),
        image=entry["image"],
        base=entry["base"],
        facts=facts_of(entry),
        packages=entry["packages"],
        server=entry["server"],
        conda=entry.get("conda", ""),
        front=entry.get("front", ""),
    )
