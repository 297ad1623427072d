"""How fast the reference stack is, through the whole path, and where the time goes: ``python -m benchmarks.router``."""
