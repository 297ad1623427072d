"""Recovery: what a drill showed."""
