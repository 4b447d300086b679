"""Reports, problems and plain data as HTML within Markdown."""

from collections import Counter
from collections.abc import Sequence

from mlops.errors import Problem, Where
from mlops.events import Done, Failed, Outcome, Report, Returned, Skipped, Unfinished
from mlops.spec import Fields
from mlops.units import span
from mlops.views.fitting import Line, Section, fitted
from mlops.views.listing import cell
from mlops.views.markup import code, lines, prose
from mlops.views.words import counted

SIGNS = {"failed": "🔴", "returned": "🟠", "unfinished": "🟠", "skipped": "⚪", "done": "🟢"}
"""What a change came to, the worst first, and how it is marked."""


def problems(found: Sequence[Problem], limit: int) -> str:
    """Return every problem: a sentence, its place with the source line, and what to do."""
    title = f"<h3>{counted(len(found), 'problem')}</h3>\n\n"
    return title + fitted([_problems(found)], limit - len(title))


def broken(refused: Sequence[Problem], warned: Sequence[Problem], limit: int) -> str:
    """Return the rules that refuse a plan, and those that only warn; nothing where none does."""
    if not warned:
        return problems(refused, limit) if refused else ""
    first = problems(refused, limit // 2) if refused else ""
    lines = tuple(map(_problem, warned))
    told = Section(title="🟠 Warnings", noun="warning", lines=lines, kept=True, open=True)
    return first + fitted([told], limit // 2)


def report(given: Report, limit: int) -> str:
    """Return what became of every change, what failed first, and what a second look found."""
    counts = Counter(_word(outcome) for outcome in given.outcomes)
    words = ", ".join(f"{counts[word]} {word}" for word in reversed(SIGNS) if counts[word])
    stopped = "<p>Somebody ended it early.</p>\n\n" if given.stopped else ""
    head = f"<h3>Apply: {words or 'nothing to do'}</h3>\n\n{stopped}"
    sections = [
        Section(
            title=f"{SIGNS[word]} {word}",
            noun="change",
            lines=tuple(_outcome(one) for one in given.outcomes if _word(one) == word),
            kept=word == "failed",
        )
        for word in SIGNS
    ]
    return head + fitted([_problems(given.problems), *sections], limit - len(head.encode()))


def rows(given: Sequence[Fields]) -> str:
    """Return a table with a column for each key, in order of first appearance."""
    keys = list(dict.fromkeys(key for row in given for key in row))
    head = "".join(f"<th>{prose(key)}" for key in keys)
    body = [
        "<tr>" + "".join(f"<td>{code(cell(key, row.get(key)))}" for key in keys) for row in given
    ]
    return "\n".join([f"<table><tr>{head}", *body, "</table>\n"]) if keys else ""


def record(given: Fields) -> str:
    """Return a table of the keys and values of one thing."""
    body = [f"<tr><th>{prose(key)}<td>{code(cell(key, item))}" for key, item in given.items()]
    return "\n".join(["<table>", *body, "</table>\n"])


def _problems(found: Sequence[Problem]) -> Section:
    shown = tuple(map(_problem, found))
    return Section(title="🔴 What is wrong", noun="problem", lines=shown, kept=True, open=True)


def _problem(problem: Problem) -> Line:
    place = f"{code(_place(problem.where))} " if problem.where else ""
    summary, *details = problem.summary.splitlines() or [""]
    excerpt = [problem.where.text] if problem.where and problem.where.text.strip() else []
    quoted = [*excerpt, *details]
    parts = [f"<pre>{lines(quoted)}</pre>"] if quoted else []
    parts += [f"<p>{prose(problem.hint)}</p>"] if problem.hint else []
    head = place + prose(summary)
    return Line(head=head, detail="".join(parts), brief=head)


def _outcome(outcome: Outcome) -> Line:
    name = code(str(outcome.address))
    log = outcome.log if isinstance(outcome, (Failed, Returned)) else ()
    detail = f"<pre>{lines(log)}</pre>" if log else ""
    return Line(head=f"{name}: {_told(outcome)}", detail=detail, brief=name)


def _told(outcome: Outcome) -> str:
    """Return what an outcome says beside its address."""
    match outcome:
        case Done():
            endpoint = f", answers at {code(outcome.endpoint)}" if outcome.endpoint else ""
            return f"{outcome.action.name.lower()} in {span(outcome.seconds)}{endpoint}"
        case Failed() | Returned():
            return prose(outcome.problems[0].summary if outcome.problems else "")
        case Skipped():
            return prose(outcome.because)
        case Unfinished():
            return "the run ended before it was made"


def _place(where: Where) -> str:
    return f"{where.file}:{where.line}:{where.column}" if where.line else where.file


def _word(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()
