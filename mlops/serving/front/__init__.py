"""What clients speak to: HTTP, limits, health, and the life of the workers."""
