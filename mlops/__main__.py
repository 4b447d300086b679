"""Lets `python -m mlops` be the command."""

from mlops.cli import main

main()
