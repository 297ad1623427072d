"""Seconds in which the properties of the accountant find each seeded bug."""
