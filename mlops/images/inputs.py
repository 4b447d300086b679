"""What goes into an image, as written: its digest names the image before anything is made. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mlops.artefacts import Content, FileEntry
from mlops.hashing import digest_json
from mlops.spec import Fields

FORMAT = 2
"""Raised when the same inputs shall make another image: every image then has a new name."""


def locked_path(digest: str) -> str:
    """Return where a store keeps the entry of a digest."""
    return f"locked/{digest.removeprefix('sha256:')}.json"


class ImageModel(Struct, frozen=True, kw_only=True):
    """A model of an image: its content, never its number, which the server is told at its start."""

    name: str
    content: Content


class ImageInputs(Struct, frozen=True, kw_only=True):
    """Everything that goes into an image, as the files say it; nothing is resolved.

    `platform` is `linux/amd64`-like; `requirements` are PEP 508 lines; `conda` is what a conda file
    asks for that pip has not, in one form, its Python included; `steps` are extra lines of a
    Dockerfile; `lock` is the digest of `mlops.lock`, empty without one. No part of the digest are
    `source` and `conda_file`: the folder of the code and the file of `conda` on this machine.
    """

    base: str
    platform: str
    python: str
    requirements: tuple[str, ...] = ()
    conda: str = ""
    steps: str = ""
    lock: str = ""
    server: str
    code: Content
    entry_script: str
    source: str = ""
    conda_file: str = ""
    models: tuple[ImageModel, ...] = ()

    @property
    def digest(self) -> str:
        """What names the image: `sha256:…`, the same on every machine."""
        return digest_json(
            {
                "format": FORMAT,
                "base": self.base,
                "platform": self.platform,
                "python": self.python,
                "requirements": sorted(self.requirements),
                "conda": self.conda,
                "steps": self.steps,
                "lock": self.lock,
                "server": self.server,
                "code": self.code.digest,
                "entry_script": self.entry_script,
                "models": sorted([model.name, model.content.digest] for model in self.models),
            }
        )

    @property
    def tag(self) -> str:
        """The digest as the tag of an image: 64 hex digits."""
        return self.digest.removeprefix("sha256:")

    @property
    def stepped(self) -> str:
        """What names the base that the steps make: `sha256:…`; another code keeps it."""
        return digest_json(
            {
                "format": FORMAT,
                "base": self.base,
                "platform": self.platform,
                "steps": self.steps,
                "lock": self.lock,
            }
        )

    @property
    def base_python(self) -> str:
        """The Python that the base must have; empty where conda brings one."""
        return "" if self.conda else self.python

    @property
    def needs_engine(self) -> str:
        """Why nothing but an engine can make this image, in words; empty if that is not so."""
        return "`extra_dockerfile_steps` run commands" if self.steps else ""


def upon(inputs: ImageInputs, repository: str) -> ImageInputs:
    """Return inputs to find a base by: the one that the steps made, where there are some."""
    if not inputs.steps:
        return inputs
    tag = inputs.stepped.removeprefix("sha256:")
    return replace(inputs, base=f"{repository}:{tag}", steps="", lock="")


def inputs_record(inputs: ImageInputs) -> Fields:
    """Return the inputs as plain JSON."""
    return {
        "base": inputs.base,
        "platform": inputs.platform,
        "python": inputs.python,
        "requirements": inputs.requirements,
        "conda": inputs.conda,
        "steps": inputs.steps,
        "lock": inputs.lock,
        "server": inputs.server,
        "code": _content(inputs.code),
        "entry_script": inputs.entry_script,
        "source": inputs.source,
        "conda_file": inputs.conda_file,
        "models": tuple(
            {"name": model.name, "content": _content(model.content)} for model in inputs.models
        ),
    }


def inputs_of(record: Mapping[str, Any]) -> ImageInputs:
    """Return the inputs that a record tells of. Raises KeyError or TypeError for what is none."""
    return ImageInputs(
        base=record["base"],
        platform=record["platform"],
        python=record["python"],
        requirements=tuple(record["requirements"]),
        conda=record["conda"],
        steps=record["steps"],
        lock=record["lock"],
        server=record["server"],
        code=_content_of(record["code"]),
        entry_script=record["entry_script"],
        source=record["source"],
        conda_file=record.get("conda_file", ""),  # records of old have none
        models=tuple(_model_of(model) for model in record["models"]),
    )


def _model_of(record: Mapping[str, Any]) -> ImageModel:
    return ImageModel(name=record["name"], content=_content_of(record["content"]))


def _content(content: Content) -> Fields:
    files: tuple[Fields, ...] = tuple(
        {"path": entry.path, "size": entry.size, "digest": entry.digest} for entry in content.files
    )
    return {"digest": content.digest, "files": files}


def _content_of(record: Mapping[str, Any]) -> Content:
    files: Sequence[Mapping[str, Any]] = record["files"]
    entries = tuple(
        FileEntry(path=file["path"], size=file["size"], digest=file["digest"]) for file in files
    )
    return Content(digest=record["digest"], files=entries)
