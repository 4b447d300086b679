"""Is the command: `python -m mlops`, and the script `mlops`. Ctrl-C ends it from the start."""

import gc
import os

SELDOM = (100_000, 30, 30)
"""Objects made until garbage is looked for, and rounds until older ones are looked through.

Python's own 700 cost a start a fifth of its time, and what is imported is none. mypy does the same,
with 200,000.
"""


def main() -> None:
    """Run the command line. Stopped while it is still being imported, it leaves in silence."""
    gc.set_threshold(*SELDOM)
    try:
        from mlops import cli  # noqa: PLC0415  what takes its time is asked for where Ctrl-C is heard
    except KeyboardInterrupt:
        os._exit(130)
    try:
        cli.main()
    finally:
        gc.freeze()  # so that the end does not look through everything for garbage


if __name__ == "__main__":
    main()
