"""Scripts without decorators: arguments and swagger from the type hints of `run()`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_environments import environment, interpreter
from serving_instance import Instance, serving

SCRIPT = """
    import datetime, enum, uuid
    from dataclasses import dataclass, field
    from typing import (
        Any, Dict, List, Literal, NamedTuple, Optional, Sequence, Tuple, TypedDict, Union, Set
    )

    class Colour(enum.Enum):
        RED = "red"
        BLUE = "blue"

    @dataclass
    class Person:
        name: str
        age: int
        size: float = 1.5
        tags: List[str] = field(default_factory=list)
        boss: Optional["Person"] = None

        def __post_init__(self):
            if self.age < 0:
                raise ValueError("nobody is that young")

    class Place(NamedTuple):
        x: float
        y: float = 0.0

    class Options(TypedDict, total=False):
        limit: int
        mode: Literal["fast", "good"]

    def init():
        pass

    def run(
        people: List[Person],
        place: Place = Place(1.0),
        options: Optional[Options] = None,
        scores: Dict[str, float] = {},
        either: Union[int, List[int], None] = None,
        pair: Tuple[int, str] = (1, "a"),
        colour: Colour = Colour.RED,
        day: Optional[datetime.date] = None,
        moment: Optional[datetime.datetime] = None,
        ident: Optional[uuid.UUID] = None,
        raw: bytes = b"",
        anything: Any = None,
        flag: bool = False,
        text: str = "",
        several: Sequence[Set[int]] = (),
        by_number: Dict[int, str] = {},
    ) -> List[Dict[str, Any]]:
        given = dict(locals())
        del given["people"]
        given["inner"] = type(several[0]).__name__ if several else ""
        raw = given.pop("raw")
        kinds = {"raw": type(raw).__name__}
        kinds.update({name: type(value).__name__ for name, value in given.items()})
        return [[type(p).__name__, p.name, p.age, p.size, p.tags, p.boss and p.boss.name]
                for p in people] + [kinds, given]
"""

ANN = {"name": "Ann", "age": 3}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("hints")
    with serving(folder / "i", SCRIPT) as instance:
        yield instance


def test_arguments_are_made_of_the_types_that_are_asked_for(service: Instance) -> None:
    bob = {"name": "Bob", "age": 4.0, "size": 2, "tags": ["x"], "boss": ANN}
    more = {
        "place": {"x": 2},
        "options": {"mode": "fast"},
        "colour": "blue",
        "day": "2019-05-31",
        "moment": "2019-05-31T10:00:00Z",
        "ident": "00000000-0000-0000-0000-000000000001",
        "raw": "",
        "pair": [2, "b"],
        "several": [[1, 1]],
        "by_number": {"5": "five"},
        "either": [1],
    }

    answer = service.score({"people": [ANN, bob], **more})

    ann, boss, kinds, given = answer.json
    assert ["Person", "Ann", 3, 1.5, [], None] == ann
    assert ["Person", "Bob", 4, 2.0, ["x"], "Ann"] == boss
    names = ("place", "options", "colour", "day", "moment", "ident", "raw", "pair", "several")
    expected = ["Place", "dict", "Colour", "date", "datetime", "UUID", "bytes", "tuple", "list"]
    assert expected == [kinds[name] for name in names]
    assert given["by_number"] == {"5": "five"}


REFUSALS = [
    ({}, "A value is not provided for the 'people' parameter."),
    ({"people": {}}, "`people` does not fit its schema: an array is expected"),
    ({"people": [ANN, {"name": "x"}]}, "`people[1].age` does not fit its schema: it is missing"),
    ({"people": [{**ANN, "age": "3"}]}, "`people[0].age` "),
    ({"people": [{**ANN, "age": 3.5}]}, "`people[0].age` "),
    ({"people": [{**ANN, "age": True}]}, "`people[0].age` "),
    ({"people": [{**ANN, "agee": 1}]}, "`people[0].agee` does not fit its schema: there is no"),
    ({"people": [{**ANN, "boss": {"name": 5, "age": 1}}]}, "`people[0].boss.name` "),
    ({"people": [{**ANN, "age": -1}]}, "nobody is that young"),
    ({"people": [], "options": {"mode": "slow"}}, "`options.mode` does not fit its schema: one of"),
    ({"people": [], "scores": {"a b": "x"}}, '`scores["a b"]` '),
    ({"people": [], "either": "x"}, "`either` "),
    ({"people": [], "either": [1, "x"]}, "`either[1]` "),
    ({"people": [], "pair": [1]}, "`pair` does not fit its schema: 2 items are expected"),
    ({"people": [], "colour": "green"}, "`colour` does not fit its schema: one of 'red', 'blue'"),
    ({"people": [], "day": "x"}, "`day` "),
    ({"people": [], "moment": "x"}, "`moment` "),
    ({"people": [], "flag": 1}, "`flag` "),
    ({"people": [], "text": 1}, "`text` "),
    ({"people": [], "raw": "!"}, "`raw` "),
    ({"people": [], "several": [[1], 2]}, "`several[1]` "),
    ({"people": [], "by_number": {"x": "y"}}, "`by_number` "),
    ({"people": [], "persons": []}, "`persons` does not fit its schema: there is no such field"),
]


@pytest.mark.parametrize(("body", "words"), REFUSALS, ids=lambda value: str(value)[:40])
def test_what_does_not_fit_is_400_with_its_path(service: Instance, body: Any, words: str) -> None:
    answer = service.score(body)

    assert answer.status == 400
    assert words in answer.json["message"]


def test_query_parameters_are_converted_and_text_stays_text(tmp_path: Path) -> None:
    script = "def init(): pass\ndef run(n: int, s: str = ''): return [n, s]\n"
    with serving(tmp_path, script) as service:
        assert [5, "7"] == service.ask("GET", "/score?n=5&s=7").json
        assert service.ask("GET", "/score?n=x").status == 400


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_swagger_tells_the_hints(service: Instance, version: str) -> None:
    document = service.ask("GET", "/swagger.json?version=" + version).json
    held = document.get("definitions") or document["components"]["schemas"]

    takes = held["ServiceInput"]
    person = takes["properties"]["people"]["items"]
    assert ["people"] == takes["required"]
    assert ["name", "age"] == person["required"]
    assert {"type": "integer"} == person["properties"]["age"]
    assert {"enum": ["fast", "good"], "type": "string"} in find(takes["properties"]["options"])
    assert held["ServiceOutput"]["type"] == "array"


def find(schema: Any) -> list[Any]:
    inner = schema.values() if isinstance(schema, dict) else schema
    deeper = [one for part in inner if isinstance(part, (dict, list)) for one in find(part)]
    return [schema, *deeper]


UNTYPED = [
    "data",
    "raw_data: str",
    "data: dict",
    "data: list",
    "data: bytes",
    "data: 'not.there'",
    "data: typing.Any",
    "data: typing.Dict",
    "data: typing.Optional[str]",
    "data: object",
]


@pytest.mark.parametrize("parameter", UNTYPED)
def test_annotations_that_v1_scripts_carry_still_get_text(tmp_path: Path, parameter: str) -> None:
    name = parameter.partition(":")[0]
    script = f"import typing\ndef init(): pass\ndef run({parameter}): return [{name}]\n"
    with serving(tmp_path, script) as service:
        assert ['{"a": 1}'] == service.score({"a": 1}).json


PYDANTIC = """
    import pydantic

    class Inner(pydantic.BaseModel):
        n: int

    class Model(pydantic.BaseModel):
        name: str
        inner: Inner
        many: list = []

    def init():
        pass

    def run(model: Model, limit: int = 3) -> Model:
        model.inner.n += limit
        return model
"""


@pytest.mark.parametrize("release", ["pydantic<2", "pydantic>=2"])
def test_pydantic_models_are_taken_and_returned(tmp_path: Path, release: str) -> None:
    python = environment(release, warm="import pydantic")
    with serving(tmp_path, PYDANTIC, python=str(python)) as service:
        good = service.score({"model": {"name": "a", "inner": {"n": 1}}})
        bad = service.score({"model": {"name": "a", "inner": {"n": "x"}}})
        schema = service.ask("GET", "/swagger.json").json["definitions"]["ServiceInput"]

    assert {"name": "a", "inner": {"n": 4}, "many": []} == good.json
    assert bad.status == 400
    assert bad.json["message"].startswith("`model.inner.n` does not fit its schema: ")
    inner = schema["properties"]["model"]["properties"]["inner"]
    assert inner["properties"]["n"]["type"] == "integer"


OLD = """
    from typing import Dict, List, NamedTuple, Optional, Union

    Place = NamedTuple("Place", [("x", float), ("y", int)])

    def init():
        pass

    def run(places: List[Place], names: Optional[Dict[str, int]] = None, u: Union[int, str] = 1):
        return [[type(p).__name__, p.x, p.y] for p in places] + [names, u]
"""


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9", "3.10", "3.12", "3.13"])
def test_hints_are_read_by_every_python(tmp_path: Path, version: str) -> None:
    with serving(tmp_path, OLD, python=str(interpreter(version))) as service:
        good = service.score({"places": [{"x": 1, "y": 2}], "names": {"a": 1}, "u": "x"})
        bad = service.score({"places": [{"x": 1, "y": "b"}]})
        schema = service.ask("GET", "/swagger.json").json["definitions"]["ServiceInput"]

    assert [["Place", 1.0, 2], {"a": 1}, "x"] == good.json
    assert (400, True) == (bad.status, "`places[0].y`" in bad.json["message"])
    assert schema["properties"]["places"]["items"]["required"] == ["x", "y"]


def test_new_unions_and_generics_are_read(tmp_path: Path) -> None:
    script = "def init(): pass\ndef run(a: list[int | None], b: int | str = 1): return [a, b]\n"
    with serving(tmp_path, script) as service:
        assert [[1, None], "x"] == service.score({"a": [1, None], "b": "x"}).json
        assert "`a[1]`" in service.score({"a": [1, "x"]}).json["message"]
