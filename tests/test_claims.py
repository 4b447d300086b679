"""Which claims exclude each other."""

import pytest

from mlops.claims import Holders, clash, port_claim, words


@pytest.mark.parametrize(
    ("host", "claim"),
    [
        ("127.0.0.1", "port/80@127.0.0.1"),
        ("127.0.0.2", "port/80@127.0.0.2"),
        ("::ffff:127.0.0.1", "port/80@127.0.0.1"),
        ("0:0:0:0:0:0:0:1", "port/80@::1"),
        ("0.0.0.0", "port/80"),  # noqa: S104  not bound
        ("::", "port/80"),
        ("localhost", "port/80"),
    ],
)
def test_a_port_is_claimed_on_its_address(host: str, claim: str) -> None:
    assert claim == port_claim(host, 80)
    assert words(claim) == "port 80"


@pytest.mark.parametrize(
    ("one", "other", "clashes"),
    [
        ("port/80", "port/80", True),
        ("port/80@127.0.0.1", "port/80@127.0.0.1", True),
        ("port/80", "port/80@127.0.0.1", True),
        ("port/80@127.0.0.1", "port/80@127.0.0.2", False),
        ("port/80", "port/81", False),
        ("port/8", "port/80@127.0.0.1", False),
    ],
)
def test_the_whole_excludes_its_parts(one: str, other: str, clashes: bool) -> None:  # noqa: FBT001  a row
    assert clashes == clash(one, other) == clash(other, one)


def test_a_holder_is_found_by_what_it_excludes() -> None:
    held = Holders([("port/80@127.0.0.1", "ann"), ("port/80@127.0.0.2", "bob"), ("port/9", "cat")])

    assert ["ann", "bob"] == held.of("port/80")
    assert ["bob"] == held.of("port/80@127.0.0.2")
    assert [] == held.of("port/80@127.0.0.3")
