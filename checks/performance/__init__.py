"""The load of the run held against the latency and error limits of the policy."""
