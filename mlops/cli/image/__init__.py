"""`mlops image`: images of services, made and sent without an engine."""
