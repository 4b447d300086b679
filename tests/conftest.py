"""The `--golden` option and what compares exact text with a file; what is too slow for each run."""

import compileall
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
PACKAGE = Path(__file__).parents[1] / "mlops"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the golden files, to be read in review."""
    parser.addoption("--golden", action="store_true", help="rewrite tests/golden instead")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once: the hundreds of commands that tests start write no bytecode.

    What a shell starts in the background ignores Ctrl-C, and so does all that it starts: not here.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(PACKAGE, quiet=2, rx=re.compile("/starter/"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return two more than there are processors, since many tests wait for somebody."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless CI is set; begin with it there: others go on beside."""
    items.sort(key=lambda item: "slow" not in item.keywords)
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
