"""The `--golden` option and what compares exact text with a file; what is too slow for each run."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the golden files, to be read in review."""
    parser.addoption("--golden", action="store_true", help="rewrite tests/golden instead")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless CI is set."""
    skip = pytest.mark.skip(reason="takes minutes: set CI=true")
    for item in items:
        if "slow" in item.keywords and not os.environ.get("CI"):
            item.add_marker(skip)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return what compares a text with `tests/golden/<name>`."""

    def compare(name: str, actual: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(actual, encoding="utf-8")
        expected = file.read_text(encoding="utf-8") if file.exists() else ""
        assert expected == actual, f"{name} differs; `pytest --golden` rewrites it"

    return compare
