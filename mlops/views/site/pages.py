"""The pages as text: templates that escape everything, one style sheet, no script."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops.errors import Problem, SpecError
from mlops.values import Plan
from mlops.views.drawing import drawing
from mlops.views.site.standing import Service, runs, services
from mlops.views.svg import svg
from mlops.views.words import counted, moment, reasons, remarks

FOLDER = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
"""Nothing runs, and nothing is fetched but the style sheet beside the page."""

SAFE = ("http://", "https://")
"""An address that begins otherwise is shown and leads nowhere."""


class Told(Struct, frozen=True, kw_only=True):
    """What a report is made of: what `plan` and `drift` found, and the revisions, newest first."""

    plan: Plan
    drift: Plan
    revisions: Sequence[Any]
    now: datetime


def site(told: Told) -> Mapping[str, str]:
    """Return the files of the site, by name. Raises SpecError where a library is missing."""
    found = services(told.plan, told.drift, told.now)
    past = runs(told.revisions)
    drawn = drawing(told.plan.wanted)
    common: dict[str, Any] = {
        "project": told.plan.project,
        "now": moment(told.now.isoformat(timespec="seconds")),
        "policy": POLICY,
    }
    page = _pages()
    return {
        "index.html": page(
            "index.html",
            **common,
            targets=[(name, list(some)) for name, some in groupby(found, lambda one: one.target)],
            tiles=_tiles(found, sum(len(one.services) for one in told.plan.unobserved)),
            notes=remarks(told.plan),
            unobserved=reasons(told.plan),
            runs=past[:5],
            graph=svg(drawn, alone=False),
        ),
        "history.html": page("history.html", **common, runs=past),
        "graph.svg": svg(drawn),
        "style.css": (FOLDER / "style.css").read_text(encoding="utf-8"),
    }


def _tiles(found: Sequence[Service], unobserved: int) -> list[tuple[int, str, str]]:
    """Return the numbers at the top: how many, of what, and how it looks."""
    states = Counter(service.state for service in found)
    drifted = sum(service.drifted for service in found)
    ahead = sum(bool(service.ahead) for service in found)
    tiles = [(len(found), counted(len(found), "service").split(" ", 1)[1], "dull")]
    tiles += [
        (count, state, next(one.mood for one in found if one.state == state))
        for state, count in states.most_common()
    ]
    if unobserved:
        tiles.append((unobserved, "not observed", "bad"))
    tiles.append((drifted, "drifted", "bad" if drifted else "dull"))
    tiles.append((ahead, "to change", "dull"))
    return tiles


def _pages() -> Any:
    """Return what fills a template, escaping all that is put into it."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  an extra
    except ImportError as error:
        hint = "install it: `pip install 'mlops-apply[report]'`"
        raise SpecError(Problem(summary="the report needs `jinja2`", hint=hint)) from error
    templates = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["moment"] = moment
    templates.filters["anchor"] = lambda text: text if text.startswith(SAFE) else ""
    return lambda name, **values: templates.get_template(name).render(**values)
