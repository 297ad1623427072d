"""Measurements that print what was reached; none of them decides a gate."""
