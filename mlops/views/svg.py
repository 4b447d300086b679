"""The graph as an SVG that needs nothing: light and dark, and read aloud by its title."""

from html import escape

from mlops.views.drawing import HEIGHT, WIDTH, Box, Drawing, Point

STYLE = """
:root { color-scheme: light dark }
.box { fill: #fff; stroke: #8a94a6; stroke-width: 1 }
.model { stroke: #7c5cd6 } .service { stroke: #2f7d4f } .environment, .image { stroke: #b7791f }
.title { font: 600 13px system-ui, sans-serif; fill: #1a202c }
.text { font: 11px system-ui, sans-serif; fill: #5a6577 }
.line { fill: none; stroke: #a3adbd; stroke-width: 1.2 }
@media (prefers-color-scheme: dark) {
  .box { fill: #1b212b } .title { fill: #e8ecf2 } .text { fill: #a3adbd } .line { stroke: #566072 }
  .model { stroke: #a991f0 } .service { stroke: #58b87f } .environment, .image { stroke: #d9a441 }
}
"""
"""The colours of a drawing that stands alone; on a page, the page's own hold."""

ROUND = {"model": HEIGHT / 2, "environment": 3, "image": 3}
"""Corners by kind; a service has 8."""


def svg(drawing: Drawing, *, alone: bool = True) -> str:
    """Return the drawing; `alone` with its style, else for a page that has one."""
    style = f"<style>{STYLE}</style>\n" if alone else ""
    width, height = round(drawing.width), round(drawing.height)
    space = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    head = (
        f'<svg{space} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    )
    lines = "".join(f'<path class="line" d="{_path(line)}"/>\n' for line in drawing.lines)
    boxes = "".join(map(_box, drawing.boxes))
    title = "<title>What needs what: an arrow leads from each thing to what needs it</title>"
    return f"{head}\n{title}\n{style}{lines}{boxes}</svg>\n"


def _path(line: tuple[Point, ...]) -> str:
    """Return a curve that leaves and enters level."""
    (x, y), *rest = line
    words = [f"M{x:g} {y:g}"]
    for to_x, to_y in rest:
        middle = (x + to_x) / 2
        words.append(f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return "".join(words)


def _box(box: Box) -> str:
    corner = ROUND.get(box.kind, 8)
    kind = box.kind if box.kind.isalpha() else "other"
    whole = escape(f"{box.place}/{box.kind} {box.title}")
    return (
        f'<g><title>{whole}</title><rect class="box {kind}" x="{box.x:g}" y="{box.y:g}"'
        f' width="{WIDTH}" height="{HEIGHT}" rx="{corner:g}"/>'
        f'<text class="title" x="{box.x + 16:g}" y="{box.y + 20:g}">{escape(box.title)}</text>'
        f'<text class="text" x="{box.x + 16:g}" y="{box.y + 35:g}">{escape(box.text)}</text></g>\n'
    )
