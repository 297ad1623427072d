"""What the reference stack does beyond its capacity, with one part more, and with one part less."""
