"""JSON -> pandas data frames without loss: the cells that would be cut, and columns that lack.

Looks at the JSON in each of the orients that `inference-schema` knows; converts nothing.
"""

import sys
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from . import arrays
from .refusals import BadInputError, at, kind, shown

Cell = Tuple[str, str, Any, Any]
"""Column, path of what holds the cell, its key in there, its value."""
Check = Callable[[Any, str], None]


def fit(value: Any, wanted: Any, path: str) -> None:
    """Refuse a value that the parameter type `wanted` would turn into less than it says."""
    orient = oriented(value, wanted)
    lists = orient in ("records", "values")
    if not isinstance(value, (list, dict) if lists else dict):
        name = "an array" if lists else "an object"
        raise BadInputError(path, f"{name} is expected, this is {kind(value)}")
    sample = wanted.sample_input
    names = [str(name) for name in sample.columns]
    walk = ORIENTS[orient]
    if wanted.enforce_shape and not wanted.apply_column_names:
        columns(walk(value, names, path), names, path, orient)
    if wanted.enforce_column_type:
        cells(walk(value, names, path), sample)


def oriented(value: Any, wanted: Any) -> str:
    """Return the orient; releases before 1.2 have none and take records or rows."""
    said: Optional[str] = getattr(wanted, "orient", None)
    if said is not None:
        return said
    return (
        "values" if isinstance(value, list) and value and isinstance(value[0], list) else "records"
    )


def columns(found: Iterator[Cell], names: List[str], path: str, orient: str) -> None:
    """Refuse columns that the sample lacks, and rows none of which has a column it holds."""
    known = set(names)
    missing = dict.fromkeys(names, "")
    first = None
    for column, holder, key, _ in found:
        if column not in known:
            raise BadInputError(at(holder, key), "there is no such column")
        first = holder if first is None else first
        missing.pop(column, None)
    if first is not None and missing:
        holder = first if orient in ("records", "index", "table") else path
        raise BadInputError(at(holder, next(iter(missing))), "it is missing")


def cells(found: Iterator[Cell], sample: Any) -> None:
    """Look at each cell of a column that a cast could cut."""
    checks = {str(name): kindred(sample.dtypes[name]) for name in sample.columns}
    for column, holder, key, cell in found:
        check = checks.get(column)
        if check is None:
            continue
        try:
            check(cell, "")
        except BadInputError as error:
            raise BadInputError(at(holder, key), error.reason) from None


def moments(value: Any, wanted: Any, path: str) -> None:
    """Find the date that pandas could not read. Slow: it is asked for once that has happened."""
    pandas = sys.modules["pandas"]
    sample = wanted.sample_input
    read = {"M": pandas.to_datetime, "m": pandas.to_timedelta}
    names = [str(name) for name in sample.columns]
    timed = {str(name): read.get(getattr(sample.dtypes[name], "kind", "")) for name in names}
    for column, holder, key, cell in ORIENTS[oriented(value, wanted)](value, names, path):
        convert = timed.get(column)
        if convert is None:
            continue
        try:
            convert(cell)
        except (ValueError, TypeError, OverflowError):
            reason = f"a date or a duration is expected, this is {shown(cell)}"
            raise BadInputError(at(holder, key), reason) from None


def kindred(dtype: Any) -> Optional[Check]:
    """Return what looks at the cells of a column, or nothing where no cast can lose anything."""
    plain = getattr(dtype, "numpy_dtype", dtype)  # Int64 and boolean, which allow null
    nullable = plain is not dtype
    letter = getattr(plain, "kind", "")
    if letter in ("b", "i", "u"):

        def check(cell: Any, place: str) -> None:
            if cell is not None or not nullable:
                arrays.scalar(cell, plain, place)

        return check
    if letter == "f":
        return arrays.number
    return category(dtype) if str(dtype) == "category" else None


def category(dtype: Any) -> Check:
    """Return what refuses values outside the categories, which pandas would turn into NaN."""
    known = set(dtype.categories)

    def check(cell: Any, place: str) -> None:
        if cell is not None and cell not in known:
            raise BadInputError(place, f"{shown(cell)} is none of the sample's categories")

    return check


def records(value: Any, names: List[str], path: str) -> Iterator[Cell]:
    """Walk `[{column: cell}]`; pandas takes an object of columns here too."""
    if isinstance(value, dict):
        yield from by_column(value, names, path)
        return
    for index, row in enumerate(value):
        place = at(path, index)
        if not isinstance(row, dict):
            raise BadInputError(place, f"an object is expected, this is {kind(row)}")
        for column, cell in row.items():
            yield column, place, column, cell


def values(value: Any, names: List[str], path: str) -> Iterator[Cell]:
    """Walk `[[cell]]`, in the order of the sample's columns."""
    for index, row in enumerate(value):
        place = at(path, index)
        arrays.row(row, len(names), place)
        for column, name in enumerate(names):
            yield name, place, column, row[column]


def split(value: Any, names: List[str], path: str) -> Iterator[Cell]:
    """Walk `{columns, index, data}`."""
    for key in ("columns", "data"):
        if not isinstance(value.get(key), list):
            reason = "it is missing" if key not in value else "an array is expected"
            raise BadInputError(at(path, key), reason)
    found = [str(name) for name in value["columns"]]
    for position, name in enumerate(found):
        if name not in names:
            raise BadInputError(at(at(path, "columns"), position), "there is no such column")
    yield from values(value["data"], found, at(path, "data"))


def by_column(value: Dict[str, Any], _names: List[str], path: str) -> Iterator[Cell]:
    """Walk `{column: {row: cell}}`."""
    for column, cells in value.items():
        place = at(path, column)
        if isinstance(cells, list):
            cells = dict(enumerate(cells))  # noqa: PLW2901 - the same cells by number
        if not isinstance(cells, dict):
            raise BadInputError(place, f"an object is expected, this is {kind(cells)}")
        for row, cell in cells.items():
            yield column, place, row, cell


def by_row(value: Dict[str, Any], _names: List[str], path: str) -> Iterator[Cell]:
    """Walk `{row: {column: cell}}`."""
    for row, cells in value.items():
        place = at(path, row)
        if not isinstance(cells, dict):
            raise BadInputError(place, f"an object is expected, this is {kind(cells)}")
        for column, cell in cells.items():
            yield column, place, column, cell


def table(value: Dict[str, Any], names: List[str], path: str) -> Iterator[Cell]:
    """Walk pandas' table schema; its own keys are no columns."""
    if not isinstance(value.get("data"), list):
        raise BadInputError(at(path, "data"), "it is missing")
    keys = set(value.get("schema", {}).get("primaryKey", ["index"])) - set(names)
    for cell in records(value["data"], names, at(path, "data")):
        if cell[0] not in keys:
            yield cell


ORIENTS: Dict[str, Callable[[Any, List[str], str], Iterator[Cell]]] = {
    "records": records,
    "values": values,
    "split": split,
    "columns": by_column,
    "index": by_row,
    "table": table,
}
