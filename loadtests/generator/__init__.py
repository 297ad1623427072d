"""The load generator: a process that plays a part of a load, and the leader of several."""
