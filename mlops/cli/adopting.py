"""`mlops drift --adopt`: write into the files what somebody did in the live world."""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from mlops.adopt import Adoption, adoptions, check_written
from mlops.cli.filing import write_file
from mlops.cli.kinds import KINDS
from mlops.cli.session import Session
from mlops.cli.terminal import write
from mlops.clients.text import display, text_source
from mlops.clients.yaml import Document, parse
from mlops.clients.yaml_edit import with_value
from mlops.drifted import Drift
from mlops.errors import MlopsError, Problem, RefusedError, SpecError
from mlops.load.suggest import suggestion
from mlops.selection import names
from mlops.values import Change
from mlops.views.words import counted, value

MARK = "\ufeff"
"""What some editors begin a file with."""


class _Sheet(Struct):
    """A file that is rewritten: its text as it was and as it is to be."""

    path: Path
    before: str
    text: str

    @property
    def document(self) -> Document:
        """What it says now."""
        return parse(text_source(display(self.path), self.text.removeprefix(MARK)))


def adopt(
    session: Session, found: Drift, words: tuple[str, ...], look: Callable[[], Drift]
) -> None:
    """Write what drifted into the files that define it, and look again.

    Raises RefusedError with what no file says; what one can say is written all the same.
    """
    changes = _chosen(found.plan.pending, words)
    made, problems = adoptions(changes, session.spec, KINDS)
    refused = [*problems]
    sheets = [_sheet(Path(file)) for file in session.spec.files]
    done: list[tuple[Adoption, _Sheet]] = []
    for adoption in made:
        try:
            done.append((adoption, _adopted(adoption, sheets)))
        except MlopsError as error:
            refused += error.problems
    _settle(sheets, [adoption for adoption, _ in done], look)
    for adoption, sheet in done:
        write(f"{display(sheet.path)}: {_line(adoption)}\n")
    fields = counted(len(done), "field")
    write(f"Adopted: {fields}. `git diff` shows it.\n" if done else "Adopted: nothing.\n")
    if refused:
        raise RefusedError(*refused)


def _chosen(changes: Iterable[Change], words: tuple[str, ...]) -> tuple[Change, ...]:
    """Return the changes that are named. Raises SpecError for a word that names none."""
    every = tuple(changes)
    known = [each for change in every for each in (str(change.address), change.address.name)]
    problems = [
        Problem(
            summary=f"`{word}` names nothing that drifted",
            hint=suggestion(word, known, "`mlops drift` shows what did"),
        )
        for word in words
        if not any(names([word], change.address) for change in every)
    ]
    if problems:
        raise SpecError(*problems)
    return tuple(change for change in every if not words or names(words, change.address))


def _sheet(path: Path) -> _Sheet:
    text = path.read_bytes().decode("utf-8")
    return _Sheet(path=path, before=text, text=text)


def _adopted(adoption: Adoption, sheets: Iterable[_Sheet]) -> _Sheet:
    """Write one value into the file that has its entry; return that file. Raises SpecError."""
    section, name = adoption.steps[:2]
    for sheet in sheets:
        document = sheet.document
        entries = document.data.get(section) if isinstance(document.data, dict) else None
        if isinstance(entries, dict) and name in entries:
            problems = check_written(adoption, document)
            if problems:
                raise SpecError(*problems)
            mark = MARK if sheet.text.startswith(MARK) else ""
            bare = sheet.text.removeprefix(MARK)
            made = with_value(bare, display(sheet.path), adoption.steps, adoption.value)
            sheet.text = mark + made
            return sheet
    raise SpecError(Problem(summary=f"no file has `{name}` below `{section}`"))


def _settle(sheets: Iterable[_Sheet], done: Iterable[Adoption], look: Callable[[], Drift]) -> None:
    """Write the files and look again; put all back if what was adopted still differs."""
    changed = [sheet for sheet in sheets if sheet.text != sheet.before]
    try:
        for sheet in changed:
            write_file(sheet.path, sheet.text)
        if changed:
            _check_settled(done, look())
    except BaseException:
        for sheet in changed:
            write_file(sheet.path, sheet.before)
        raise


def _check_settled(done: Iterable[Adoption], found: Drift) -> None:
    """Raise RefusedError where what was written is not what is live."""
    left = {
        (str(change.address), field.path)
        for change in found.plan.pending
        for field in change.fields
    }
    problems = [
        Problem(
            summary=f"`{adoption.field.path}` of `{adoption.address}` would still differ;"
            " the files are as they were",
            hint="adopt the others by name, and write this one by hand",
        )
        for adoption in done
        if (adoption.address, adoption.field.path) in left
    ]
    if problems:
        raise RefusedError(*problems)


def _line(adoption: Adoption) -> str:
    field = adoption.field
    old = field.after_label or value(field.after)
    new = field.before_label or value(field.before)
    return f"{field.path} of {adoption.address}  {old} -> {new}"
