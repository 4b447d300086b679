"""The comment of a pull request: its words, its size, and what no text of the user's can do."""

from collections.abc import Callable

import fleets
import make
import pytest
import samples
from msgspec.structs import replace
from pages import seen

from mlops.drifted import Drift
from mlops.errors import Problem
from mlops.values import Action, Cause, Plan
from mlops.views.markdown import MarkdownView

Golden = Callable[[str, str], None]

TAGS = {
    *("p", "h3", "h4", "li", "details", "summary", "table", "tr", "th", "td", "code", "pre"),
    *("b", "sub", "strong", "blockquote", "tbody", "ul"),
}
"""Everything that our own pages are made of."""

HOSTILE = (
    "](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "@everyone",
    "fixes acme/fore#12",
    "`</code><img src=x onerror=alert(1)>`",
    "</details></table><script>alert(1)</script>",
    "<!-- mlops:other -->",
    "two\n\n# lines\n\n[x](https://evil.example)",
    "a | b",
    "&lt;b&gt; <b>",
    "-->",
    "\x1b[31mred\x1b[0m",
    "\u202ereversed",
)


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("one", samples.first_plan()),
        ("some", replace(samples.mixed_plan(), calls=12)),
        ("nothing", make.plan(*fleets.kept(3), calls=1)),
        ("fleet", fleets.fleet(1000)),
    ],
)
def test_a_plan_is_a_comment(name: str, plan: Plan, golden: Golden) -> None:
    golden(f"plan_{name}.md", MarkdownView().plan(plan))


@pytest.mark.parametrize(
    ("name", "drift"),
    [
        ("some", samples.drift()),
        ("none", Drift(plan=make.plan(*fleets.kept(2)))),
        ("agreed", samples.agreed_drift()),
    ],
)
def test_drift_is_the_text_of_an_issue(name: str, drift: Drift, golden: Golden) -> None:
    golden(f"drift_{name}.md", MarkdownView().drift(drift))


def test_a_report_says_first_what_failed(golden: Golden) -> None:
    report = make.report(
        make.done(make.MODEL),
        make.failed(log=("Traceback", "", "KeyError: 1")),
        make.skipped("laptop/service/other"),
        problems=(make.problem("`x` did not settle", hint="run `mlops plan`"),),
    )

    golden("report.md", MarkdownView().report(report))


def test_problems_show_their_place(golden: Golden) -> None:
    golden("problems.md", MarkdownView().problems(samples.two_problems()))


def test_rows_and_records_are_tables() -> None:
    rows = MarkdownView().rows([{"service": "a", "size": 1200}, {"service": "b", "size": 1}])
    record = MarkdownView().record({"service": "a"})

    assert "table tr th th tr td code td code tr td code td code" == " ".join(seen(rows).tags)
    assert "<table>\n<tr><th>service<td><code>a</code>\n</table>\n" == record


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_the_users_breaks_out_or_calls_anybody(text: str) -> None:
    field = make.field_change(f"tags.{text}", before=text, after_label=text, cause=Cause.BOTH)
    service = make.desired(summary=text, endpoint=text)
    plan = make.plan(
        make.change(f"laptop/service/{text.replace('/', '-')}", after=service, reason=text),
        make.change(action=Action.UPDATE, fields=(field,), reason=text, downtime=text),
        make.change(f"store/model/{text.replace('/', '-')}", Action.DELETE, reason=text),
        notes=(text,),
    )
    problems = [Problem(summary=text, hint=text, where=make.where(file=text, text=text))]
    report = make.report(make.failed(problems=problems, log=(text, "", text)))
    view = MarkdownView()

    for page in (
        view.plan(plan),
        view.drift(Drift(plan=plan)),
        view.problems(problems),
        view.report(report),
        view.rows([{text: text}]),
        view.record({text: text}),
    ):
        found = seen(page)
        assert TAGS >= set(found.tags)
        assert {"open"} >= found.attributes
        assert 0 == found.strays
        assert "@everyone" not in found.loud
        assert "fore#12" not in found.loud
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert page.count("<!-- mlops:") <= 1


def test_escaped_text_is_read_as_it_was_written() -> None:
    text = "a < b & `c` \"d\" 'e' [f](g) *h*"

    found = seen(MarkdownView().plan(make.plan(notes=(text,))))

    assert "a < b & " in found.loud
    assert "[f](g) *h*" in found.loud
    assert "c" in found.quiet


@pytest.mark.parametrize(
    "plan",
    [
        fleets.fleet(1000),
        make.plan(*fleets.created(1000)),
        make.plan(*fleets.changed(1000)),
        make.plan(*fleets.deleted(1000)),
        make.plan(*fleets.kept(1000)),
        make.plan(*fleets.deleted(500), *fleets.changed(500)),
    ],
    ids=["mixed", "created", "changed", "deleted", "kept", "halves"],
)
def test_a_comment_of_a_thousand_services_fits_and_names_every_loss(plan: Plan) -> None:
    shown = MarkdownView().plan(plan)

    lost = [change.address for change in plan.changes if change.action is Action.DELETE]
    assert len(shown) < 60_000
    assert [] == [address for address in lost if str(address) not in shown]
    assert seen(shown).tags.count("details") == shown.count("</details>")
    assert 0 == seen(shown).strays


def test_details_are_cut_before_any_line_is() -> None:
    whole = MarkdownView(limit=1_000_000).plan(fleets.fleet(100))

    less = MarkdownView(limit=25_000).plan(fleets.fleet(100))

    assert whole.count("<table>") > less.count("<table>") > 0
    assert whole.count("/service/") == less.count("/service/")


def test_lines_become_short_before_any_is_cut() -> None:
    plan = make.plan(*fleets.changed(100))

    shown = MarkdownView(limit=12_000).plan(plan)

    assert 100 == shown.count("/service/")
    assert "<li>🟡 change <code>laptop/service/old-0099</code>: <b>rolling</b></li>" in shown


def test_what_was_cut_is_counted() -> None:
    shown = MarkdownView(limit=3_000).plan(make.plan(*fleets.created(100)))

    listed = shown.count("<code>laptop/service/")
    assert f"<p>… and {100 - listed} services more</p>" in shown


def test_losses_come_first() -> None:
    shown = MarkdownView().plan(samples.mixed_plan())

    places = [shown.index(word) for word in ("CAUTION", "diabetes-old", "moved", "🟡", "kept-0")]
    assert sorted(places) == places
