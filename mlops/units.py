"""How many bytes something has, and how long something takes, in words for people."""

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


def span(seconds: float) -> str:
    """Return a time in words: `1.2 s`, `45 s`, `2 min 5 s`, `1 h 3 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
