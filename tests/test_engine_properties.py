"""For any two specs: what an apply, a failing one, a stopped one and a partial one leave behind."""

import os
from collections.abc import Mapping

import hypothesis.strategies as st
from engine_platform import Fault
from engine_specs import NAMES, Person, Service, alone, desired, live, specs
from hypothesis import HealthCheck, given, settings

from mlops.errors import SpecError
from mlops.events import Done, Progressed, Started
from mlops.selection import Selection

Spec = Mapping[str, Service]

examples = settings(
    max_examples=250 if os.environ.get("CI") else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
FAULTS = st.dictionaries(st.integers(0, 12), st.sampled_from(Fault), max_size=4)


@examples
@given(specs(), specs())
def test_a_second_spec_leaves_what_it_alone_would_have_made(first: Spec, second: Spec) -> None:
    person = Person()
    person.apply(first)

    events = person.apply(second)

    assert all(isinstance(event, (Started, Progressed, Done)) for event in events), events
    assert [] == person.pending(second)
    assert alone(second) == live(person.machine)
    assert [] == person.apply(second)


@examples
@given(specs(), specs(), FAULTS)
def test_after_failures_the_next_apply_converges(
    first: Spec, second: Spec, script: Mapping[int, Fault]
) -> None:
    person = Person()
    person.apply(first)
    person.apply(second, script)

    if Fault.UNREADY in script.values():
        person.retry(second)
    else:
        person.apply(second)

    assert [] == person.pending(second)
    assert alone(second) == live(person.machine)
    assert person.machine.most <= 1


@examples
@given(specs(), specs(), st.integers(0, 30))
def test_after_a_stop_the_next_apply_converges(first: Spec, second: Spec, events: int) -> None:
    person = Person()
    person.apply(first)
    person.apply(second, stop_after=events)

    person.apply(second)

    assert [] == person.pending(second)
    assert alone(second) == live(person.machine)


@examples
@given(
    specs(),
    specs(),
    st.lists(st.sampled_from(NAMES), max_size=2),
    st.lists(st.sampled_from(NAMES), max_size=2),
)
def test_a_selection_touches_nothing_that_it_leaves_out(
    first: Spec, second: Spec, targets: list[str], exclude: list[str]
) -> None:
    person = Person()
    person.apply(first)
    before = dict(person.machine.things)
    names = {*first, *second}
    selection = Selection(
        targets=tuple(name for name in targets if name in names),
        exclude=tuple(name for name in exclude if name in names),
    )

    try:
        events = person.apply(second, selection=selection)
    except SpecError:  # it leaves out who holds a port that it wants
        events = []

    assert all(isinstance(event, (Started, Progressed, Done)) for event in events), events
    after = person.machine.things
    asked = set(selection.targets or names) - set(selection.exclude)
    for address, thing in before.items():
        if address.kind == "service" and address.name not in asked:
            assert thing == after[address]
            assert all(need in after for need in thing.needs)
    wanted = {thing.address for thing in desired(second)}
    made = {address for address in after if address not in before}
    assert made <= wanted
