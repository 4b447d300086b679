"""What apply says while it works, as lines for a log, and the report at its end."""

import textwrap
from collections.abc import Sequence

from mlops.events import (
    Done,
    Event,
    Failed,
    Outcome,
    Progressed,
    Report,
    Returned,
    Skipped,
    Started,
    Unfinished,
)
from mlops.units import span
from mlops.values import Action
from mlops.views.paper import Paper, pad
from mlops.views.problems import problems
from mlops.views.words import SCORE, SWAGGER, bytes_of, counted, swagger

DOING = {
    Action.KEEP: "checking",
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.REPLACE: "replacing",
    Action.DELETE: "deleting",
    Action.ADOPT: "adopting",
}
OUTCOMES = ("done", "failed", "returned", "skipped", "unfinished")
COLORS = {
    "done": "green",
    "failed": "red",
    "returned": "yellow",
    "skipped": "yellow",
    "unfinished": "yellow",
}

COUNTED = ("done", "failed", "skipped")
"""The outcomes that the total names even where there are none."""

CUT = "the run ended before it was made"

FEW = 5
"""Up to so many services are listed with both their addresses."""


def event(given: Event, paper: Paper) -> str:
    """Return an event as one line; a failure with its problems and the end of the log."""
    line = f"{paper.ink(str(given.address))}: {_said(given, paper)}\n"
    if isinstance(given, (Failed, Returned)):
        return line + problems(given.problems, paper) + _log(given.log, paper)
    return line


def _said(given: Event, paper: Paper) -> str:
    """Return what an event says of its address."""
    match given:
        case Started():
            return f"{DOING[given.action]} ..."
        case Progressed():
            return paper.ink(step(given))
        case Done():
            return f"{paper.ink('done', 'green')} in {span(given.seconds)}"
        case Failed() | Returned() | Skipped() | Unfinished():
            word = _word(given)
            detail = {"skipped": ": " + _detail(given), "unfinished": f": {CUT}"}.get(word, "")
            detail = " to what it was" if word == "returned" else detail
            return paper.ink(word, COLORS[word]) + paper.ink(detail)


def step(given: Progressed) -> str:
    """Return what a change is doing, with the bytes where they are known."""
    progress = given.progress
    if not (progress.done or progress.total):
        return progress.text
    return f"{progress.text}, {bytes_of(progress.done, progress.total)}"


def report(given: Report, paper: Paper) -> str:
    """Return what an apply came to, the next command to type, and where the services answer."""
    outcomes = sorted(given.outcomes, key=lambda outcome: OUTCOMES.index(_word(outcome)))
    blocks = [
        _outcomes(outcomes, paper),
        problems(given.problems, paper),
        _total(outcomes, paper),
        _commands(_next(given), paper),
        _endpoints([item for item in outcomes if isinstance(item, Done) and item.endpoint], paper),
    ]
    return "\n".join(block for block in blocks if block)


def _log(log: tuple[str, ...], paper: Paper) -> str:
    if not log:
        return ""
    lines = (f"  {paper.faint('|')} {paper.ink(line)}".rstrip() for line in log)
    return "\n".join([f"last lines of the log ({len(log)}):", *lines]) + "\n"


def _word(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()


def _detail(outcome: Outcome) -> str:
    match outcome:
        case Done():
            return span(outcome.seconds)
        case Failed() | Returned():
            return outcome.problems[0].summary.partition("\n")[0] if outcome.problems else ""
        case Skipped():
            return outcome.because
        case Unfinished():
            return CUT


def _outcomes(outcomes: Sequence[Outcome], paper: Paper) -> str:
    """Return the table of the outcomes, aligned."""
    longest = max((len(str(outcome.address)) for outcome in outcomes), default=0)
    return "".join(_outcome(outcome, longest, paper) for outcome in outcomes)


def _outcome(outcome: Outcome, longest: int, paper: Paper) -> str:
    word = _word(outcome)
    head = f"{outcome.action.value:>3} {pad(str(outcome.address), longest)}  "
    column = 7 + 1 + len(head)
    room = None if paper.width is None else max(paper.width - column, 20)
    first, *rest = _wrapped(_detail(outcome), room)
    line = f"{paper.ink(pad(word, 7), COLORS[word])} {paper.ink(head + first)}".rstrip()
    return "\n".join([line, *(" " * column + paper.ink(text) for text in rest)]) + "\n"


def _wrapped(text: str, room: int | None) -> list[str]:
    if room is None or len(text) <= room:
        return [text]
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def _total(outcomes: Sequence[Outcome], paper: Paper) -> str:
    if not outcomes:
        return ""
    words = [_word(outcome) for outcome in outcomes]
    parts = (f"{words.count(word)} {word}" for word in OUTCOMES if word in (*words, *COUNTED))
    return paper.ink(f"Apply: {', '.join(parts)}.", bold=True) + "\n"


def _next(given: Report) -> list[tuple[str, str]]:
    """Return the commands to type next, with what they are good for."""
    failed = [outcome for outcome in given.outcomes if isinstance(outcome, Failed)]
    skipped = any(isinstance(outcome, Skipped) for outcome in given.outcomes)
    commands = [
        (f"mlops logs {outcome.address.name}", "what the service printed")
        for outcome in failed[:FEW]
        if outcome.address.kind == "service" and outcome.action is not Action.DELETE
    ]
    if failed:
        commands.append(("mlops apply", "try again what is not done; what is done stays"))
    elif given.stopped:
        commands.append(("mlops apply", "do the rest"))
    elif skipped or given.problems:
        commands.append(("mlops plan", "what is left to do"))
    return commands


def _commands(commands: list[tuple[str, str]], paper: Paper) -> str:
    if not commands:
        return ""
    longest = max(len(command) for command, _ in commands)
    lines = (f"  {paper.ink(pad(word, longest), 'cyan')}  {why}" for word, why in commands)
    return "\n".join(["Next:", *lines]) + "\n"


def _endpoints(done: Sequence[Done], paper: Paper) -> str:
    """Return where the services answer: both addresses of a few, one line each of many."""
    if not done:
        return ""
    longest = max(len(outcome.address.name) for outcome in done)
    lines = [f"Endpoints of {counted(len(done), 'service')}:"]
    for outcome in sorted(done, key=lambda outcome: outcome.address):
        lines.append(f"  {pad(outcome.address.name, longest)}  {paper.ink(outcome.endpoint)}")
        if len(done) <= FEW and swagger(outcome.endpoint):
            lines.append(f"  {' ' * longest}  {paper.ink(swagger(outcome.endpoint))}")
    if len(done) > FEW:
        lines.append(f"  {' ' * longest}  {SWAGGER} in place of {SCORE} describes each")
    return "\n".join(lines) + "\n"
