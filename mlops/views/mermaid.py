"""The graph of things and what they need, as a Mermaid flowchart."""

from collections.abc import Sequence

from mlops.values import Address, Desired

SHAPES = {"model": ("([", "])"), "service": ("[", "]"), "environment": ("[/", "/]")}
"""Kind -> the brackets that draw it: a pill, a box, a leaning box."""


def graph(things: Sequence[Desired]) -> str:
    """Return the flowchart: an arrow from each thing to what needs it, a box around each place."""
    lines = ["flowchart LR"]
    for place in dict.fromkeys(thing.address.place for thing in things):
        lines.append(f'    subgraph place_{_word(place)}["{place}"]')
        lines += [_node(thing) for thing in things if thing.address.place == place]
        lines.append("    end")
    lines += [
        f"    {_name(need)} --> {_name(thing.address)}" for thing in things for need in thing.needs
    ]
    return "\n".join(lines) + "\n"


def _node(thing: Desired) -> str:
    begin, end = SHAPES.get(thing.address.kind, ("[", "]"))
    text = thing.summary or thing.address.name
    label = f"{thing.address.name}<br/>{text}".replace('"', "#quot;")
    return f'        {_name(thing.address)}{begin}"{label}"{end}'


def _name(address: Address) -> str:
    """Return an identifier that Mermaid takes, different for different addresses."""
    return _word(str(address))


def _word(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"_{ord(letter):x}_" for letter in text)
