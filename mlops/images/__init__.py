"""A deployment as a container image: what goes in, its layers, and who puts them together."""
