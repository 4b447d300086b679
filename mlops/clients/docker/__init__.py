"""Doors to a Docker engine: plain JSON in and out, what it refuses as an error of ours."""
