"""Places the things of a plan on a plane: what is needed left, what needs it right.

Many things alike are drawn as one. The layout is Sugiyama's, by grandalf.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mlops.errors import Problem, SpecError
from mlops.values import Address, Desired
from mlops.views.paper import columns, cut, plain
from mlops.views.words import short

MOST = 60
"""So many boxes are drawn one by one; of more, those alike become one."""

WIDTH, HEIGHT = 208, 46
"""Points of one box."""

BETWEEN, BESIDE = 90, 14
"""Points between two layers, and between two boxes of one."""

MARGIN = 12
LONGEST = 28
"""Letters that fit into a box."""

Point = tuple[float, float]


class Box(Struct, frozen=True, kw_only=True):
    """One thing, or several alike. `x` and `y` are its upper left corner."""

    kind: str
    title: str
    text: str
    place: str
    x: float
    y: float


class Drawing(Struct, frozen=True, kw_only=True):
    """Boxes and the lines between them: each line goes through its points."""

    boxes: tuple[Box, ...]
    lines: tuple[tuple[Point, ...], ...]
    width: float
    height: float


class _Node(Struct, frozen=True, kw_only=True):
    """What becomes a box: things alike, and the nodes that they need, by number."""

    things: tuple[Desired, ...]
    needs: tuple[int, ...]


def drawing(things: Sequence[Desired]) -> Drawing:
    """Return where everything is drawn. Raises SpecError where the library is missing."""
    nodes = _nodes(things)
    corners: dict[int, Point] = {}
    lines: list[tuple[Point, ...]] = []
    top = float(MARGIN)
    for part in _laid_out(nodes):
        high = min(y for _, y in part.corners.values())
        left = min(x for x, _ in part.corners.values())
        shift = (MARGIN - left, top - high)
        corners |= {node: _moved(at, shift) for node, at in part.corners.items()}
        lines += [tuple(_moved(point, shift) for point in line) for line in part.lines]
        top = max(y for _, y in corners.values()) + HEIGHT + 2 * BESIDE
    boxes = tuple(_box(nodes[number], at) for number, at in sorted(corners.items()))
    width = max((box.x for box in boxes), default=0) + WIDTH + MARGIN
    return Drawing(boxes=boxes, lines=tuple(lines), width=width, height=max(top - BESIDE, HEIGHT))


class _Part(Struct, frozen=True, kw_only=True):
    """A part of the graph that hangs together, laid out on its own."""

    corners: Mapping[int, Point]
    lines: tuple[tuple[Point, ...], ...]


class _Size:
    """What the library asks of a box, and where it puts it. It lays out from top to bottom."""

    def __init__(self) -> None:
        self.w, self.h = HEIGHT, WIDTH
        self.xy: Point = (0.0, 0.0)


class _Path:
    """Where the library leads a line through."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def setpath(self, points: Iterable[Point]) -> None:
        """Keep the points."""
        self.points = list(points)


def _laid_out(nodes: Sequence[_Node]) -> list[_Part]:
    try:
        from grandalf import graphs, layouts  # type: ignore[import-untyped]  # noqa: PLC0415  an extra, without types
    except ImportError as error:
        hint = "install it: `pip install 'mlops-apply[report]'`; `--format mermaid` needs nothing"
        raise SpecError(Problem(summary="drawing needs `grandalf`", hint=hint)) from error
    vertices = [graphs.Vertex(number) for number in range(len(nodes))]
    edges = [
        graphs.Edge(vertices[need], vertices[number])
        for number, node in enumerate(nodes)
        for need in node.needs
    ]
    for vertex in vertices:
        vertex.view = _Size()
    for edge in edges:
        edge.view = _Path()
    parts = []
    for core in graphs.Graph(vertices, edges).C:
        layout = layouts.SugiyamaLayout(core)
        layout.xspace, layout.yspace = BESIDE, BETWEEN
        layout.init_all()
        layout.draw(6)
        parts.append(_part(core))
    return sorted(parts, key=lambda part: min(part.corners))


def _part(core: Any) -> _Part:
    """Read what the library found, turned so that it goes from left to right."""
    corners = {
        vertex.data: (vertex.view.xy[1] - WIDTH / 2, vertex.view.xy[0] - HEIGHT / 2)
        for vertex in core.sV
    }
    lines = []
    for edge in sorted(core.sE, key=lambda edge: (edge.v[0].data, edge.v[1].data)):
        inner = [(y, x) for x, y in edge.view.points[1:-1]]
        start, end = corners[edge.v[0].data], corners[edge.v[1].data]
        first = (start[0] + WIDTH, start[1] + HEIGHT / 2)
        last = (end[0], end[1] + HEIGHT / 2)
        lines.append((first, *inner, last))
    return _Part(corners=corners, lines=tuple(lines))


def _nodes(things: Sequence[Desired]) -> list[_Node]:
    """Return a node a thing; of too many, one for those of a place that need the same."""
    groups: list[list[Desired]] = [[thing] for thing in things]
    if len(things) > MOST:
        groups = _grouped(things, lambda thing: thing.needs or thing.address)
    if len(groups) > MOST:
        groups = _grouped(things, lambda _: None)
    numbers = {thing.address: number for number, group in enumerate(groups) for thing in group}
    return [_Node(things=tuple(group), needs=_needs(group, numbers)) for group in groups]


def _grouped(
    things: Sequence[Desired], alike: Callable[[Desired], Hashable]
) -> list[list[Desired]]:
    groups: defaultdict[Hashable, list[Desired]] = defaultdict(list)
    for thing in things:
        groups[(thing.address.place, thing.address.kind, alike(thing))].append(thing)
    return list(groups.values())


def _needs(group: Sequence[Desired], numbers: Mapping[Address, int]) -> tuple[int, ...]:
    found = {numbers[need] for thing in group for need in thing.needs if need in numbers}
    return tuple(sorted(found - {numbers[group[0].address]}))


def _box(node: _Node, at: Point) -> Box:
    first = node.things[0]
    count = len(node.things)
    title = first.address.name if count == 1 else f"{count} {first.address.kind}s"
    text = first.summary if count == 1 else f"at {first.address.place}"
    return Box(
        kind=first.address.kind,
        title=_fitting(title),
        text=_fitting(short(text)),
        place=first.address.place,
        x=round(at[0], 1),
        y=round(at[1], 1),
    )


def _fitting(text: str) -> str:
    text = plain(text)
    return text if columns(text) <= LONGEST else cut(text, LONGEST)


def _moved(at: Point, by: Point) -> Point:
    return (round(at[0] + by[0], 1), round(at[1] + by[1], 1))
