"""Whether the load generator reports what a server of known behaviour did: ``python -m benchmarks.load_truth``."""
