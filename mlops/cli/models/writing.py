"""`mlops models register`, `tag` and `alias`."""

import re
from collections.abc import Collection, Generator, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec.structs import replace

from mlops.artefacts import ModelVersion
from mlops.cli.models.versions import known, numbered, record
from mlops.cli.options import Command, Files, with_color, with_files, with_format
from mlops.cli.session import Session, open_session
from mlops.cli.terminal import view, write
from mlops.errors import Problem, SpecError
from mlops.models.path import PathSource, Settings
from mlops.settings import ALIAS, ALIAS_HINT, MODEL_HINT, MODEL_NAME
from mlops.store.words import Words, describe, name_version, say_also
from mlops.values import Progress

Made = TypeVar("Made")


def with_words(function: Command) -> Command:
    """Give a command the options that say something about a model."""
    options = (
        click.option("--tag", "tags", multiple=True, metavar="K=V", help="A tag; may change."),
        click.option(
            "--property", "properties", multiple=True, metavar="K=V", help="A fact; stays for good."
        ),
        click.option("--framework", default="", help="What the model was made with."),
        click.option("--framework-version", default="", help="Its version."),
        click.option("--description", default="", help="What the model does."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command("register")
@click.argument("name")
@click.option("--path", required=True, type=click.Path(), help="File or folder of the model.")
@with_words
@with_files
@with_format
@with_color
def registered(name: str, path: str, files: Files, form: str, **said: Any) -> None:
    """Register the content of a path as the next version of NAME.

    A content that is registered keeps its number; what is said of it is added.
    """
    if re.fullmatch(MODEL_NAME, name) is None:
        raise SpecError(Problem(summary=f"`{name}` is no name for a model", hint=MODEL_HINT))
    words = _words(**said)
    session = open_session(files, lenient=True)
    source = PathSource(Settings(path=path), Path.cwd())
    content = source.pin()
    known = {version.version for version in session.registry.versions(name)}
    means = replace(session.means(), sources={name: source})
    version = _finished(session.registry.add(name, content, means))
    _say_also(session, version, words)
    verb = "was registered already as" if version.version in known else "is registered as"
    _told(session, version, f"The content {verb} {numbered(version)}.", form)


@click.command("tag")
@click.argument("reference")
@click.argument("changes", nargs=-1, required=True, metavar="K=V|K-...")
@with_files
@with_format
@with_color
def tagged(reference: str, changes: tuple[str, ...], files: Files, form: str) -> None:
    """Set the tags K=V of a version, and remove the tags K-."""
    removed = {text[:-1] for text in changes if re.fullmatch("[^=]+-", text)}
    tags = _pairs(text for text in changes if not re.fullmatch("[^=]+-", text))
    both = sorted(removed & set(tags))
    if both:
        raise SpecError(Problem(summary=f"the tag `{both[0]}` is set and removed", hint="do one"))
    session = open_session(files, lenient=True)
    version = known(session.registry, reference)
    _say_also(session, version, {"tags": tags}, removed)
    _told(session, version, f"{numbered(version)} is tagged.", form)


@click.command("alias")
@click.argument("reference")
@click.argument("alias")
@with_files
@with_format
@with_color
def aliased(reference: str, alias: str, files: Files, form: str) -> None:
    """Let ALIAS mean the version REFERENCE, whatever it meant before; `ALIAS-` removes it."""
    name = alias.removesuffix("-")
    if re.fullmatch(ALIAS, name) is None:
        raise SpecError(Problem(summary=f"`{alias}` is no alias", hint=ALIAS_HINT))
    session = open_session(files, lenient=True)
    version = known(session.registry, reference)
    before = session.registry.version(f"{version.name}@{name}")
    number = version.version if name == alias else None
    name_version(session.objects, version.name, name, number)
    meant = f"{version.name}@{name}"
    was = f", no longer {numbered(before)}" if before and before.version != number else ""
    sentence = f"{meant} is {numbered(version)}{was}." if number else f"{meant} is removed."
    _told(session, version, sentence, form)


def _say_also(
    session: Session, version: ModelVersion, words: Words, removed: Collection[str] = ()
) -> None:
    describe(session.objects, version, say_also(words, removed))


def _told(session: Session, version: ModelVersion, sentence: str, form: str) -> None:
    """Write what was done: a sentence for people, the version as it is now for programs."""
    if form == "text":
        write(sentence + "\n")
        return
    write(view(form).record(record(known(session.registry, numbered(version)))))


def _finished(steps: Generator[Progress, None, Made]) -> Made:
    """Return what a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made


def _words(
    *,
    tags: tuple[str, ...],
    properties: tuple[str, ...],
    framework: str,
    framework_version: str,
    description: str,
) -> Words:
    """Return what the options say. Raises SpecError."""
    if framework_version and not framework:
        problem = Problem(summary="`--framework-version` needs a framework", hint="add --framework")
        raise SpecError(problem)
    version = {"version": framework_version} if framework_version else {}
    return {
        "framework": {"name": framework, **version} if framework else {},
        "tags": _pairs(tags),
        "properties": _pairs(properties),
        "description": description,
    }


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    """Return the values of `K=V` texts by their keys. Raises SpecError."""
    parts = [(text, *text.partition("=")) for text in texts]
    problems = [
        Problem(summary=f"`{text}` sets nothing", hint="write it as KEY=VALUE")
        for text, key, sign, _ in parts
        if not sign or not key
    ]
    if problems:
        raise SpecError(*problems)
    return {key: value for _, key, _, value in parts}
