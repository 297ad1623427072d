"""Differential privacy: the claim, the noise that keeps it, and the budget."""
