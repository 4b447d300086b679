"""A scoring server process on this machine: the embedded default."""
