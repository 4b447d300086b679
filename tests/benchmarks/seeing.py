"""A plan of many services as a comment, a summary and a site: how long, how large."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fleets
import sites
from benchmarks.measure import Row

from mlops.views.markdown import MarkdownView
from mlops.views.site.pages import site


def rows(_: Path, small: bool) -> Iterator[Row]:  # noqa: FBT001  as the table calls it
    """Yield seconds and bytes of each view."""
    count = 20 if small else 1000
    plan, told = fleets.fleet(count), sites.told(count)
    views: dict[str, tuple[Callable[[], str], int, float]] = {
        "comment": (lambda: MarkdownView().plan(plan), 60_000, 1),
        "summary of a job": (lambda: MarkdownView(limit=1_000_000).plan(plan), 1_048_576, 1),
        "site": (lambda: "".join(site(told).values()), 2_000_000, 3),
    }
    for name, (view, most, longest) in views.items():
        began = time.perf_counter()
        size = len(view().encode())
        seconds = time.perf_counter() - began
        what = f"{name} of {count} services"
        yield Row(
            what=f"{what}: bytes",
            measured=f"{size:,}",
            beside=f"{most:,}",
            ratio=size / most,
            bar=1,
        )
        yield Row(
            what=f"{what}: seconds",
            measured=f"{seconds:.2f} s",
            beside=f"{longest:g} s",
            ratio=seconds / longest,
            bar=1,
        )
