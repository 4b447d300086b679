"""The site: what it tells, how it looks in a browser, what no text of the user's can do."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import make
import pytest
import sites
from msgspec.structs import replace
from walk import Walk, walking

from mlops.values import Action
from mlops.views.drawing import MOST, drawing
from mlops.views.site.pages import FOLDER, site
from mlops.views.site.standing import age
from mlops.views.svg import svg

Golden = Callable[[str, str], None]

HOSTILE = (
    "</script><script>document.title='pwned'</script><img src=x onerror=alert(1)>\"' {{ 7*7 }}"
)

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


def tags(page: str) -> _Tags:
    reader = _Tags()
    reader.feed(page)
    return reader


@pytest.mark.parametrize("name", ["index.html", "history.html", "graph.svg"])
def test_a_site_tells_of_services_drift_history_and_graph(name: str, golden: Golden) -> None:
    golden(f"site/{name}", site(sites.told())[name])


def test_an_empty_project_has_a_site() -> None:
    told = replace(sites.told(), plan=make.plan(), drift=make.plan(), revisions=())

    pages = site(told)

    assert "No services." in pages["index.html"]
    assert "Nothing was applied yet." in pages["history.html"]


def test_what_stands_in_backticks_is_code_and_nothing_else() -> None:
    told = sites.told()

    page = site(replace(told, plan=replace(told.plan, notes=("`<a>` is of <b>",))))["index.html"]

    assert "<li><code>&lt;a&gt;</code> is of &lt;b&gt;</li>" in page


def test_no_page_runs_anything_or_fetches_from_elsewhere() -> None:
    for name, page in site(sites.told()).items():
        if name.endswith(".html"):
            found = tags(page)
            assert "script" not in found.tags
            assert not {"style", "onclick", "onerror"} & found.attributes
            assert "default-src 'none'" in unescape(page)


@pytest.mark.parametrize("text", [HOSTILE, "javascript:alert(1)", "](x) @everyone `x`"])
def test_no_text_of_the_users_becomes_markup(text: str) -> None:
    told = sites.told()
    service = sites.service("laptop/service/x", 1, summary=text, endpoint=text)
    live = sites.live(service, state=text, labels={"models.x": text}, fields={text: text})
    plan = make.plan(live, notes=(text,), wanted=(service,), project="x")
    revision = replace(told.revisions[0], at=text, lineage={"who": text, "run_url": text})

    pages = site(replace(told, plan=plan, drift=make.plan(), revisions=(revision,)))

    for page in (pages["index.html"], pages["history.html"], pages["graph.svg"]):
        found = tags(page)
        assert not {"script", "img"} & found.tags
        assert not any(link.startswith("javascript:") for link in found.links)
    assert "{{ 7*7 }}" not in text or "49" not in pages["index.html"]


def test_a_site_of_a_thousand_services_is_small_and_made_in_seconds() -> None:
    told = sites.told(1000)
    began = time.process_time()

    pages = site(told)

    assert time.process_time() - began < 5
    assert sum(len(page.encode()) for page in pages.values()) < 2_000_000
    assert 1003 == pages["index.html"].count('<details class="service')


def test_what_somebody_should_look_at_comes_first() -> None:
    names = re.findall(r'class="name">([\w-]+)', site(sites.told())["index.html"])

    assert ["diabetes-000", "diabetes-003", "lost", "wine", "diabetes-001"] == names[:5]


def test_what_the_file_wants_is_said_of_each_service() -> None:
    things = [sites.service(f"laptop/service/{name}", 1) for name in ("gone", "new", "other")]
    plan = make.plan(
        make.change(things[0].address, Action.DELETE),
        make.change(things[1].address, after=things[1]),
        sites.live(things[2], Action.UPDATE),
    )

    page = site(replace(sites.told(), plan=plan, drift=make.plan()))["index.html"]

    marks = re.findall(r'class="name">(\w+) <span class="mark">([\w ]+)<', page)
    assert [("gone", "to delete"), ("new", "to make"), ("other", "to change")] == marks


def test_many_things_alike_are_one_box() -> None:
    things = sites.told(1000).plan.wanted

    boxes = drawing(things).boxes

    assert len(boxes) <= MOST
    assert 1000 == sum(int(box.title.split()[0]) for box in boxes if box.kind == "service")


def test_boxes_do_not_lie_over_each_other() -> None:
    drawn = drawing(sites.told(20).plan.wanted)

    corners = [(box.x, box.y) for box in drawn.boxes]
    close = [
        (one, other)
        for number, one in enumerate(corners)
        for other in corners[:number]
        if abs(one[0] - other[0]) < 208 and abs(one[1] - other[1]) < 46
    ]
    assert [] == close
    assert all(0 <= x < drawn.width and 0 <= y < drawn.height for x, y in corners)


def test_a_drawing_of_nothing_is_empty() -> None:
    assert "<rect" not in svg(drawing([]))


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("2026-07-14T09:29:30Z", "0 min"),
        ("2026-07-14T09:02:00+00:00", "28 min"),
        ("2026-07-14T04:00:00Z", "5 h"),
        ("2026-07-13T09:30:00", "1 day"),
        ("2026-08-01T00:00:00Z", "0 min"),
        ("", ""),
        ("yesterday", ""),
    ],
)
def test_an_age_is_in_words(since: str, words: str) -> None:
    assert words == age(since, sites.NOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(scheme: str) -> None:
    sheet = (FOLDER / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    colors = dict(re.findall(r"--(\w+): (#\w+)", blocks[0 if scheme == "light" else 1]))

    weak = {
        (ink, ground): round(contrast(colors[ink], colors[ground]), 2)
        for ink in ("ink", "soft", "link", "good", "bad")
        for ground in ("paper", "card", "wash")
        if contrast(colors[ink], colors[ground]) < 4.5
    }
    assert {} == weak


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 has it: 4.5 is enough for text."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site on disk whose pages also measure themselves, for the browser."""
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    folder = tmp_path_factory.mktemp("site")
    long = sites.service("laptop/service/" + "x" * 32, 50, summary="y" * 300)
    told = sites.told()
    fields = {"tags." + "long" * 20: "value" * 60}
    plan = replace(told.plan, changes=(*told.plan.changes, sites.live(long, fields=fields)))
    for name, page in site(replace(told, plan=plan)).items():
        (folder / name).write_text(page, encoding="utf-8")
        if name.endswith(".html"):
            measured = re.sub('<meta http-equiv="Content-Security-Policy".*?>', "", page)
            measured = measured.replace("<details ", "<details open ").replace(
                "</body>",
                "<script>const page = document.documentElement;"
                "parent.postMessage([page.scrollWidth, innerWidth,"
                " getComputedStyle(document.body).backgroundColor].join(' '), '*')</script></body>",
            )
            (folder / f"measured-{name}").write_text(measured, encoding="utf-8")
            frame = (
                "<script>onmessage = told => { document.title = told.data }</script>"
                f'<iframe width="390" height="844" src="measured-{name}"></iframe>'
            )
            (folder / f"phone-{name}").write_text(frame, encoding="utf-8")
    return folder


def browse(page: Path, *words: str) -> str:
    """Return the document as headless Chromium has it in the end."""
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            f"--user-data-dir={page.parent / 'profile'}",
            *(*words, "--virtual-time-budget=5000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["index.html", "history.html"])
def test_a_phone_never_scrolls_sideways(shown: Path, name: str) -> None:
    dom = browse(shown / f"phone-{name}")

    found = re.search(r"<title>(\d+) (\d+) ", dom)
    assert found is not None
    assert int(found[1]) <= int(found[2]) == 390


def test_a_dark_browser_gets_a_dark_page(shown: Path) -> None:
    dom = browse(shown / "phone-index.html", "--blink-settings=preferredColorScheme=0")

    assert "rgb(17, 21, 28)</title>" in dom


def test_the_page_runs_nothing_even_if_a_script_were_in_it(shown: Path) -> None:
    page = (shown / "index.html").read_text(encoding="utf-8")
    planted = shown / "planted.html"
    script = "<script>document.title = 'pwned'</script></body>"
    planted.write_text(page.replace("</body>", script), encoding="utf-8")

    assert "<title>quickstart: services</title>" in browse(planted)


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as begun:
        yield begun


def test_report_writes_the_same_site_twice(walk: Walk) -> None:
    environ = {"SOURCE_DATE_EPOCH": "1784021400"}
    assert 0 == walk.apply().code

    for folder, seed in (("one", "1"), ("two", "2")):
        words = ("report", "-o", str(walk.folder.parent / folder))
        answer = walk.run(*words, environ={**environ, "PYTHONHASHSEED": seed})
        assert (0, "") == (answer.code, answer.out)
        assert answer.err.endswith(f"{folder}/index.html\n")

    one, two = (
        {path.name: path.read_bytes() for path in (walk.folder.parent / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    assert {"index.html", "history.html", "graph.svg", "style.css"} == one.keys()
    assert b'class="state good">ready' in one["index.html"]
    assert b"store/model/diabetes" in one["history.html"]


def test_graph_as_svg(walk: Walk) -> None:
    answer = walk.run("graph", "--format", "svg")

    assert (0, "") == (answer.code, answer.err)
    assert answer.out.startswith("<svg xmlns=")
    assert 3 == answer.out.count("<rect")
