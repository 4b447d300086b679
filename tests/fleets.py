"""Plans of as many services as one likes, changed in one way or another."""

import make
import samples

from mlops.values import Action, Change, Impact, Plan


def created(count: int) -> list[Change]:
    """Return services that are not there yet."""
    return [
        make.change(
            f"laptop/service/new-{number:04}",
            after=make.desired(
                f"laptop/service/new-{number:04}",
                summary=f"diabetes:{number} at http://127.0.0.1:{10000 + number}/score",
                endpoint=f"http://127.0.0.1:{10000 + number}/score",
            ),
        )
        for number in range(count)
    ]


def changed(count: int) -> list[Change]:
    """Return services that get another model, other code and a tag."""
    fields = samples.update().fields
    return [
        make.change(
            f"laptop/service/old-{number:04}",
            Action.UPDATE,
            reason="another model, the code changed, the file changed",
            impact=Impact.ROLLING,
            downtime="no request is lost; new workers take over after init()",
            fields=fields,
        )
        for number in range(count)
    ]


def deleted(count: int) -> list[Change]:
    """Return services that the file has left."""
    return [samples.delete(f"laptop/service/gone-{number:04}") for number in range(count)]


def kept(count: int) -> list[Change]:
    """Return services that stay as they are."""
    return [
        make.change(f"laptop/service/kept-{number:04}", Action.KEEP, reason="")
        for number in range(count)
    ]


def fleet(count: int) -> Plan:
    """Return a plan in which a tenth is deleted, and the rest is changed, made and kept."""
    tenth = count // 10
    return make.plan(
        *deleted(tenth), *changed(3 * tenth), *created(3 * tenth), *kept(count - 7 * tenth)
    )
