"""How much the load generator can send: ``python -m benchmarks.load_generator``."""
