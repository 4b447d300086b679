"""A Terraform for models: one YAML file, a plan, and the scoring services it describes."""

__version__ = "0.1.0"
