"""A static site about one project: services, history, graph. No server, no script, no network."""
