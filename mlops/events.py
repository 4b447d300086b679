"""What apply says while it works: a stream of frozen values, and the report they come to."""

from typing import TypeAlias

from msgspec import Struct

from mlops.errors import Problem
from mlops.values import Action, Address, Progress


class Started(Struct, frozen=True, kw_only=True):
    """A change begins."""

    address: Address
    action: Action


class Progressed(Struct, frozen=True, kw_only=True):
    """A change goes on."""

    address: Address
    progress: Progress


class Done(Struct, frozen=True, kw_only=True):
    """A change is made, ready and checked. `seconds` is how long it took."""

    address: Address
    action: Action
    seconds: float
    endpoint: str = ""
    outage: float = 0.0


class Failed(Struct, frozen=True, kw_only=True):
    """A change failed. `log` holds the last lines of the service's log, if it has one."""

    address: Address
    action: Action
    problems: tuple[Problem, ...]
    log: tuple[str, ...] = ()
    code: int = 7


class Skipped(Struct, frozen=True, kw_only=True):
    """A change was not tried, and why."""

    address: Address
    action: Action
    because: str


class Returned(Struct, frozen=True, kw_only=True):
    """A change failed, and the thing is again what it was before. It is held there."""

    address: Address
    action: Action
    problems: tuple[Problem, ...]
    log: tuple[str, ...] = ()
    endpoint: str = ""


class Unfinished(Struct, frozen=True, kw_only=True):
    """A change was still being made when the run had to end. The next plan tells what it did."""

    address: Address
    action: Action


Outcome: TypeAlias = Done | Failed | Returned | Skipped | Unfinished
Event: TypeAlias = Started | Progressed | Outcome


class Report(Struct, frozen=True, kw_only=True):
    """What an apply came to: one outcome an address, in the order of the plan.

    `problems` are what a second look still found; `stopped` tells that somebody ended it early.
    """

    outcomes: tuple[Outcome, ...]
    stopped: bool = False
    problems: tuple[Problem, ...] = ()
