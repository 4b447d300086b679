"""Is the command: `python -m mlops`, and the script `mlops`. Ctrl-C ends it from the start."""

import os


def main() -> None:
    """Run the command line. Stopped while it is still being imported, it leaves in silence."""
    try:
        from mlops import cli  # noqa: PLC0415  what takes its time is asked for where Ctrl-C is heard
    except KeyboardInterrupt:
        os._exit(130)
    cli.main()


if __name__ == "__main__":
    main()
