"""How many bytes something has, in words for people."""

UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Return a number of bytes in words: `1.2 kB`, `120 MB`. A kB is 1000 bytes."""
    number = float(count)
    for unit in UNITS:
        if number < 999.5 or unit == UNITS[-1]:
            break
        number /= 1000
    if unit == "B" or number >= 9.95:
        return f"{number:.0f} {unit}"
    return f"{number:.1f}".removesuffix(".0") + f" {unit}"
