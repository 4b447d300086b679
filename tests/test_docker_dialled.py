"""An engine by `ssh`: what it is called with, and connections whose other end a command holds."""

import sys
import textwrap
import time

import psutil
import pytest
import requests
from walk import until

from mlops.clients.docker.dialled import Dialled
from mlops.clients.docker.ssh import OPTIONS, by_hand, dialling
from mlops.clients.docker.unreached import unreached
from mlops.errors import CredentialsError, TargetError

DIAL = "docker system dial-stdio"
SERVER = textwrap.dedent(
    """
    import os, sys
    while line := sys.stdin.buffer.readline():
        if line == b"\\r\\n":
            body = str(os.getpid()).encode()
            head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
            sys.stdout.buffer.write(head + body)
            sys.stdout.buffer.flush()
    """
)


@pytest.mark.parametrize(
    ("address", "words", "typed"),
    [
        ("ssh://Lab", ["--", "Lab", DIAL], "ssh Lab"),
        ("ssh://me@lab", ["-l", "me", "--", "lab", DIAL], "ssh me@lab"),
        (
            "ssh://me@lab:2222",
            ["-l", "me", "-p", "2222", "--", "lab", DIAL],
            "ssh -p 2222 me@lab",
        ),
        ("ssh://[::1]:22", ["-p", "22", "--", "::1", DIAL], "ssh -p 22 ::1"),
        (
            "ssh://lab/run/my engine.sock",
            ["--", "lab", "docker --host 'unix:///run/my engine.sock' system dial-stdio"],
            "ssh lab",
        ),
    ],
)
def test_what_ssh_is_called_with(address: str, words: list[str], typed: str) -> None:
    assert ["ssh", *OPTIONS, *words] == dialling(address)
    assert typed == by_hand(address)


@pytest.mark.parametrize(
    "address", ["ssh://", "ssh://-oProxyCommand=x", "ssh://me:word@lab", "ssh://lab:port"]
)
def test_an_address_that_ssh_does_not_take_is_refused(address: str) -> None:
    with pytest.raises(TargetError, match="none that `ssh` takes"):
        dialling(address)


@pytest.mark.parametrize(
    ("because", "kind", "hint"),
    [
        ("Host key verification failed.", TargetError, "run `ssh lab` once"),
        ("me@lab: Permission denied (publickey).", CredentialsError, "let `ssh lab` in"),
        ("dial unix: connect: permission denied", CredentialsError, "open the socket"),
        ("bash: line 1: docker: command not found", TargetError, "install the `docker` program"),
        ("sh: 1: docker: not found", TargetError, "install the `docker` program"),
        ("ssh: connect to host lab: Connection timed out", TargetError, "start it"),
    ],
)
def test_each_reason_has_something_to_do_about_it(
    because: str, kind: type[TargetError], hint: str
) -> None:
    found = unreached("ssh://lab", because, "ssh lab")

    assert (kind, True) == (type(found), hint in found.problems[0].hint)


def session(*dial: str, patience: int = 20) -> requests.Session:
    made = requests.Session()
    made.mount("http+docker://", Dialled(dial, patience=patience, most=2))
    return made


def test_one_command_serves_one_call_after_the_other_and_ends_with_the_connection() -> None:
    asked = session(sys.executable, "-c", SERVER)

    first, second = (asked.get(f"http+docker://localhost/{name}").text for name in "ab")
    asked.close()

    assert first == second
    until(lambda: not psutil.pid_exists(int(first)), 10)


def test_the_last_words_of_a_command_that_ends_are_told() -> None:
    asked = session("sh", "-c", "echo hello >&2; echo no such machine >&2; exit 1")

    with pytest.raises(requests.ConnectionError, match="no such machine"):
        asked.get("http+docker://localhost/a")


def test_a_command_that_says_nothing_is_given_up() -> None:
    begun = time.monotonic()

    with pytest.raises(requests.ConnectionError, match="no word of it after 1 s"):
        session("sleep", "30", patience=1).get("http+docker://localhost/a")
    assert time.monotonic() - begun < 10
